//! Where a task was written, so that what is wrong with it can be shown there.

use std::sync::Arc;

use keruta_manifest::problem::{FieldPath, Position, Problem, Rule, Segment};

use super::batch::Record;
use super::flags::TaskFlags;
use crate::diagnostic::Diagnostic;
use crate::locate::{Format, locate};
use crate::place::{Origin, Place, Source};

/// Where a task was written.
#[derive(Clone, Copy)]
pub enum Whence<'b> {
    /// In a file.
    File {
        /// The file's name.
        name: &'b Arc<str>,
        /// Its part.
        record: Record<'b>,
    },
    /// In flags.
    Flags(&'b TaskFlags),
}

impl<'b> Whence<'b> {
    /// The task's text, where it is a text.
    #[must_use]
    pub fn text(&self) -> Option<Result<&'b str, Problem>> {
        let Self::File { record, .. } = self else { return None };
        Some(std::str::from_utf8(record.bytes).map_err(|error| not_utf8(record.bytes, error.valid_up_to())))
    }

    /// A problem, shown where it was written.
    #[must_use]
    pub fn diagnostic(&self, problem: &Problem) -> Diagnostic {
        let place = match self {
            Self::File { .. } => self.with_source(|source| source.place_of(problem)),
            Self::Flags(flags) => flags.place(problem.path.segments()),
        };
        Diagnostic::of_problem(problem, place)
    }

    /// Whether the task has the field.
    #[must_use]
    pub fn says(&self, path: &[Segment]) -> bool {
        match self {
            Self::File { .. } => self
                .with_source(|source| {
                    locate(source.text, source.format, path).is_some_and(|found| found.depth == path.len())
                })
                .unwrap_or(false),
            Self::Flags(flags) => flags.says(path),
        }
    }

    /// The place of a field of the task.
    #[must_use]
    pub fn place(&self, path: &[Segment]) -> Option<Place> {
        match self {
            Self::File { .. } => self.with_source(|source| source.place_at(path, false)),
            Self::Flags(flags) => flags.place(path),
        }
    }

    fn with_source<T>(&self, use_source: impl FnOnce(&Source<'_>) -> T) -> Option<T> {
        let Self::File { name, record } = self else { return None };
        // What is not UTF-8 is shown up to there.
        let valid = match std::str::from_utf8(record.bytes) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(record.bytes.get(..error.valid_up_to())?).ok()?,
        };
        let (line, before) = record.position();
        let origin = Origin::File(Arc::clone(name));
        Some(use_source(&Source { origin, text: valid, format: Format::Json, line, before }))
    }
}

fn not_utf8(bytes: &[u8], at: usize) -> Problem {
    let before = bytes.get(..at).unwrap_or_default();
    let line_start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
    let cure = if bytes.starts_with(&[0xFF]) || bytes.starts_with(&[0xFE]) || bytes.get(1) == Some(&0) {
        "write the file as UTF-8; this looks like UTF-16"
    } else {
        "write the file as UTF-8"
    };
    let mut problem = Problem::custom(FieldPath::root(), Rule::Syntax, "is not UTF-8", cure);
    problem.position =
        Some(Position { line: memchr::memchr_iter(b'\n', before).count() + 1, column: at - line_start + 1 });
    problem
}

/// A path as `problem::FieldPath` shows it, as its steps.
#[must_use]
pub fn segments(shown: &str) -> Vec<Segment> {
    let mut path = Vec::new();
    let mut rest = shown;
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            // A quoted key may hold brackets itself; its end is a quote and a bracket.
            let end = if inside.starts_with('"') { inside.find("\"]").map(|at| at + 1) } else { inside.find(']') };
            let Some(end) = end else { break };
            let step = &inside[..end];
            path.push(match step.parse() {
                Ok(index) => Segment::Index(index),
                Err(_) => Segment::Key(serde_json::from_str(step).unwrap_or_else(|_| step.to_owned())),
            });
            rest = &inside[end + 1..];
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            path.push(Segment::Key(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.strip_prefix('.').unwrap_or(rest);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_paths_are_read_back() {
        for path in [
            FieldPath::root().key("env").key("a/b").index(2).key("x"),
            FieldPath::root().key("initSteps").index(0).key("waitForTcp"),
            FieldPath::root().key("a]\"[").key("b"),
            FieldPath::root(),
        ] {
            assert_eq!(segments(&path.to_string()), path.segments(), "{path}");
        }
    }
}
