//! Where the checks put what they find, and how they write pointers.

use std::borrow::Cow;

use super::finding::{Finding, FindingId, ObjectRef};

/// Collects the findings about one object. Nothing is allocated until something is found.
pub(super) struct Sink<'a> {
    kind: &'a str,
    name: &'a str,
    found: &'a mut Vec<Finding>,
}

impl<'a> Sink<'a> {
    pub(super) const fn new(kind: &'a str, name: &'a str, found: &'a mut Vec<Finding>) -> Self {
        Self { kind, name, found }
    }

    pub(super) fn add(
        &mut self,
        id: FindingId,
        pointer: impl Into<String>,
        message: impl Into<String>,
        cure: impl Into<String>,
    ) {
        let object = ObjectRef { kind: self.kind.to_owned(), name: self.name.to_owned() };
        self.found.push(Finding::new(id, object, pointer, message, cure));
    }
}

/// One segment of a JSON pointer, with `~` and `/` escaped (RFC 6901, section 3).
pub(super) fn segment(text: &str) -> Cow<'_, str> {
    if text.contains(['~', '/']) { Cow::Owned(text.replace('~', "~0").replace('/', "~1")) } else { Cow::Borrowed(text) }
}

/// A list of words for a message: `a, b and c`, each in quotes.
pub(super) fn words<'w>(words: impl IntoIterator<Item = &'w str>) -> String {
    let mut out = String::new();
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        if !out.is_empty() {
            out.push_str(if words.peek().is_some() { ", " } else { " and " });
        }
        out.push('"');
        out.push_str(word);
        out.push('"');
    }
    out
}

/// A text for a message, cut so that a message stays readable.
pub(super) fn short(text: &str) -> Cow<'_, str> {
    const LONGEST: usize = 80;
    if text.len() <= LONGEST {
        return Cow::Borrowed(text);
    }
    let mut end = LONGEST;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    Cow::Owned(format!("{}…", &text[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_escaped() {
        assert_eq!(segment("plain"), "plain");
        assert_eq!(segment("a~b/c"), "a~0b~1c");
    }

    #[test]
    fn words_read_as_a_list() {
        assert_eq!(words([]), "");
        assert_eq!(words(["a"]), "\"a\"");
        assert_eq!(words(["a", "b"]), "\"a\" and \"b\"");
        assert_eq!(words(["a", "b", "c"]), "\"a\", \"b\" and \"c\"");
    }

    #[test]
    fn long_text_is_cut_at_a_character() {
        assert_eq!(short("x"), "x");
        assert_eq!(short(&"日".repeat(40)).chars().count(), 27);
    }
}
