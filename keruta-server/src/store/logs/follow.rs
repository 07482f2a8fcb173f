//! Following the logs of a task: what is kept, then what comes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use keruta_api::TaskStatus;
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, sleep_until};
use tracing::debug;

use super::hub::{Batch, Feed, Seen};
use super::scan::Scan;
use super::{Item, LogError, LogQuery, LogStore, SourceInfo};
use crate::log::{Direction, Picked, Places};

/// How many entries come at once of what is kept already.
const STEP: usize = 1000;
const STEP_BYTES: usize = 1 << 20;
/// How much is unpacked before another follower has its turn.
const TURN: u64 = 4 << 20;
/// How long lines are waited for when a task has ended and a log has not.
const LATE: Duration = Duration::from_secs(15);

/// What a follower is told.
#[derive(Debug)]
pub enum News {
    /// Entries that were kept before, or that were looked for in the database.
    Items(Vec<Item>),
    /// All entries of a batch that was just written.
    Batch(Arc<Batch>),
    /// Entries of a batch that was just written: those that are wanted.
    Picked {
        /// The batch.
        batch: Arc<Batch>,
        /// The places in the batch.
        picked: Vec<usize>,
    },
    /// The task has ended, and so have its logs.
    Ended(Option<TaskStatus>),
}

/// A follower of a task's logs. After each of its news, [`Follow::places`] says where to go on.
pub struct Follow {
    store: LogStore,
    query: LogQuery,
    feed: Arc<Feed>,
    batches: broadcast::Receiver<Arc<Batch>>,
    seen: watch::Receiver<Seen>,
    places: Places,
    /// Which logs are wanted.
    wanted: HashMap<i64, bool>,
    /// What is read behind, and the place that it leads to.
    scan: Option<Scan>,
    /// Whether the database may have more than was read.
    behind: bool,
    quiet_since: Instant,
}

impl LogStore {
    /// Follows the logs of a task from a place on.
    #[must_use]
    pub fn follow(&self, query: LogQuery, places: Places) -> Follow {
        // The news first: what comes while the database is read is not missed.
        let feed = self.hub.feed(&query.task);
        Follow {
            store: self.clone(),
            query,
            batches: feed.batches.subscribe(),
            seen: feed.seen.subscribe(),
            feed,
            places,
            wanted: HashMap::new(),
            scan: None,
            behind: true,
            quiet_since: Instant::now(),
        }
    }
}

impl Follow {
    /// The place behind all news that were given out.
    #[must_use]
    pub const fn places(&self) -> &Places {
        &self.places
    }

    /// Waits for news. May be dropped while it waits.
    ///
    /// # Errors
    ///
    /// Where the database fails; the next call tries again.
    pub async fn next(&mut self) -> Result<News, LogError> {
        loop {
            if self.behind {
                if let Some(items) = self.read_behind().await? {
                    if items.is_empty() {
                        continue;
                    }
                    self.quiet_since = Instant::now();
                    return Ok(News::Items(items));
                }
                if let Some(ended) = self.ended_already().await? {
                    return Ok(ended);
                }
                continue;
            }
            let late = self.late();
            tokio::select! {
                biased;
                batch = self.batches.recv() => match batch {
                    Ok(batch) => if let Some(news) = self.take(batch) {
                        self.quiet_since = Instant::now();
                        return Ok(news);
                    },
                    Err(broadcast::error::RecvError::Lagged(_)) => self.behind = true,
                    Err(broadcast::error::RecvError::Closed) => return Err(LogError::Stopped),
                },
                changed = self.seen.changed() => {
                    if changed.is_err() {
                        return Err(LogError::Stopped);
                    }
                    self.look();
                    if !self.behind && let Some(ended) = self.ended() {
                        return Ok(ended);
                    }
                }
                () = sleep_until(late.unwrap_or_else(Instant::now)), if late.is_some() => {
                    return Ok(News::Ended(self.seen.borrow().task.as_ref().map(|task| task.status)));
                }
            }
        }
    }

