//! Lines on disk until the API has them: files that are written in turn, each deleted when all of it was sent.
//!
//! A file's name has the number of lines that were before it, which is where the API has its first line. So an agent that is
//! started again knows where it was. The last file always stays, because it has that number.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use memchr::memchr_iter;

use super::lines::mark;
use crate::diagnostics::warning;

/// A file that is larger is followed by another.
const SEGMENT: u64 = 1 << 20;
const EXTENSION: &str = "ndjson";

/// The lines of one stream.
#[derive(Debug)]
pub(super) struct Spool {
    directory: PathBuf,
    name: String,
    most: u64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    segments: VecDeque<Segment>,
    file: Option<File>,
    /// The bytes of all files.
    bytes: u64,
    /// Lines for which there was no room, since the last that was written.
    missing: u64,
    /// They in all.
    dropped: u64,
    unsent: u64,
    closed: Option<Instant>,
    is_new: bool,
}

#[derive(Debug, Clone, Copy)]
struct Segment {
    base: u64,
    bytes: u64,
    lines: u64,
}

/// Lines to be sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    pub(super) lines: u64,
}

/// What there is to be sent.
#[derive(Debug)]
pub(super) enum Next {
    /// Lines.
    Batch(Batch),
    /// Nothing now.
    Nothing,
    /// Nothing any more.
    End,
}

/// How far the spool was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Mark {
    base: u64,
    at: u64,
}

