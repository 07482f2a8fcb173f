//! Pages, windows and whole logs.

use std::sync::Arc;

use futures::Stream;
use futures::stream::try_unfold;

use super::scan::Scan;
use super::{Item, LogError, LogStore, SourceInfo, chunks};
use crate::log::{Direction, LineFilter, Place, Places};

/// How much a page may unpack: it ends there, with what it has and a place to go on.
const BUDGET: u64 = 256 << 20;
/// How many entries come at once of a whole log.
const STEP: usize = 2000;
const STEP_BYTES: usize = 1 << 20;
/// How much may be unpacked to pass over entries, and how many are passed over at once.
const SKIP_BUDGET: u64 = 1 << 30;
const SKIP_STEP: usize = 10_000;
/// How many bytes of messages a page has at most, but for its last entry.
const PAGE_BYTES: usize = 16 << 20;

/// Which entries of a task's logs are wanted.
#[derive(Debug, Clone)]
pub struct LogQuery {
    /// The task.
    pub task: String,
    /// Of this attempt alone.
    pub attempt: Option<u32>,
    /// Of these containers alone; of all where it is empty.
    pub containers: Vec<String>,
    /// Of this log alone.
    pub source: Option<i64>,
    /// Which lines.
    pub filter: Arc<LineFilter>,
}

impl LogQuery {
    /// Everything.
    #[must_use]
    pub fn new(task: &str) -> Self {
        Self { task: task.into(), attempt: None, containers: Vec::new(), source: None, filter: Arc::default() }
    }

    /// Whether a log is wanted.
    #[must_use]
    pub fn wants(&self, source: &SourceInfo) -> bool {
        self.attempt.is_none_or(|attempt| source.source.attempt.number == attempt)
            && (self.containers.is_empty() || self.containers.contains(&source.source.container))
            && self.source.is_none_or(|id| source.id == id)
    }
}

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// At the beginning.
    First,
    /// So that it ends at the end.
    Tail,
    /// At a place.
    Forward(Places),
    /// So that it ends at a place.
    Backward(Places),
    /// Behind so many entries of a log, also where those are no longer kept. The query has to name one log.
    Entry(u64),
    /// Behind so many of the entries that are wanted.
    Skip(u64),
    /// At a line of a log, after so many entries before it. The query has to name one log.
    Line {
        /// The line's number.
        line: u64,
        /// How many entries before it.
        before: u64,
    },
}

impl From<Place> for Start {
    fn from(place: Place) -> Self {
        match place.direction {
            Direction::Forward => Self::Forward(place.places),
            Direction::Backward => Self::Backward(place.places),
        }
    }
}

/// A page of a log, from old to new.
#[derive(Debug, Clone)]
pub struct Page {
    /// The entries.
    pub items: Vec<Item>,
    /// Where it begins, to read what is before it; `None` at the beginning.
    pub previous: Option<Place>,
    /// Where it ends, to read what is behind it; `None` at the end.
    pub next: Option<Place>,
    /// Where it ends: what comes later is behind it.
    pub end: Places,
}

/// A log, from old to new.
pub type LogStream = std::pin::Pin<Box<dyn Stream<Item = Result<Vec<Item>, LogError>> + Send>>;

