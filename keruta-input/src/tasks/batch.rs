//! Reads a file of tasks part by part, so that its length does not matter.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use keruta_manifest::problem::{FieldPath, Problem, Rule};

use super::splitter::{Splitter, Step};
use crate::diagnostic::Diagnostic;
use crate::failure::Failure;

/// How much is read at once.
const PART: usize = 64 * 1024;
/// More tasks than these are left for the next batch, so that what comes of a batch stays small.
const MOST_TASKS: usize = 32;
/// The largest task: five times what a cluster's store takes of one object.
pub(crate) const LARGEST_TASK: usize = 8 * 1024 * 1024;

/// Some tasks of a file, in their order, with where they stand in it.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// Its number, from 0.
    pub(crate) number: usize,
    bytes: Vec<u8>,
    tasks: Vec<Range<usize>>,
    /// The line of the first byte, from 1.
    line: usize,
    /// How many characters of that line are before it.
    before: usize,
}

/// One task of a batch.
#[derive(Debug, Clone, Copy)]
pub struct Record<'b> {
    /// The text, which may not be UTF-8.
    pub bytes: &'b [u8],
    batch: &'b Batch,
    start: usize,
}

impl Batch {
    pub(crate) fn len(&self) -> usize {
        self.tasks.len()
    }

    pub(crate) fn records(&self) -> impl Iterator<Item = Record<'_>> {
        self.tasks
            .iter()
            .filter_map(|range| Some(Record { bytes: self.bytes.get(range.clone())?, batch: self, start: range.start }))
    }
}

impl Record<'_> {
    /// The line of the task's first byte, and how many characters of it are before.
    pub(crate) fn position(&self) -> (usize, usize) {
        advance(self.batch.line, self.batch.before, self.batch.bytes.get(..self.start).unwrap_or_default())
    }
}

/// Line and column after some more bytes.
fn advance(line: usize, before: usize, bytes: &[u8]) -> (usize, usize) {
    let lines = memchr::memchr_iter(b'\n', bytes).count();
    let last = memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1);
    let characters = bytes.get(last..).unwrap_or_default().iter().filter(|byte| **byte & 0xC0 != 0x80).count();
    (line + lines, if lines == 0 { before + characters } else { characters })
}

/// Why a file of tasks could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BatchError {
    /// The file could not be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// One task is too large.
    #[error("the task that begins at line {line} is larger than {} MiB", LARGEST_TASK >> 20)]
    TooLarge {
        /// Where it begins.
        line: usize,
    },
    /// There is no task at all.
    #[error("there is no task in it")]
    Empty,
    /// An array of tasks without its end.
    #[error("the array of tasks is not closed by ]: the file may be cut off")]
    Unclosed,
}

impl BatchError {
    /// What it is for the command whose file has this name.
    pub(crate) fn of_file(self, name: &str) -> Failure {
        let cure = match self {
            Self::Io(error) => return Failure::read(name, error),
            Self::TooLarge { .. } => "keep large texts out of tasks",
            Self::Empty => "write one task, an array of tasks, or one task a line, in JSON",
            Self::Unclosed => "write the whole array",
        };
        let problem = Problem::custom(FieldPath::root(), Rule::Syntax, format!("{name}: {self}"), cure);
        Failure::Invalid(vec![Diagnostic::of_problem(&problem, None)])
    }
}

/// Reads batches of tasks from a file or standard input.
pub(crate) struct Batches {
    /// The name to show.
    pub(crate) name: Arc<str>,
    input: Box<dyn Read + Send>,
    splitter: Splitter,
    /// What was read and belongs to the next batch.
    rest: Vec<u8>,
    line: usize,
    before: usize,
    number: usize,
    any: bool,
    ended: bool,
}

