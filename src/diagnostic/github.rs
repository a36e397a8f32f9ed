//! Findings as workflow commands of GitHub Actions, which show them beside the lines of a pull request.

use std::fmt::Write as _;

use super::{Diagnostic, Region, Severity};
use crate::source::Sources;

/// The findings, a command a line. Files are named by `folder`, the policy folder as seen from the repository, with `/`
/// between the parts, and their path in it.
pub fn github(diagnostics: &[Diagnostic], sources: &Sources, folder: &str) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        let command = match diagnostic.severity() {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let span = diagnostic.span;
        let file = span.and_then(|span| sources.get(span.source));
        let path = joined(folder, file.map(|file| file.path()));
        let _ = write!(text, "::{command} file={}", property(&path));
        if let Some(Region { start, end }) = span.and_then(|span| Region::of(span, sources)) {
            let _ = write!(text, ",line={},col={}", start.line, start.column);
            let _ = write!(text, ",endLine={}", end.line);
            // GitHub refuses a last column where there are several lines.
            if start.line == end.line {
                let _ = write!(text, ",endColumn={}", end.column);
            }
        }
        let help = diagnostic.help.iter().map(|help| format!("\n{help}"));
        let message = format!("{}{}", diagnostic.message, help.collect::<String>());
        let title = property(diagnostic.code.as_str());
        let _ = writeln!(text, ",title={title}::{}", data(&message));
    }
    text
}

/// A folder and a path in it; nothing is put before a path in the folder that one is in.
pub(super) fn joined(folder: &str, path: Option<&str>) -> String {
    let folder = folder.trim_start_matches("./");
    let folder = match folder.trim_end_matches('/') {
        "" if folder.starts_with('/') => "/",
        trimmed => trimmed,
    };
    match (folder, path) {
        ("" | ".", Some(path)) => path.to_owned(),
        ("", None) => ".".to_owned(),
        (folder, None) => folder.to_owned(),
        ("/", Some(path)) => format!("/{path}"),
        (folder, Some(path)) => format!("{folder}/{path}"),
    }
}

fn data(text: &str) -> String {
    let text = text.replace('%', "%25");
    text.replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