impl LogStore {
    /// The logs that are wanted.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn wanted(&self, query: &LogQuery) -> Result<Vec<Arc<SourceInfo>>, LogError> {
        let mut sources = self.sources(&query.task).await?;
        sources.retain(|source| query.wants(source));
        Ok(sources)
    }

    /// A page of at most `limit` entries.
    ///
    /// It may have fewer, and still a next page, where much has to be read to find what is wanted, and where lines are very
    /// long.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn page(&self, query: &LogQuery, start: Start, limit: usize) -> Result<Page, LogError> {
        let sources = self.wanted(query).await?;
        let (direction, places) = match start {
            Start::First => (Direction::Forward, Places::default()),
            Start::Tail => (Direction::Backward, all(&sources)),
            Start::Forward(places) => (Direction::Forward, places),
            Start::Backward(places) => (Direction::Backward, places),
            Start::Entry(entry) => (Direction::Forward, at_entry(&sources, entry)),
            Start::Skip(skip) => (Direction::Forward, self.behind(&sources, query, skip).await?),
            Start::Line { line, before } => (Direction::Forward, self.at_line(&sources, line, before).await?),
        };
        let mut scan = Scan::new(&self.store, &sources, &query.filter, direction, &places, BUDGET);
        let mut items = scan.next(limit, PAGE_BYTES).await?;
        let (begin, end) = match direction {
            Direction::Forward => (within(&places, &sources), scan.places()),
            Direction::Backward => {
                items.reverse();
                (scan.places(), within(&places, &sources))
            }
        };
        let more = sources.iter().any(|source| end.of(source.id) < source.entries);
        let less = sources.iter().any(|source| begin.of(source.id) > 0);
        Ok(Page {
            items,
            previous: less.then_some(Place { direction: Direction::Backward, places: begin }),
            next: more.then(|| Place { direction: Direction::Forward, places: end.clone() }),
            end,
        })
    }

    /// The place behind so many of the entries that are wanted.
    async fn behind(&self, sources: &[Arc<SourceInfo>], query: &LogQuery, skip: u64) -> Result<Places, LogError> {
        let start = Places::default();
        let mut scan = Scan::new(&self.store, sources, &query.filter, Direction::Forward, &start, SKIP_BUDGET);
        let mut left = usize::try_from(skip).unwrap_or(usize::MAX);
        while left > 0 {
            let passed = scan.next(left.min(SKIP_STEP), usize::MAX).await?.len();
            left -= passed;
            if passed == 0 {
                break;
            }
        }
        Ok(scan.places())
    }

    async fn at_line(&self, sources: &[Arc<SourceInfo>], line: u64, before: u64) -> Result<Places, LogError> {
        let mut places = Places::default();
        for source in sources {
            let meta = chunks::at_line(self.store.database().reader(), source.id, line).await?;
            let Some(meta) = meta else { continue };
            let mut entry = meta.end();
            if line <= meta.stats.last_line {
                let pool = self.store.database().reader();
                let data = chunks::data(pool, source.id, meta.first_entry, meta.first_entry).await?;
                for (meta, data) in data {
                    let (log, first) = (source.id, meta.first_entry);
                    let chunk = crate::log::Chunk::decode(&data).map_err(|error| LogError::Chunk {
                        log,
                        entry: first,
                        source: error,
                    })?;
                    entry = first + chunk.at_line(line) as u64;
                }
            }
            places.set(source.id, entry.saturating_sub(before));
        }
        Ok(places)
    }

    /// The whole log behind a place, as far as it is kept now, some thousand entries at a time. Not more than a few chunks are in
    /// memory, however long it is.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn stream(&self, query: &LogQuery, places: &Places) -> Result<LogStream, LogError> {
        let sources = self.wanted(query).await?;
        let scan = Scan::new(&self.store, &sources, &query.filter, Direction::Forward, places, u64::MAX);
        Ok(Box::pin(try_unfold(scan, |mut scan| async move {
            let items = scan.next(STEP, STEP_BYTES).await?;
            Ok((!items.is_empty()).then_some((items, scan)))
        })))
    }
}

fn at_entry(sources: &[Arc<SourceInfo>], entry: u64) -> Places {
    let mut places = Places::default();
    for source in sources {
        places.set(source.id, entry.min(source.entries));
    }
    places
}

/// The place behind everything.
pub(super) fn all(sources: &[Arc<SourceInfo>]) -> Places {
    let mut places = Places::default();
    for source in sources {
        places.set(source.id, source.entries);
    }
    places
}

/// A place, with nothing of logs that are not wanted or behind their ends.
fn within(places: &Places, sources: &[Arc<SourceInfo>]) -> Places {
    let mut kept = Places::default();
    for source in sources {
        kept.set(source.id, places.of(source.id).min(source.entries));
    }
    kept
}
