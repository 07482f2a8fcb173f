//! News of logs for those who follow them.
//!
//! A batch that this process wrote is handed to all followers of its task as it is, unpacked once for all. What other replicas
//! write, and how the task stands, is looked for twice a second, once for each task that is followed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use keruta_submitter::logs::LogSource;
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tracing::warn;

use super::source::{TaskState, task_state};
use crate::log::{Chunk, ChunkError};
use crate::store::{Store, StoreError};
use sqlx::Row;

/// How many batches a follower may be behind before it reads from the database again.
const BEHIND: usize = 32;
/// How often the database is asked.
const EVERY: Duration = Duration::from_millis(500);

/// A batch that was written just now.
#[derive(Debug)]
pub struct Batch {
    log: i64,
    source: LogSource,
    first_entry: u64,
    entries: u64,
    data: Bytes,
    chunk: OnceLock<Result<Arc<Chunk>, ChunkError>>,
    rendered: OnceLock<Rendered>,
}

/// Entries in a form that many followers are sent.
#[derive(Debug)]
pub struct Rendered {
    /// All of them, one after the other.
    pub text: Bytes,
    /// Where each ends.
    pub ends: Vec<usize>,
}

impl Batch {
    pub(super) const fn new(log: i64, source: LogSource, first_entry: u64, entries: u64, data: Bytes) -> Self {
        Self { log, source, first_entry, entries, data, chunk: OnceLock::new(), rendered: OnceLock::new() }
    }

    /// The log's number.
    #[must_use]
    pub const fn log(&self) -> i64 {
        self.log
    }

    /// The log.
    #[must_use]
    pub const fn source(&self) -> &LogSource {
        &self.source
    }

    /// How many entries of the log are before it.
    #[must_use]
    pub const fn first_entry(&self) -> u64 {
        self.first_entry
    }

    /// How many entries of the log there are with it.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.first_entry + self.entries
    }

    /// Its entries, unpacked for the first who asks; `None` where they do not unpack.
    pub fn chunk(&self) -> Option<&Arc<Chunk>> {
        self.chunk.get_or_init(|| Chunk::decode(&self.data).map(Arc::new)).as_ref().ok()
    }

    /// All of its entries in a form that is made by the first who asks: everybody has to ask for the same.
    pub fn rendered(&self, make: impl FnOnce(&Chunk) -> Rendered) -> Option<&Rendered> {
        let chunk = self.chunk()?;
        Some(self.rendered.get_or_init(|| make(chunk)))
    }
}

/// How the logs of a task stood when the database was asked.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// The number, the entries and whether it is done, of each log.
    pub(super) logs: Vec<(i64, u64, bool)>,
    pub(super) task: Option<TaskState>,
    /// Since when nothing has changed.
    pub(super) since: Option<Instant>,
}

/// The news of one task.
pub(super) struct Feed {
    pub(super) batches: broadcast::Sender<Arc<Batch>>,
    pub(super) seen: watch::Sender<Seen>,
}

pub(super) struct Hub {
    store: Store,
    feeds: Mutex<HashMap<String, Weak<Feed>>>,
}

impl Hub {
    pub(super) fn new(store: Store) -> Self {
        Self { store, feeds: Mutex::default() }
    }

    /// Hands out a batch that is on the disk, if anybody wants it.
    pub(super) fn publish(&self, task: &str, batches: impl FnOnce() -> Vec<Batch>) {
        let feed = self.feeds.lock().unwrap_or_else(PoisonError::into_inner).get(task).and_then(Weak::upgrade);
        let Some(feed) = feed.filter(|feed| feed.batches.receiver_count() > 0) else { return };
        for batch in batches() {
            let _ = feed.batches.send(Arc::new(batch));
        }
    }

    /// The news of a task, as long as the value lives.
    pub(super) fn feed(&self, task: &str) -> Arc<Feed> {
        let mut feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(feed) = feeds.get(task).and_then(Weak::upgrade) {
            return feed;
        }
        feeds.retain(|_, feed| feed.strong_count() > 0);
        let feed = Arc::new(Feed { batches: broadcast::Sender::new(BEHIND), seen: watch::Sender::default() });
        feeds.insert(task.to_owned(), Arc::downgrade(&feed));
        tokio::spawn(look(self.store.clone(), task.to_owned(), Arc::downgrade(&feed)));
        feed
    }
}

/// Asks the database now and then, as long as anybody follows.
async fn look(store: Store, task: String, feed: Weak<Feed>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // What this process wrote comes by itself; it is missed only where it is still missing at the next look.
    let mut before = None;
    let alone = !store.database().is_shared();
    loop {
        ticks.tick().await;
        let Some(feed) = feed.upgrade() else { return };
        match look_once(&store, &task).await {
            Ok(now) => {
                let shown = if alone { before.replace(now.clone()).unwrap_or_default() } else { now };
                feed.seen.send_if_modified(|seen| {
                    let news = seen.logs != shown.0 || seen.task != shown.1;
                    if news || seen.since.is_none() {
                        *seen = Seen { logs: shown.0, task: shown.1, since: Some(Instant::now()) };
                    }
                    news
                });
            }
            Err(error) => warn!(error = &error as &dyn std::error::Error, task, "the log cannot be looked at"),
        }
    }
}

type Look = (Vec<(i64, u64, bool)>, Option<TaskState>);

async fn look_once(store: &Store, task: &str) -> Result<Look, StoreError> {
    // The task first: of one that has ended, all lines that are kept by then are seen.
    let state = task_state(store, task).await?;
    let select = "SELECT id, entries, done FROM log_sources WHERE task_id = $1 ORDER BY id";
    let rows = sqlx::query(select).bind(task).fetch_all(store.database().reader()).await?;
    let mut logs = Vec::with_capacity(rows.len());
    for row in rows {
        let entries = u64::try_from(row.try_get::<i64, _>("entries")?).unwrap_or_default();
        logs.push((row.try_get("id")?, entries, row.try_get::<i64, _>("done")? != 0));
    }
    Ok((logs, state))
}
