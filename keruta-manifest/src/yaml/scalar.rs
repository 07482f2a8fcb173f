//! Which of the four ways of writing a string is right for it.

use super::ambiguous::{LONGEST_WORD, looks_numeric, looks_timestamp, means_something_else};
use super::layout::Place;
use super::literal::{fits_block, needs_indicator, write_literal};
use super::quoted::{must_escape, write_double_quoted, write_single_quoted};
use crate::script::known;

/// A way of writing a string. All are exact; a reader of the page likes the earlier ones better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// As it stands.
    Plain,
    /// As lines under a `|`.
    Literal,
    /// In `'…'`: its signs would be taken for YAML's own.
    SingleQuoted,
    /// In `"…"`: it would be taken for another type, or holds what must be escaped.
    DoubleQuoted,
}

/// Writes a string as a value, with the line break after it.
pub(super) fn write_value(out: &mut String, place: Place, text: &str) {
    place.lead(out);
    let page = known(text).and_then(|form| form.on_page(place.text_indent(), |page| write_text(page, place, text)));
    match page {
        Some(page) => out.push_str(page),
        None => write_text(out, place, text),
    }
}

fn write_text(out: &mut String, place: Place, text: &str) {
    match style_of(text) {
        // Libyaml and the specification count an indicator from different columns at the top of a document.
        Style::Literal if matches!(place, Place::Document) && needs_indicator(text) => {
            write_double_quoted(out, text);
            out.push('\n');
        }
        Style::Literal => write_literal(out, place.text_indent(), text),
        style => {
            write_styled(out, text, style);
            out.push('\n');
        }
    }
}

/// Writes a string without any line break, as a key must be.
pub(super) fn write_on_one_line(out: &mut String, text: &str) {
    write_styled(out, text, style_of(text));
}

fn write_styled(out: &mut String, text: &str, style: Style) {
    match style {
        Style::Plain => out.push_str(text),
        Style::SingleQuoted => write_single_quoted(out, text),
        Style::Literal | Style::DoubleQuoted => write_double_quoted(out, text),
    }
}

// What a string has in it, found in one pass over its bytes.
const COLON: u8 = 1;
const HASH: u8 = 1 << 1;
const BREAK: u8 = 1 << 2;
const TAB: u8 = 1 << 3;
const HIDDEN: u8 = 1 << 4;
const WIDE: u8 = 1 << 5;
/// Anything but letters, digits and signs that mean nothing to YAML.
const NO_NAME: u8 = 1 << 6;

const fn traits_of_byte(byte: u8) -> u8 {
    let own = match byte {
        b':' => COLON,
        b'#' => HASH,
        b'\n' => BREAK,
        b'\t' => TAB,
        0..=0x1f | 0x7f => HIDDEN,
        0x80.. => WIDE,
        _ => 0,
    };
    if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/') { own } else { own | NO_NAME }
}

static TRAITS: [u8; 256] = {
    let mut traits = [0; 256];
    let mut byte: u8 = 0;
    loop {
        traits[byte as usize] = traits_of_byte(byte);
        if byte == u8::MAX {
            break traits;
        }
        byte += 1;
    }
};

/// What a text has in it. A long one counts as no name without a look: most of the bytes of a manifest are scripts, and
/// their blocks are looked at without a branch or a table, so that the compiler takes many bytes at once.
fn traits_of(bytes: &[u8]) -> u8 {
    let (blocks, rest) = bytes.as_chunks::<32>();
    let of_rest = rest.iter().fold(0, |found, byte| found | TRAITS[usize::from(*byte)]);
    if blocks.is_empty() { of_rest } else { of_rest | NO_NAME | traits_of_blocks(blocks) }
}

fn traits_of_blocks(blocks: &[[u8; 32]]) -> u8 {
    let mark = |is: bool, mark: u8| u8::from(is).wrapping_neg() & mark;
    let mut found = [0; 32];
    for block in blocks {
        for (found, &byte) in found.iter_mut().zip(block) {
            let is_control = byte < b' ' && byte != b'\n' && byte != b'\t';
            *found |= mark(byte == b':', COLON)
                | mark(byte == b'#', HASH)
                | mark(byte == b'\n', BREAK)
                | mark(byte == b'\t', TAB)
                | mark(is_control || byte == 0x7f, HIDDEN)
                | mark(byte >= 0x80, WIDE);
        }
    }
    found.into_iter().fold(0, |all, found| all | found)
}

/// The way of writing `text` that every reader reads back as `text`.
pub(super) fn style_of(text: &str) -> Style {
    let found = traits_of(text.as_bytes());
    if is_name(text.as_bytes(), found) { Style::Plain } else { style_by_rules(text, found) }
}

fn style_by_rules(text: &str, found: u8) -> Style {
    let bytes = text.as_bytes();
    if found & HIDDEN != 0 || found & WIDE != 0 && text.chars().any(must_escape) {
        return Style::DoubleQuoted;
    }
    if found & BREAK != 0 {
        return if fits_block(text) { Style::Literal } else { Style::DoubleQuoted };
    }
    // Readers trim a tab, or take it for a blank before a comment.
    if found & TAB != 0 {
        return Style::DoubleQuoted;
    }
    let Some((&first, rest)) = bytes.split_first() else {
        return Style::DoubleQuoted;
    };
    if is_syntax(text, first, rest.first().copied(), found) {
        return Style::SingleQuoted;
    }
    let other_type = match first {
        b'0'..=b'9' => looks_numeric(bytes) || looks_timestamp(bytes),
        b'+' | b'-' | b'.' | b'e' | b'E' => looks_numeric(bytes),
        _ => means_something_else(text),
    };
    if other_type { Style::DoubleQuoted } else { Style::Plain }
}

