//! Finding the place where a log goes on.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::cursor::{Cursor, Fingerprint, Mark};

/// Passes over the lines that are kept already, and notices where they are not what they were.
#[derive(Debug)]
pub(crate) struct Skip {
    known: Mark,
    seen: Mark,
    newest: Option<Timestamp>,
}

/// The lines are not those that were kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mismatch;

impl Skip {
    pub(crate) fn new(known: Mark, cursor: &Cursor) -> Self {
        Self { known, seen: Mark::default(), newest: cursor.newest }
    }

    /// Whether what comes next is new.
    pub(crate) const fn is_over(&self) -> bool {
        self.seen.count >= self.known.count
    }

    /// Whether no line was passed yet.
    pub(crate) const fn is_at_start(&self) -> bool {
        self.seen.count == 0
    }

    /// Passes over a line.
    pub(crate) fn pass(&mut self, line: Fingerprint) -> Result<(), Mismatch> {
        self.seen.add(line);
        // A line later than all that were kept is new: told before the whole count is there, which may take for ever.
        if Some(line.at) > self.newest || (self.is_over() && self.seen != self.known) {
            return Err(Mismatch);
        }
        Ok(())
    }
}

/// Looks through a whole file for the last lines that were kept.
#[derive(Debug)]
pub(crate) struct Locator<'a> {
    cursor: &'a Cursor,
    window: VecDeque<Fingerprint>,
    seen: Mark,
    first: Option<Fingerprint>,
    best: Option<Found>,
    /// Behind the last line that is any of the remembered ones.
    related: Option<Mark>,
}

#[derive(Debug, Clone, Copy)]
struct Found {
    behind: Mark,
    /// How many lines up to it are the remembered ones.
    length: usize,
    /// Whether all lines that are there to be compared are the same.
    full: bool,
    /// Whether other places fit as well.
    several: bool,
}

/// What a [`Locator`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Located {
    /// The file goes on behind these lines.
    Behind(Mark),
    /// The file goes on behind these lines, and some may be missing between the last kept line and them.
    Torn(Mark, &'static str),
    /// A later file: all of it is behind the last kept line, and what was between them is gone.
    Next,
    /// The file reaches back to the remembered lines and does not hold the last: it was not read to its end.
    Cut,
    /// It holds no line: it was not read, or it is a later one.
    Empty,
}

impl<'a> Locator<'a> {
    pub(crate) fn new(cursor: &'a Cursor) -> Self {
        Self {
            cursor,
            window: VecDeque::with_capacity(Cursor::RECENT + 1),
            seen: Mark::default(),
            first: None,
            best: None,
            related: None,
        }
    }

    /// The file's first line.
    pub(crate) const fn first(&self) -> Option<Fingerprint> {
        self.first
    }

    /// Takes the file's next line.
    pub(crate) fn take(&mut self, line: Fingerprint) {
        self.seen.add(line);
        self.first.get_or_insert(line);
        if self.window.len() == Cursor::RECENT {
            self.window.pop_front();
        }
        self.window.push_back(line);
        let recent = &self.cursor.recent;
        if !recent.contains(&line) {
            return;
        }
        self.related = Some(self.seen);
        let pairs = self.window.iter().rev().zip(recent.iter().rev());
        let length = pairs.take_while(|(here, kept)| here == kept).count();
        if length == 0 {
            return;
        }
        let full = length == self.window.len().min(recent.len());
        let rank = (full, length);
        match &mut self.best {
            Some(best) if rank < (best.full, best.length) => {}
            best => {
                // Places that reach the file's beginning are shorter than others for no fault of theirs.
                let several = best.is_some_and(|best| best.full == full && (full || best.length == length));
                *best = Some(Found { behind: self.seen, length, full, several });
            }
        }
    }

    /// The file's end.
    pub(crate) fn finish(self) -> Located {
        match (self.best, self.related) {
            (Some(Found { behind, full: true, several: false, .. }), _) => {
                // It is the file that was read before, and holds more than was kept of it.
                if self.first == self.cursor.first && behind.count > self.cursor.file.count {
                    return Located::Torn(behind, "the node's clock was set back, and lines were passed over");
                }
                Located::Behind(behind)
            }
            (Some(Found { behind, .. }), _) => {
                Located::Torn(behind, "lines that were kept are not in the log as they were")
            }
            (None, Some(_)) => Located::Cut,
            (None, None) => {
                let Some(first) = self.first else { return Located::Empty };
                let oldest = self.cursor.recent.iter().map(|line| line.at).min();
                if Some(first) == self.cursor.first || Some(first.at) < oldest { Located::Cut } else { Located::Next }
            }
        }
    }

    /// What to go on with where the last line that was kept is never found: nothing that may have been kept is taken for new.
    pub(crate) fn give_up(&self) -> Located {
        Located::Torn(self.related.unwrap_or(self.seen), "the last line that was kept is not in the log as it was")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(nanosecond: i64) -> Fingerprint {
        Fingerprint::new(Timestamp::from_nanosecond(1_700_000_000_000_000_000 + i128::from(nanosecond)).unwrap(), b"x")
    }

    fn cursor(lines: impl IntoIterator<Item = i64>) -> Cursor {
        let mut cursor = Cursor::default();
        lines.into_iter().for_each(|at| cursor.keep(line(at), 1));
        cursor
    }

    fn locate(cursor: &Cursor, file: impl IntoIterator<Item = i64>) -> Located {
        let mut locator = Locator::new(cursor);
        file.into_iter().for_each(|at| locator.take(line(at)));
        locator.finish()
    }

    fn mark(lines: impl IntoIterator<Item = i64>) -> Mark {
        let mut mark = Mark::default();
        lines.into_iter().for_each(|at| mark.add(line(at)));
        mark
    }

    #[test]
    fn a_rotated_file_that_holds_the_last_lines_goes_on_behind_them() {
        assert_eq!(locate(&cursor(0..20), 10..40), Located::Behind(mark(10..20)));
        assert_eq!(locate(&cursor(0..20), 18..40), Located::Behind(mark(18..20)));
        assert_eq!(locate(&cursor(0..20), 19..40), Located::Behind(mark([19])));
    }

    #[test]
    fn a_file_that_begins_behind_them_is_a_later_one() {
        assert_eq!(locate(&cursor(0..20), 20..40), Located::Next);
    }

    #[test]
    fn a_file_cut_before_them_is_told_from_a_rotated_one() {
        assert_eq!(locate(&cursor(0..20), 0..5), Located::Cut);
        assert_eq!(locate(&cursor(0..20), []), Located::Empty);
    }

    #[test]
    fn lines_that_were_passed_over_are_noticed() {
        assert!(matches!(locate(&cursor((0..5).chain(8..20)), 0..20), Located::Torn(Mark { count: 20, .. }, _)));
    }

    #[test]
    fn equal_lines_are_counted_not_guessed() {
        let Located::Torn(behind, _) = locate(&cursor([7; 20]), [7; 30]) else { panic!("several places fit") };
        assert_eq!(behind.count, 30);
    }

    #[test]
    fn a_change_within_the_kept_lines_is_noticed() {
        let cursor = cursor(0..20);
        let mut skip = Skip::new(cursor.file, &cursor);
        for at in 0..19 {
            assert_eq!(skip.pass(line(at)), Ok(()));
        }
        assert_eq!(skip.pass(line(18)), Err(Mismatch));
        let mut skip = Skip::new(cursor.file, &cursor);
        assert_eq!(skip.pass(line(20)), Err(Mismatch), "later than all");
    }
}
