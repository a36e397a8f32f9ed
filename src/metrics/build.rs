//! Which program this is.

/// The version and commit that a program was built from.
#[derive(Debug, Clone, Copy)]
pub struct Build {
    /// The crate's version.
    pub version: &'static str,
    /// The commit, or `unknown` where the build was not told.
    pub commit: &'static str,
}

impl Build {
    /// This program's own; the build passes the commit in `OCTROI_COMMIT`.
    pub const CURRENT: Self = Self {
        version: env!("CARGO_PKG_VERSION"),
        commit: match option_env!("OCTROI_COMMIT") {
            Some(commit) => commit,
            None => "unknown",
        },
    };
}
