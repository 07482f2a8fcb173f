//! A batch, made ready to be written.

use std::borrow::Cow;

use jiff::Timestamp;
use keruta_submitter::logs::{Cursor, Level, LogEntry, LogSource};

use super::{LogError, LogQuery, LogStore, Start};
use crate::log::{ChunkBuilder, EncodedChunk, Places, TARGET, nanoseconds};
use crate::notify::{REASON_MAX, one_line};

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// How many entries the log has now.
    pub entries: u64,
    /// Whether the batch was new.
    pub news: bool,
}

/// A batch, compressed.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) source: LogSource,
    pub(super) place: Place,
    pub(super) chunks: Vec<EncodedChunk>,
    pub(super) done: bool,
    /// The first line of the level ERROR.
    pub(super) first_error: Option<String>,
}

/// Where it belongs.
#[derive(Debug)]
pub(super) enum Place {
    /// Behind what was read of the log.
    Behind {
        /// Where to go on behind it, as JSON.
        cursor: String,
        /// Its first line.
        first_line: Option<u64>,
        /// The lines behind it.
        lines: u64,
    },
    /// Where so many entries are kept; lines are counted from there.
    At(u64),
}

impl Request {
    pub(super) fn behind(
        source: &LogSource,
        entries: &[LogEntry],
        cursor: &Cursor,
        now: Timestamp,
    ) -> Result<Self, LogError> {
        let first_line = entries.iter().find_map(line_number);
        let before = first_line.map_or(cursor.lines, |first| first.saturating_sub(1));
        let text = serde_json::to_string(cursor).map_err(LogError::Cursor)?;
        Ok(Self {
            source: source.clone(),
            place: Place::Behind { cursor: text, first_line, lines: cursor.lines },
            chunks: chunks(before, entries.iter().map(Cow::Borrowed), now)?,
            done: cursor.done,
            first_error: first_error(entries),
        })
    }

    pub(super) fn at(
        source: &LogSource,
        offset: u64,
        entries: &[LogEntry],
        done: bool,
        now: Timestamp,
    ) -> Result<Self, LogError> {
        Ok(Self {
            source: source.clone(),
            place: Place::At(offset),
            chunks: chunks(offset, numbered(offset, entries), now)?,
            done,
            first_error: first_error(entries),
        })
    }

    pub(super) fn entries(&self) -> u64 {
        self.chunks.iter().map(|chunk| chunk.stats.entries).sum()
    }
}

/// The first line of the level ERROR, as one line of a message.
fn first_error(entries: &[LogEntry]) -> Option<String> {
    let error = |entry: &LogEntry| match entry {
        LogEntry::Line(line) if line.level == Level::Error => {
            // What is cut off would be cut off anyway.
            let head = line.message.get(..8 * REASON_MAX).unwrap_or(&line.message);
            Some(one_line(&String::from_utf8_lossy(head), REASON_MAX))
        }
        _ => None,
    };
    entries.iter().find_map(error)
}

/// An agent's log has one entry a line, so that the entry's place is the line's number.
fn numbered(offset: u64, entries: &[LogEntry]) -> impl Iterator<Item = Cow<'_, LogEntry>> {
    (offset + 1..).zip(entries).map(|(number, entry)| match entry {
        LogEntry::Line(line) => {
            let mut line = line.clone();
            (line.number, line.continues) = (number, false);
            Cow::Owned(LogEntry::Line(line))
        }
        LogEntry::Gap(_) => Cow::Borrowed(entry),
    })
}

fn chunks<'a>(
    before: u64,
    entries: impl Iterator<Item = Cow<'a, LogEntry>>,
    now: Timestamp,
) -> Result<Vec<EncodedChunk>, LogError> {
    let mut chunks = Vec::new();
    let mut builder = ChunkBuilder::new(before).noticed_at(nanoseconds(now));
    for entry in entries {
        if builder.bytes() >= TARGET {
            chunks.push(builder.finish().map_err(LogError::Encode)?);
            builder = builder.next();
        }
        builder.push(&entry);
    }
    if !builder.is_empty() {
        chunks.push(builder.finish().map_err(LogError::Encode)?);
    }
    Ok(chunks)
}

const fn line_number(entry: &LogEntry) -> Option<u64> {
    match entry {
        LogEntry::Line(line) => Some(line.number),
        LogEntry::Gap(_) => None,
    }
}

impl LogStore {
    /// Whether these entries are kept at an offset already; true where they were kept and are deleted.
    pub(super) async fn has(&self, source: &LogSource, offset: u64, entries: &[LogEntry]) -> Result<bool, LogError> {
        let Some(kept) = self.find(source).await? else { return Ok(false) };
        let end = offset + entries.len() as u64;
        if kept.entries < end || kept.cursor.is_some() {
            return Ok(false);
        }
        let mut places = Places::default();
        places.set(kept.id, offset);
        let query = LogQuery { source: Some(kept.id), ..LogQuery::new(&source.attempt.task) };
        let page = self.page(&query, Start::Forward(places), entries.len()).await?;
        let given = numbered(offset, entries).zip(offset..);
        let mut given = given.skip_while(|(_, place)| page.items.first().is_none_or(|item| item.place() > *place));
        Ok(page.items.iter().all(|item| {
            item.place() >= end
                || given.next().is_some_and(|(entry, place)| {
                    place == item.place() && item.entry().is_some_and(|kept| kept.to_log_entry() == *entry)
                })
        }))
    }
}
