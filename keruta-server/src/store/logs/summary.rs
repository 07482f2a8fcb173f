//! How often something occurs.

use std::sync::Arc;

use super::read::all;
use super::scan::Scan;
use super::{Item, LogError, LogQuery, LogStore};
use crate::log::{Direction, LevelCounts, Places};

/// How many entries are looked at at once.
const STEP: usize = 10_000;
const STEP_BYTES: usize = 4 << 20;
/// How much may be unpacked for a count.
const BUDGET: u64 = 1 << 30;

/// A line that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// Its log.
    pub log: i64,
    /// Its number there.
    pub line: u64,
    /// How many entries of the log are before it.
    pub place: u64,
    /// When, in nanoseconds since the epoch.
    pub time: i64,
}

/// How often something occurs, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hits {
    /// How many lines, by level.
    pub levels: LevelCounts,
    /// How many entries: these lines, and the gaps that are wanted.
    pub entries: u64,
    /// The first of them.
    pub first: Vec<Hit>,
    /// The place behind what was searched.
    pub end: Places,
    /// Up to where the log was searched, where it is so long that it was not searched to its end.
    pub searched_to: Option<Places>,
}

impl LogStore {
    /// Counts the lines that are wanted, and gives the places of the first `limit` of them.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn hits(&self, query: &LogQuery, limit: usize) -> Result<Hits, LogError> {
        let sources = self.wanted(query).await?;
        let mut hits = Hits::default();
        if query.filter.wants_all() {
            for source in &sources {
                hits.levels += source.levels;
                hits.entries += source.entries;
            }
            hits.end = all(&sources);
        }
        let mut scan = Scan::new(&self.store, &sources, &query.filter, Direction::Forward, &Places::default(), BUDGET);
        loop {
            if query.filter.wants_all() && hits.first.len() >= limit {
                return Ok(hits);
            }
            let items = scan.next(STEP, STEP_BYTES).await?;
            if items.is_empty() {
                break;
            }
            for item in &items {
                note(&mut hits, item, limit, !query.filter.wants_all());
            }
        }
        let places = scan.places();
        hits.end = places.clone();
        hits.searched_to = (places != all(&sources)).then_some(places);
        Ok(hits)
    }
}

fn note(hits: &mut Hits, item: &Item, limit: usize, count: bool) {
    let Some(entry) = item.entry() else { return };
    if count {
        hits.entries += 1;
    }
    if entry.gap {
        return;
    }
    if count {
        hits.levels.add(entry.level);
    }
    if hits.first.len() < limit {
        let (log, place) = (Arc::as_ref(&item.source).id, item.place());
        hits.first.push(Hit { log, line: entry.number, place, time: entry.time });
    }
}
