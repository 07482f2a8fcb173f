//! The bytes of a log stream to lines.

use bytes::{Buf, Bytes, BytesMut};
use jiff::Timestamp;
use jiff::fmt::temporal::DateTimeParser;
use memchr::memchr;

/// A line of a log stream asked for with `timestamps=true`, or a piece of an over-long one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Whether a line begins with it.
    pub first: bool,
    /// Whether a line ends with it.
    pub last: bool,
    /// When the container runtime read the line. `None` for a later piece, and where the line has none: a text of the
    /// kubelet's own, or the tail of a line whose head was left out.
    pub timestamp: Option<Timestamp>,
    /// What the container wrote, without timestamp and line feed; a carriage return stays.
    pub data: Bytes,
}

/// Cuts a stream at its line feeds, whatever the borders of its chunks.
///
/// ```
/// use bytes::Bytes;
/// use keruta_submitter::logs::Splitter;
///
/// let mut splitter = Splitter::new(Splitter::LONGEST);
/// splitter.push(Bytes::from_static(b"2026-11-21T10:00:00.000000001Z one\n2026-11-21T10:00"));
/// assert_eq!(splitter.next_piece().unwrap().data, "one");
/// assert_eq!(splitter.next_piece(), None, "half a line is held back");
/// ```
#[derive(Debug)]
pub struct Splitter {
    longest: usize,
    chunk: Bytes,
    held: BytesMut,
    inside: bool,
    clock: Clock,
}

impl Splitter {
    /// The longest line in bytes that is given as one: 8 MiB.
    pub const LONGEST: usize = 8 << 20;

    /// A splitter that cuts a line of more than `longest` bytes, its timestamp included, in pieces.
    #[must_use]
    pub fn new(longest: usize) -> Self {
        // Room for a timestamp at least.
        Self {
            longest: longest.max(64),
            chunk: Bytes::new(),
            held: BytesMut::new(),
            inside: false,
            clock: Clock::default(),
        }
    }

    /// Takes what came next. All pieces should have been taken out before.
    pub fn push(&mut self, chunk: Bytes) {
        if self.chunk.is_empty() {
            self.chunk = chunk;
        } else {
            self.chunk = [self.chunk.as_ref(), chunk.as_ref()].concat().into();
        }
    }

    /// The next line or piece; `None` where more bytes are needed.
    pub fn next_piece(&mut self) -> Option<Piece> {
        let room = self.longest - self.held.len();
        let feed = memchr(b'\n', &self.chunk);
        let (end, last) = match feed {
            Some(at) if at <= room => (at, true),
            _ => (room.min(self.chunk.len()), false),
        };
        if self.chunk.is_empty() || (!last && end < room) {
            self.held.extend_from_slice(&self.chunk);
            self.chunk.clear();
            return None;
        }
        let part = self.chunk.split_to(end);
        if last {
            self.chunk.advance(1);
        }
        Some(self.piece(part, last))
    }

    /// What was held back at the end of the stream: half a line, or a last line that the container did not end.
    pub fn rest(&mut self) -> Option<Piece> {
        (self.inside || !self.held.is_empty()).then(|| self.piece(Bytes::new(), true))
    }

    fn piece(&mut self, part: Bytes, last: bool) -> Piece {
        let mut data = if self.held.is_empty() {
            part
        } else {
            self.held.extend_from_slice(&part);
            self.held.split().freeze()
        };
        let first = !self.inside;
        self.inside = !last;
        let mut timestamp = None;
        if first && let Some((at, length)) = self.clock.stamp(&data) {
            timestamp = Some(at);
            data.advance(length);
        }
        Piece { first, last, timestamp, data }
    }
}

/// Reads timestamps. Most lines are of the same second as the line before: then only the fraction is read.
#[derive(Debug, Default)]
struct Clock {
    /// `2026-11-21T10:00:00.` and its second.
    last: Option<([u8; 20], i64)>,
}

impl Clock {
    /// The timestamp before a line and its length with the blank behind it.
    fn stamp(&mut self, line: &[u8]) -> Option<(Timestamp, usize)> {
        // 2026-11-21T10:00:00.000000000Z and a blank: what the kubelet writes in UTC.
        let usual = line.first_chunk::<31>().filter(|head| head.ends_with(b"Z ") && head[19] == b'.');
        let Some((second, fraction)) = usual.and_then(|head| head.split_first_chunk::<20>()) else {
            return stamp(line);
        };
        if let Some((last, at)) = &self.last
            && last == second
            && let Some(nanosecond) = digits(&fraction[..9])
        {
            return Some((Timestamp::new(*at, nanosecond).ok()?, 31));
        }
        let (at, length) = stamp(line)?;
        // Before 1970 a fraction counts backwards.
        self.last = (at.as_second() > 0).then(|| (*second, at.as_second()));
        Some((at, length))
    }
}

fn digits(text: &[u8]) -> Option<i32> {
    text.iter().try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + i32::from(byte - b'0')))
}