    /// Reads some of what the database has behind the place; `None` where that is all.
    async fn read_behind(&mut self) -> Result<Option<Vec<Item>>, LogError> {
        // A thousand that read at once would leave nothing to the writer.
        let turns = Arc::clone(&self.store.catching_up);
        let _turn = turns.acquire_owned().await.map_err(|_| LogError::Stopped)?;
        let scan = match &mut self.scan {
            Some(scan) => scan,
            none => {
                // What was handed out until now is in the database.
                self.batches = self.feed.batches.subscribe();
                let sources = self.store.wanted(&self.query).await?;
                if sources.iter().all(|source| self.places.of(source.id) >= source.entries) {
                    self.behind = false;
                    return Ok(None);
                }
                let (store, filter) = (&self.store.store, &self.query.filter);
                none.insert(Scan::new(store, &sources, filter, Direction::Forward, &self.places, TURN))
            }
        };
        let items = match scan.next(STEP, STEP_BYTES).await {
            Ok(items) => items,
            Err(error) => {
                self.scan = None;
                return Err(error);
            }
        };
        for (log, place) in scan.places().iter() {
            self.places.set(log, place);
        }
        if scan.is_over() {
            self.scan = None;
        }
        Ok(Some(items))
    }

    /// Takes what is new of a batch.
    fn take(&mut self, batch: Arc<Batch>) -> Option<News> {
        let wants = self.wants(&batch);
        if !wants || self.places.of(batch.log()) >= batch.end() {
            return None;
        }
        let place = self.places.of(batch.log());
        if place < batch.first_entry() {
            debug!(log = batch.log(), place, "a batch was missed");
            self.behind = true;
            return None;
        }
        let Some(chunk) = batch.chunk() else {
            // The database says what is wrong with it.
            self.behind = true;
            return None;
        };
        let from = usize::try_from(place - batch.first_entry()).unwrap_or(usize::MAX);
        let picked = self.query.filter.pick(chunk, from..chunk.len());
        self.places.set(batch.log(), batch.end());
        let news = match picked {
            picked if picked.is_empty() => return None,
            Picked::All(range) if range.start == 0 => News::Batch(batch),
            Picked::All(range) => News::Picked { picked: range.collect(), batch },
            Picked::Some(indices) => {
                News::Picked { picked: indices.into_iter().map(|index| index as usize).collect(), batch }
            }
        };
        Some(news)
    }

    fn wants(&mut self, batch: &Batch) -> bool {
        let query = &self.query;
        *self.wanted.entry(batch.log()).or_insert_with(|| {
            let source = batch.source();
            query.attempt.is_none_or(|attempt| attempt == source.attempt.number)
                && (query.containers.is_empty() || query.containers.contains(&source.container))
                && query.source.is_none_or(|id| id == batch.log())
        })
    }

    /// Whether the database has more than was handed out.
    fn look(&mut self) {
        let seen = self.seen.borrow_and_update();
        let unknown = |log: &i64| self.wanted.get(log).copied().unwrap_or(true);
        self.behind = seen.logs.iter().any(|(log, entries, _)| unknown(log) && self.places.of(*log) < *entries);
        drop(seen);
        if self.behind {
            debug!(task = self.query.task, "the database has more than was handed out");
        }
    }

    /// Whether there is nothing more to come, as far as was seen.
    fn ended(&self) -> Option<News> {
        let seen = self.seen.borrow();
        let task = seen.task.as_ref()?;
        let done = seen.logs.iter().all(|(log, _, done)| *done || self.wanted.get(log) == Some(&false));
        (task.status.is_final() && done && !seen.logs.is_empty()).then_some(News::Ended(Some(task.status)))
    }

    async fn ended_already(&mut self) -> Result<Option<News>, LogError> {
        let Some(task) = self.store.task(&self.query.task).await? else { return Ok(None) };
        if !task.status.is_final() {
            return Ok(None);
        }
        let sources = self.store.sources(&self.query.task).await?;
        self.note(&sources);
        let all = sources
            .iter()
            .all(|source| !self.query.wants(source) || source.done && self.places.of(source.id) >= source.entries);
        Ok((all && !sources.is_empty()).then_some(News::Ended(Some(task.status))))
    }

    fn note(&mut self, sources: &[Arc<SourceInfo>]) {
        for source in sources {
            self.wanted.insert(source.id, self.query.wants(source));
        }
    }

    /// When lines of a task that has ended are waited for no more.
    fn late(&self) -> Option<Instant> {
        let seen = self.seen.borrow();
        let over = seen.task.as_ref().is_some_and(|task| task.status.is_final());
        let since = seen.since.map_or(self.quiet_since, |since| since.max(self.quiet_since));
        over.then_some(since + LATE)
    }
}
