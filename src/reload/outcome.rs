//! What can come of a change.

/// What came of a change, or of a reload that was asked for; each has one line in the log and one counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A new snapshot is published.
    Reloaded,
    /// After a refused change the folder is again what is published.
    Restored,
    /// The policies have errors; nothing changed.
    Rejected,
    /// The policies fail their own tests, and that they pass is required; nothing changed.
    TestsFailed,
    /// The folder could not be read; nothing changed.
    Unreadable,
    /// Compiling ended in a panic, which is a defect of this program; nothing changed.
    Failed,
    /// The folder is what is published, as it was before. Only who asked for a reload is told; nothing is counted.
    Unchanged,
}

impl Outcome {
    /// Every outcome that is counted.
    pub const COUNTED: [Self; 6] = [
        Self::Reloaded,
        Self::Restored,
        Self::Rejected,
        Self::TestsFailed,
        Self::Unreadable,
        Self::Failed,
    ];

    /// The outcomes that leave the last good snapshot standing.
    pub const REFUSALS: [Self; 4] = [
        Self::Rejected,
        Self::TestsFailed,
        Self::Unreadable,
        Self::Failed,
    ];

    /// Its name in metrics, logs and `/status`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reloaded => "reloaded",
            Self::Restored => "restored",
            Self::Rejected => "rejected",
            Self::TestsFailed => "tests_failed",
            Self::Unreadable => "unreadable",
            Self::Failed => "failed",
            Self::Unchanged => "unchanged",
        }
    }

    /// Whether what is in the folder is now what is published.
    pub fn is_success(self) -> bool {
        matches!(self, Self::Reloaded | Self::Restored | Self::Unchanged)
    }
}
