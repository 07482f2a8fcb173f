//! The submitter's journal and ledger, kept in the store.

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use keruta_submitter::journal::{Journal, JournalError, Ledger, LedgerError, Progress, StatusChange, Submission};
use keruta_submitter::logs::{Cursor, LogEntry, LogSource};
use keruta_submitter::{Attempt, TaskStatus as SubmitterStatus, Verdict};
use serde_json::Value;

use crate::store::logs::LogStore;
use crate::store::{AttemptStatus, Epoch, Store, StoreError};
use keruta_api::TaskStatus;

/// Where a runner with this epoch writes what it learns. What is told of attempts that are none of ours (a Job that
/// `keruta-submitter` made in the same namespace) is passed over.
pub(super) struct StoreJournal {
    pub(super) store: Store,
    pub(super) logs: LogStore,
    pub(super) epoch: Epoch,
}

impl StoreJournal {
    /// Whether an attempt is one of ours.
    async fn knows(&self, attempt: &Attempt) -> Result<bool, StoreError> {
        Ok(self.store.attempt_namespace(&attempt.task, attempt.number).await?.as_ref() == Some(&attempt.namespace))
    }
}

#[async_trait]
impl Journal for StoreJournal {
    async fn status(&self, change: &StatusChange) -> Result<(), JournalError> {
        let failed = |error| JournalError::new(format!("keep the status of {}", change.attempt), error);
        if !self.knows(&change.attempt).await.map_err(failed)? {
            return Ok(());
        }
        let verdict = change.verdict.as_ref().map(json);
        let change = AttemptStatus {
            task: &change.attempt.task,
            attempt: change.attempt.number,
            status: status(change.status),
            reason: change.verdict.as_ref().map(|verdict| verdict.evidence.summary.as_str()),
            verdict,
            at: change.at,
        };
        self.store.status_from_cluster(&change, self.epoch).await.map_err(failed)
    }

    async fn verdict(&self, attempt: &Attempt) -> Result<Option<Verdict>, JournalError> {
        let failed = |error| JournalError::new(format!("look up the verdict of {attempt}"), error);
        let verdict = self.store.verdict(&attempt.task, attempt.number).await.map_err(failed)?;
        verdict
            .map(serde_json::from_value)
            .transpose()
            .map_err(|error| JournalError::new(format!("read the verdict of {attempt}"), error))
    }

    async fn progress(&self, progress: &Progress) -> Result<(), JournalError> {
        let Attempt { task, number, .. } = &progress.attempt;
        let failed = |error| JournalError::new(format!("keep the progress of {}", progress.attempt), error);
        if !self.knows(&progress.attempt).await.map_err(failed)? {
            return Ok(());
        }
        let mut phase = json(&progress.phase);
        if let (Value::Object(phase), Some(pod)) = (&mut phase, &progress.pod) {
            phase.insert("pod".to_owned(), Value::from(pod.as_str()));
        }
        self.store.phase(task, *number, &phase, self.epoch, progress.at).await.map_err(failed)
    }

    async fn log(&self, source: &LogSource, entries: &[LogEntry], cursor: &Cursor) -> Result<(), JournalError> {
        let failed = |error: Box<dyn Error + Send + Sync>| {
            JournalError::new(format!("keep the log of {} of {}", source.container, source.attempt), error)
        };
        if !self.knows(&source.attempt).await.map_err(|error| failed(error.into()))? {
            return Ok(());
        }
        self.logs.append(source, entries, cursor).await.map(drop).map_err(|error| failed(error.into()))
    }

    async fn log_cursor(&self, source: &LogSource) -> Result<Option<Cursor>, JournalError> {
        let cursor = self.logs.cursor(source).await;
        cursor.map_err(|error| JournalError::new(format!("look up the log of {}", source.container), error))
    }
}

#[async_trait]
impl Ledger for StoreJournal {
    async fn intend(&self, attempt: &Attempt, at: Timestamp) -> Result<(), LedgerError> {
        let done = self.store.intend(&attempt.task, attempt.number, self.epoch, at).await;
        done.map_err(|error| ledger(format!("note that {attempt} is going to be submitted"), error))
    }

    async fn created(&self, attempt: &Attempt, job_uid: &str, at: Timestamp) -> Result<(), LedgerError> {
        let recorded = self.store.job_created(&attempt.task, attempt.number, job_uid, self.epoch, at).await;
        let recorded = recorded.map_err(|error| ledger(format!("note the Job of {attempt}"), error))?;
        if recorded == job_uid {
            return Ok(());
        }
        Err(LedgerError::OtherJob { attempt: attempt.clone(), recorded, given: job_uid.to_owned() })
    }

    async fn lookup(&self, attempt: &Attempt) -> Result<Option<Submission>, LedgerError> {
        let found = self.store.submission(&attempt.task, attempt.number).await;
        found.map_err(|error| ledger(format!("look up {attempt}"), error))
    }
}

fn ledger(action: String, error: StoreError) -> LedgerError {
    LedgerError::Store { action, source: error.into() }
}

/// Verdicts and phases are made of texts and numbers: always JSON.
fn json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

const fn status(status: SubmitterStatus) -> TaskStatus {
    match status {
        SubmitterStatus::Pending => TaskStatus::Pending,
        SubmitterStatus::InProgress => TaskStatus::InProgress,
        SubmitterStatus::WaitingForInput => TaskStatus::WaitingForInput,
        SubmitterStatus::Completed => TaskStatus::Completed,
        SubmitterStatus::Failed => TaskStatus::Failed,
        SubmitterStatus::Cancelled => TaskStatus::Cancelled,
    }
}

/// Shared by the follower and those who submit.
pub(super) type SharedJournal = Arc<StoreJournal>;
