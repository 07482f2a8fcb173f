//! The order of several logs: by time, and each in its own order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Which way a log is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From old to new.
    Forward,
    /// From new to old.
    Backward,
}

/// Decides which of several logs comes next.
///
/// Each log has a place by the *key* of its next entry: the latest time of all its entries up to that one, so that a log whose
/// clock was set back keeps its order. Of equal keys the log with the lower number comes first. Backward is the exact reverse.
///
/// ```
/// use keruta_server::log::{Direction, Merge};
///
/// let mut merge = Merge::new(Direction::Forward);
/// merge.push(30, 0);
/// merge.push(20, 1);
/// assert_eq!(merge.pop(), Some((20, 1)));
/// // Log 1 goes on as long as its keys come before those of log 0.
/// assert!(merge.is_next(29, 1) && !merge.is_next(30, 1));
/// ```
#[derive(Debug)]
pub struct Merge {
    direction: Direction,
    heap: BinaryHeap<Reverse<(i64, i64)>>,
}

impl Merge {
    /// A merge without logs.
    #[must_use]
    pub const fn new(direction: Direction) -> Self {
        Self { direction, heap: BinaryHeap::new() }
    }

    /// Adds a log whose next entry has this key, or a key that is not before.
    pub fn push(&mut self, key: i64, log: u32) {
        self.heap.push(Reverse(self.rank(key, log)));
    }

    /// Takes out the log that comes next, with its key.
    pub fn pop(&mut self) -> Option<(i64, u32)> {
        let Reverse((key, log)) = self.heap.pop()?;
        let (key, log) = match self.direction {
            Direction::Forward => (key, log),
            Direction::Backward => (!key, !log),
        };
        Some((key, u32::try_from(log).ok()?))
    }

    /// Whether an entry of a log that was taken out comes before those of all others.
    #[must_use]
    pub fn is_next(&self, key: i64, log: u32) -> bool {
        self.heap.peek().is_none_or(|Reverse(other)| self.rank(key, log) < *other)
    }

    /// Whether there are no logs in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    fn rank(&self, key: i64, log: u32) -> (i64, i64) {
        match self.direction {
            Direction::Forward => (key, log.into()),
            // Turns the order around, without an overflow.
            Direction::Backward => (!key, !i64::from(log)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The keys of a log from its times.
    fn keys(times: &[i64]) -> Vec<i64> {
        let keys = times.iter().scan(i64::MIN, |latest, time| {
            *latest = (*latest).max(*time);
            Some(*latest)
        });
        keys.collect()
    }

    fn merged(logs: &[Vec<i64>], direction: Direction) -> Vec<(usize, usize)> {
        let mut merge = Merge::new(direction);
        let mut left: Vec<std::collections::VecDeque<(usize, i64)>> =
            logs.iter().map(|times| keys(times).into_iter().enumerate().collect()).collect();
        let head = |left: &std::collections::VecDeque<(usize, i64)>| match direction {
            Direction::Forward => left.front().copied(),
            Direction::Backward => left.back().copied(),
        };
        for (log, left) in (0..).zip(&left) {
            if let Some((_, key)) = head(left) {
                merge.push(key, log);
            }
        }
        let mut order = Vec::new();
        while let Some((_, log)) = merge.pop() {
            let left = &mut left[log as usize];
            // A run of one log at once.
            while let Some((index, key)) = head(left) {
                if !merge.is_next(key, log) {
                    merge.push(key, log);
                    break;
                }
                order.push((log as usize, index));
                match direction {
                    Direction::Forward => left.pop_front(),
                    Direction::Backward => left.pop_back(),
                };
            }
        }
        order
    }

    proptest! {
        #[test]
        fn it_is_the_stable_order_by_key_log_and_line(
            logs in proptest::collection::vec(proptest::collection::vec(prop_oneof![0..9_i64, any::<i64>()], 0..20), 0..6)
        ) {
            let mut wanted: Vec<_> = logs.iter().enumerate().flat_map(|(log, times)| {
                keys(times).into_iter().enumerate().map(move |(index, key)| (key, log, index))
            }).collect();
            wanted.sort_unstable();
            let mut wanted: Vec<_> = wanted.into_iter().map(|(_, log, index)| (log, index)).collect();
            prop_assert_eq!(&merged(&logs, Direction::Forward), &wanted);
            wanted.reverse();
            prop_assert_eq!(&merged(&logs, Direction::Backward), &wanted);
        }
    }
}
