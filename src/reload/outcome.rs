//! What can come of a change.

/// What came of a change; each has one line in the log and one counter. A change that leaves everything as it was
/// is none of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A new snapshot is published.
    Reloaded,
    /// After a refused change the folder is again what is published.
    Restored,
    /// The policies have errors; nothing changed.
    Rejected,
    /// The folder could not be read; nothing changed.
    Unreadable,
    /// Compiling ended in a panic, which is a defect of this program; nothing changed.
    Failed,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 5] = [
        Self::Reloaded,
        Self::Restored,
        Self::Rejected,
        Self::Unreadable,
        Self::Failed,
    ];

    /// Its name in metrics, logs and `/status`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reloaded => "reloaded",
            Self::Restored => "restored",
            Self::Rejected => "rejected",
            Self::Unreadable => "unreadable",
            Self::Failed => "failed",
        }
    }

    /// Whether what is in the folder is now what is published.
    pub fn is_success(self) -> bool {
        matches!(self, Self::Reloaded | Self::Restored)
    }
}
