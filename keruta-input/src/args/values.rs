//! Words that flags take.

use clap::ValueEnum;

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal
    Auto,
    /// Also elsewhere
    Always,
    /// Never
    Never,
}

/// Whose manifests to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Preset {
    /// keruta's own Job
    Keruta,
    /// The claim and Job of the first generator
    Kotlin,
}

impl Preset {
    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keruta => "keruta",
            Self::Kotlin => "kotlin",
        }
    }
}

/// How much Pods may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Security {
    /// The cluster's own rules decide
    None,
    /// No privilege escalation
    Baseline,
    /// Also not root, and no capability
    Restricted,
}

impl Security {
    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
        }
    }
}
