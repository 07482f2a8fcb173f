//! Finds where the tasks of a text begin and end: one JSON object, several one after the other (NDJSON), or an
//! array of them.
//!
//! Only brackets and strings are looked at; what is between them is the reader's affair. A task whose brackets do
//! not match ends where the next one obviously begins, so that one broken line costs one task and not the rest.

use std::ops::Range;

use memchr::memchr3;

/// What a splitter makes of the bytes it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// A task, from its first byte to after its last.
    Task(Range<usize>),
    /// The bytes end within a task that began here, or, with the end, between tasks.
    More(usize),
}

/// Finds tasks; it keeps what it must know from one part of a text to the next.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    /// Whether the text is an array of tasks.
    array: Array,
    /// The task that is being looked at.
    open: Option<Open>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Array {
    /// Nothing but blanks so far.
    #[default]
    Unknown,
    /// Tasks one after the other.
    No,
    /// Tasks in `[ ]`, separated by commas.
    Open,
    /// After the `]`.
    Closed,
}

/// A task that has begun.
#[derive(Debug, Clone, Copy)]
struct Open {
    /// How far it was looked at, from its start.
    seen: usize,
    in_string: bool,
    depth: u32,
    /// For each open bracket, the innermost in the lowest bit, whether it is a `{`.
    braces: u128,
    /// Whether there were more brackets than those bits; no reader takes that, so it does not matter which they are.
    too_deep: bool,
    /// The last byte outside of strings that is no blank.
    last: u8,
}

impl Splitter {
    /// The next task of `bytes` at or after `from`. After [`Step::More`] the bytes from its place on must come again,
    /// with more behind them. `end` says that there is nothing more.
    pub(crate) fn next(&mut self, bytes: &[u8], from: usize, end: bool) -> Step {
        let mut start = from;
        if self.open.is_none() {
            start = self.between(bytes, from);
            match bytes.get(start) {
                None => return Step::More(start),
                Some(_) => {
                    self.open = Some(Open { seen: 0, in_string: false, depth: 0, braces: 0, too_deep: false, last: 0 });
                }
            }
        }
        let Some(open) = &mut self.open else { return Step::More(start) };
        let task = match open.find_end(bytes, start, self.array == Array::Open) {
            Some(after) => start..after,
            None if end => start..bytes.len(),
            None => return Step::More(start),
        };
        self.open = None;
        // At least one byte, so that nothing is looked at for ever.
        Step::Task(task.start..task.end.max(task.start + 1))
    }

    /// Whether the text ends as it should: an array with its bracket.
    pub(crate) fn is_complete(&self) -> bool {
        self.array != Array::Open
    }

    /// Whether the text is an array, which may be empty.
    pub(crate) fn is_array(&self) -> bool {
        matches!(self.array, Array::Open | Array::Closed)
    }

    /// Passes over what stands between tasks.
    fn between(&mut self, bytes: &[u8], from: usize) -> usize {
        let mut at = from;
        while let Some(byte) = bytes.get(at) {
            match (byte, self.array) {
                (b' ' | b'\t' | b'\n' | b'\r', _) | (b',', Array::Open) => {}
                (b'[', Array::Unknown) => self.array = Array::Open,
                (b']', Array::Open) => self.array = Array::Closed,
                (_, Array::Unknown) => {
                    self.array = Array::No;
                    return at;
                }
                _ => return at,
            }
            at += 1;
        }
        at
    }
}

impl Open {
    /// The place after the last byte of the task that starts at `start`.
    fn find_end(&mut self, bytes: &[u8], start: usize, in_array: bool) -> Option<usize> {
        let mut at = start + self.seen;
        while let Some(byte) = bytes.get(at) {
            if self.in_string {
                // A string ends at its quote; a line break, which none can hold, ends a broken task.
                let Some(offset) = bytes.get(at..).and_then(|rest| memchr3(b'"', b'\\', b'\n', rest)) else {
                    self.seen = bytes.len() - start;
                    return None;
                };
                at += offset;
                match bytes.get(at) {
                    Some(b'\\') if at + 1 < bytes.len() => at += 2,
                    // The escaped character is not there yet.
                    Some(b'\\') => break,
                    Some(b'"') => {
                        self.in_string = false;
                        at += 1;
                        if self.depth == 0 {
                            return Some(at);
                        }
                    }
                    _ => return Some(at),
                }
                continue;
            }
            match byte {
                b'"' => {
                    self.in_string = true;
                    self.last = b'"';
                }
                b'{' | b'[' => {
                    let misplaced = *byte == b'{' && self.depth > 0 && !self.may_hold_object();
                    if misplaced {
                        return Some(at);
                    }
                    self.depth += 1;
                    self.too_deep |= self.depth > u128::BITS;
                    self.braces = (self.braces << 1) | u128::from(*byte == b'{');
                    self.last = *byte;
                }
                b'}' | b']' => {
                    if self.depth == 0 {
                        // A bracket too many; within an array, `]` closes the array.
                        let closes_array = in_array && *byte == b']' && at > start;
                        return Some(if closes_array { at } else { at + 1 });
                    }
                    self.depth -= 1;
                    self.braces >>= 1;
                    self.last = *byte;
                    if self.depth == 0 {
                        return Some(at + 1);
                    }
                }
                b' ' | b'\t' | b'\r' | b'\n' | b',' if self.depth == 0 => return Some(at.max(start + 1)),
                b' ' | b'\t' | b'\r' | b'\n' => {}
                other => self.last = *other,
            }
            at += 1;
        }
        self.seen = at.min(bytes.len()) - start;
        None
    }

