//! Java properties, as the keruta documents show them: `keruta.kubernetes.default-namespace=default`.
//!
//! Keys may be written in any of Spring's spellings (`default-namespace`, `defaultNamespace`, `default_namespace`);
//! keys of other parts of an application are passed over. The file is read as UTF-8.

use std::ops::Range;

use keruta_manifest::problem::Segment;

use super::Found;
use crate::known::Known;

/// The part of an application's properties that is ours.
const PREFIX: &str = "keruta.kubernetes.";

/// One entry of the file: key and value unescaped, and where they stand.
pub(crate) struct Entry {
    key: String,
    key_at: Range<usize>,
    /// The value, unescaped.
    pub(crate) value: String,
    value_at: Range<usize>,
}

/// The place of the value at `path`.
pub(super) fn locate(text: &str, path: &[Segment]) -> Option<Found> {
    let entries: Vec<_> = ours(text).collect();
    (0..=path.len()).rev().find_map(|depth| {
        let wanted = path.get(..depth)?;
        let (_, entry) = entries.iter().rev().find(|(path, _)| path.starts_with(wanted))?;
        Some(Found { value: entry.value_at.clone(), key: Some(entry.key_at.clone()), depth })
    })
}

/// The entries under [`PREFIX`] with their paths in the settings.
pub(crate) fn ours(text: &str) -> impl Iterator<Item = (Vec<Segment>, Entry)> {
    let known = Known::settings();
    entries(text).into_iter().filter_map(move |entry| {
        let path = known.respell(&segments(entry.key.strip_prefix(PREFIX)?));
        Some((path, entry))
    })
}

/// `a.b[0].labels[x.y/z]` as its steps.
fn segments(key: &str) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut rest = key;
    while !rest.is_empty() {
        if let Some((inside, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            segments.push(inside.parse().map_or_else(|_| Segment::Key(inside.to_owned()), Segment::Index));
            rest = after.strip_prefix('.').unwrap_or(after);
            continue;
        }
        let end = rest.find(['.', '[']).filter(|end| *end > 0).unwrap_or(rest.len());
        segments.push(Segment::Key(rest[..end].to_owned()));
        rest = rest[end..].strip_prefix('.').unwrap_or(&rest[end..]);
    }
    segments
}

/// All entries, as `java.util.Properties` reads them.
fn entries(text: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let (line, next) = logical_line(text, at);
        at = next;
        if let Some(entry) = entry(&line) {
            entries.push(entry);
        }
    }
    entries
}

/// The characters of a line with the lines that continue it, each with its place.
fn logical_line(text: &str, start: usize) -> (Vec<(usize, char)>, usize) {
    let mut line: Vec<(usize, char)> = Vec::new();
    let mut at = start;
    loop {
        let rest = &text[at..];
        let length = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let after = at + length;
        let next = after + if text[after..].starts_with("\r\n") { 2 } else { usize::from(after < text.len()) };
        let blanks = rest[..length].len() - rest[..length].trim_start_matches(is_blank).len();
        line.extend(rest[blanks..length].char_indices().map(|(offset, character)| (at + blanks + offset, character)));
        let escapes = line.iter().rev().take_while(|(_, character)| *character == '\\').count();
        let is_comment = matches!(line.first(), Some((_, '#' | '!')));
        if escapes % 2 == 0 || is_comment || next >= text.len() {
            if escapes % 2 == 1 && !is_comment {
                line.pop();
            }
            return (line, next);
        }
        line.pop();
        at = next;
    }
}

fn entry(line: &[(usize, char)]) -> Option<Entry> {
    if matches!(line.first()?.1, '#' | '!') {
        return None;
    }
    let mut escaped = false;
    let key_end = line
        .iter()
        .position(|(_, character)| {
            let ends = !escaped && (matches!(character, '=' | ':') || is_blank(*character));
            escaped = !escaped && *character == '\\';
            ends
        })
        .unwrap_or(line.len());
    let mut value_start = skip_blanks(line, key_end);
    if matches!(line.get(value_start), Some((_, '=' | ':'))) {
        value_start = skip_blanks(line, value_start + 1);
    }
    let (key, value) = (&line[..key_end], &line[value_start..]);
    let end_of_line = line.last().map_or(0, |(at, character)| at + character.len_utf8());
    let span = |part: &[(usize, char)]| match (part.first(), part.last()) {
        (Some((start, _)), Some((end, character))) => *start..end + character.len_utf8(),
        _ => end_of_line..end_of_line,
    };
    Some(Entry { key: unescape(key), key_at: span(key), value: unescape(value), value_at: span(value) })
}

fn skip_blanks(line: &[(usize, char)], from: usize) -> usize {
    from + line.iter().skip(from).take_while(|(_, character)| is_blank(*character)).count()
}

const fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\u{c}')
}

fn unescape(characters: &[(usize, char)]) -> String {
    let mut units: Vec<u16> = Vec::with_capacity(characters.len());
    let mut buffer = [0; 2];
    let mut rest = characters.iter().map(|(_, character)| *character);
    while let Some(character) = rest.next() {
        let plain = match character {
            '\\' => match rest.next() {
                Some('u') => {
                    let digits: String = rest.by_ref().take(4).collect();
                    units.push(u16::from_str_radix(&digits, 16).unwrap_or(0xFFFD));
                    continue;
                }
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('f') => '\u{c}',
                Some(other) => other,
                None => break,
            },
            other => other,
        };
        units.extend_from_slice(plain.encode_utf16(&mut buffer));
    }
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        entries(text).into_iter().map(|entry| (entry.key, entry.value)).collect()
    }

    #[test]
    fn entries_are_what_java_reads() {
        let text = "# c\n! c\\\na=1\n b : 2 \nc\\ d\\=e 3\\\n   4\nf\n\\u0067=\\u00e9\\ud83d\\ude00\\t\\q\r\nh=x\\\\\ni=é\n=5\n";
        assert_eq!(
            pairs(text),
            [("a", "1"), ("b", "2 "), ("c d=e", "34"), ("f", ""), ("g", "é😀\tq"), ("h", "x\\"), ("i", "é"), ("", "5")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn a_value_is_found_by_its_path_in_the_settings() {
        let text = "keruta.kubernetes.default-namespace=a\nkeruta.kubernetes.workspace.mount-path = /w\n";
        let found = locate(text, &[Segment::Key("workspace".into()), Segment::Key("mountPath".into())]).unwrap();
        assert_eq!((&text[found.value], &text[found.key.unwrap()]), ("/w", "keruta.kubernetes.workspace.mount-path"));
    }

    proptest::proptest! {
        #[test]
        fn another_reader_reads_the_same(text in "([ a\\\\=:#!\t\n]|\\\\u00e9){0,24}") {
            // Java drops a backslash at the very end of the file, the other reader drops the line.
            proptest::prop_assume!(!text.trim_end().ends_with('\\'));
            let mut expected = Vec::new();
            java_properties::PropertiesIter::new(text.as_bytes())
                .read_into(|key, value| expected.push((key, value)))
                .unwrap();
            proptest::prop_assert_eq!(pairs(&text), expected);
        }
    }
}
