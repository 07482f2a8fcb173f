//! Places in what people wrote: a file, the command line, the environment.

use std::ops::Range;
use std::sync::Arc;

use keruta_manifest::problem::{Position, Problem, Rule, Segment};

use crate::locate::{Format, locate};

/// Lines longer than this are shown in part.
const LONG_LINE: usize = 1000;
/// How much of a long line is shown on either side.
const CONTEXT: usize = 60;

/// Who wrote a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A file, by the name it was given on the command line; `<stdin>` for standard input.
    File(Arc<str>),
    /// A flag.
    CommandLine,
    /// An environment variable.
    Environment,
}

impl Origin {
    /// The name to show.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::File(name) => name,
            Self::CommandLine => "command line",
            Self::Environment => "environment",
        }
    }
}

/// A text, or a part of a longer one, with what is needed to point into it.
#[derive(Debug, Clone)]
pub struct Source<'t> {
    /// Who wrote it.
    pub origin: Origin,
    /// The text.
    pub text: &'t str,
    /// Its language.
    pub format: Format,
    /// The line of its first character, from 1.
    pub line: usize,
    /// How many characters of that line are before it.
    pub before: usize,
}

/// A place to show: position and excerpt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Who wrote it.
    pub origin: Origin,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Column after the last character.
    pub end_column: usize,
    /// The line, or a part of it.
    pub excerpt: String,
    /// The marked bytes of the excerpt.
    pub marked: Range<usize>,
    /// Whether the excerpt is not the whole line.
    pub partial: bool,
}

impl Place {
    /// The same place, with stars for what is marked: it is a secret, and what is told is read in many places.
    pub(crate) fn hidden(self) -> Self {
        let marked = self.marked.clone();
        self.hide(marked)
    }

    /// The same place, with stars for who logs in by the URL that is marked.
    pub(crate) fn without_login(self) -> Self {
        let marked = self.excerpt.get(self.marked.clone()).unwrap_or_default();
        let start = marked.find("://").map_or_else(|| marked.find(char::is_alphanumeric), |scheme| Some(scheme + 3));
        match (start, marked.rfind('@')) {
            (Some(start), Some(end)) if start < end => {
                let part = self.marked.start + start..self.marked.start + end;
                self.hide(part)
            }
            _ => self,
        }
    }

    /// Stars for a part of what is marked.
    fn hide(mut self, part: Range<usize>) -> Self {
        let stars: String = self.excerpt.get(part.clone()).unwrap_or_default().chars().map(|_| '*').collect();
        self.marked.end = self.marked.end + stars.len() - part.len();
        self.excerpt.replace_range(part, &stars);
        self
    }
}

