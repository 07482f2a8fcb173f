//! The logs of a task read as one, in the order of time.

use std::collections::VecDeque;
use std::sync::Arc;

use super::load::{Loaded, Loader};
use super::{LogError, SourceInfo};
use crate::log::{Chunk, Direction, Entry, LineFilter, Merge, Places};
use crate::store::Store;

/// An entry of a log.
#[derive(Debug, Clone)]
pub struct Item {
    /// The log.
    pub source: Arc<SourceInfo>,
    chunk: Arc<Chunk>,
    index: usize,
    place: u64,
}

impl Item {
    /// How many entries of the log are before it.
    #[must_use]
    pub const fn place(&self) -> u64 {
        self.place
    }

    /// What it says.
    #[must_use]
    pub fn entry(&self) -> Option<Entry<'_>> {
        self.chunk.get(self.index)
    }
}

/// One log of several.
struct Log {
    loader: Loader,
    loaded: VecDeque<Loaded>,
}

impl Log {
    /// How far all is given out, or not wanted.
    fn place(&self, direction: Direction) -> u64 {
        let Some(loaded) = self.loaded.front() else { return self.loader.place() };
        let next = loaded.place(loaded.next(direction).unwrap_or_default());
        match direction {
            Direction::Forward => next,
            Direction::Backward => next + 1,
        }
    }

    /// The key of the next entry that is wanted, where it is loaded.
    fn key(&self, direction: Direction) -> Option<i64> {
        let loaded = self.loaded.front()?;
        Some(loaded.key(loaded.next(direction)?))
    }
}

/// Reads several logs as one.
pub(super) struct Scan {
    direction: Direction,
    logs: Vec<Log>,
    merge: Merge,
    /// What was read and not given out.
    items: Vec<Item>,
    /// How many bytes they have.
    bytes: usize,
    /// How many bytes it may unpack before it gives back what it has.
    budget: u64,
    spent: u64,
    /// Whether anything was given out or passed over.
    moved: bool,
    cut: bool,
}

impl Scan {
    /// Reads from a place on, up to what there is of each log now.
    pub(super) fn new(
        store: &Store,
        sources: &[Arc<SourceInfo>],
        filter: &Arc<LineFilter>,
        direction: Direction,
        places: &Places,
        budget: u64,
    ) -> Self {
        let mut merge = Merge::new(direction);
        let mut logs = Vec::with_capacity(sources.len());
        for (log, source) in (0..).zip(sources) {
            let place = places.of(source.id).min(source.entries);
            let range = match direction {
                Direction::Forward => (place, source.entries),
                Direction::Backward => (0, place),
            };
            let loader = Loader::new(store.clone(), Arc::clone(source), Arc::clone(filter), direction, range);
            logs.push(Log { loader, loaded: VecDeque::new() });
            if range.0 < range.1 {
                // It is opened when its turn may have come.
                let bound = match direction {
                    Direction::Forward => source.first,
                    Direction::Backward => source.latest,
                };
                merge.push(bound, log);
            }
        }
        Self { direction, logs, merge, items: Vec::new(), bytes: 0, budget, spent: 0, moved: false, cut: false }
    }

    /// How far it has read.
    pub(super) fn places(&self) -> Places {
        let mut places = Places::default();
        for log in &self.logs {
            places.set(log.loader.source.id, log.place(self.direction));
        }
        places
    }

    /// Whether all was read, or as much as the budget allows.
    pub(super) fn is_over(&self) -> bool {
        self.cut || self.merge.is_empty()
    }

    /// Reads up to so many entries, and not much more than so many bytes; fewer where the logs end, or where the budget does.
    /// Dropped while it waits, it has lost nothing, but its places are ahead.
    pub(super) async fn next(&mut self, want: usize, bytes: usize) -> Result<Vec<Item>, LogError> {
        while self.items.len() < want && self.bytes < bytes {
            let Some((bound, number)) = self.merge.pop() else { break };
            let Some(log) = self.logs.get_mut(number as usize) else { break };
            if !log.loaded.is_empty() {
                self.run(number, bound, want, bytes);
                continue;
            }
            // Its turn stays its turn while it waits.
            self.merge.push(bound, number);
            if self.moved && self.spent >= self.budget {
                self.cut = true;
                break;
            }
            let loaded = log.loader.next().await?;
            self.merge.pop();
            if let Some((loaded, bytes)) = loaded {
                self.spent += bytes;
                self.moved |= loaded.is_empty();
                log.loaded = loaded;
                self.merge.push(log.key(self.direction).unwrap_or(bound), number);
            }
        }
        self.bytes = 0;
        Ok(std::mem::take(&mut self.items))
    }

    /// Takes entries of one log as long as they come before all others.
    fn run(&mut self, number: u32, bound: i64, want: usize, bytes: usize) {
        let Some(log) = self.logs.get_mut(number as usize) else { return };
        let source = &log.loader.source;
        let mut last = bound;
        while let Some(loaded) = log.loaded.front_mut() {
            while let Some(index) = loaded.next(self.direction) {
                last = loaded.key(index);
                if self.items.len() == want || self.bytes >= bytes || !self.merge.is_next(last, number) {
                    self.merge.push(last, number);
                    return;
                }
                loaded.given += 1;
                self.moved = true;
                self.bytes += loaded.chunk.range(index).len();
                let (source, chunk) = (Arc::clone(source), Arc::clone(&loaded.chunk));
                self.items.push(Item { source, chunk, index, place: loaded.place(index) });
            }
            log.loaded.pop_front();
        }
        // What comes next is not before this.
        self.merge.push(last, number);
    }
}
