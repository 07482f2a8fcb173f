//! From the bytes of a log stream to entries and the cursor behind them.

use std::fmt;
use std::hash::Hasher;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use jiff::Timestamp;
use twox_hash::XxHash64;

use keruta_redact::PieceRedactor;

use super::cursor::{Fingerprint, Open, Start, short};
use super::resume::Skip;
use super::splitter::{Piece, Splitter};
use super::{Cursor, Gap, Level, LogEntry, LogLine, Redactor};

/// Reads one stream of a log from where a cursor stands: what a capture does without its network and its journal.
///
/// ```
/// use keruta_submitter::logs::{Cursor, Level, LogDecoder, LogEntry};
///
/// let mut decoder = LogDecoder::new(Default::default(), Cursor::default());
/// let mut entries = Vec::new();
/// decoder.push("2026-11-21T10:00:00.000000001Z WARN: odd\n2026-11-21T10".into(), &mut entries).unwrap();
/// let LogEntry::Line(line) = &entries[0] else { panic!() };
/// assert_eq!((line.number, line.level, &line.message[..]), (1, Level::Warn, &b"WARN: odd"[..]));
/// assert_eq!(decoder.cursor().lines, 1);
/// ```
pub struct LogDecoder {
    splitter: Splitter,
    redactor: Arc<Redactor>,
    cursor: Cursor,
    skip: Skip,
    /// Whether the stream may begin with the tail of a line.
    filtered: bool,
    /// Lines may be missing before the next new one.
    torn: Option<String>,
    line: Option<Line>,
}

/// A line that comes in pieces.
struct Line {
    at: Timestamp,
    hasher: XxHash64,
    bytes: u64,
    /// How many bytes were kept before and are passed over.
    known: u64,
    level: Option<Level>,
    redactor: PieceRedactor,
}

impl fmt::Debug for LogDecoder {
    /// Without what it holds back, which may have secrets in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogDecoder")
            .field("cursor", &self.cursor)
            .field("caught_up", &self.caught_up())
            .finish_non_exhaustive()
    }
}

/// A stream that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StrangeLog {
    /// The lines that were kept are not in it as they were.
    #[error("the lines that were kept are not in the log as they were")]
    Mismatch,
    /// A text without a timestamp: the kubelet's own words, or the tail of a line.
    #[error("a line of the log has no timestamp")]
    Unstamped(Bytes),
    /// The rest of the line that was kept in part is not in it.
    #[error("the rest of an over-long line is not in the log")]
    RestLost,
}

impl LogDecoder {
    /// Goes on behind a cursor, in a stream of the whole log.
    #[must_use]
    pub fn new(redactor: Arc<Redactor>, cursor: Cursor) -> Self {
        let start = cursor.whole_file();
        Self::resume(Splitter::LONGEST, redactor, cursor, &start, None)
    }

    /// Goes on behind `cursor` in a stream that was opened as `start` says; `torn` where lines may be missing before it.
    pub(crate) fn resume(
        longest: usize,
        redactor: Arc<Redactor>,
        cursor: Cursor,
        start: &Start,
        torn: Option<String>,
    ) -> Self {
        let skip = Skip::new(start.known, &cursor);
        let (splitter, filtered) = (Splitter::new(longest), start.since.is_some());
        Self { splitter, redactor, cursor, skip, filtered, torn, line: None }
    }

    /// The cursor behind the entries that were given out.
    #[must_use]
    pub const fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// Whether all known lines were passed.
    pub(crate) const fn caught_up(&self) -> bool {
        self.skip.is_over()
    }

    /// Whether a text without a timestamp may be the tail of a line that began before `sinceTime`.
    pub(crate) const fn may_be_a_tail(&self) -> bool {
        self.filtered && !self.skip.is_over() && self.skip.is_at_start()
    }

    /// The reason why lines may be missing before the next new one.
    pub(crate) fn torn(&self) -> Option<&str> {
        self.torn.as_deref()
    }

    /// Takes what came next and adds what is new to `entries`.
    ///
    /// # Errors
    ///
    /// Where the stream is not what was read before. What was added to the entries stands; the stream is of no more use.
    pub fn push(&mut self, chunk: Bytes, entries: &mut Vec<LogEntry>) -> Result<(), StrangeLog> {
        self.splitter.push(chunk);
        while let Some(piece) = self.splitter.next_piece() {
            self.take(piece, entries)?;
        }
        Ok(())
    }

    /// What is held back at the stream's end, as it came.
    pub(crate) fn half_line(&mut self) -> Option<Piece> {
        self.splitter.rest()
    }