/// Whether a string is a name that no reader could take for anything else, as most keys and many values are: letters,
/// digits and signs without meaning, longer than any bare word, and not of the letter that numbers can begin with.
fn is_name(bytes: &[u8], found: u8) -> bool {
    found & NO_NAME == 0
        && bytes.len() > LONGEST_WORD
        && bytes.first().is_some_and(|first| first.is_ascii_alphabetic() && !matches!(first, b'e' | b'E'))
}

/// Whether a reader would see YAML's own signs in a one-line string.
fn is_syntax(text: &str, first: u8, second: Option<u8>, found: u8) -> bool {
    let before_blank = matches!(second, None | Some(b' '));
    // A colon is a sign by the books only before a blank, but Ruby reads `:name` as a symbol.
    let begins = match first {
        b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\'' | b'"' | b'%' | b'@'
        | b'`' | b':' => true,
        b'?' => before_blank,
        b'-' => before_blank || text.starts_with("---"),
        b'.' => text.starts_with("..."),
        _ => false,
    };
    begins
        // Leading or trailing blanks are trimmed; JavaScript's and Go's trimming knows the wide ones too.
        || text.starts_with(char::is_whitespace)
        || text.ends_with(char::is_whitespace)
        || found & COLON != 0 && (text.ends_with(':') || text.contains(": "))
        || found & HASH != 0 && text.contains(" #")
}

#[cfg(test)]
mod tests {
    use super::{NO_NAME, Style, is_name, style_by_rules, style_of, traits_of, traits_of_byte};

    #[track_caller]
    fn all(style: Style, texts: &[&str]) {
        for text in texts {
            assert_eq!(style_of(text), style, "{text:?}");
        }
    }

    #[test]
    fn everyday_values_stand_as_they_are() {
        all(
            Style::Plain,
            &[
                "a",
                "a b",
                "a:b",
                "a#b",
                "a, [b] {c}",
                "it's",
                "say \"hi\"",
                "C:\\Users",
                "$(VAR)",
                "/work",
                "~/x",
                "-a",
                "--flag=a",
                "http://a/b?c=d&e",
                "1Gi",
                "500m",
                "1.2.3",
                "10.0.0.1",
                "v1",
                "nginx:1.27",
                "a/b:c@sha256:0123",
                "2024-01-01 notes",
                "タスク",
                "😀",
                "none",
                "nil",
                "yes!",
                "..",
                "--",
                "e2e",
                "fe80::1%eth0",
            ],
        );
    }

    #[test]
    fn other_types_are_quoted_as_kubectl_quotes_them() {
        all(
            Style::DoubleQuoted,
            &["", "on", "N", "nUll", "~", "=", "<<", "1.27", "0x1F", "12:30", "2024-01-01", ".inf"],
        );
    }

    #[test]
    fn signs_of_yaml_are_quoted() {
        all(
            Style::SingleQuoted,
            &[
                "- a",
                "-",
                "? a",
                ":a",
                "a: b",
                "a:",
                "# a",
                "a #b",
                "*a",
                "&a",
                "!a",
                "%a",
                "@a",
                "`a`",
                "|",
                "> a",
                "'a'",
                "\"a\"",
                "[a",
                "{a",
                "]",
                "}",
                ",",
                "---",
                "--- a",
                "...",
                " a",
                "a ",
                "\u{3000}a",
                "a\u{a0}",
            ],
        );
    }

    #[test]
    fn hidden_letters_are_escaped() {
        all(
            Style::DoubleQuoted,
            &[
                "\t",
                "a\tb",
                "a\rb",
                "\0",
                "\u{7f}",
                "\u{85}",
                "\u{2028}\n",
                "\u{feff}",
                "\u{ffff}",
                "a\u{9f}\n",
                "\n",
                " \n\t",
            ],
        );
    }

    #[test]
    fn lines_become_a_block() {
        all(
            Style::Literal,
            &["a\n", "a\nb", "\n\na", "\ta\n", "a \n b\n", "---\n", "a\n...\n", "# a\n", "on\n", "あ\n"],
        );
    }

    proptest::proptest! {
        #[test]
        fn a_long_text_has_the_traits_of_its_bytes(text in "[ -~]{0,80}|(\\PC|[\0-\u{80}]){0,40}") {
            let of_bytes = text.bytes().fold(0, |found, byte| found | traits_of_byte(byte));
            let found = traits_of(text.as_bytes());
            assert_eq!(found & !NO_NAME, of_bytes & !NO_NAME);
            assert_eq!(found & NO_NAME, if text.len() < 32 { of_bytes & NO_NAME } else { NO_NAME });
        }

        #[test]
        fn the_rules_leave_names_as_they_are(text in "[a-zA-Z][a-zA-Z0-9_./-]{0,12}") {
            let found = traits_of(text.as_bytes());
            if is_name(text.as_bytes(), found) {
                assert_eq!(style_by_rules(&text, found), Style::Plain, "{text:?}");
            }
        }
    }
}
