//! The way out: status, progress, evidence and log lines leave the submitter through a [`Journal`].
//!
//! A journal that answers has kept what it was given: nothing is sent on before, so that a slow journal slows the capture
//! of logs and never fills the memory.

#[cfg(feature = "http")]
mod http;
mod ledger;
mod memory;
mod ndjson;
mod tee;

use async_trait::async_trait;
use jiff::Timestamp;
use keruta_manifest::task::TaskStatus;
use serde::{Deserialize, Serialize};

use crate::attempt::Attempt;
use crate::logs::{Cursor, LogEntry, LogSource};
use crate::phase::Phase;
use crate::verdict::Verdict;

#[cfg(feature = "http")]
pub use self::http::{HttpJournal, JournalToken};
pub use ledger::{FileLedger, Ledger, LedgerError, MemoryLedger, Submission};
pub use memory::MemoryJournal;
pub use ndjson::{LogFilter, NdjsonJournal, NdjsonSettings, ReadLog, StoredEntry};
pub use tee::Tee;

/// A change of an attempt's status, with the evidence where it is final.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusChange {
    /// Whose status.
    pub attempt: Attempt,
    /// When it was seen.
    pub at: Timestamp,
    /// The new status.
    pub status: TaskStatus,
    /// How the attempt ended, where the status is final.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
}

impl StatusChange {
    /// Whether there is anything to keep, where `last` was kept before: not the same again, nothing behind a final status,
    /// and no return to waiting, as it may seem after a restart between two Pods.
    #[must_use]
    pub fn is_news_after(&self, last: Option<&Self>) -> bool {
        last.is_none_or(|last| {
            !last.status.is_final() && self.status != last.status && self.status != TaskStatus::Pending
        })
    }
}

/// How far an attempt has come, between two changes of its status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// Whose progress.
    pub attempt: Attempt,
    /// When it was seen.
    pub at: Timestamp,
    /// What it does now.
    pub phase: Phase,
    /// The Pod that does it; another one after a retry by the Job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<String>,
}

/// Where status, progress and log lines go. A method that returns has kept what it was given.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Keeps a change of status. Repeated calls with the same change must leave one.
    async fn status(&self, change: &StatusChange) -> Result<(), JournalError>;

    /// How an attempt ended, where this was kept: the Job that bore it may be gone.
    async fn verdict(&self, attempt: &Attempt) -> Result<Option<Verdict>, JournalError>;

    /// Takes note of progress; it may be dropped.
    async fn progress(&self, progress: &Progress) -> Result<(), JournalError>;

    /// Keeps entries of a container's log, and the cursor behind the last of them, in one step: after a crash either both
    /// are there or neither is.
    async fn log(&self, source: &LogSource, entries: &[LogEntry], cursor: &Cursor) -> Result<(), JournalError>;

    /// The cursor of what was kept of a container's log; `None` where nothing was.
    async fn log_cursor(&self, source: &LogSource) -> Result<Option<Cursor>, JournalError>;
}

/// A journal that could not keep what it was given.
#[derive(Debug, thiserror::Error)]
#[error("the journal could not {action}")]
pub struct JournalError {
    /// What it could not do: "write to /var/log/keruta/task-1.ndjson".
    pub action: String,
    /// Why.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl JournalError {
    /// An error with what could not be done and why.
    pub fn new(action: impl Into<String>, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { action: action.into(), source: source.into() }
    }
}
