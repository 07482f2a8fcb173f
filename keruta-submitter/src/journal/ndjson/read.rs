//! Reading what was kept.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use jiff::Timestamp;

use super::super::JournalError;
use super::record::{CURSOR, EntryRecord};
use super::segment::{last_mark, segments};
use crate::logs::{Level, LogEntry};

/// Which entries of a log are wanted. The default wants all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// Of this Pod alone.
    pub pod: Option<String>,
    /// Of this container alone.
    pub container: Option<String>,
    /// Lines at least so grave; gaps are always given.
    pub level: Option<Level>,
    /// Not before this time.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
}

/// An entry as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    /// The Pod's name.
    pub pod: String,
    /// The container's name.
    pub container: String,
    /// Which run of the container.
    pub restart: u32,
    /// The line or gap.
    pub entry: LogEntry,
}

impl LogFilter {
    fn wants(&self, stored: &StoredEntry) -> bool {
        let at = time(&stored.entry);
        self.pod.as_ref().is_none_or(|pod| *pod == stored.pod)
            && self.container.as_ref().is_none_or(|container| *container == stored.container)
            && self.level.is_none_or(|least| !matches!(&stored.entry, LogEntry::Line(line) if line.level < least))
            && self.since.is_none_or(|since| at.is_none_or(|at| at >= since))
            && self.until.is_none_or(|until| at.is_none_or(|at| at < until))
    }
}

/// When an entry came; `None` for a gap in an empty log.
fn time(entry: &LogEntry) -> Option<Timestamp> {
    match entry {
        LogEntry::Line(line) => Some(line.timestamp),
        LogEntry::Gap(gap) => gap.after.or(gap.before),
    }
}

/// The entries of an attempt's log, those of all containers in the order of time; each container's in its own order.
#[derive(Debug)]
pub struct ReadLog {
    logs: Vec<OneLog>,
    filter: LogFilter,
}

/// One container's log.
struct OneLog {
    next: Option<StoredEntry>,
    /// What its next entry is ordered by: a clock that was set back does not reorder a log.
    at: Option<Timestamp>,
    /// Whether its next entry goes on with the line of the last one.
    continues: bool,
    reader: Option<Box<dyn BufRead + Send>>,
    path: PathBuf,
    later: std::vec::IntoIter<PathBuf>,
}

impl std::fmt::Debug for OneLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OneLog").field("path", &self.path).field("next", &self.next).finish_non_exhaustive()
    }
}

impl ReadLog {
    pub(super) fn open(directory: &Path, filter: LogFilter) -> io::Result<Self> {
        let mut names = BTreeSet::new();
        let entries = match fs::read_dir(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self { logs: Vec::new(), filter }),
            entries => entries?,
        };
        for entry in entries {
            let file = entry?.file_name();
            // <pod>.<container>.<restart>.ndjson, <pod>.<container>.<restart>.<number>.ndjson, the same with .gz
            let Some(file) = file.to_str() else { continue };
            let Some(stem) = file.strip_suffix(".ndjson").or_else(|| file.strip_suffix(".ndjson.gz")) else { continue };
            // Neither a Pod's nor a container's name is a number here.
            match stem.split('.').rev().take_while(|part| part.parse::<u64>().is_ok()).count() {
                0 => continue,
                1 => names.insert(stem.to_owned()),
                _ => names.insert(stem.rsplit_once('.').map_or(stem, |(name, _)| name).to_owned()),
            };
        }
        let mut logs = Vec::with_capacity(names.len());
        for name in names {
            let mut log = OneLog::open(segments(directory, &name)?);
            log.advance()?;
            logs.push(log);
        }
        Ok(Self { logs, filter })
    }

    fn take(&mut self) -> Option<io::Result<StoredEntry>> {
        let ready = self.logs.iter().enumerate().filter(|(_, log)| log.next.is_some());
        let (first, _) = ready.min_by_key(|(_, log)| (!log.continues, log.at))?;
        let log = &mut self.logs[first];
        let entry = log.next.take()?;
        log.continues = matches!(&entry.entry, LogEntry::Line(line) if line.continues);
        if let Err(error) = log.advance() {
            return Some(Err(error));
        }
        Some(Ok(entry))
    }
}

impl Iterator for ReadLog {
    type Item = Result<StoredEntry, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.take()? {
                Ok(stored) if !self.filter.wants(&stored) => {}
                Ok(stored) => return Some(Ok(stored)),
                Err(error) => return Some(Err(JournalError::new("read a log", error))),
            }
        }
    }
}

impl OneLog {
    fn open(files: Vec<PathBuf>) -> Self {
        let later = files.into_iter();
        Self { next: None, at: None, continues: false, reader: None, path: PathBuf::new(), later }
    }

    fn advance(&mut self) -> io::Result<()> {
        let mut line = Vec::new();
        loop {
            let Some(reader) = &mut self.reader else {
                let Some(path) = self.later.next() else { return Ok(()) };
                self.reader = Some(reader(&path)?);
                self.path = path;
                continue;
            };
            line.clear();
            if reader.read_until(b'\n', &mut line)? == 0 {
                self.reader = None;
                continue;
            }
            if line.starts_with(CURSOR) {
                continue;
            }
            let record: EntryRecord<'_> = serde_json::from_slice(&line)?;
            let (pod, container) = (record.pod_name.clone().into_owned(), record.container.clone().into_owned());
            let restart = record.restart;
            let entry = record.entry().ok_or(io::ErrorKind::InvalidData)?;
            self.at = self.at.max(time(&entry));
            self.next = Some(StoredEntry { pod, container, restart, entry });
            return Ok(());
        }
    }
}

/// A file's kept part.
fn reader(path: &Path) -> io::Result<Box<dyn BufRead + Send>> {
    let mut file = match File::open(path) {
        // It was compressed in the meantime.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return reader(&compressed(path, error)?),
        file => file?,
    };
    if path.extension().is_some_and(|extension| extension == "gz") {
        return Ok(Box::new(BufReader::new(MultiGzDecoder::new(BufReader::new(file)))));
    }
    let (kept, _) = last_mark(&mut file)?;
    io::Seek::rewind(&mut file)?;
    Ok(Box::new(BufReader::new(file.take(kept))))
}

fn compressed(path: &Path, missing: io::Error) -> io::Result<PathBuf> {
    let compressed = PathBuf::from(format!("{}.gz", path.display()));
    if compressed.exists() { Ok(compressed) } else { Err(missing) }
}