impl Batches {
    /// Opens a file; `-` is standard input.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        if path.as_os_str() == "-" {
            return Ok(Self::new("<stdin>".into(), Box::new(io::stdin())));
        }
        let file = File::open(path)?;
        Ok(Self::new(path.display().to_string().into(), Box::new(file)))
    }

    fn new(name: Arc<str>, input: Box<dyn Read + Send>) -> Self {
        Self {
            name,
            input,
            splitter: Splitter::default(),
            rest: Vec::new(),
            line: 1,
            before: 0,
            number: 0,
            any: false,
            ended: false,
        }
    }

    /// The next tasks, in the buffers of a batch that is not needed any more; `false` after the last.
    pub(crate) fn next(&mut self, batch: &mut Batch) -> Result<bool, BatchError> {
        batch.tasks.clear();
        batch.bytes.clear();
        std::mem::swap(&mut batch.bytes, &mut self.rest);
        (batch.line, batch.before, batch.number) = (self.line, self.before, self.number);
        let mut at = 0;
        loop {
            if self.number == 0 && at == 0 && batch.bytes.starts_with(b"\xEF\xBB\xBF") {
                at = 3;
            }
            while batch.tasks.len() < MOST_TASKS {
                match self.splitter.next(&batch.bytes, at, self.ended) {
                    Step::Task(range) => {
                        at = range.end.min(batch.bytes.len());
                        batch.tasks.push(range.start..at);
                    }
                    Step::More(from) => {
                        at = from;
                        break;
                    }
                }
            }
            if !batch.tasks.is_empty() || self.ended {
                break;
            }
            if batch.bytes.len().saturating_sub(at) > LARGEST_TASK {
                let (line, _) = advance(batch.line, batch.before, batch.bytes.get(..at).unwrap_or_default());
                return Err(BatchError::TooLarge { line });
            }
            self.fill(&mut batch.bytes)?;
        }
        self.any |= !batch.tasks.is_empty();
        if batch.tasks.is_empty() {
            if !self.splitter.is_complete() {
                return Err(BatchError::Unclosed);
            }
            if !self.any && !self.splitter.is_array() {
                return Err(BatchError::Empty);
            }
        }
        let (used, rest) = batch.bytes.split_at(at.min(batch.bytes.len()));
        (self.line, self.before) = advance(self.line, self.before, used);
        self.rest.clear();
        self.rest.extend_from_slice(rest);
        self.number += 1;
        Ok(!batch.tasks.is_empty())
    }

    /// Reads one part, as much as there is.
    fn fill(&mut self, bytes: &mut Vec<u8>) -> io::Result<()> {
        let start = bytes.len();
        bytes.resize(start + PART, 0);
        let room = bytes.get_mut(start..).unwrap_or_default();
        let read = loop {
            match self.input.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        bytes.truncate(start + *read.as_ref().unwrap_or(&0));
        self.ended = read? == 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batches(text: &str) -> Batches {
        Batches::new("x".into(), Box::new(io::Cursor::new(text.as_bytes().to_vec())))
    }

    #[test]
    fn positions_count_through_all_parts() {
        let line = format!("{{\"id\": \"é{}\"}}", "x".repeat(1000));
        let text = format!("\u{feff}{}  {{}}", format!("{line}\n").repeat(500));
        let (mut batches, mut batch, mut lines) = (batches(&text), Batch::default(), Vec::new());
        while batches.next(&mut batch).unwrap() {
            lines.extend(batch.records().map(|record| record.position()));
        }
        assert_eq!(lines.len(), 501);
        assert_eq!(lines[1], (2, 0));
        assert_eq!(lines[499], (500, 0));
        assert_eq!(lines[500], (501, 2));
    }

    #[test]
    fn what_is_no_file_of_tasks_is_told() {
        let error = |text: &str| {
            let (mut batches, mut batch) = (batches(text), Batch::default());
            loop {
                match batches.next(&mut batch) {
                    Ok(true) => {}
                    Ok(false) => return None,
                    Err(error) => return Some(error.to_string()),
                }
            }
        };
        assert!(error(" \n").unwrap().contains("no task"));
        assert!(error("[{},").unwrap().contains("not closed"));
        assert!(error(&format!("{{}}\n{{\"a\": \"{}", "x".repeat(LARGEST_TASK + 1))).unwrap().contains("line 2"));
        assert_eq!(error("[]"), None);
        assert_eq!(error("{}"), None);
    }
}
