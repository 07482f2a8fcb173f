//! What was submitted, remembered longer than the cluster remembers it.

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::attempt::Attempt;

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

/// A ledger that ends with its process.
#[derive(Debug, Default)]
pub struct MemoryLedger(Mutex<HashMap<Attempt, Submission>>);

impl MemoryLedger {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Attempt, Submission>> {
        // What a thread that panicked left is whole: each change is one insertion.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[async_trait]
impl Ledger for MemoryLedger {
    async fn intend(&self, attempt: &Attempt, at: Timestamp) -> Result<(), LedgerError> {
        self.lock().entry(attempt.clone()).or_insert(Submission { intended_at: at, job_uid: None });
        Ok(())
    }

    async fn created(&self, attempt: &Attempt, job_uid: &str, at: Timestamp) -> Result<(), LedgerError> {
        let mut known = self.lock();
        let entry = known.entry(attempt.clone()).or_insert(Submission { intended_at: at, job_uid: None });
        match &entry.job_uid {
            Some(recorded) if recorded != job_uid => Err(LedgerError::OtherJob {
                attempt: attempt.clone(),
                recorded: recorded.clone(),
                given: job_uid.to_owned(),
            }),
            _ => {
                entry.job_uid = Some(job_uid.to_owned());
                Ok(())
            }
        }
    }

    async fn lookup(&self, attempt: &Attempt) -> Result<Option<Submission>, LedgerError> {
        Ok(self.lock().get(attempt).cloned())
    }
}
