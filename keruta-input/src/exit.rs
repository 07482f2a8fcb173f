//! How the program ends.

use std::process::ExitCode;

/// What an exit code says; the codes are part of the program's contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// All is well.
    Fine,
    /// There are findings, or differences.
    Findings,
    /// The command line makes no sense.
    Usage,
    /// A task or the settings are invalid.
    Invalid,
    /// A file could not be read or written.
    Io,
}

impl Exit {
    /// The code of a panic, which is a bug of ours.
    pub const BUG: i32 = 70;

    /// The code of the process.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Findings => 1,
            Self::Usage => 2,
            Self::Invalid => 3,
            Self::Io => 5,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
