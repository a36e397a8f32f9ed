//! Why a mutant that no case notices is none that a case could notice, in the author's words: a comment at the rule.
//!
//! ```yaml
//! # equivalent drop-when: quotes have a discount in the database, never none
//! - {resources: [quote], actions: [send], when: resource.discount <= 10}
//! ```
//!
//! The comment stands in the lines right above the one in which the rule begins, or at the end of the one in which it
//! ends, so that it is read, moved and deleted with the rule.

use super::mutants::Mutation;
use super::rules::RuleName;
use crate::source::{Sources, Span};

/// What a comment that gives a reason begins with.
const MARK: &str = "# equivalent ";

/// A reason that nothing is left to be said about: the mutant is noticed, or there is no such mutant.
#[derive(Debug)]
pub struct Stale {
    /// The rule.
    pub rule: RuleName,
    /// Where the rule was written.
    pub span: Span,
    /// What the comment names.
    pub mutation: String,
}

/// What a comment names, and the reason that it gives.
pub(super) type Written<'s> = (&'s str, &'s str);

/// The reasons written at a rule, each with what it names: a mutation, if it is spelt right.
pub(super) fn reasons_at(sources: &Sources, span: Span) -> Vec<Written<'_>> {
    let text = sources.get(span.source).map_or("", |file| file.text());
    let (start, end) = (span.start as usize, span.end as usize);
    let begin = text.get(..start).unwrap_or_default();
    let above = begin
        .rfind('\n')
        .map_or("", |at| begin.get(..at).unwrap_or_default());
    // Split, not `lines`: an empty line right above parts the comment from the rule.
    let comments = above.split('\n').rev().map(str::trim_start);
    let comments = comments.take_while(|line| line.starts_with('#'));
    let behind = text.get(end..).unwrap_or_default();
    let behind = behind.lines().next().unwrap_or_default();
    let beside = behind.find(MARK).and_then(|at| behind.get(at..));
    comments.chain(beside).filter_map(reason).collect()
}

/// The reason of a mutation among those written at a rule.
pub(super) fn reason_of<'s>(reasons: &[Written<'s>], mutation: Mutation) -> Option<&'s str> {
    let mut reasons = reasons.iter();
    let found = reasons.find(|(word, _)| *word == mutation.as_str());
    found.map(|(_, reason)| *reason)
}

/// `# equivalent MUTATION: REASON`; without a reason it is none.
fn reason(comment: &str) -> Option<Written<'_>> {
    let (word, reason) = comment.strip_prefix(MARK)?.split_once(':')?;
    let (word, reason) = (word.trim(), reason.trim());
    (!reason.is_empty()).then_some((word, reason))
}

#[cfg(test)]
mod tests {
    use super::{Written, reasons_at};
    use crate::source::{Sources, Span};

    /// Each case: a text, the rule in it, and what is found at the rule.
    #[test]
    fn finds_comments_at_the_rule() {
        let cases: [(&str, &str, &[Written<'_>]); 7] = [
            ("- rule", "rule", &[]),
            ("# equivalent remove: x\n- rule", "rule", &[("remove", "x")]),
            (
                "  # equivalent remove: x: y \n  - rule",
                "rule",
                &[("remove", "x: y")],
            ),
            (
                "# equivalent remove: x\n# more\n- rule # equivalent drop-when: z",
                "rule",
                &[("remove", "x"), ("drop-when", "z")],
            ),
            ("# equivalent remove: x\n\n- rule", "rule", &[]),
            ("# equivalent remove:\n- rule", "rule", &[]),
            ("# equivalent remove: x\n- other\n- rule", "rule", &[]),
        ];
        for (text, rule, expected) in cases {
            let sources = Sources::from_texts([("a.yaml", text)]);
            let (source, _) = sources.files().next().unwrap();
            let start = text.find(rule).unwrap() as u32;
            let end = start + rule.len() as u32;
            let mut found = reasons_at(&sources, Span { source, start, end });
            found.reverse();
            found.sort_by_key(|(word, _)| expected.iter().position(|(known, _)| known == word));
            assert_eq!(found, expected, "{text}");
        }
    }
}
