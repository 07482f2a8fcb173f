//! A comment on each line of a YAML document that holds a value.
//!
//! The document stays what it was: a reader passes over the comments.

use saphyr_parser::{Event, Parser, ScalarStyle};

/// Comments stand at the same column, except after lines longer than this.
const WIDEST: usize = 64;

/// Appends the document with `comment(pointer)` on the line of every scalar and empty collection.
pub(super) fn write(out: &mut String, text: &str, comment: impl Fn(&str) -> String) {
    let mut comments: Vec<Option<String>> = vec![None; text.lines().count()];
    for (line, pointer) in values(text) {
        if let Some(place) = comments.get_mut(line) {
            *place = Some(comment(&pointer));
        }
    }
    let widths = text.lines().zip(&comments).filter(|(_, comment)| comment.is_some()).map(|(line, _)| width(line));
    let column = widths.filter(|width| *width <= WIDEST).max().unwrap_or(0) + 2;
    for (line, comment) in text.lines().zip(&comments) {
        out.push_str(line);
        if let Some(comment) = comment {
            let blanks = column.saturating_sub(width(line)).max(2);
            out.extend(std::iter::repeat_n(' ', blanks));
            out.push_str("# ");
            out.push_str(&comment.replace(['\n', '\r'], " "));
        }
        out.push('\n');
    }
}

fn width(line: &str) -> usize {
    line.chars().count()
}

/// An open collection: its pointer, and the key or index that comes next.
struct Open {
    pointer: String,
    next: Next,
    /// The line on which the collection begins, for one that is empty.
    line: usize,
    any: bool,
}

enum Next {
    Key,
    Value(String),
    Item(usize),
}

/// Line (from 0) and pointer of each value that holds no other.
fn values(text: &str) -> Vec<(usize, String)> {
    let (mut values, mut open) = (Vec::new(), Vec::<Open>::new());
    let mut parser = Parser::new_from_str(text);
    while let Some(Ok((event, span))) = parser.next_event() {
        // A block scalar is told by the line of its bar, and bears the comment there.
        let line = span.start.line().saturating_sub(1);
        match event {
            Event::Scalar(value, style, ..) => {
                let line = match style {
                    ScalarStyle::Literal | ScalarStyle::Folded => block_line(text, line),
                    _ => line,
                };
                if let Some(Open { next: next @ Next::Key, any, .. }) = open.last_mut() {
                    (*next, *any) = (Next::Value(value.into_owned()), true);
                } else {
                    values.push((line, step(&mut open)));
                }
            }
            Event::MappingStart(..) => {
                let pointer = step(&mut open);
                open.push(Open { pointer, next: Next::Key, line, any: false });
            }
            Event::SequenceStart(..) => {
                let pointer = step(&mut open);
                open.push(Open { pointer, next: Next::Item(0), line, any: false });
            }
            Event::MappingEnd | Event::SequenceEnd => {
                if let Some(closed) = open.pop().filter(|closed| !closed.any) {
                    values.push((closed.line, closed.pointer));
                }
            }
            _ => {}
        }
    }
    values
}

/// The line of the bar of a block scalar, whose own lines come after it.
fn block_line(text: &str, line: usize) -> usize {
    let has_bar = |line: usize| {
        text.lines().nth(line).is_some_and(|line| {
            line.trim_end_matches(|end: char| end.is_ascii_digit() || end == '-' || end == '+').ends_with(['|', '>'])
        })
    };
    if line > 0 && !has_bar(line) { line - 1 } else { line }
}

/// The pointer of the value that comes now.
fn step(open: &mut [Open]) -> String {
    let Some(parent) = open.last_mut() else { return String::new() };
    parent.any = true;
    match &mut parent.next {
        Next::Key => parent.pointer.clone(),
        Next::Value(key) => {
            let pointer = format!("{}/{}", parent.pointer, key.replace('~', "~0").replace('/', "~1"));
            parent.next = Next::Key;
            pointer
        }
        Next::Item(index) => {
            let pointer = format!("{}/{index}", parent.pointer);
            *index += 1;
            pointer
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_gets_its_pointer() {
        let text =
            "a: 1\nb:\n- x: 'y # z'\n  k/~: |\n    one\n    two\n- {}\n- []\nc: {}\nd: |2-\n    x\nlast: \"q\"\n";
        let mut out = String::new();
        write(&mut out, text, str::to_owned);
        assert_eq!(
            out,
            "a: 1          # /a\nb:\n- x: 'y # z'  # /b/0/x\n  k/~: |      # /b/0/k~1~0\n    one\n    two\n\
             - {}          # /b/1\n- []          # /b/2\nc: {}         # /c\nd: |2-        # /d\n    x\nlast: \"q\"     # /last\n"
        );
        let read = |text: &str| serde_yaml::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(read(&out), read(text));
    }
}
