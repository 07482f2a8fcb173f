//! From entries to chunks.

use std::cell::RefCell;

use keruta_submitter::logs::{Level, LogEntry};

use super::{CONTINUES, ChunkError, ChunkStats, Entry, GAP, LevelCounts, NUMBERED, VERSION, ZSTD};
use crate::log::{nanoseconds, varint};

/// A chunk in its compressed form, and what is known of it.
#[derive(Debug, Clone)]
pub struct EncodedChunk {
    /// The compressed form.
    pub data: Vec<u8>,
    /// What is known of it.
    pub stats: ChunkStats,
    /// The time of its first entry.
    pub first_time: i64,
}

/// Makes a chunk of entries.
///
/// ```
/// use keruta_server::log::{Chunk, ChunkBuilder};
/// use keruta_submitter::logs::{Level, LogEntry, LogLine};
///
/// let timestamp = "2026-11-30T10:00:00.000000001Z".parse().unwrap();
/// let line = LogLine { number: 1, timestamp, level: Level::Info, message: "hello".into(), continues: false };
/// let mut builder = ChunkBuilder::new(0);
/// builder.push(&LogEntry::Line(line));
/// let encoded = builder.finish().unwrap();
/// let chunk = Chunk::decode(&encoded.data).unwrap();
/// assert_eq!(chunk.get(0).unwrap().message, b"hello");
/// ```
#[derive(Debug)]
pub struct ChunkBuilder {
    lines_before: u64,
    /// The time of a gap that says none.
    now: i64,
    /// The last line's number, and whether it goes on.
    last: (u64, bool),
    first_time: Option<i64>,
    last_time: i64,
    first_line: Option<u64>,
    earliest: i64,
    latest: i64,
    levels: LevelCounts,
    gaps: u64,
    times: Vec<u8>,
    numbers: Vec<u8>,
    lengths: Vec<u8>,
    kinds: Vec<u8>,
    text: Vec<u8>,
}

impl ChunkBuilder {
    /// A chunk of a log of which so many lines are before it.
    #[must_use]
    pub const fn new(lines_before: u64) -> Self {
        Self {
            lines_before,
            now: 0,
            last: (lines_before, false),
            first_time: None,
            last_time: 0,
            first_line: None,
            earliest: i64::MAX,
            latest: i64::MIN,
            levels: LevelCounts::new([0; 4]),
            gaps: 0,
            times: Vec::new(),
            numbers: Vec::new(),
            lengths: Vec::new(),
            kinds: Vec::new(),
            text: Vec::new(),
        }
    }

    /// Says at which time a gap without lines around it is noticed.
    #[must_use]
    pub fn noticed_at(self, now: i64) -> Self {
        Self { now, ..self }
    }

    /// The chunk that goes on behind it.
    #[must_use]
    pub fn next(&self) -> Self {
        let (number, goes_on) = self.last;
        // The rest of a line has the line's number.
        Self::new(number.saturating_sub(u64::from(goes_on))).noticed_at(self.now)
    }

    /// How many bytes of messages it has.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.text.len()
    }

    /// How many entries it has.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.kinds.len()
    }

    /// Whether it has none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// The number of the last line in it, or before it.
    #[must_use]
    pub const fn last_line(&self) -> u64 {
        self.last.0
    }

    /// Adds an entry.
    pub fn push(&mut self, entry: &LogEntry) {
        match entry {
            LogEntry::Line(line) => self.add(Entry {
                number: line.number,
                time: nanoseconds(line.timestamp),
                level: line.level,
                message: &line.message,
                continues: line.continues,
                gap: false,
            }),
            LogEntry::Gap(gap) => {
                // A gap has only texts and times, which have a JSON.
                let message = serde_json::to_vec(gap).unwrap_or_default();
                let time = gap.before.or(gap.after).map(nanoseconds).or(self.first_time.map(|_| self.last_time));
                let time = time.unwrap_or(self.now);
                self.add(Entry {
                    number: self.last.0,
                    time,
                    level: Level::Warn,
                    message: &message,
                    continues: false,
                    gap: true,
                });
            }
        }
    }

    /// Adds an entry of another chunk of the same log.
    pub fn add(&mut self, entry: Entry<'_>) {
        varint::put_signed(&mut self.times, entry.time.wrapping_sub(self.last_time));
        self.last_time = entry.time;
        self.first_time.get_or_insert(entry.time);
        self.earliest = self.earliest.min(entry.time);
        self.latest = self.latest.max(entry.time);
        varint::put(&mut self.lengths, entry.message.len() as u64);
        self.text.extend_from_slice(entry.message);
        let mut kind = entry.level as u8;
        if entry.gap {
            self.gaps += 1;
            self.kinds.push(kind | GAP);
            return;
        }
        let (number, goes_on) = self.last;
        if entry.number != number + u64::from(!goes_on) {
            kind |= NUMBERED;
            varint::put(&mut self.numbers, entry.number);
        }
        if entry.continues {
            kind |= CONTINUES;
        } else {
            self.levels.add(entry.level);
        }
        self.first_line.get_or_insert(entry.number);
        self.last = (entry.number, entry.continues);
        self.kinds.push(kind);
    }

    /// Compresses it.
    ///
    /// # Errors
    ///
    /// Where memory is short.
    pub fn finish(&self) -> Result<EncodedChunk, ChunkError> {
        self.finish_at(ZSTD)
    }

    /// Compresses it harder or faster: zstd's levels from 1 to 19.
    ///
    /// # Errors
    ///
    /// Where memory is short.
    pub fn finish_at(&self, level: i32) -> Result<EncodedChunk, ChunkError> {
        let columns = self.times.len() + self.numbers.len() + self.lengths.len() + self.kinds.len() + self.text.len();
        let mut raw = Vec::with_capacity(columns + 64);
        raw.push(VERSION);
        varint::put(&mut raw, self.kinds.len() as u64);
        varint::put(&mut raw, self.lines_before);
        for column in [&self.times, &self.numbers, &self.lengths] {
            varint::put(&mut raw, column.len() as u64);
        }
        for column in [&self.times, &self.numbers, &self.lengths, &self.kinds, &self.text] {
            raw.extend_from_slice(column);
        }
        let stats = ChunkStats {
            entries: self.kinds.len() as u64,
            first_line: self.first_line.unwrap_or(self.lines_before),
            last_line: self.last.0,
            earliest: self.earliest.min(self.latest),
            latest: self.latest.max(self.earliest),
            bytes: self.text.len() as u64,
            levels: self.levels,
            gaps: self.gaps,
        };
        let data = compress(&raw, level).map_err(ChunkError::Zstd)?;
        Ok(EncodedChunk { data, stats, first_time: self.first_time.unwrap_or_default() })
    }
}

/// Its tables are large, and most chunks small: each thread keeps one compressor.
fn compress(raw: &[u8], level: i32) -> std::io::Result<Vec<u8>> {
    thread_local! {
        static COMPRESSOR: RefCell<Option<zstd::bulk::Compressor<'static>>> = const { RefCell::new(None) };
    }
    COMPRESSOR.with_borrow_mut(|kept| {
        let compressor = match kept {
            Some(compressor) => compressor,
            none => none.insert(zstd::bulk::Compressor::new(level)?),
        };
        compressor.set_compression_level(level)?;
        compressor.include_checksum(true)?;
        compressor.compress(raw)
    })
}