impl Spool {
    pub(super) fn open(directory: &Path, name: &str, most: u64) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).create(directory)?;
        let mut segments = found(directory, name)?;
        let is_new = segments.is_empty();
        for segment in &mut segments {
            mend(&path(directory, name, segment.base), segment)?;
        }
        let bytes = segments.iter().map(|segment| segment.bytes).sum();
        let unsent = segments.iter().map(|segment| segment.lines).sum();
        let state = State { segments, file: None, bytes, missing: 0, dropped: 0, unsent, closed: None, is_new };
        let spool = Self {
            directory: directory.to_owned(),
            name: name.to_owned(),
            most: most.max(2 * SEGMENT),
            state: Mutex::new(state),
            changed: Condvar::new(),
        };
        Ok(spool)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nothing was there when it was opened.
    pub(super) fn is_new(&self) -> bool {
        self.lock().is_new
    }

    /// Where the API has the first line that is here.
    pub(super) fn base(&self) -> u64 {
        self.lock().segments.front().map_or(0, |segment| segment.base)
    }

    /// Whether so many bytes of output would still fit. As JSON they take more: what does not fit then is dropped in its turn.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.lock().bytes + bytes as u64 <= self.most
    }

    /// Keeps lines, behind a line that says how many are missing where some are.
    pub(super) fn write(&self, lines: &[u8], number: u64) {
        let mut state = self.lock();
        if state.bytes + lines.len() as u64 > self.most + SEGMENT {
            state.missing += number;
            state.dropped += number;
            return;
        }
        let missing = state.missing;
        let written = if missing == 0 {
            self.append(&mut state, lines, number)
        } else {
            let mut all = gap(missing);
            all.extend_from_slice(lines);
            self.append(&mut state, &all, number + 1)
        };
        match written {
            Ok(()) => state.missing = 0,
            Err(error) => {
                if state.dropped == 0 {
                    warning!("lines of the log cannot be kept in {}: {error}", self.directory.display());
                }
                state.missing += number;
                state.dropped += number;
            }
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Counts lines for which there is no room.
    pub(super) fn drop_lines(&self, number: u64) {
        let mut state = self.lock();
        state.missing += number;
        state.dropped += number;
    }

    /// Counts lines that the API will never have, and that are marked already.
    pub(super) fn lose(&self, number: u64) {
        self.lock().dropped += number;
    }

    fn append(&self, state: &mut State, lines: &[u8], number: u64) -> io::Result<()> {
        if state.file.is_none() || state.segments.back().is_none_or(|last| last.bytes >= SEGMENT) {
            self.begin(state)?;
        }
        let (Some(file), Some(segment)) = (&mut state.file, state.segments.back_mut()) else { return Ok(()) };
        if let Err(error) = file.write_all(lines) {
            // Half a line would spoil the next.
            file.set_len(segment.bytes)?;
            return Err(error);
        }
        segment.bytes += lines.len() as u64;
        segment.lines += number;
        state.bytes += lines.len() as u64;
        state.unsent += number;
        Ok(())
    }

    /// Begins a file, or goes on with the last one of an earlier agent.
    fn begin(&self, state: &mut State) -> io::Result<()> {
        let last = state.segments.back().copied();
        let goes_on = last.filter(|last| state.file.is_none() && last.bytes < SEGMENT);
        let base = goes_on.map_or_else(|| last.map_or(0, |last| last.base + last.lines), |last| last.base);
        let path = path(&self.directory, &self.name, base);
        state.file = Some(OpenOptions::new().append(true).create(true).mode(0o600).open(path)?);
        if goes_on.is_none() {
            state.segments.push_back(Segment { base, bytes: 0, lines: 0 });
        }
        Ok(())
    }

    /// Nothing more will come; what is here is to be sent until then.
    pub(super) fn close(&self, until: Instant) {
        let mut state = self.lock();
        if state.missing > 0 {
            let line = gap(state.missing);
            // There is always room for one line; where the disk has none, the receipt says it.
            if self.append(&mut state, &line, 1).is_ok() {
                state.missing = 0;
            }
        }
        state.closed = Some(until);
        drop(state);
        self.changed.notify_all();
    }

    /// Until when what is here is to be sent, once nothing more comes.
    pub(super) fn closed(&self) -> Option<Instant> {
        self.lock().closed
    }

    /// Waits for a while, or until the spool is closed.
    pub(super) fn pause(&self, pause: Duration) {
        let state = self.lock();
        let waited = self.changed.wait_timeout_while(state, pause, |state| state.closed.is_none());
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Waits until there is something behind a place, at most for a while.
    pub(super) fn wait(&self, mark: Mark, pause: Duration) {
        let state = self.lock();
        let is_idle = |state: &mut State| state.closed.is_none() && !state.has_behind(mark);
        drop(self.changed.wait_timeout_while(state, pause, is_idle).unwrap_or_else(PoisonError::into_inner));
    }

    /// The next whole lines behind a place, at most so many bytes but one line at least.
    pub(super) fn read(&self, mark: &mut Mark, most: usize) -> io::Result<Next> {
        let (segment, is_closed) = {
            let mut state = self.lock();
            // A file that was read to its end and is followed by another is done.
            while let Some(first) = state.segments.front().copied()
                && (first.base < mark.base || (first.base == mark.base && mark.at >= first.bytes))
                && state.segments.len() > 1
            {
                state.segments.pop_front();
                state.bytes -= first.bytes;
                let _ = fs::remove_file(path(&self.directory, &self.name, first.base));
                if let Some(next) = state.segments.front() {
                    *mark = Mark { base: next.base, at: 0 };
                }
            }
            (state.segments.front().copied(), state.closed.is_some())
        };
        let Some(segment) = segment.filter(|segment| mark.base < segment.base || mark.at < segment.bytes) else {
            return Ok(if is_closed { Next::End } else { Next::Nothing });
        };
        if mark.base != segment.base {
            *mark = Mark { base: segment.base, at: 0 };
        }
        let left = usize::try_from(segment.bytes - mark.at).unwrap_or(usize::MAX);
        let file = File::open(path(&self.directory, &self.name, segment.base))?;
        let mut bytes = vec![0; left.min(most)];
        file.read_exact_at(&mut bytes, mark.at)?;
        let mut end = memchr::memrchr(b'\n', &bytes);
        if end.is_none() {
            // One line is longer than that.
            bytes.resize(left, 0);
            file.read_exact_at(&mut bytes, mark.at)?;
            end = memchr::memchr(b'\n', &bytes);
        }
        bytes.truncate(end.map_or(0, |end| end + 1));
        let lines = memchr_iter(b'\n', &bytes).count() as u64;
        Ok(Next::Batch(Batch { bytes, lines }))
    }

    /// Takes note that so much behind a place was sent.
    pub(super) fn sent(&self, mark: &mut Mark, bytes: usize, lines: u64) {
        mark.at += bytes as u64;
        let mut state = self.lock();
        state.unsent = state.unsent.saturating_sub(lines);
    }

    /// How many lines the API has not got: those without room, and those that were not sent.
    pub(super) fn lost(&self) -> u64 {
        let state = self.lock();
        state.dropped + state.unsent
    }
}

impl State {
    fn has_behind(&self, mark: Mark) -> bool {
        self.segments
            .back()
            .is_some_and(|last| last.base > mark.base || (last.base == mark.base && last.bytes > mark.at))
    }
}

fn gap(missing: u64) -> Vec<u8> {
    let lines = if missing == 1 { "line is" } else { "lines are" };
    mark(
        Timestamp::now(),
        &format!("[keruta-agent] {missing} {lines} missing here: there was no room to keep them for the API"),
    )
}

fn path(directory: &Path, name: &str, base: u64) -> PathBuf {
    // As wide as any number, so that names sort as numbers.
    directory.join(format!("{name}-{base:020}.{EXTENSION}"))
}

fn found(directory: &Path, name: &str) -> io::Result<VecDeque<Segment>> {
    let mut segments = Vec::new();
    for entry in fs::read_dir(directory)? {
        let file_name = entry?.file_name();
        let base = file_name.to_str().and_then(|file| {
            file.strip_prefix(name)?.strip_prefix('-')?.strip_suffix(EXTENSION)?.strip_suffix('.')?.parse().ok()
        });
        if let Some(base) = base {
            segments.push(Segment { base, bytes: 0, lines: 0 });
        }
    }
    segments.sort_unstable_by_key(|segment| segment.base);
    Ok(segments.into())
}

/// Measures a file of an earlier agent, and cuts off a line that it did not finish.
fn mend(path: &Path, segment: &mut Segment) -> io::Result<()> {
    let bytes = fs::read(path)?;
    let whole = memchr::memrchr(b'\n', &bytes).map_or(0, |end| end + 1);
    if whole < bytes.len() {
        OpenOptions::new().write(true).open(path)?.set_len(whole as u64)?;
    }
    segment.bytes = whole as u64;
    segment.lines = memchr_iter(b'\n', &bytes).count() as u64;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(spool: &Spool, mark: &mut Mark) -> Vec<u8> {
        let mut all = Vec::new();
        while let Next::Batch(batch) = spool.read(mark, 1000).unwrap() {
            spool.sent(mark, batch.bytes.len(), batch.lines);
            all.extend(batch.bytes);
        }
        all
    }

    fn line(number: u64) -> Vec<u8> {
        format!("{{\"message\":\"{number:0200}\"}}\n").into_bytes()
    }

    #[test]
    fn what_is_written_is_read_in_order_and_sent_files_go() {
        let directory = tempfile::tempdir().unwrap();
        let spool = Spool::open(directory.path(), "stdout", 64 << 20).unwrap();
        let mut written = Vec::new();
        for number in 0..12_000 {
            written.extend(line(number));
            spool.write(&line(number), 1);
        }
        assert!(fs::read_dir(directory.path()).unwrap().count() > 2);
        let mut mark = Mark::default();
        assert!(read_all(&spool, &mut mark) == written);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "the last one knows where it is");
        assert_eq!(spool.lost(), 0);
        assert!(matches!(spool.read(&mut mark, 1000).unwrap(), Next::Nothing));
        spool.close(Instant::now());
        assert!(matches!(spool.read(&mut mark, 1000).unwrap(), Next::End));
    }

    #[test]
    fn another_agent_goes_on_where_this_one_was_killed() {
        let directory = tempfile::tempdir().unwrap();
        let spool = Spool::open(directory.path(), "stdout", 64 << 20).unwrap();
        for number in 0..6000 {
            spool.write(&line(number), 1);
        }
        let mut mark = Mark::default();
        for _ in 0..1300 {
            let Next::Batch(batch) = spool.read(&mut mark, 1000).unwrap() else { panic!() };
            spool.sent(&mut mark, batch.bytes.len(), batch.lines);
        }
        drop(spool);
        let last = fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().path()).max().unwrap();
        OpenOptions::new().append(true).open(last).unwrap().write_all(b"{\"half").unwrap();
        let spool = Spool::open(directory.path(), "stdout", 64 << 20).unwrap();
        let base = spool.base();
        assert!(base > 0 && !spool.is_new());
        spool.write(&line(6000), 1);
        let expected: Vec<u8> = (base..=6000).flat_map(line).collect();
        assert!(read_all(&spool, &mut Mark::default()) == expected);
    }

    #[test]
    fn what_has_no_room_is_counted_and_marked_where_it_is_missing() {
        let directory = tempfile::tempdir().unwrap();
        let spool = Spool::open(directory.path(), "stderr", 0).unwrap();
        for number in 0..20_000 {
            spool.write(&line(number), 1);
        }
        let lost = spool.lost();
        let mut mark = Mark::default();
        let first = read_all(&spool, &mut mark);
        let kept = memchr_iter(b'\n', &first).count() as u64;
        assert_eq!(spool.lost() + kept, 20_000, "{lost}");
        spool.write(&line(20_000), 1);
        let behind = String::from_utf8(read_all(&spool, &mut mark)).unwrap();
        assert!(behind.contains(&format!("{} lines are missing here", 20_000 - kept)), "{behind}");
        assert!(behind.ends_with(std::str::from_utf8(&line(20_000)).unwrap()));
        spool.drop_lines(1);
        spool.close(Instant::now());
        assert!(String::from_utf8(read_all(&spool, &mut mark)).unwrap().contains("1 line is missing here"));
    }
}
