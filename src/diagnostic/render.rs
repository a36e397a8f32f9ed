//! Findings as text for people and as JSON for tools.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Serialize;

use super::{Diagnostic, Severity, place};
use crate::source::Sources;

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people: the line itself, the place underlined, the fix.
    Human {
        /// Whether to colour; only on a terminal, and never with `NO_COLOR`.
        colour: bool,
    },
    /// One JSON object, `{"diagnostics": [...]}`.
    Json,
}

#[derive(Serialize)]
struct Report<'a> {
    diagnostics: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    severity: &'static str,
    code: &'static str,
    file: String,
    line: u32,
    column: u32,
    message: &'a str,
    help: Option<&'a str>,
}

/// Writes findings in the order given.
pub fn render(diagnostics: &[Diagnostic], sources: &Sources, format: Format) -> String {
    match format {
        Format::Human { colour } => human(diagnostics, sources, colour),
        Format::Json => json(diagnostics, sources),
    }
}

fn json(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let report = Report {
        diagnostics: diagnostics
            .iter()
            .map(|diagnostic| {
                let (file, line, column) = place(diagnostic, sources);
                Row {
                    severity: diagnostic.severity().as_str(),
                    code: diagnostic.code.as_str(),
                    file,
                    line,
                    column,
                    message: &diagnostic.message,
                    help: diagnostic.help.as_deref(),
                }
            })
            .collect(),
    };
    serde_json::to_string_pretty(&report).unwrap_or_default() + "\n"
}

fn human(diagnostics: &[Diagnostic], sources: &Sources, colour: bool) -> String {
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&renderer.render(&[group(diagnostic, sources)]));
        text.push_str("\n\n");
    }
    text
}

/// The widest line that is drawn whole: a folder in one line of flow style must not fill the screen.
const LINE_BYTES_MAX: usize = 2_000;

fn group<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources) -> Group<'a> {
    let level = match diagnostic.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code.as_str());
    let mut group = Group::with_title(title);
    let located = diagnostic
        .span
        .and_then(|span| Some((sources.get(span.source)?, span)));
    if let Some((file, span)) = located {
        let text = file.text();
        let position = file.position(span.start);
        let line_start = text
            .get(..span.start as usize)
            .and_then(|before| before.rfind('\n'))
            .map_or(0, |at| at + 1);
        let line_end = text
            .get(span.start as usize..)
            .and_then(|after| after.find('\n'))
            .map_or(text.len(), |at| span.start as usize + at);
        let start = span.start as usize - line_start;
        let end = (span.end as usize).min(line_end).max(span.start as usize) - line_start;
        let line = text.get(line_start..line_end).unwrap_or_default();
        let (start, end) = (
            line.floor_char_boundary(start),
            line.ceil_char_boundary(end),
        );
        if line.len() <= LINE_BYTES_MAX {
            group = group.element(
                Snippet::source(line)
                    .line_start(position.line as usize)
                    .path(file.path())
                    .annotation(AnnotationKind::Primary.span(start..end)),
            );
        } else {
            group = group.element(
                annotate_snippets::Origin::path(file.path())
                    .line(position.line as usize)
                    .char_column(position.column as usize),
            );
        }
    }
    match &diagnostic.help {
        Some(help) => group.element(Level::HELP.message(help.as_str())),
        None => group,
    }
}
