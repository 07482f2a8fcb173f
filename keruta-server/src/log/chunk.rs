//! Some hundred KiB of one log, in columns, compressed.
//!
//! Its form, version 1, a zstd frame with a checksum over: the version; the number of entries; the lines before it; the lengths
//! of the first three columns; then the columns: times in nanoseconds as differences; line numbers where they do not just count
//! up; lengths of messages; a byte each for level and kind; the messages' bytes one after the other.

mod decode;
mod encode;

#[cfg(test)]
mod tests;

use std::ops::Range;

use bytes::Bytes;
use keruta_submitter::logs::{Gap, Level, LogEntry, LogLine};

use super::timestamp;

pub use encode::{ChunkBuilder, EncodedChunk};
#[cfg(test)]
pub(super) use tests::any_log;

/// How many bytes of messages a chunk has when it is full.
pub const TARGET: usize = 256 << 10;
/// How large a chunk may be when it is unpacked: more is no chunk of ours.
pub const MAX_RAW: u64 = 64 << 20;

const VERSION: u8 = 1;
/// The compression of what comes in: fast.
const ZSTD: i32 = 3;

const LEVEL: u8 = 0b11;
const CONTINUES: u8 = 1 << 2;
const GAP: u8 = 1 << 3;
const NUMBERED: u8 = 1 << 4;

/// A chunk that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChunkError {
    /// It does not unpack, or its checksum is wrong.
    #[error("it does not unpack")]
    Zstd(#[source] std::io::Error),
    /// It does not say how large it is, or is too large.
    #[error("its size is not between 1 and {MAX_RAW} bytes")]
    Size,
    /// A newer keruta wrote it.
    #[error("its form has version {0}, and this keruta-server knows {VERSION}")]
    Version(u8),
    /// Its columns do not fit together.
    #[error("its {0} do not fit together")]
    Columns(&'static str),
}

/// How many lines of each level there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LevelCounts([u64; 4]);

impl LevelCounts {
    /// From the counts of DEBUG, INFO, WARN and ERROR.
    #[must_use]
    pub const fn new(counts: [u64; 4]) -> Self {
        Self(counts)
    }

    /// How many lines of a level there are.
    #[must_use]
    pub const fn of(&self, level: Level) -> u64 {
        self.0[level as usize]
    }

    /// How many lines there are.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    pub(crate) const fn add(&mut self, level: Level) {
        self.0[level as usize] += 1;
    }
}

impl std::ops::AddAssign for LevelCounts {
    fn add_assign(&mut self, other: Self) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count += more;
        }
    }
}

/// What is known of a chunk without unpacking it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkStats {
    /// How many lines, pieces of lines and gaps.
    pub entries: u64,
    /// The number of its first line.
    pub first_line: u64,
    /// The number of its last line.
    pub last_line: u64,
    /// The earliest time, in nanoseconds since the epoch.
    pub earliest: i64,
    /// The latest time.
    pub latest: i64,
    /// The bytes of its messages.
    pub bytes: u64,
    /// Its lines by level. A line in several pieces counts once.
    pub levels: LevelCounts,
    /// How many gaps.
    pub gaps: u64,
}

/// A chunk, unpacked.
#[derive(Debug, Default)]
pub struct Chunk {
    lines_before: u64,
    text: Bytes,
    /// Where each message ends.
    ends: Vec<u32>,
    times: Vec<i64>,
    numbers: Vec<u64>,
    kinds: Bytes,
}

/// An entry of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The line's number, from 1; of a gap, that of the last line before it.
    pub number: u64,
    /// When, in nanoseconds since the epoch.
    pub time: i64,
    /// How grave it is; of a gap WARN.
    pub level: Level,
    /// The line's bytes; of a gap its JSON.
    pub message: &'a [u8],
    /// Whether the line goes on in the next entry.
    pub continues: bool,
    /// Whether it is the mark of lost lines.
    pub gap: bool,
}

impl Chunk {
    /// How many entries it has.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether it has none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// An entry by its place in the chunk.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Entry<'_>> {
        let kind = *self.kinds.get(index)?;
        Some(Entry {
            number: *self.numbers.get(index)?,
            time: *self.times.get(index)?,
            level: level(kind),
            message: self.text.get(self.range(index))?,
            continues: kind & CONTINUES != 0,
            gap: kind & GAP != 0,
        })
    }

    /// These entries alone.
    #[must_use]
    pub fn select(&self, indices: &[u32]) -> Self {
        let (mut text, mut kinds) = (Vec::new(), Vec::new());
        let mut chunk = Self { lines_before: self.lines_before, ..Self::default() };
        for index in indices.iter().map(|index| *index as usize) {
            let (Some(entry), Some(kind), Some(end)) = (self.get(index), self.kinds.get(index), self.ends.get(index))
            else {
                continue;
            };
            // It is not longer than the whole, whose ends fit.
            text.extend_from_slice(entry.message);
            chunk.ends.push(u32::try_from(text.len()).unwrap_or(*end));
            chunk.times.push(entry.time);
            chunk.numbers.push(entry.number);
            kinds.push(*kind);
        }
        (chunk.text, chunk.kinds) = (text.into(), kinds.into());
        chunk
    }

    /// All entries in their order.
    pub fn iter(&self) -> impl Iterator<Item = Entry<'_>> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// How many lines of the log are before it.
    #[must_use]
    pub const fn lines_before(&self) -> u64 {
        self.lines_before
    }

    /// The times of the entries.
    #[must_use]
    pub fn times(&self) -> &[i64] {
        &self.times
    }

    /// The first entry of a line at or behind this number.
    #[must_use]
    pub fn at_line(&self, number: u64) -> usize {
        self.numbers.partition_point(|other| *other < number)
    }

    /// All messages' bytes, one after the other.
    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Where a message stands among them.
    pub(crate) fn range(&self, index: usize) -> Range<usize> {
        let end = |index: usize| self.ends.get(index).map_or(self.text.len(), |end| *end as usize);
        let start = if index == 0 { 0 } else { end(index - 1) };
        start..end(index)
    }

    /// Whose message a byte belongs to.
    pub(crate) fn index_of(&self, byte: usize) -> usize {
        self.ends.partition_point(|end| *end as usize <= byte)
    }
}

impl Entry<'_> {
    /// The gap, where it is one.
    #[must_use]
    pub fn to_gap(&self) -> Option<Gap> {
        if !self.gap {
            return None;
        }
        let unreadable =
            |_| Gap { after: None, before: None, reason: String::from_utf8_lossy(self.message).into_owned() };
        Some(serde_json::from_slice(self.message).unwrap_or_else(unreadable))
    }

    /// The entry as the submitter has it.
    #[must_use]
    pub fn to_log_entry(&self) -> LogEntry {
        self.to_gap().map_or_else(
            || {
                LogEntry::Line(LogLine {
                    number: self.number,
                    timestamp: timestamp(self.time),
                    level: self.level,
                    message: Bytes::copy_from_slice(self.message),
                    continues: self.continues,
                })
            },
            LogEntry::Gap,
        )
    }
}

const fn level(kind: u8) -> Level {
    match kind & LEVEL {
        0 => Level::Debug,
        1 => Level::Info,
        2 => Level::Warn,
        _ => Level::Error,
    }
}