/// The timestamp before a line and its length with the blank behind it. The kubelet writes RFC 3339 with nanoseconds, in the
/// node's own time zone.
fn stamp(line: &[u8]) -> Option<(Timestamp, usize)> {
    // 2026-11-21T10:00:00Z is the shortest form, 2026-11-21T10:00:00.000000000+09:00 the longest.
    let head = &line[..line.len().min(36)];
    // The blank is always there, also before an empty line; without it the timestamp may be cut.
    let length = memchr(b' ', head)?;
    if length < 20 || !head[0].is_ascii_digit() || head[10] != b'T' {
        return None;
    }
    let text = &head[..length];
    if !text.iter().all(|byte| byte.is_ascii_digit() || b"-:.TZ+".contains(byte)) {
        return None;
    }
    let at = DateTimeParser::new().parse_timestamp(text).ok()?;
    Some((at, length + 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pieces(chunks: &[&[u8]], longest: usize) -> (Vec<Piece>, Option<Piece>) {
        let mut splitter = Splitter::new(longest);
        let mut all = Vec::new();
        for chunk in chunks {
            splitter.push(Bytes::copy_from_slice(chunk));
            all.extend(std::iter::from_fn(|| splitter.next_piece()));
        }
        (all, splitter.rest())
    }

    #[test]
    fn a_line_keeps_its_bytes_and_its_nanoseconds() {
        let (lines, rest) = pieces(&[b"2026-11-21T19:00:00.123456789+09:00 a\xff \r\n2026-11-21T10:00:00Z \n"], 1000);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].data, &b"a\xff \r"[..]);
        assert_eq!(lines[0].timestamp, Some("2026-11-21T10:00:00.123456789Z".parse().unwrap()));
        assert_eq!(lines[1].data, "");
        assert_eq!(rest, None);
    }

    #[test]
    fn a_text_without_timestamp_is_told_as_such() {
        for line in [
            "unable to retrieve container logs",
            "",
            "2026-11-21T10:00:00 ",
            "2026-11-21T10:00:00Z",
            "2026-13-21T10:00:00Z x",
            " ",
        ] {
            let (lines, _) = pieces(&[line.as_bytes(), b"\n"], 1000);
            assert_eq!((lines[0].timestamp, &lines[0].data[..]), (None, line.as_bytes()));
        }
    }

    #[test]
    fn an_over_long_line_comes_in_pieces() {
        let line = [b"2026-11-21T10:00:00Z ".as_slice(), &[b'x'; 150], b"\n2026-11-21T10:00:01Z y\n"].concat();
        let (lines, rest) = pieces(&[&line], 64);
        let shape: Vec<_> = lines.iter().map(|p| (p.first, p.last, p.data.len())).collect();
        assert_eq!(shape, [(true, false, 43), (false, false, 64), (false, true, 43), (true, true, 1)]);
        assert_eq!(rest, None);
    }

    #[test]
    fn half_a_line_is_held_back() {
        let (lines, rest) = pieces(&[b"2026-11-21T10:00:00Z one\n2026-11-21T10:00:01Z tw"], 1000);
        assert_eq!(lines.len(), 1);
        assert_eq!(rest.unwrap().data, "tw");
    }

    proptest! {
        #[test]
        fn a_second_that_is_remembered_reads_the_same(
            times in proptest::collection::vec((-3i64..3, 0i32..1_000_000_000, 0usize..31, any::<u8>()), 1..20),
        ) {
            let mut clock = Clock::default();
            for (second, nanosecond, place, byte) in times {
                let at = Timestamp::new(1_700_000_000 + second, nanosecond).unwrap();
                let mut line = format!("{at:.9} x").into_bytes();
                prop_assert_eq!(clock.stamp(&line), Some((at, 31)));
                line[place] = byte;
                prop_assert_eq!(clock.stamp(&line), stamp(&line));
            }
        }

        #[test]
        fn the_borders_of_chunks_do_not_matter(
            bytes in proptest::collection::vec(prop_oneof![4 => any::<u8>(), 1 => Just(b'\n')], 0..600),
            cuts in proptest::collection::vec(0usize..600, 0..12),
            longest in 64usize..300,
        ) {
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts.windows(2).map(|w| &bytes[w[0]..w[1]]).collect();
            let (all, rest) = pieces(&chunks, longest);
            let (whole, whole_rest) = pieces(&[&bytes], longest);
            prop_assert_eq!(&rest, &whole_rest);
            prop_assert_eq!(&all, &whole);
            let mut joined = Vec::new();
            for piece in all.iter().chain(&rest) {
                prop_assert!(piece.data.len() <= longest);
                joined.extend_from_slice(&piece.data);
                if piece.last {
                    joined.push(b'\n');
                }
            }
            if rest.is_some() {
                joined.pop();
            }
            // Random bytes hold no timestamp.
            prop_assert_eq!(joined, bytes);
        }
    }
}