    /// Takes half a line for a whole one: a container's last line that it did not end. All before it must be kept.
    pub(crate) fn take_half_line(&mut self, line: Piece, entries: &mut Vec<LogEntry>) -> Result<(), StrangeLog> {
        self.take(Piece { last: true, ..line }, entries)
    }

    fn take(&mut self, piece: Piece, entries: &mut Vec<LogEntry>) -> Result<(), StrangeLog> {
        if piece.first {
            let Some(at) = piece.timestamp else {
                // Such a tail was not counted either.
                if self.may_be_a_tail() {
                    return Ok(());
                }
                return Err(StrangeLog::Unstamped(piece.data));
            };
            if piece.last && self.cursor.open.is_none() {
                return self.whole(at, piece.data, entries);
            }
            self.begin(at, entries)?;
        }
        self.piece(piece, entries)
    }

    fn whole(&mut self, at: Timestamp, data: Bytes, entries: &mut Vec<LogEntry>) -> Result<(), StrangeLog> {
        let fingerprint = Fingerprint::new(at, &data);
        if !self.skip.is_over() {
            return self.skip.pass(fingerprint).map_err(|_| StrangeLog::Mismatch);
        }
        self.gap(at, entries);
        self.cursor.keep(fingerprint, data.len() as u64);
        let level = Level::of_line(&data);
        entries.push(LogEntry::Line(LogLine {
            number: self.cursor.lines,
            timestamp: at,
            level,
            message: self.redactor.redact(data),
            continues: false,
        }));
        Ok(())
    }

    fn begin(&mut self, at: Timestamp, entries: &mut Vec<LogEntry>) -> Result<(), StrangeLog> {
        let mut known = 0;
        if self.skip.is_over() {
            match self.cursor.open {
                // It goes on; a gap stands behind it.
                Some(open) if open.at == at => known = open.bytes,
                Some(_) if self.torn.is_none() => return Err(StrangeLog::RestLost),
                open => {
                    // The number of a line whose rest is lost is used.
                    self.cursor.lines += u64::from(open.is_some());
                    self.cursor.open = None;
                    self.gap(at, entries);
                }
            }
        }
        let redactor = PieceRedactor::from(known);
        self.line = Some(Line { at, hasher: XxHash64::with_seed(0), bytes: 0, known, level: None, redactor });
        Ok(())
    }

    fn piece(&mut self, piece: Piece, entries: &mut Vec<LogEntry>) -> Result<(), StrangeLog> {
        // Pieces of a text without a timestamp.
        let Some(line) = &mut self.line else { return Ok(()) };
        line.hasher.write(&piece.data);
        line.bytes += piece.data.len() as u64;
        let mut data = piece.data;
        let fresh = self.skip.is_over();
        let mut out = Bytes::new();
        if fresh {
            line.level.get_or_insert_with(|| Level::of_line(&data));
            let known = usize::try_from(line.known).unwrap_or(usize::MAX).min(data.len());
            line.known -= known as u64;
            data.advance(known);
            out = line.redactor.push(&self.redactor, &data);
        }
        let mut entry = |line: &Line, message, continues| {
            entries.push(LogEntry::Line(LogLine {
                number: self.cursor.lines + 1,
                timestamp: line.at,
                level: line.level.unwrap_or_default(),
                message,
                continues,
            }));
        };
        if !piece.last {
            if !out.is_empty() {
                entry(line, out, true);
                self.cursor.open = Some(Open { at: line.at, bytes: line.redactor.consumed() });
            }
            return Ok(());
        }
        let Some(mut line) = self.line.take() else { return Ok(()) };
        let fingerprint = Fingerprint { at: line.at, hash: short(line.hasher.finish()) };
        if !fresh {
            return self.skip.pass(fingerprint).map_err(|_| StrangeLog::Mismatch);
        }
        if line.known > 0 && self.torn.is_none() {
            return Err(StrangeLog::RestLost);
        }
        let bytes = line.bytes;
        let rest = std::mem::take(&mut line.redactor).finish(&self.redactor);
        let message = if out.is_empty() { rest } else { [out, rest].concat().into() };
        entry(&line, message, false);
        self.cursor.keep(fingerprint, bytes);
        Ok(())
    }

    fn gap(&mut self, before: Timestamp, entries: &mut Vec<LogEntry>) {
        if let Some(reason) = self.torn.take() {
            entries.push(LogEntry::Gap(Gap { after: self.cursor.last, before: Some(before), reason }));
        }
    }
}
