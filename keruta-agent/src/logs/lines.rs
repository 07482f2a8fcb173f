//! Bytes to lines, as they are sent.

use std::borrow::Cow;

use jiff::Timestamp;
use keruta_api::LogLevel;
use keruta_redact::{PieceRedactor, Redactor};
use memchr::{memchr, memchr_iter};
use serde::Serialize;

/// A longer line is sent in pieces, each as a line of its own.
const LONGEST: usize = 64 << 10;

/// A line on the wire, without a copy of its text: [`keruta_api::LogLine`].
#[derive(Serialize)]
struct Line<'a> {
    timestamp: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<LogLevel>,
    message: Cow<'a, str>,
}

/// Cuts a stream at its line feeds, takes secrets out, and writes each line as JSON.
#[derive(Debug)]
pub(super) struct Lines {
    redactor: Redactor,
    /// The beginning of a line whose end has not come.
    held: Vec<u8>,
    /// The rest of an over-long line.
    pieces: Option<PieceRedactor>,
    encoded: Vec<u8>,
}

impl Lines {
    pub(super) fn new(redactor: Redactor) -> Self {
        Self { redactor, held: Vec::new(), pieces: None, encoded: Vec::new() }
    }

    /// The lines that end in these bytes, and how many there are.
    pub(super) fn encode(&mut self, at: Timestamp, bytes: &[u8]) -> (&[u8], u64) {
        self.encoded.clear();
        let at = at.to_string();
        let (mut rest, mut number) = (bytes, 0);
        while let Some(feed) = memchr(b'\n', rest) {
            let (line, behind) = rest.split_at(feed);
            rest = behind.get(1..).unwrap_or_default();
            number += self.line(&at, line);
        }
        if !rest.is_empty() {
            number += self.hold(&at, rest);
        }
        (&self.encoded, number)
    }

    /// What was held back, where there will be no more.
    pub(super) fn rest(&mut self, at: Timestamp) -> (&[u8], u64) {
        self.encoded.clear();
        let number = if self.held.is_empty() && self.pieces.is_none() { 0 } else { self.line(&at.to_string(), b"") };
        (&self.encoded, number)
    }

    /// Passes bytes over; how many lines end in them.
    pub(super) fn skip(&mut self, bytes: &[u8]) -> u64 {
        let ends = memchr_iter(b'\n', bytes).count() as u64;
        if let Some(last) = memchr::memrchr(b'\n', bytes) {
            // The line that was begun goes with the others; of the one that begins here, what fits is kept.
            (self.pieces, self.held) = (None, Vec::new());
            let begun = bytes.get(last + 1..).unwrap_or_default();
            self.held.extend_from_slice(begun.get(..begun.len().min(LONGEST)).unwrap_or_default());
        }
        ends
    }

    /// A line that is no part of the stream.
    pub(super) fn own(&self, at: Timestamp, level: LogLevel, message: &str) -> Vec<u8> {
        let message = self.redactor.redact(message.to_owned().into());
        let mut encoded = Vec::new();
        write(&mut encoded, &at.to_string(), Some(level), &message);
        encoded
    }

    fn line(&mut self, at: &str, end: &[u8]) -> u64 {
        if let Some(mut pieces) = self.pieces.take() {
            self.held.extend_from_slice(end);
            let mut last = pieces.push(&self.redactor, &self.held).to_vec();
            self.held.clear();
            last.extend_from_slice(&pieces.finish(&self.redactor));
            write(&mut self.encoded, at, None, &last);
            return 1;
        }
        if self.held.is_empty() {
            write_redacted(&mut self.encoded, &self.redactor, at, end);
        } else {
            self.held.extend_from_slice(end);
            let line = std::mem::take(&mut self.held);
            write_redacted(&mut self.encoded, &self.redactor, at, &line);
            // Its room is used again.
            self.held = line;
            self.held.clear();
        }
        1
    }

    /// Keeps the beginning of a line; of one that is too long, gives out what is certain. How many pieces that makes.
    fn hold(&mut self, at: &str, begun: &[u8]) -> u64 {
        self.held.extend_from_slice(begun);
        if self.held.len() < LONGEST {
            return 0;
        }
        let pieces = self.pieces.get_or_insert_default();
        let certain = pieces.push(&self.redactor, &self.held);
        self.held.clear();
        write(&mut self.encoded, at, None, &certain);
        1
    }
}

fn write_redacted(encoded: &mut Vec<u8>, redactor: &Redactor, at: &str, line: &[u8]) {
    if redactor.is_empty() {
        write(encoded, at, None, line);
    } else {
        write(encoded, at, None, &redactor.redact(line.to_vec().into()));
    }
}

fn write(encoded: &mut Vec<u8>, timestamp: &str, level: Option<LogLevel>, message: &[u8]) {
    let line = Line { timestamp, level, message: String::from_utf8_lossy(message) };
    // Texts always serialize, and memory takes them.
    let _ = serde_json::to_writer(&mut *encoded, &line);
    encoded.push(b'\n');
}

/// A line of the agent's own that says where others are missing.
pub(super) fn mark(at: Timestamp, message: &str) -> Vec<u8> {
    let mut encoded = Vec::new();
    write(&mut encoded, &at.to_string(), Some(LogLevel::Warn), message.as_bytes());
    encoded
}

#[cfg(test)]
mod tests {
    use keruta_api::LogLine;

    use super::*;

    fn messages(encoded: &[u8]) -> Vec<String> {
        let text = std::str::from_utf8(encoded).unwrap();
        text.lines().map(|line| serde_json::from_str::<LogLine>(line).unwrap().message).collect()
    }

    #[test]
    fn lines_are_the_same_whatever_the_pieces() {
        let text = b"one\n\ntwo \xff s3cret\r\nthree";
        for piece in 1..text.len() {
            let mut lines = Lines::new(Redactor::new(["s3cret"]).unwrap());
            let (mut found, mut number) = (Vec::new(), 0);
            for bytes in text.chunks(piece) {
                let (encoded, more) = lines.encode(Timestamp::UNIX_EPOCH, bytes);
                found.extend(messages(encoded));
                number += more;
            }
            let (encoded, more) = lines.rest(Timestamp::UNIX_EPOCH);
            found.extend(messages(encoded));
            assert_eq!(found, ["one", "", "two \u{fffd} ***\r", "three"], "{piece}");
            assert_eq!(number + more, 4);
        }
    }

    #[test]
    fn a_secret_across_the_pieces_of_a_long_line_is_found() {
        let mut lines = Lines::new(Redactor::new(["s3cret"]).unwrap());
        let mut line = vec![b'x'; LONGEST - 3];
        line.extend_from_slice(b"s3cret and more");
        let mut found = Vec::new();
        for bytes in [&line[..LONGEST], &line[LONGEST..], b"\nnext\n"] {
            found.extend(messages(lines.encode(Timestamp::UNIX_EPOCH, bytes).0));
        }
        assert_eq!(found.len(), 3);
        assert!(found[1].contains("*** and more"), "{}", found[1]);
        assert!(!found.concat().contains("s3c"));
        assert_eq!(found[2], "next");
    }

    #[test]
    fn what_is_skipped_is_counted() {
        let mut lines = Lines::new(Redactor::default());
        assert_eq!(lines.encode(Timestamp::UNIX_EPOCH, b"a\nbegun").1, 1);
        assert_eq!(lines.skip(b" and ended\nlost\nbe"), 2);
        let (encoded, number) = lines.encode(Timestamp::UNIX_EPOCH, b"gun\n");
        assert_eq!((messages(encoded), number), (vec!["begun".to_owned()], 1));
    }
}
