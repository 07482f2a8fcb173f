//! Several journals at once.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Mutex;

use super::{Journal, JournalError, Progress, StatusChange};
use crate::attempt::Attempt;
use crate::logs::{Cursor, LogEntry, LogSource};
use crate::verdict::Verdict;

/// Gives everything to several journals. The first one's cursor says where a log goes on, and it is given each batch last:
/// what it has, all have.
///
/// Where one fails, the call fails; a repeated call gives the batch only to those that have not kept it. After a crash, lines
/// that another journal has already by its own cursor are not given to it again.
pub struct Tee {
    first: Arc<dyn Journal>,
    others: Vec<Arc<dyn Journal>>,
    /// How far the others are.
    kept: Mutex<HashMap<LogSource, Vec<Cursor>>>,
}

impl std::fmt::Debug for Tee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tee").field("others", &self.others.len()).finish_non_exhaustive()
    }
}

impl Tee {
    /// A tee whose cursors are those of `first`.
    #[must_use]
    pub fn new(first: Arc<dyn Journal>, others: Vec<Arc<dyn Journal>>) -> Self {
        Self { first, others, kept: Mutex::default() }
    }

    fn all(&self) -> impl Iterator<Item = &Arc<dyn Journal>> {
        self.others.iter().chain([&self.first])
    }

    async fn cursors(&self, source: &LogSource) -> Result<Vec<Cursor>, JournalError> {
        if let Some(cursors) = self.kept.lock().await.get(source) {
            return Ok(cursors.clone());
        }
        let mut cursors = Vec::with_capacity(self.others.len());
        for journal in &self.others {
            cursors.push(journal.log_cursor(source).await?.unwrap_or_default());
        }
        self.kept.lock().await.insert(source.clone(), cursors.clone());
        Ok(cursors)
    }

    async fn note(&self, source: &LogSource, number: usize, cursor: &Cursor) {
        if let Some(kept) = self.kept.lock().await.get_mut(source).and_then(|cursors| cursors.get_mut(number)) {
            kept.clone_from(cursor);
        }
    }
}

#[async_trait]
impl Journal for Tee {
    async fn status(&self, change: &StatusChange) -> Result<(), JournalError> {
        for journal in self.all() {
            journal.status(change).await?;
        }
        Ok(())
    }

    async fn progress(&self, progress: &Progress) -> Result<(), JournalError> {
        for journal in self.all() {
            journal.progress(progress).await?;
        }
        Ok(())
    }

    async fn verdict(&self, attempt: &Attempt) -> Result<Option<Verdict>, JournalError> {
        self.first.verdict(attempt).await
    }

    async fn log(&self, source: &LogSource, entries: &[LogEntry], cursor: &Cursor) -> Result<(), JournalError> {
        let kept = self.cursors(source).await?;
        for (number, (journal, kept)) in self.others.iter().zip(&kept).enumerate() {
            if kept == cursor {
                continue;
            }
            let known = |entry: &LogEntry| matches!(entry, LogEntry::Line(line) if line.number <= kept.lines);
            if entries.iter().any(known) {
                let fresh: Vec<_> = entries.iter().filter(|entry| !known(entry)).cloned().collect();
                if kept.lines < cursor.lines || (cursor.done && !kept.done) || !fresh.is_empty() {
                    journal.log(source, &fresh, cursor).await?;
                }
            } else if kept.lines <= cursor.lines {
                journal.log(source, entries, cursor).await?;
            }
            self.note(source, number, cursor).await;
        }
        self.first.log(source, entries, cursor).await?;
        if cursor.done {
            self.kept.lock().await.remove(source);
        }
        Ok(())
    }

    async fn log_cursor(&self, source: &LogSource) -> Result<Option<Cursor>, JournalError> {
        self.first.log_cursor(source).await
    }
}
