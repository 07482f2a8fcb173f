//! Why the program ended.

use std::fmt;
use std::process::ExitCode;

use crate::auth::AccessError;
use crate::store::StoreError;
use crate::store::backup::BackupError;

/// Why the program ended.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Flags that make no sense.
    Usage(String),
    /// Settings that are wrong.
    Settings(String),
    /// The database could not be opened or used.
    Store(StoreError),
    /// The machine could not.
    Io(String),
}

impl Failure {
    pub(crate) fn io(what: impl fmt::Display, error: impl fmt::Display) -> Self {
        Self::Io(format!("could not {what}: {error}"))
    }

    pub(crate) fn access(error: AccessError) -> Self {
        match error {
            AccessError::Store(error) => Self::Store(error),
            other => Self::Io(other.to_string()),
        }
    }

    pub(crate) fn backup(error: BackupError) -> Self {
        match error {
            BackupError::Store(error) => Self::Store(error),
            other => Self::Io(other.to_string()),
        }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::from(2),
            Self::Settings(_) => ExitCode::from(3),
            Self::Store(_) | Self::Io(_) => ExitCode::from(5),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text) | Self::Settings(text) | Self::Io(text) => f.write_str(text),
            Self::Store(error) => {
                write!(f, "{error}")?;
                let mut source = std::error::Error::source(error);
                while let Some(error) = source {
                    write!(f, ": {error}")?;
                    source = error.source();
                }
                Ok(())
            }
        }
    }
}
