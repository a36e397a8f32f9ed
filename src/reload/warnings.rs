//! Warnings of policies that are served: each is told once, not at every reload.

use std::collections::HashSet;

use crate::diagnostic::{Code, Diagnostic, Format, render};
use crate::source::Sources;

/// Most warnings that one line of the log shows.
const SHOWN_MAX: usize = 50;

/// The warnings that stand. A line that moves makes no new one of them.
#[derive(Debug, Default)]
pub(super) struct Warnings {
    known: HashSet<(Code, String, String)>,
}

impl Warnings {
    /// Takes the warnings of what is served now, and logs those that are new.
    pub(super) fn tell(&mut self, diagnostics: &[Diagnostic], sources: &Sources) {
        let key = |diagnostic: &Diagnostic| {
            let file = diagnostic.span.and_then(|span| sources.get(span.source));
            let path = file.map_or("", |file| file.path()).to_owned();
            (diagnostic.code, path, diagnostic.message.clone())
        };
        let is_new = |diagnostic: &&Diagnostic| !self.known.contains(&key(diagnostic));
        let new: Vec<Diagnostic> = diagnostics.iter().filter(is_new).cloned().collect();
        if !new.is_empty() {
            let standing = diagnostics.len();
            let shown = new.get(..SHOWN_MAX).unwrap_or(&new);
            let mut text = render(shown, sources, Format::Human { colour: false });
            text.truncate(text.trim_end().len());
            if new.len() > shown.len() {
                text.push_str(&format!("\n\nand {} more", new.len() - shown.len()));
            }
            let new = new.len();
            tracing::warn!(new, standing, "the policies have new warnings:\n{text}");
        }
        self.known = diagnostics.iter().map(key).collect();
    }
}
