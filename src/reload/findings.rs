//! What is found in policies, in words for the log and for `/status`.

use crate::diagnostic::{self, Diagnostic, Format, Severity};
use crate::pipeline::Outcome;
use crate::source::{Difference, SourceId, Sources};

/// Most errors that one line of the log shows: one slip often has many, and the first tell.
const SHOWN_MAX: usize = 20;
/// Most names of files.
const FILES_MAX: usize = 10;

fn is_error(diagnostic: &&Diagnostic) -> bool {
    diagnostic.severity() == Severity::Error
}

/// How many of them are errors.
pub(super) fn errors(diagnostics: &[Diagnostic]) -> usize {
    diagnostics.iter().filter(is_error).count()
}

/// Where the first error is, and what it says.
pub(super) fn first_line(diagnostics: &[Diagnostic], outcome: &Outcome) -> String {
    let Some(first) = diagnostics.iter().find(is_error) else {
        return String::new();
    };
    if first.span.is_none() {
        return first.message.clone();
    }
    let (file, line, column) = diagnostic::place(first, &outcome.sources);
    format!("{file}:{line}:{column}: {}", first.message)
}

/// The errors as `octroi check` shows them to people, for a log: without colour, without the warnings that stand beside
/// them, and not all of very many.
pub(super) fn rendered(diagnostics: &[Diagnostic], outcome: &Outcome) -> String {
    let all = diagnostics.iter().filter(is_error);
    let shown: Vec<Diagnostic> = all.clone().take(SHOWN_MAX).cloned().collect();
    let format = Format::Human { colour: false };
    let mut text = diagnostic::render(&shown, &outcome.sources, format);
    text.truncate(text.trim_end().len());
    let more = all.count() - shown.len();
    if more > 0 {
        text.push_str(&format!("\n\nand {more} more, which `octroi check` shows"));
    }
    text
}

/// The commit that something is read at, if it is one.
pub(super) fn at_commit(commit: Option<&str>) -> String {
    commit.map_or(String::new(), |commit| format!(", at commit {commit}"))
}

/// The files that are not as they were: `; changed since: a.yaml, +new.yaml, -gone.yaml`.
pub(super) fn changed(difference: &Difference, sources: &Sources, before: &Sources) -> String {
    let named = |ids: &[SourceId], sources: &Sources, sign: &str| -> Vec<String> {
        let files = ids.iter().filter_map(|id| sources.get(*id));
        files.map(|file| format!("{sign}{}", file.path())).collect()
    };
    let mut names = named(&difference.went, before, "-");
    names.extend(named(&difference.came, sources, "+"));
    names.extend(named(&difference.changed, sources, ""));
    let more = names.len().saturating_sub(FILES_MAX);
    names.truncate(FILES_MAX);
    match (names.is_empty(), more) {
        (true, _) => String::new(),
        (false, 0) => format!("; changed since: {}", names.join(", ")),
        (false, more) => format!("; changed since: {} and {more} more", names.join(", ")),
    }
}
