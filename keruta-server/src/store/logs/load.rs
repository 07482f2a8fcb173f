//! Chunks of one log, unpacked and filtered, some ahead of the reader.

use std::collections::VecDeque;
use std::sync::Arc;

use sqlx::AnyPool;
use tokio::task::JoinHandle;

use super::chunks::{self, Meta, Range};
use super::{LogError, SourceInfo};
use crate::log::{Chunk, Direction, LineFilter, Picked, TARGET};
use crate::store::{Store, StoreError};

/// How many chunks are asked about at once.
const METAS: u32 = 256;
/// How many are read ahead, once it is clear that more than one is needed.
const AHEAD: usize = 4;

/// A chunk of which something is wanted.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) chunk: Arc<Chunk>,
    /// Which entries of the log it has.
    first_entry: u64,
    end: u64,
    /// Where each entry stands behind the first, where entries were left away.
    places: Option<Vec<u32>>,
    /// The latest time up to each entry, where it is not the entry's own.
    keys: Option<Vec<i64>>,
    picked: Picked,
    /// How many of what was picked were given out.
    pub(super) given: usize,
}

impl Loaded {
    fn new(chunk: Chunk, meta: &Meta, picked: Picked) -> Self {
        let (first_entry, end, keys) = (meta.first_entry, meta.end(), keys(&chunk, meta.key));
        match picked {
            // A few lines would keep all others in memory.
            Picked::Some(indices) if indices.len() * 2 < chunk.len() => {
                let some = |keys: Vec<i64>| indices.iter().filter_map(|at| keys.get(*at as usize).copied()).collect();
                let (keys, chunk) = (keys.map(some), Arc::new(chunk.select(&indices)));
                let picked = Picked::All(0..indices.len());
                Self { chunk, first_entry, end, places: Some(indices), keys, picked, given: 0 }
            }
            picked => Self { chunk: Arc::new(chunk), first_entry, end, places: None, keys, picked, given: 0 },
        }
    }

    /// The next entry that was picked.
    pub(super) fn next(&self, direction: Direction) -> Option<usize> {
        match direction {
            Direction::Forward => self.picked.get(self.given),
            Direction::Backward => self.picked.get(self.picked.len().checked_sub(self.given + 1)?),
        }
    }

    pub(super) fn key(&self, index: usize) -> i64 {
        let keys = self.keys.as_deref().unwrap_or_else(|| self.chunk.times());
        keys.get(index).copied().unwrap_or_default()
    }

    /// How many entries of the log are before one.
    pub(super) fn place(&self, index: usize) -> u64 {
        let behind = match &self.places {
            Some(places) => places.get(index).map_or(0, |place| u64::from(*place)),
            None => index as u64,
        };
        self.first_entry + behind
    }
}

/// The latest time up to each entry; `None` where it is the entry's own time.
fn keys(chunk: &Chunk, key: i64) -> Option<Vec<i64>> {
    let mut latest = key;
    let ordered = chunk.times().iter().all(|time| {
        let in_order = *time >= latest;
        latest = latest.max(*time);
        in_order
    });
    let keys = || {
        chunk.times().iter().scan(key, |latest, time| {
            *latest = (*latest).max(*time);
            Some(*latest)
        })
    };
    (!ordered).then(|| keys().collect())
}

type Load = JoinHandle<Result<Vec<Loaded>, LogError>>;

/// Reads the chunks of one log.
pub(super) struct Loader {
    store: Store,
    pub(super) source: Arc<SourceInfo>,
    filter: Arc<LineFilter>,
    direction: Direction,
    /// What is to be read: forward from its beginning, backward from its end.
    from: u64,
    to: u64,
    metas: VecDeque<Meta>,
    /// Where to ask for more of them.
    asked: Option<u64>,
    loads: VecDeque<(Expected, Load)>,
    warm: bool,
}

/// What a load is about.
#[derive(Debug, Clone, Copy)]
struct Expected {
    first: u64,
    end: u64,
    bytes: u64,
}

impl Drop for Loader {
    fn drop(&mut self) {
        self.forget();
    }
}

impl Loader {
    /// Reads the entries of a log from one place to another.
    pub(super) fn new(
        store: Store,
        source: Arc<SourceInfo>,
        filter: Arc<LineFilter>,
        direction: Direction,
        (from, to): (u64, u64),
    ) -> Self {
        let (metas, loads) = Default::default();
        let mut loader = Self { store, source, filter, direction, from, to, metas, asked: None, loads, warm: false };
        loader.asked = loader.rest();
        loader
    }

    /// How far it has read: forward, the entry to go on with; backward, the entry behind it.
    pub(super) const fn place(&self) -> u64 {
        match self.direction {
            Direction::Forward => self.from,
            Direction::Backward => self.to,
        }
    }

    fn rest(&self) -> Option<u64> {
        (self.from < self.to).then_some(self.place())
    }

    /// Begins anew with what was not given out.
    fn again(&mut self) {
        self.forget();
        self.asked = self.rest();
    }

    fn forget(&mut self) {
        for (_, load) in self.loads.drain(..) {
            load.abort();
        }
        self.metas.clear();
    }

