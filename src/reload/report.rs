//! What became of the last change, as `/status` shows it.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use serde::Serialize;

use crate::diagnostic::{self, Diagnostic, Format};
use crate::source::Sources;

/// The last report, for whoever asks.
pub type LastReload = Arc<ArcSwap<Report>>;

/// What became of a change.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// `loaded` for the first load, else the outcome's name.
    pub outcome: &'static str,
    /// When it was done, in RFC 3339.
    pub at: String,
    /// How long reading and compiling took.
    pub duration_seconds: f64,
    /// Why nothing could be compiled, where that is so.
    pub error: Option<String>,
    /// What `octroi check --format json` would say.
    pub diagnostics: serde_json::Value,
}

impl Report {
    pub(super) fn new(outcome: &'static str, duration: Duration) -> Self {
        Self {
            outcome,
            at: jiff::Timestamp::now().to_string(),
            duration_seconds: duration.as_secs_f64(),
            error: None,
            diagnostics: serde_json::Value::Array(Vec::new()),
        }
    }

    pub(super) fn with_error(mut self, error: String) -> Self {
        self.error = Some(error);
        self
    }

    pub(super) fn with_diagnostics(
        mut self,
        diagnostics: &[Diagnostic],
        sources: &Sources,
    ) -> Self {
        let text = diagnostic::render(diagnostics, sources, Format::Json);
        let parsed: Option<serde_json::Value> = serde_json::from_str(&text).ok();
        if let Some(list) = parsed.as_ref().and_then(|json| json.get("diagnostics")) {
            self.diagnostics = list.clone();
        }
        self
    }
}
