//! Exit codes, which scripts rely on.

use std::process::ExitCode;

/// How a verb ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: as asked.
    Success,
    /// 1: an I/O or internal error.
    Failure,
    /// 2: the command line is wrong.
    Usage,
    /// 3: the policies do not compile.
    Policies,
    /// 4: a test of the policies failed.
    Tests,
    /// 5: the question was denied.
    Denied,
    /// 6: there are differences.
    Differences,
}

impl Exit {
    /// The number that the process ends with.
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::Policies => 3,
            Self::Tests => 4,
            Self::Denied => 5,
            Self::Differences => 6,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