impl Source<'_> {
    /// Where a problem of this text stands.
    #[must_use]
    pub fn place_of(&self, problem: &Problem) -> Place {
        if let Some(position) = problem.position {
            return self.place(self.word_at(position));
        }
        // What is wrong with these is the key, not the value.
        let key_is_wrong = match problem.rule {
            Rule::UnknownField | Rule::InitContainer | Rule::EnvName | Rule::ReservedEnvName | Rule::QualifiedName => {
                true
            }
            Rule::Patch => problem.message.starts_with("unknown field"),
            _ => false,
        };
        self.place_at(problem.path.segments(), key_is_wrong)
    }

    /// Where the value at a path, or its key, stands.
    #[must_use]
    pub fn place_at(&self, path: &[Segment], key: bool) -> Place {
        let range = locate(self.text, self.format, path).map_or(0..0, |found| match found.key {
            Some(range) if key && found.depth == path.len() => range,
            _ => found.value,
        });
        self.place(range)
    }

    /// The place of some bytes; of several lines the first is marked.
    #[must_use]
    pub fn place(&self, range: Range<usize>) -> Place {
        let text = self.text;
        let start = floor(text, range.start);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let line_text = text[line_start..line_end].trim_end_matches('\r');
        let mut end = floor(text, range.end.clamp(start, line_start + line_text.len().max(start - line_start)));
        // An object or list over several lines is marked by its bracket.
        if range.end > line_end && text[start..].starts_with(['{', '[']) {
            end = start + 1;
        }
        let skipped = text[..line_start].bytes().filter(|byte| *byte == b'\n').count();
        let before = if line_start == 0 { self.before } else { 0 };
        let column = before + text[line_start..start].chars().count() + 1;
        let shown = |at: usize| (at - line_start).min(line_text.len());
        let mut place = Place {
            origin: self.origin.clone(),
            line: self.line + skipped,
            column,
            end_column: column + text[start..end].chars().count(),
            excerpt: String::new(),
            marked: shown(start)..shown(end),
            partial: before > 0,
        };
        if line_text.len() > LONG_LINE {
            let from = floor(line_text, place.marked.start.saturating_sub(CONTEXT));
            end = floor(line_text, place.marked.end.min(place.marked.start + CONTEXT));
            let to = floor(line_text, end + CONTEXT);
            let mark = |cut: bool| if cut { "…" } else { "" };
            let (head, tail) = (mark(from > 0), mark(to < line_text.len()));
            place.excerpt = format!("{head}{}{tail}", &line_text[from..to]);
            place.marked = place.marked.start - from + head.len()..end - from + head.len();
            place.partial = true;
        } else {
            line_text.clone_into(&mut place.excerpt);
        }
        place
    }

    /// The bytes of what a reader stumbled over: it tells the last byte of a token.
    fn word_at(&self, position: Position) -> Range<usize> {
        let line_start = match position.line {
            0 | 1 => 0,
            line => memchr::memchr_iter(b'\n', self.text.as_bytes()).nth(line - 2).map_or(self.text.len(), |at| at + 1),
        };
        let at = floor(self.text, line_start + position.column.saturating_sub(1));
        let word = |character: char| character.is_alphanumeric() || "\"_-.".contains(character);
        let head = &self.text[..at];
        let last = self.text[at..].chars().next().filter(|character| !character.is_whitespace());
        if !last.is_some_and(word) {
            return at..at + last.map_or(0, char::len_utf8);
        }
        let start = head
            .rfind(|character: char| !word(character))
            .map_or(0, |before| before + head[before..].chars().next().map_or(0, char::len_utf8));
        start.max(line_start.min(at))..at + last.map_or(0, char::len_utf8)
    }
}

/// The nearest character boundary at or before a byte.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source<'_> {
        Source { origin: Origin::File("x.json".into()), text, format: Format::Json, line: 10, before: 5 }
    }

    #[test]
    fn lines_and_columns_count_from_the_start_of_the_whole_text() {
        let place = source("{\"é\": 1,\n \"b\": [\n2]}").place(6..7);
        assert_eq!((place.line, place.column, place.end_column, place.partial), (10, 11, 12, true));
        let place = source("{\"é\": 1,\n \"b\": [\n2]}").place(16..20);
        assert_eq!((place.line, place.column, place.end_column, place.partial), (11, 7, 8, false));
        assert_eq!(&place.excerpt[place.marked], "[");
    }

    #[test]
    fn a_long_line_is_shown_in_part() {
        let text = format!("{{\"a\": \"{}\", \"wrong\": 1, \"b\": \"{}\"}}", "é".repeat(2000), "x".repeat(2000));
        let at = text.find("\"wrong\"").unwrap();
        let place = source(&text).place(at..at + 7);
        assert_eq!(&place.excerpt[place.marked.clone()], "\"wrong\"");
        assert!(place.excerpt.len() < 300 && place.partial);
        assert_eq!(place.column, 2016);
    }

    #[test]
    fn no_byte_is_out_of_reach() {
        let text = "{\r\n\"é\"\n}";
        for start in 0..12 {
            for end in 0..12 {
                let place = source(text).place(start..end);
                let _ = &place.excerpt[place.marked];
            }
        }
        for line in 0..5 {
            for column in 0..9 {
                let problem = Problem {
                    position: Some(Position { line, column }),
                    ..Problem::custom(keruta_manifest::problem::FieldPath::root(), Rule::Syntax, "", "")
                };
                let place = source(text).place_of(&problem);
                let _ = &place.excerpt[place.marked];
            }
        }
    }
}
