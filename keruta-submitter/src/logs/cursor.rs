//! How far a log was read.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use twox_hash::XxHash64;

/// The place behind the last line that was kept: enough to go on exactly there. A few hundred bytes, however long the log.
///
/// The log endpoint knows no position, only `sinceTime` in whole seconds: it gives, in the order of the file, the lines whose
/// timestamp is not before it. So for a few recent seconds the cursor knows how many lines from that second on were kept, and a
/// checksum over them: the reader asks from such a second, at least 1 s before the last line because two streams of a container
/// are stamped side by side, and passes over just these lines. Where they are not what they were (the kubelet rotated the
/// file away), it looks for the last lines by their nanoseconds and content.
///
/// A line's content goes in as 32 bits of a checksum, which tells nothing of a good secret in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Cursor {
    /// The number of whole lines kept: the last line's number.
    pub lines: u64,
    /// Whether the log was read to its end: nothing will come.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub done: bool,
    /// The last line's timestamp.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last: Option<Timestamp>,
    /// The latest timestamp of all; another one than the last line's where a clock was set back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) newest: Option<Timestamp>,
    /// The bytes of their messages.
    pub(crate) bytes: u64,
    /// All lines of the file.
    pub(crate) file: Mark,
    /// The file's first line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) first: Option<Fingerprint>,
    /// The lines from recent seconds on, the earliest first.
    pub(crate) seconds: VecDeque<Second>,
    /// The last lines.
    pub(crate) recent: VecDeque<Fingerprint>,
    /// The over-long line that was kept in part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) open: Option<Open>,
}

/// A sequence of lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    /// How many they are.
    pub(crate) count: u64,
    /// A checksum over them in their order.
    pub(crate) hash: u64,
}

/// The lines whose timestamp is not before a whole second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Second {
    pub(crate) since: i64,
    #[serde(flatten)]
    pub(crate) mark: Mark,
}

/// A line as it is known again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fingerprint {
    pub(crate) at: Timestamp,
    pub(crate) hash: u32,
}

/// An over-long line that was kept in part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Open {
    pub(crate) at: Timestamp,
    /// How many bytes of it were kept.
    pub(crate) bytes: u64,
}

/// Where to begin to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Start {
    /// `sinceTime`; `None` for the whole file.
    pub(crate) since: Option<Timestamp>,
    /// The lines to pass over.
    pub(crate) known: Mark,
}

impl Cursor {
    /// How many seconds are remembered.
    const SECONDS: usize = 4;
    /// How many last lines are remembered.
    pub(crate) const RECENT: usize = 8;

    /// Notes a whole line of so many bytes as kept.
    pub(crate) fn keep(&mut self, line: Fingerprint, bytes: u64) {
        let second = whole_second(line.at);
        // All lines up to here are before this second, so that counting may begin.
        if self.newest.is_none_or(|newest| whole_second(newest) < second) {
            if self.seconds.len() == Self::SECONDS {
                self.seconds.pop_front();
            }
            self.seconds.push_back(Second { since: second, mark: Mark::default() });
        }
        for Second { since, mark } in &mut self.seconds {
            if *since <= second {
                mark.add(line);
            }
        }
        if self.file.count == 0 {
            self.first = Some(line);
        }
        self.file.add(line);
        if self.recent.len() == Self::RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(line);
        self.last = Some(line.at);
        self.newest = self.newest.max(self.last);
        self.lines += 1;
        self.bytes += bytes;
        self.open = None;
    }

    /// Where to go on.
    pub(crate) fn start(&self) -> Start {
        let second = self.last.and_then(|last| {
            let latest = whole_second(self.open.map_or(last, |open| last.min(open.at))) - 1;
            self.seconds.iter().rev().find(|second| second.since <= latest)
        });
        match second.and_then(|second| Some((Timestamp::from_second(second.since).ok()?, second.mark))) {
            Some((since, known)) => Start { since: Some(since), known },
            // At a log's beginning, and where a clock was set back behind all that is remembered.
            None => self.whole_file(),
        }
    }

