//! One container's log in files: the one that is written, and those that were put aside.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use flate2::Compression;
use flate2::write::GzEncoder;
use memchr::memmem;
use tracing::warn;

use super::record::{CURSOR, MarkRecord};
use super::{NdjsonSettings, make_directory, sync_directory};

/// How much of a file's end is looked at first for the last cursor.
const TAIL: u64 = 16 << 10;

/// Writes one container's log. The file is open only while it is written: there may be more logs than a process may have
/// files open.
#[derive(Debug)]
pub(super) struct LogFile {
    directory: PathBuf,
    name: String,
    settings: NdjsonSettings,
    state: Option<State>,
}

#[derive(Debug)]
struct State {
    /// Where the last kept batch ends.
    length: u64,
    begun: SystemTime,
    mark: Option<MarkRecord>,
}

/// The files of one log, the oldest first: those put aside, then the one that is written, where it is there.
pub(super) fn segments(directory: &Path, name: &str) -> io::Result<Vec<PathBuf>> {
    let mut aside = numbered(directory, name)?;
    aside.sort_unstable();
    // While one is being compressed it is there twice.
    aside.dedup_by_key(|(number, _)| *number);
    let mut all: Vec<_> = aside.into_iter().map(|(_, path)| path).collect();
    let current = directory.join(format!("{name}.ndjson"));
    if current.exists() {
        all.push(current);
    }
    Ok(all)
}

fn numbered(directory: &Path, name: &str) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        let number = path.file_name().and_then(|file| file.to_str()).and_then(|file| {
            let rest = file.strip_prefix(name)?.strip_prefix('.')?;
            rest.strip_suffix(".ndjson").or_else(|| rest.strip_suffix(".ndjson.gz"))?.parse().ok()
        });
        if let Some(number) = number {
            found.push((number, path));
        }
    }
    Ok(found)
}

impl LogFile {
    pub(super) fn new(directory: PathBuf, name: String, settings: NdjsonSettings) -> Self {
        Self { directory, name, settings, state: None }
    }

    /// The last cursor.
    pub(super) fn last_mark(&mut self) -> io::Result<Option<MarkRecord>> {
        Ok(self.state()?.mark.clone())
    }

    /// Adds a batch, which ends with the line `mark`: both or neither.
    pub(super) fn append(&mut self, batch: &[u8], mark: &[u8]) -> io::Result<()> {
        make_directory(&self.directory)?;
        let settings = self.settings.clone();
        let state = self.state()?;
        let full = state.length >= settings.rotate_bytes
            || (state.length > 0 && state.begun.elapsed().unwrap_or(Duration::ZERO) >= settings.rotate_age);
        if full {
            self.rotate()?;
        }
        let length = self.state()?.length;
        let written = self.write(length, batch, settings.sync);
        match written {
            Ok(()) => {
                if let Some(state) = &mut self.state {
                    state.length = length + batch.len() as u64;
                    state.mark = Some(serde_json::from_slice(mark)?);
                }
            }
            // What is on the disk now is found out anew, and half a batch cut away.
            Err(_) => self.state = None,
        }
        written
    }

    fn write(&self, length: u64, batch: &[u8], sync: bool) -> io::Result<()> {
        let path = self.current();
        let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
        file.set_len(length)?;
        file.seek(SeekFrom::Start(length))?;
        file.write_all(batch)?;
        if sync {
            file.sync_data()?;
            if length == 0 {
                sync_directory(&self.directory)?;
            }
        }
        Ok(())
    }

    fn current(&self) -> PathBuf {
        self.directory.join(format!("{}.ndjson", self.name))
    }

    fn state(&mut self) -> io::Result<&State> {
        let state = match self.state.take() {
            Some(state) => state,
            None => self.recover()?,
        };
        Ok(self.state.insert(state))
    }

