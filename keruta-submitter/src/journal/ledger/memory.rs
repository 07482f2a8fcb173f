//! A ledger in memory.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Ledger, LedgerError, Submission, amended};
use crate::attempt::Attempt;

/// Forgets with the process: for tests, and for a program that submits once.
#[derive(Debug, Default)]
pub struct MemoryLedger {
    submissions: Mutex<HashMap<Attempt, Submission>>,
}

impl MemoryLedger {
    fn amend(&self, attempt: &Attempt, job_uid: Option<&str>, at: Timestamp) -> Result<(), LedgerError> {
        let mut submissions = self.submissions();
        if let Some(submission) = amended(submissions.get(attempt), attempt, job_uid, at)? {
            submissions.insert(attempt.clone(), submission);
        }
        Ok(())
    }

    fn submissions(&self) -> MutexGuard<'_, HashMap<Attempt, Submission>> {
        self.submissions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Ledger for MemoryLedger {
    async fn intend(&self, attempt: &Attempt, at: Timestamp) -> Result<(), LedgerError> {
        self.amend(attempt, None, at)
    }

    async fn created(&self, attempt: &Attempt, job_uid: &str, at: Timestamp) -> Result<(), LedgerError> {
        self.amend(attempt, Some(job_uid), at)
    }

    async fn lookup(&self, attempt: &Attempt) -> Result<Option<Submission>, LedgerError> {
        Ok(self.submissions().get(attempt).cloned())
    }
}
