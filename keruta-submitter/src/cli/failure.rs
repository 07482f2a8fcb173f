//! Why a command could not do its work.

use keruta_input::diagnostic::human::Message;
use keruta_submitter::bundle::BundleProblems;
use keruta_submitter::cluster::ClusterError;
use keruta_submitter::journal::{JournalError, LedgerError};

use super::exit::Exit;

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Files, settings or tasks.
    #[error(transparent)]
    Input(#[from] keruta_input::failure::Failure),
    /// The command line makes no sense.
    #[error("{0}")]
    Usage(String),
    /// A stream of manifests that is none of tasks.
    #[error("{name} cannot be submitted")]
    Manifests { name: String, problems: BundleProblems },
    /// The cluster could not or would not.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// A journal that cannot be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The record of submitted attempts.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Something that is not there, or not so, with its cure.
    #[error("{0}")]
    Because(String, String, Exit),
    /// It was told already.
    #[error("it was told already")]
    Told(Exit),
}

impl Failure {
    /// A failure with what to do about it.
    pub(crate) fn because(what: impl Into<String>, cure: impl Into<String>, exit: Exit) -> Self {
        Self::Because(what.into(), cure.into(), exit)
    }

    /// The exit code that goes with it.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Input(failure) => failure.exit().into(),
            Self::Usage(_) => Exit::Usage,
            Self::Manifests { .. } => Exit::Invalid,
            Self::Cluster(_) | Self::Journal(_) | Self::Ledger(_) => Exit::Cluster,
            Self::Because(_, _, exit) | Self::Told(exit) => *exit,
        }
    }

    /// It for people.
    pub(crate) fn message(&self) -> Message {
        match self {
            Self::Cluster(error) => of_cluster(error),
            Self::Manifests { problems, .. } => {
                let notes = problems.as_slice().iter().map(ToString::to_string);
                notes.fold(Message::error(self.to_string()), Message::note)
            }
            Self::Because(what, cure, _) => Message::error(what).help(cure),
            other => {
                let mut message = Message::error(other.to_string());
                let mut source = std::error::Error::source(other);
                let told = other.to_string();
                while let Some(error) = source {
                    // Some errors have their cause in their own words.
                    if !told.contains(&error.to_string()) {
                        message = message.note(error.to_string());
                    }
                    source = error.source();
                }
                message
            }
        }
    }
}

/// What the cluster says, and what to do about it.
pub(crate) fn of_cluster(error: &ClusterError) -> Message {
    let message = Message::error(error.to_string());
    match error {
        ClusterError::Invalid { causes, .. } => {
            let notes = causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message));
            notes.fold(message, Message::note)
        }
        _ => message,
    }
    .help(error.cure())
}
