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
            // It has the batch, or was ahead of the first one when a crash came.
            if kept == cursor || kept.lines > cursor.lines {
                continue;
            }
            let known = |entry: &LogEntry| matches!(entry, LogEntry::Line(line) if line.number <= kept.lines);
            if entries.iter().any(known) {
                let fresh: Vec<_> = entries.iter().filter(|entry| !known(entry)).cloned().collect();
                journal.log(source, &fresh, cursor).await?;
            } else {
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use jiff::Timestamp;

    use super::*;
    use crate::attempt::Attempt;
    use crate::journal::MemoryJournal;
    use crate::logs::{Level, LogLine};

    fn source() -> LogSource {
        LogSource {
            attempt: Attempt { namespace: "ns".into(), task: "task".into(), number: 1 },
            job: "job".into(),
            pod: "pod".into(),
            pod_uid: "uid".into(),
            container: "main".into(),
            restart: 0,
        }
    }

    fn lines(range: std::ops::RangeInclusive<u64>) -> (Vec<LogEntry>, Cursor) {
        let cursor = Cursor { lines: *range.end(), ..Cursor::default() };
        let line = |number| LogLine {
            number,
            timestamp: Timestamp::UNIX_EPOCH,
            level: Level::Info,
            message: Bytes::new(),
            continues: false,
        };
        (range.map(|number| LogEntry::Line(line(number))).collect(), cursor)
    }

    fn kept(journal: &MemoryJournal) -> Vec<u64> {
        let number = |entry| match entry {
            LogEntry::Line(line) => line.number,
            LogEntry::Gap(_) => 0,
        };
        journal.entries(&source()).into_iter().map(number).collect()
    }

    #[tokio::test]
    async fn a_repeated_batch_reaches_each_journal_once() {
        let [first, second, third] = [(); 3].map(|()| Arc::new(MemoryJournal::default()));
        let tee = Tee::new(Arc::clone(&first) as _, vec![Arc::clone(&second) as _, Arc::clone(&third) as _]);
        let (entries, cursor) = lines(1..=3);
        tee.log(&source(), &entries, &cursor).await.unwrap();
        for failing in [&first, &second, &third] {
            let last = kept(&first).len() as u64;
            let (entries, cursor) = lines(last + 1..=last + 3);
            failing.fail(1);
            tee.log(&source(), &entries, &cursor).await.unwrap_err();
            tee.log(&source(), &entries, &cursor).await.unwrap();
        }
        for journal in [&first, &second, &third] {
            assert_eq!(kept(journal), (1..=12).collect::<Vec<_>>());
        }
    }

    #[tokio::test]
    async fn after_a_crash_a_journal_that_was_ahead_is_not_given_lines_again() {
        let (first, second) = (Arc::new(MemoryJournal::default()), Arc::new(MemoryJournal::default()));
        let (entries, cursor) = lines(1..=3);
        first.log(&source(), &entries, &cursor).await.unwrap();
        second.log(&source(), &entries, &cursor).await.unwrap();
        let (entries, cursor) = lines(4..=6);
        second.log(&source(), &entries, &cursor).await.unwrap();

        let tee = Tee::new(Arc::clone(&first) as _, vec![Arc::clone(&second) as _]);
        assert_eq!(tee.log_cursor(&source()).await.unwrap().unwrap().lines, 3);
        // Other batches than before the crash.
        for range in [4..=5, 6..=8] {
            let (entries, cursor) = lines(range);
            tee.log(&source(), &entries, &cursor).await.unwrap();
        }
        assert_eq!(kept(&first), (1..=8).collect::<Vec<_>>());
        assert_eq!(kept(&second), (1..=8).collect::<Vec<_>>());
    }
}
