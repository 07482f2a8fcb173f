//! What was submitted, remembered longer than the cluster remembers it.

mod file;
mod memory;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::attempt::Attempt;

pub use file::FileLedger;
pub use memory::MemoryLedger;

/// What a ledger knows of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Submission {
    /// When it was first going to be submitted.
    pub intended_at: Timestamp,
    /// The uid of the Job that it became; `None` where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_uid: Option<String>,
}

/// A record of the attempts that had a Job, which outlives the Jobs: a Job whose name is free again may have run and been
/// deleted. An attempt with a uid here must not be submitted again.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Notes that an attempt is going to be submitted, before it is. A second call changes nothing.
    async fn intend(&self, attempt: &Attempt, at: Timestamp) -> Result<(), LedgerError>;

    /// Notes the Job that an attempt became. A second call with the same uid changes nothing.
    ///
    /// # Errors
    ///
    /// [`LedgerError::OtherJob`] where it had become another one.
    async fn created(&self, attempt: &Attempt, job_uid: &str, at: Timestamp) -> Result<(), LedgerError>;

    /// What is known of an attempt.
    async fn lookup(&self, attempt: &Attempt) -> Result<Option<Submission>, LedgerError>;
}

/// A ledger that could not do what it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The attempt became another Job before.
    #[error("{attempt} has had the Job with uid {recorded}; it cannot also be {given}")]
    OtherJob {
        /// The attempt.
        attempt: Attempt,
        /// The uid on record.
        recorded: String,
        /// The uid that was given.
        given: String,
    },
    /// A whole line cannot be read: the file was changed by something else.
    #[error("line {line} of the ledger {file} cannot be read; mend or remove the file")]
    Spoilt {
        /// The file.
        file: String,
        /// Counted from 1.
        line: usize,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// What keeps the ledger, other than a file, failed.
    #[error("could not {action}")]
    Store {
        /// What could not be done.
        action: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file could not be read or written.
    #[error("could not {action}")]
    Io {
        /// What could not be done.
        action: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// Puts what a call says into what is known; `None` where that changes nothing.
fn amended(
    known: Option<&Submission>,
    attempt: &Attempt,
    job_uid: Option<&str>,
    at: Timestamp,
) -> Result<Option<Submission>, LedgerError> {
    match (known, job_uid) {
        (None, _) => Ok(Some(Submission { intended_at: at, job_uid: job_uid.map(str::to_owned) })),
        (Some(_), None) => Ok(None),
        (Some(Submission { job_uid: None, intended_at }), Some(uid)) => {
            Ok(Some(Submission { intended_at: *intended_at, job_uid: Some(uid.to_owned()) }))
        }
        (Some(Submission { job_uid: Some(recorded), .. }), Some(uid)) if recorded == uid => Ok(None),
        (Some(Submission { job_uid: Some(recorded), .. }), Some(uid)) => {
            Err(LedgerError::OtherJob { attempt: attempt.clone(), recorded: recorded.clone(), given: uid.to_owned() })
        }
    }
}