    /// Where to begin to read the whole file again.
    pub(crate) const fn whole_file(&self) -> Start {
        Start { since: None, known: self.file }
    }

    /// Takes over what the file holds now: so many of its lines are kept ones, or lost.
    pub(crate) fn rebase(&mut self, file: Mark, first: Option<Fingerprint>) {
        self.file = file;
        self.first = first;
        self.seconds.clear();
    }
}

impl Mark {
    pub(crate) fn add(&mut self, line: Fingerprint) {
        // A multiplicative hash over what is itself well mixed; its form is kept in journals and must not change.
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        let seconds = line.at.as_second().cast_unsigned();
        let nanoseconds = u64::from(line.at.subsec_nanosecond().cast_unsigned());
        let mut hash = self.hash.rotate_left(23) ^ seconds.rotate_left(30) ^ nanoseconds;
        hash = hash.wrapping_mul(ODD);
        self.hash = (hash.rotate_left(29) ^ u64::from(line.hash)).wrapping_mul(ODD);
        self.count += 1;
    }
}

impl Fingerprint {
    pub(crate) fn new(at: Timestamp, message: &[u8]) -> Self {
        Self { at, hash: short(XxHash64::oneshot(0, message)) }
    }
}

/// The bits of a line's checksum that are kept.
#[expect(clippy::cast_possible_truncation, reason = "these bits are wanted")]
pub(crate) const fn short(hash: u64) -> u32 {
    hash as u32
}

fn whole_second(at: Timestamp) -> i64 {
    // Before 1970 both parts are negative.
    at.as_second() - i64::from(at.subsec_nanosecond() < 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(stamps: &[&str]) -> Cursor {
        let mut cursor = Cursor::default();
        for stamp in stamps {
            cursor.keep(Fingerprint::new(stamp.parse().unwrap(), b"x"), 1);
        }
        cursor
    }

    #[test]
    fn a_log_shorter_than_a_second_is_read_from_its_beginning() {
        let cursor = kept(&["2026-11-21T10:00:00.1Z", "2026-11-21T10:00:00.9Z"]);
        assert_eq!(cursor.start(), Start { since: None, known: cursor.file });
        assert_eq!(cursor.file.count, 2);
    }

    #[test]
    fn the_second_before_the_last_line_is_asked_for() {
        let cursor = kept(&["2026-11-21T10:00:05.1Z", "2026-11-21T10:00:06.8Z", "2026-11-21T10:00:07.9Z"]);
        let start = cursor.start();
        assert_eq!(start.since, Some("2026-11-21T10:00:06Z".parse().unwrap()));
        assert_eq!(start.known.count, 2);
    }

    #[test]
    fn a_clock_set_back_leads_to_an_earlier_second_or_to_the_beginning() {
        let mut cursor = kept(&["2026-11-21T10:00:05Z", "2026-11-21T10:00:09Z", "2026-11-21T10:00:07Z"]);
        assert_eq!(cursor.start().since, Some("2026-11-21T10:00:05Z".parse().unwrap()));
        assert_eq!(cursor.start().known.count, 3);
        cursor.keep(Fingerprint::new("2026-11-21T09:00:00Z".parse().unwrap(), b"x"), 1);
        assert_eq!(cursor.start(), Start { since: None, known: cursor.file });
    }

    #[test]
    fn it_is_small_and_its_form_is_stable() {
        let stamps: Vec<_> = (10..59).map(|second| format!("2026-11-21T10:00:{second}.123456789Z")).collect();
        let cursor = kept(&stamps.iter().map(String::as_str).collect::<Vec<_>>());
        let json = serde_json::to_string(&cursor).unwrap();
        assert!(json.len() < 1000, "{} {json}", json.len());
        assert_eq!(serde_json::from_str::<Cursor>(&json).unwrap(), cursor);
        assert_eq!(serde_json::from_str::<Cursor>("{}").unwrap(), Cursor::default());
        assert_eq!((cursor.file.hash, cursor.recent[0].hash), (9_152_242_152_421_033_467, 2_198_081_827));
    }
}
