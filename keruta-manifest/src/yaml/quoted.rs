//! Strings in quotes, always on one line.

use std::fmt::Write;

/// Whether some reader refuses a character as it stands, or takes it for a line break.
///
/// YAML calls the controls and the last two places of the first plane unprintable. NEL and the two Unicode
/// separators are line breaks in 1.1; a byte order mark is skipped or refused.
pub(super) fn must_escape(letter: char) -> bool {
    letter.is_control() && !matches!(letter, '\n' | '\t')
        || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Writes a string that needs no escapes.
pub(super) fn write_single_quoted(out: &mut String, text: &str) {
    out.push('\'');
    for (index, part) in text.split('\'').enumerate() {
        if index > 0 {
            out.push_str("''");
        }
        out.push_str(part);
    }
    out.push('\'');
}

/// Writes any string, with escapes that YAML 1.1 and 1.2 share.
pub(super) fn write_double_quoted(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some((before, letter, after)) = split_at_escape(rest) {
        out.push_str(before);
        push_escape(out, letter);
        rest = after;
    }
    out.push_str(rest);
    out.push('"');
}

/// The string around its first character that cannot stand between double quotes.
fn split_at_escape(text: &str) -> Option<(&str, char, &str)> {
    let is_special = |letter| matches!(letter, '"' | '\\' | '\n' | '\t') || must_escape(letter);
    let at = text.find(is_special)?;
    let (before, from) = text.split_at(at);
    let mut letters = from.chars();
    let letter = letters.next()?;
    Some((before, letter, letters.as_str()))
}

fn push_escape(out: &mut String, letter: char) {
    let short = match letter {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\0' => "\\0",
        '\x07' => "\\a",
        '\x08' => "\\b",
        '\t' => "\\t",
        '\n' => "\\n",
        '\x0b' => "\\v",
        '\x0c' => "\\f",
        '\r' => "\\r",
        '\x1b' => "\\e",
        '\u{85}' => "\\N",
        '\u{2028}' => "\\L",
        '\u{2029}' => "\\P",
        _ => "",
    };
    if !short.is_empty() {
        out.push_str(short);
        return;
    }
    let code = u32::from(letter);
    // Writing into a string cannot fail.
    let _ = if code <= 0xff { write!(out, "\\x{code:02X}") } else { write!(out, "\\u{code:04X}") };
}
