//! A journal in memory.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::{Journal, JournalError, Progress, StatusChange};
use crate::attempt::Attempt;
use crate::logs::{Cursor, LogEntry, LogSource};
use crate::verdict::Verdict;

/// Keeps all in memory: for tests, and for a program that takes out what it wants to know. It can be told to be slow and to
/// fail.
///
/// ```
/// # tokio_test();
/// # fn tokio_test() { tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use keruta_submitter::journal::{Journal, MemoryJournal, StatusChange};
/// use keruta_submitter::{Attempt, TaskStatus};
///
/// let journal = MemoryJournal::default();
/// let attempt = Attempt { namespace: "default".into(), task: "task-1".into(), number: 1 };
/// let change = StatusChange { attempt, at: jiff::Timestamp::UNIX_EPOCH, status: TaskStatus::Pending, verdict: None };
/// journal.status(&change).await.unwrap();
/// journal.status(&change).await.unwrap();
/// assert_eq!(journal.changes(), [change]);
/// # }) }
/// ```
#[derive(Debug, Default)]
pub struct MemoryJournal {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    changes: Vec<StatusChange>,
    progress: Vec<Progress>,
    logs: HashMap<LogSource, (Vec<LogEntry>, Cursor)>,
    failures: u32,
    pause: Duration,
}

impl MemoryJournal {
    /// Lets the next `times` calls fail, having kept nothing.
    pub fn fail(&self, times: u32) {
        self.state().failures = times;
    }

    /// Lets every call take so long.
    pub fn slow_down(&self, pause: Duration) {
        self.state().pause = pause;
    }

    /// All changes of status, in the order in which they came.
    #[must_use]
    pub fn changes(&self) -> Vec<StatusChange> {
        self.state().changes.clone()
    }

    /// All progress, in the order in which it came.
    #[must_use]
    pub fn progress_seen(&self) -> Vec<Progress> {
        self.state().progress.clone()
    }

    /// The sources of which anything was kept.
    #[must_use]
    pub fn sources(&self) -> Vec<LogSource> {
        self.state().logs.keys().cloned().collect()
    }

    /// A container's log.
    #[must_use]
    pub fn entries(&self, source: &LogSource) -> Vec<LogEntry> {
        self.state().logs.get(source).map(|(entries, _)| entries.clone()).unwrap_or_default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code that panics runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn enter(&self) -> Result<(), JournalError> {
        let pause = self.state().pause;
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        let mut state = self.state();
        if state.failures > 0 {
            state.failures -= 1;
            return Err(JournalError::new("keep anything", "it was told to fail"));
        }
        Ok(())
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn status(&self, change: &StatusChange) -> Result<(), JournalError> {
        self.enter().await?;
        let mut state = self.state();
        let last = state.changes.iter().rfind(|known| known.attempt == change.attempt);
        if change.is_news_after(last) {
            state.changes.push(change.clone());
        }
        Ok(())
    }

    async fn verdict(&self, attempt: &Attempt) -> Result<Option<Verdict>, JournalError> {
        self.enter().await?;
        Ok(self
            .state()
            .changes
            .iter()
            .filter(|change| change.attempt == *attempt)
            .find_map(|change| change.verdict.clone()))
    }

    async fn progress(&self, progress: &Progress) -> Result<(), JournalError> {
        self.enter().await?;
        self.state().progress.push(progress.clone());
        Ok(())
    }

    async fn log(&self, source: &LogSource, entries: &[LogEntry], cursor: &Cursor) -> Result<(), JournalError> {
        self.enter().await?;
        let mut state = self.state();
        let (kept, at) = state.logs.entry(source.clone()).or_default();
        kept.extend_from_slice(entries);
        *at = cursor.clone();
        Ok(())
    }

    async fn log_cursor(&self, source: &LogSource) -> Result<Option<Cursor>, JournalError> {
        self.enter().await?;
        Ok(self.state().logs.get(source).map(|(_, cursor)| cursor.clone()))
    }
}
