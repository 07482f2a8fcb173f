//! The log of one instance of a container, as the container runtime writes it and the kubelet reads it.

use std::sync::{Mutex, MutexGuard};

use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::watch;

use crate::cluster::locked;

/// containerd splits longer lines (`max_container_log_line_size`).
const LONGEST: usize = 16 << 10;

/// A piece of a line: all of it, or where it is `part`, what comes before the next piece.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    pub(crate) at: Timestamp,
    pub(crate) text: Bytes,
    pub(crate) part: bool,
}

/// A container's log.
pub(crate) struct LogFile {
    pub(crate) container_id: String,
    inner: Mutex<Inner>,
    grown: watch::Sender<u64>,
}

#[derive(Default)]
struct Inner {
    pieces: Vec<Piece>,
    /// The first piece of the newest file; older ones are rotated away.
    newest: usize,
    newest_bytes: usize,
    /// How many whole lines there ever were.
    lines: u64,
    ended: bool,
    gone: bool,
}

/// What a reader wants.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading {
    pub(crate) timestamps: bool,
    pub(crate) since: Option<Timestamp>,
    pub(crate) tail: Option<usize>,
    pub(crate) limit: Option<usize>,
}

/// Goes through a log.
pub(crate) struct Reader {
    reading: Reading,
    next: usize,
    left: Option<usize>,
    line_begins: bool,
}

impl LogFile {
    pub(crate) fn new(container_id: String) -> Self {
        Self { container_id, inner: Mutex::default(), grown: watch::Sender::new(0) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        locked(&self.inner)
    }

    /// Appends a line, or with `open` what was written of one.
    pub(crate) fn append(&self, at: Timestamp, text: &[u8], open: bool, max_size: usize) {
        let mut inner = self.inner();
        let mut rest = text;
        loop {
            let (head, tail) = rest.split_at(rest.len().min(LONGEST));
            let part = open || !tail.is_empty();
            // Timestamp, stream, tag and newline.
            let size = head.len() + 44;
            if inner.newest_bytes + size > max_size && inner.newest_bytes > 0 {
                inner.newest = inner.pieces.len();
                inner.newest_bytes = 0;
            }
            inner.newest_bytes += size;
            inner.pieces.push(Piece { at, text: Bytes::copy_from_slice(head), part });
            inner.lines += u64::from(!part);
            if tail.is_empty() {
                break;
            }
            rest = tail;
        }
        drop(inner);
        self.tell();
    }

    /// Begins a new file: what was written is no longer served to new readers.
    pub(crate) fn rotate(&self) {
        let mut inner = self.inner();
        inner.newest = inner.pieces.len();
        inner.newest_bytes = 0;
    }

    /// The container has ended.
    pub(crate) fn end(&self) {
        self.inner().ended = true;
        self.tell();
    }

    /// The kubelet has removed the container and its log.
    pub(crate) fn remove(&self) {
        let mut inner = self.inner();
        inner.gone = true;
        inner.ended = true;
        inner.pieces = Vec::new();
        inner.newest = 0;
        drop(inner);
        self.tell();
    }

    /// How many whole lines were written, also where they are gone.
    pub(crate) fn lines(&self) -> u64 {
        self.inner().lines
    }

    pub(crate) fn gone(&self) -> bool {
        self.inner().gone
    }

    pub(crate) fn growth(&self) -> watch::Receiver<u64> {
        self.grown.subscribe()
    }

    fn tell(&self) {
        self.grown.send_modify(|count| *count += 1);
    }

    /// The last lines, as `FallbackToLogsOnError` takes them: at most 80 lines and 2048 bytes.
    pub(crate) fn tail_text(&self) -> String {
        let mut reader = self.reader(Reading { tail: Some(80), ..Reading::default() });
        let (bytes, _) = reader.read(self);
        let from = bytes.len().saturating_sub(2048);
        String::from_utf8_lossy(&bytes[from..]).into_owned()
    }

    pub(crate) fn reader(&self, reading: Reading) -> Reader {
        let inner = self.inner();
        let mut next = inner.newest;
        if let Some(tail) = reading.tail {
            next = next.max(inner.pieces.len().saturating_sub(tail));
        }
        Reader { left: reading.limit, reading, next, line_begins: true }
    }
}

impl Reader {
    /// What was written since the last call, and whether that was the end.
    pub(crate) fn read(&mut self, log: &LogFile) -> (Vec<u8>, bool) {
        let inner = log.inner();
        let mut bytes = Vec::new();
        for piece in inner.pieces.get(self.next..).unwrap_or_default() {
            self.next += 1;
            if self.reading.since.is_some_and(|since| piece.at < since) {
                continue;
            }
            if self.reading.timestamps && self.line_begins {
                bytes.extend_from_slice(stamp(piece.at).as_bytes());
                bytes.push(b' ');
            }
            bytes.extend_from_slice(&piece.text);
            if !piece.part {
                bytes.push(b'\n');
            }
            self.line_begins = !piece.part;
        }
        let mut ended = inner.ended;
        if let Some(left) = &mut self.left {
            bytes.truncate(*left);
            *left -= bytes.len();
            ended |= *left == 0;
        }
        (bytes, ended)
    }
}

/// RFC 3339 with nine digits, as the kubelet writes it (`RFC3339NanoFixed`).
fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%9fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(log: &LogFile, reading: Reading) -> String {
        String::from_utf8(log.reader(reading).read(log).0).unwrap()
    }

    #[test]
    fn since_tail_limit_and_timestamps() {
        let log = LogFile::new(String::new());
        for second in 0..3 {
            log.append(Timestamp::from_second(second).unwrap(), format!("line {second}").as_bytes(), false, 1000);
        }
        log.append(Timestamp::from_second(3).unwrap(), b"half", true, 1000);
        assert_eq!(text(&log, Reading::default()), "line 0\nline 1\nline 2\nhalf");
        assert_eq!(log.lines(), 3);
        let since = Some(Timestamp::from_second(2).unwrap());
        let reading = Reading { since, timestamps: true, ..Reading::default() };
        assert_eq!(text(&log, reading), "1970-01-01T00:00:02.000000000Z line 2\n1970-01-01T00:00:03.000000000Z half");
        assert_eq!(text(&log, Reading { tail: Some(2), ..Reading::default() }), "line 2\nhalf");
        assert_eq!(text(&log, Reading { limit: Some(3), ..Reading::default() }), "lin");
    }

    #[test]
    fn a_long_line_comes_whole_with_one_timestamp() {
        let log = LogFile::new(String::new());
        let line = "x".repeat(1 << 20);
        log.append(Timestamp::UNIX_EPOCH, line.as_bytes(), false, 10 << 20);
        assert_eq!(
            text(&log, Reading { timestamps: true, ..Reading::default() }),
            format!("1970-01-01T00:00:00.000000000Z {line}\n")
        );
    }

    #[test]
    fn only_the_newest_file_is_served_to_new_readers() {
        let log = LogFile::new(String::new());
        let mut follower = log.reader(Reading::default());
        for number in 0..4 {
            log.append(Timestamp::UNIX_EPOCH, format!("{number}").as_bytes(), false, 2 * 45);
        }
        assert_eq!(text(&log, Reading::default()), "2\n3\n");
        assert_eq!(follower.read(&log).0, b"0\n1\n2\n3\n");
        log.rotate();
        assert_eq!(text(&log, Reading::default()), "");
    }
}
