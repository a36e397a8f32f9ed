//! The one way in which a misspelt name can be put right, as an edit of the file.

use super::Diagnostic;
use crate::source::{Sources, Span};

/// A name that was written, and the one known name that it must have been.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    pub(super) written: String,
    pub(super) meant: String,
}

/// Bytes of a file that another text replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The misspelt name, without quotes or anything around it.
    pub span: Span,
    /// What stands there.
    pub written: String,
    /// What takes its place.
    pub meant: String,
}

impl Diagnostic {
    /// The edit that puts the finding right, if there is exactly one and it can change nothing else: not where the name
    /// stands otherwise in the file than in the finding (behind an alias, with escapes), nor where the known name would
    /// need other quotes.
    pub fn edit(&self, sources: &Sources) -> Option<Edit> {
        let (fix, span) = (self.fix.as_ref()?, self.span?);
        let file = sources.get(span.source)?;
        let raw = file.text().get(span.start as usize..span.end as usize)?;
        let before = raw.strip_suffix(['"', '\'']).unwrap_or(raw);
        let before = before.strip_suffix(fix.written.as_str())?;
        let start = span.start + before.len() as u32;
        let quoted = before.ends_with(['"', '\'']);
        let is_alone = before.is_empty() || quoted || before.ends_with('.');
        let fits = match quoted {
            true => is_safe_in_quotes(&fix.meant),
            false => is_safe_unquoted(&fix.meant),
        };
        (is_alone && fits).then(|| Edit {
            span: Span {
                source: span.source,
                start,
                end: start + fix.written.len() as u32,
            },
            written: fix.written.clone(),
            meant: fix.meant.clone(),
        })
    }
}

fn is_safe_in_quotes(name: &str) -> bool {
    !name.contains(['"', '\'', '\\'])
}

/// Whether YAML takes a plain text for just that text, wherever it stands.
fn is_safe_unquoted(name: &str) -> bool {
    let begins = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let is_plain = |each: char| each.is_ascii_alphanumeric() || "_-./@:<>".contains(each);
    let is_word = matches!(
        name.to_ascii_lowercase().as_str(),
        "true" | "false" | "null" | "yes" | "no" | "on" | "off"
    );
    begins && !is_word && !name.ends_with(':') && name.chars().all(is_plain)
}