    /// Finds out how far the log is kept, and finishes what a crash has left undone.
    fn recover(&self) -> io::Result<State> {
        let mut aside = numbered(&self.directory, &self.name)?;
        aside.sort_unstable();
        for (_, path) in &aside {
            if path.extension().is_some_and(|extension| extension == "ndjson") {
                compress(path, self.settings.sync)?;
            }
        }
        let current = self.current();
        let (mut length, mut mark, mut begun) = (0, None, SystemTime::now());
        if let Ok(mut file) = File::open(&current) {
            (length, mark) = last_mark(&mut file)?;
            let metadata = file.metadata()?;
            begun = metadata.created().or_else(|_| metadata.modified()).unwrap_or(begun);
        }
        if mark.is_none()
            && let Some((number, _)) = aside.last()
        {
            let path = self.directory.join(format!("{}.{number}.ndjson.gz", self.name));
            let mut bytes = Vec::new();
            BufReader::new(flate2::bufread::MultiGzDecoder::new(BufReader::new(File::open(path)?)))
                .read_to_end(&mut bytes)?;
            (_, mark) = last_mark(&mut io::Cursor::new(bytes))?;
        }
        Ok(State { length, begun, mark })
    }

    /// Puts the file aside.
    fn rotate(&mut self) -> io::Result<()> {
        let mark = self.state.take().and_then(|state| state.mark);
        let number =
            numbered(&self.directory, &self.name)?.into_iter().map(|(number, _)| number).max().unwrap_or(0) + 1;
        let aside = self.directory.join(format!("{}.{number}.ndjson", self.name));
        fs::rename(self.current(), &aside)?;
        self.state = Some(State { length: 0, begun: SystemTime::now(), mark });
        if let Err(error) = compress(&aside, self.settings.sync) {
            // The log goes on without; it is tried again when the journal is next opened.
            warn!(error = &error as &dyn std::error::Error, file = %aside.display(), "a log file could not be compressed");
        }
        Ok(())
    }
}

/// Replaces a file by a compressed one. After a crash at any point one of the two is whole.
fn compress(path: &Path, sync: bool) -> io::Result<()> {
    let done = PathBuf::from(format!("{}.gz", path.display()));
    let half = PathBuf::from(format!("{}.gz.half", path.display()));
    let mut encoder = GzEncoder::new(File::create(&half)?, Compression::fast());
    let mut file = File::open(path)?;
    let (kept, _) = last_mark(&mut file)?;
    file.rewind()?;
    io::copy(&mut file.take(kept), &mut encoder)?;
    let mut file = encoder.finish()?;
    file.flush()?;
    if sync {
        file.sync_all()?;
    }
    drop(file);
    fs::rename(&half, &done)?;
    if let Some(directory) = path.parent().filter(|_| sync) {
        sync_directory(directory)?;
    }
    fs::remove_file(path)
}

/// The last cursor in a file, and where its line ends. What comes behind it was not kept.
pub(super) fn last_mark(file: &mut (impl Read + Seek)) -> io::Result<(u64, Option<MarkRecord>)> {
    let end = file.seek(SeekFrom::End(0))?;
    let mut length = TAIL;
    loop {
        let from = end.saturating_sub(length);
        file.seek(SeekFrom::Start(from))?;
        let mut tail = Vec::new();
        file.by_ref().take(end - from).read_to_end(&mut tail)?;
        let mut until = tail.len();
        while let Some(at) = memmem::rfind(&tail[..until], CURSOR) {
            until = at;
            // In a message the quotes would be escaped, so that this can only be a line's beginning.
            if (at > 0 && tail[at - 1] != b'\n') || (at == 0 && from > 0) {
                continue;
            }
            let Some(line) = memchr::memchr(b'\n', &tail[at..]) else { continue };
            if let Ok(mark) = serde_json::from_slice(&tail[at..at + line]) {
                return Ok((from + (at + line + 1) as u64, Some(mark)));
            }
        }
        if from == 0 {
            return Ok((0, None));
        }
        length *= 8;
    }
}
