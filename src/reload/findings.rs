//! What is found in policies, in words for the log and for `/status`.

use crate::diagnostic::{self, Diagnostic, Format, Severity};
use crate::pipeline::Outcome;

/// How many of them are errors.
pub(super) fn errors(diagnostics: &[Diagnostic]) -> usize {
    let is_error = |diagnostic: &&Diagnostic| diagnostic.severity() == Severity::Error;
    diagnostics.iter().filter(is_error).count()
}

/// Where the first error is, and what it says.
pub(super) fn first_line(diagnostics: &[Diagnostic], outcome: &Outcome) -> String {
    let is_error = |diagnostic: &&Diagnostic| diagnostic.severity() == Severity::Error;
    let Some(first) = diagnostics.iter().find(is_error) else {
        return String::new();
    };
    let (file, line, column) = diagnostic::place(first, &outcome.sources);
    format!("{file}:{line}:{column}: {}", first.message)
}

/// The findings as `octroi check` shows them to people, for a log: without colour.
pub(super) fn rendered(diagnostics: &[Diagnostic], outcome: &Outcome) -> String {
    let format = Format::Human { colour: false };
    let text = diagnostic::render(diagnostics, &outcome.sources, format);
    text.trim_end().to_owned()
}