    /// Whether a `{` may stand here: in an object only after a colon, in a list only first or after a comma.
    const fn may_hold_object(&self) -> bool {
        if self.too_deep {
            return true;
        }
        if self.braces & 1 == 1 { self.last == b':' } else { matches!(self.last, b'[' | b',') }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All tasks of a text that comes in parts of `size` bytes.
    fn split_by(text: &str, size: usize) -> Vec<String> {
        let (mut splitter, mut tasks) = (Splitter::default(), Vec::new());
        let (mut buffer, mut rest) = (Vec::new(), text.as_bytes());
        loop {
            let (part, after) = rest.split_at(size.min(rest.len()));
            buffer.extend_from_slice(part);
            rest = after;
            let mut at = 0;
            loop {
                match splitter.next(&buffer, at, rest.is_empty()) {
                    Step::Task(range) => {
                        tasks.push(String::from_utf8_lossy(&buffer[range.clone()]).into_owned());
                        at = range.end;
                    }
                    Step::More(from) => {
                        buffer.drain(..from);
                        break;
                    }
                }
            }
            if rest.is_empty() {
                return tasks;
            }
        }
    }

    fn split(text: &str) -> Vec<String> {
        let whole = split_by(text, usize::MAX);
        for size in 1..text.len().min(20) {
            assert_eq!(split_by(text, size), whole, "in parts of {size}");
        }
        whole
    }

    #[test]
    fn tasks_of_every_form() {
        assert_eq!(split(r#" {"a": "}\"{", "b": [{}]} "#), [r#"{"a": "}\"{", "b": [{}]}"#]);
        assert_eq!(split("{\"a\":1}\n\n{\"b\":\"\\\\\"}\r\n"), ["{\"a\":1}", "{\"b\":\"\\\\\"}"]);
        assert_eq!(split("[{\"a\":1},\n {\"b\":[1]}]\n"), ["{\"a\":1}", "{\"b\":[1]}"]);
        assert_eq!(split("{\n \"a\": {\n }\n}\n{}"), ["{\n \"a\": {\n }\n}", "{}"]);
        assert_eq!(split("{}{}"), ["{}", "{}"]);
        assert_eq!(split("[]"), [""; 0]);
        assert_eq!(split(" \n"), [""; 0]);
        assert_eq!(split("[1, \"a\", null]"), ["1", "\"a\"", "null"]);
    }

    #[test]
    fn a_broken_task_costs_no_other() {
        assert_eq!(split("{\"a\":1\n{\"b\":1}\n"), ["{\"a\":1\n", "{\"b\":1}"]);
        assert_eq!(split("{\"a\":1,\n{\"b\":1}\n"), ["{\"a\":1,\n", "{\"b\":1}"]);
        assert_eq!(split("{\"a\n{\"b\":1}\n"), ["{\"a", "{\"b\":1}"]);
        assert_eq!(split("{}}\n{\"b\":1}\n"), ["{}", "}", "{\"b\":1}"]);
        assert_eq!(split("oops\n{\"b\":1}\n"), ["oops", "{\"b\":1}"]);
        assert_eq!(split("{\"a\": [\n{\"b\":1}\n"), ["{\"a\": [\n{\"b\":1}\n"]);
    }

    #[test]
    fn depth_does_not_matter() {
        let deep = format!("{}{}", "{\"a\":[".repeat(300), "]}".repeat(300));
        assert_eq!(split_by(&format!("{deep}\n{{}}"), usize::MAX), [deep.as_str(), "{}"]);
    }

    proptest::proptest! {
        #[test]
        fn every_byte_ends_up_somewhere_and_in_order(text in "[\\[\\]{}\",:\\\\ \na1]{0,40}") {
            let whole = split(&text);
            let mut rest = text.as_str();
            for task in whole {
                let at = rest.find(&task);
                proptest::prop_assert!(at.is_some());
                rest = &rest[at.unwrap_or(0) + task.len()..];
            }
        }
    }
}
