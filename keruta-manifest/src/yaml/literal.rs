//! Texts of several lines as a block under `|`.

use super::layout::{STEP, push_line_break};

/// Whether a reader cannot tell the indentation from the first line, because that is empty or begins with a blank.
pub(super) fn needs_indicator(text: &str) -> bool {
    text.starts_with([' ', '\t', '\n'])
}

/// Whether every reader reads a text of several lines, without hidden letters, back from a block.
pub(super) fn fits_block(text: &str) -> bool {
    // A block of blanks alone has no line to take its indentation from.
    let visible = text.contains(|letter| !matches!(letter, ' ' | '\t' | '\n'));
    // Behind an indicator npm's `yaml` drops last lines that hold only blanks.
    visible && !(needs_indicator(text) && ends_in_blanks(text))
}

/// Whether the last line that is not empty holds nothing but blanks.
fn ends_in_blanks(text: &str) -> bool {
    let last = text.trim_end_matches('\n').rsplit('\n').next().unwrap_or_default();
    last.bytes().all(|byte| byte == b' ')
}

/// Writes `text`, which holds a line break and something visible, with its lines in column `indent`.
///
/// The sign behind the bar says what the end is: `-` no line break, nothing for one, `+` for more.
pub(super) fn write_literal(out: &mut String, indent: usize, text: &str) {
    out.push('|');
    if needs_indicator(text) {
        // Counted from the parent's column, which is always one step to the left.
        const { assert!(STEP == 2) };
        out.push('2');
    }
    let body = match text.strip_suffix('\n') {
        None => {
            out.push('-');
            text
        }
        Some(body) => {
            if body.ends_with('\n') {
                out.push('+');
            }
            body
        }
    };
    write_lines(out, indent, body);
    out.push('\n');
}

/// Writes each line of `body` on a line of its own, in column `indent`; an empty line has no blanks.
fn write_lines(out: &mut String, indent: usize, body: &str) {
    let bytes = body.as_bytes();
    let lines = memchr::memchr_iter(b'\n', bytes).count() + 1;
    out.reserve(body.len() + lines * (indent + 1));
    let mut start = 0;
    // The breaks of the whole text in one search: a search of its own for each short line costs more than the line.
    for end in memchr::memchr_iter(b'\n', bytes).chain([bytes.len()]) {
        let line = body.get(start..end).unwrap_or_default();
        if line.is_empty() {
            out.push('\n');
        } else {
            push_line_break(out, indent);
            out.push_str(line);
        }
        start = end + 1;
    }
}