    /// The next chunks, and how many bytes they have; nothing may be wanted of them. `None` at the end. Dropped while it
    /// waits, it has taken nothing.
    pub(super) async fn next(&mut self) -> Result<Option<(VecDeque<Loaded>, u64)>, LogError> {
        loop {
            self.fill().await?;
            let Some((expected, load)) = self.loads.front_mut() else {
                match self.direction {
                    Direction::Forward => self.from = self.to,
                    Direction::Backward => self.to = self.from,
                }
                return Ok(None);
            };
            let (expected, loaded) = (*expected, load.await);
            self.loads.pop_front();
            self.warm = true;
            let mut loaded = match loaded {
                Ok(Ok(loaded)) => loaded,
                failed => {
                    self.again();
                    return Err(failed.map_or(LogError::Stopped, |failed| failed.err().unwrap_or(LogError::Stopped)));
                }
            };
            let whole = loaded.first().is_some_and(|first| first.first_entry == expected.first)
                && loaded.last().is_some_and(|last| last.end == expected.end)
                && loaded.windows(2).all(|pair| pair[0].end == pair[1].first_entry);
            if !whole {
                // They were merged or deleted in the meantime.
                self.again();
                continue;
            }
            match self.direction {
                Direction::Forward => self.from = expected.end.min(self.to),
                Direction::Backward => {
                    self.to = expected.first.max(self.from);
                    loaded.reverse();
                }
            }
            loaded.retain(|loaded| !loaded.picked.is_empty());
            return Ok(Some((loaded.into(), expected.bytes)));
        }
    }

    /// Sees to it that enough is being read.
    async fn fill(&mut self) -> Result<(), LogError> {
        let ahead = if self.warm { AHEAD } else { 1 };
        while self.loads.len() < ahead {
            if self.metas.is_empty() {
                self.ask().await?;
            }
            let Some(first) = self.metas.pop_front() else { return Ok(()) };
            let mut group = vec![first];
            let mut bytes = first.stats.bytes;
            while let Some(meta) = self.metas.front().copied() {
                let last = group[group.len() - 1];
                let adjacent = match self.direction {
                    Direction::Forward => last.end() == meta.first_entry,
                    Direction::Backward => meta.end() == last.first_entry,
                };
                if !adjacent || bytes + meta.stats.bytes > TARGET as u64 {
                    break;
                }
                self.metas.pop_front();
                bytes += meta.stats.bytes;
                group.push(meta);
            }
            if self.direction == Direction::Backward {
                group.reverse();
            }
            let (first, last) = (group[0], group[group.len() - 1]);
            let expected = Expected { first: first.first_entry, end: last.end(), bytes };
            let pool = self.store.database().reader().clone();
            let (log, filter, wanted) = (self.source.id, Arc::clone(&self.filter), (self.from, self.to));
            let load = tokio::spawn(load(pool, log, (first.first_entry, last.first_entry), filter, wanted));
            self.loads.push_back((expected, load));
        }
        Ok(())
    }

    /// Asks which chunks come next; those that cannot have anything are left out.
    async fn ask(&mut self) -> Result<(), LogError> {
        while let (true, Some(asked)) = (self.metas.is_empty(), self.asked) {
            let backward = self.direction == Direction::Backward;
            let range = Range {
                log: self.source.id,
                from: if backward { self.from } else { asked },
                to: if backward { asked } else { self.to },
                since: self.filter.since.unwrap_or(i64::MIN),
                until: self.filter.until.unwrap_or(i64::MAX),
            };
            let metas = chunks::metas(self.store.database().reader(), range, backward, METAS).await?;
            self.asked = match metas.last() {
                Some(last) if metas.len() == METAS as usize => {
                    Some(if backward { last.first_entry } else { last.end() })
                }
                _ => None,
            };
            self.metas.extend(metas.into_iter().filter(|meta| self.filter.may_match(&meta.stats)));
        }
        Ok(())
    }
}

async fn load(
    pool: AnyPool,
    log: i64,
    chunks: (u64, u64),
    filter: Arc<LineFilter>,
    (from, to): (u64, u64),
) -> Result<Vec<Loaded>, LogError> {
    let rows = chunks::data(&pool, log, chunks.0, chunks.1).await?;
    let unpacked = tokio::task::spawn_blocking(move || {
        let unpack = |(meta, data): (Meta, Vec<u8>)| {
            let entry = meta.first_entry;
            let chunk = Chunk::decode(&data).map_err(|source| LogError::Chunk { log, entry, source })?;
            if chunk.len() as u64 != meta.stats.entries {
                let why = format!("{} of its {} entries are there", chunk.len(), meta.stats.entries);
                return Err(StoreError::Corrupt { table: "log_chunks", column: "data", why }.into());
            }
            let within =
                |place: u64| usize::try_from(place.saturating_sub(entry)).unwrap_or(usize::MAX).min(chunk.len());
            let picked = filter.pick(&chunk, within(from)..within(to));
            Ok(Loaded::new(chunk, &meta, picked))
        };
        rows.into_iter().map(unpack).collect()
    });
    unpacked.await.map_err(|_| LogError::Stopped)?
}
