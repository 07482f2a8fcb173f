//! A line of a log for people.

use std::fmt::Write as _;

use keruta_submitter::logs::{LogEntry, LogLine, LogSource};

use super::paint::Paint;

/// How lines are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogStyle {
    pub(crate) paint: Paint,
    /// Whether they go to a terminal, which must not obey them.
    pub(crate) terminal: bool,
    /// Whether they are of several tasks.
    pub(crate) task: bool,
    /// Whether their times are told.
    pub(crate) timestamps: bool,
}

impl LogStyle {
    /// Appends entries of a log, a line each.
    pub(crate) fn write(self, out: &mut Vec<u8>, source: &LogSource, entries: &[LogEntry]) {
        for entry in entries {
            self.entry(out, &source.attempt.task, &source.container, entry);
        }
    }

    /// Appends an entry as a line.
    pub(crate) fn entry(self, out: &mut Vec<u8>, task: &str, container: &str, entry: &LogEntry) {
        let mut head = String::new();
        if let (true, LogEntry::Line(line)) = (self.timestamps, entry) {
            // All nanoseconds, so that the lines stay in a column.
            let _ = write!(head, "{} ", self.paint.dim(format_args!("{:.9}", line.timestamp)));
        }
        let name = if self.task { format!("{task} {container}") } else { container.to_owned() };
        let _ = write!(head, "{} ", self.paint.cyan(format!("{name} |")));
        out.extend_from_slice(head.as_bytes());
        match entry {
            LogEntry::Line(line) => self.message(out, line),
            LogEntry::Gap(gap) => {
                let words = format!("-- lines may be missing here: {} --", gap.reason);
                out.extend_from_slice(self.paint.yellow(words).as_bytes());
            }
        }
        out.push(b'\n');
    }

    fn message(self, out: &mut Vec<u8>, line: &LogLine) {
        if !self.terminal {
            // A pipe gets the bytes as the container wrote them.
            let text = std::str::from_utf8(&line.message).ok().filter(|_| self.paint.0);
            return match text {
                Some(text) => out.extend_from_slice(self.paint.level(line.level, text).as_bytes()),
                None => out.extend_from_slice(&line.message),
            };
        }
        let text = harmless(&String::from_utf8_lossy(&line.message));
        // Where a line has its own colours, they are kept and closed.
        let shown = if text.contains('\u{1b}') {
            if self.paint.0 { format!("{text}\u{1b}[0m") } else { uncoloured(&text) }
        } else {
            self.paint.level(line.level, &text)
        };
        out.extend_from_slice(shown.as_bytes());
    }
}

/// A text without what moves the cursor or commands the terminal; colours stay.
fn harmless(text: &str) -> String {
    // A program's progress bar writes one line many times; what is left of it is the last.
    let text = text.trim_end_matches('\r').rsplit('\r').next().unwrap_or_default();
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|character: char| character.is_control() && character != '\t') {
        shown.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = sequence_end(rest);
        if rest[..end].starts_with("\u{1b}[") && rest[..end].ends_with('m') {
            shown.push_str(&rest[..end]);
        }
        rest = &rest[end..];
    }
    shown.push_str(rest);
    shown
}

/// Without colours.
fn uncoloured(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        shown.push_str(&rest[..at]);
        rest = &rest[at + sequence_end(&rest[at..])..];
    }
    shown.push_str(rest);
    shown
}

/// The length of the control character, or of the escape sequence, that a text begins with (ECMA-48).
fn sequence_end(text: &str) -> usize {
    let first = text.chars().next().map_or(0, char::len_utf8);
    let Some(rest) = text.strip_prefix('\u{1b}') else { return first };
    let ends_at = |rest: &str, is_end: &dyn Fn(char) -> bool| {
        rest.char_indices()
            .find(|(_, character)| is_end(*character))
            .map_or(rest.len(), |(at, end)| at + end.len_utf8())
    };
    match rest.chars().next() {
        Some('[') => 2 + ends_at(&rest[1..], &|character| ('@'..='~').contains(&character)),
        // An operating system command, such as a window's title, ends with BEL or ESC \.
        Some(']' | 'P' | '^' | '_' | 'X') => {
            2 + ends_at(&rest[1..], &|character| matches!(character, '\u{7}' | '\u{9c}' | '\\'))
        }
        Some(other) if other.is_ascii() => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_cannot_command_the_terminal() {
        for (line, shown) in [
            ("plain\ttext", "plain\ttext"),
            ("\u{1b}[31mred\u{1b}[0m", "\u{1b}[31mred\u{1b}[0m"),
            ("\u{1b}[2J\u{1b}[Hcleared", "cleared"),
            ("\u{1b}]0;title\u{7}x", "x"),
            ("\u{1b}]8;;http://x\u{1b}\\link", "link"),
            ("10%\r50%\r100%\r", "100%"),
            ("a\u{8}b\u{0}c\u{9b}d", "abcd"),
            ("\u{1b}", ""),
        ] {
            assert_eq!(harmless(line), shown, "{line:?}");
        }
        assert_eq!(uncoloured("\u{1b}[31mred\u{1b}[0m."), "red.");
    }

    proptest! {
        #[test]
        fn whatever_it_says(line in "[\u{1b}\\[\\]a-m0-9;\u{7}\r\u{0}é\\\\]{0,40}") {
            let shown = harmless(&line);
            prop_assert!(!uncoloured(&shown).contains(char::is_control), "{:?}", shown);
        }
    }
}
