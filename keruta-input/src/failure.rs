//! Why a command could not do its work.

use std::io;
use std::str::Utf8Error;

use crate::diagnostic::Diagnostic;
use crate::exit::Exit;

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command line makes no sense.
    #[error("{0}")]
    Usage(String),
    /// A file could not be read.
    #[error("cannot read {name}: {error}")]
    Read {
        /// The file.
        name: String,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// A file, or standard output, could not be written.
    #[error("cannot write {name}: {error}")]
    Write {
        /// The file.
        name: String,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// Nobody reads standard output any more.
    #[error("nobody reads standard output any more")]
    Closed,
    /// An input is invalid.
    #[error("the input is invalid")]
    Invalid(Vec<Diagnostic>),
    /// What was asked for cannot be made.
    #[error("{0}")]
    Refused(String),
}

impl Failure {
    /// A file that could not be read.
    pub fn read(name: impl Into<String>, error: io::Error) -> Self {
        Self::Read { name: name.into(), error }
    }

    /// A file that could not be written.
    pub fn write(name: impl Into<String>, error: io::Error) -> Self {
        Self::Write { name: name.into(), error }
    }

    /// Something could not be written to standard output.
    #[must_use]
    pub fn stdout(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::Closed } else { Self::write("standard output", error) }
    }

    /// A file that is no UTF-8 text.
    #[must_use]
    pub fn not_text(name: &str, error: &Utf8Error) -> Self {
        Self::read(name, io::Error::new(io::ErrorKind::InvalidData, format!("it is not UTF-8 text: {error}")))
    }

    /// The exit code that goes with it.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Read { .. } | Self::Write { .. } => Exit::Io,
            Self::Closed => Exit::Fine,
            Self::Invalid(_) | Self::Refused(_) => Exit::Invalid,
        }
    }
}
