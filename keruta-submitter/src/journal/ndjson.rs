//! A journal in files.

mod names;
mod read;
mod record;
mod segment;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::{Journal, JournalError, Progress, StatusChange};
use crate::attempt::Attempt;
use crate::logs::{Cursor, LogEntry, LogSource};
use crate::verdict::Verdict;
use names::{attempt_directory, log_name};
use segment::LogFile;

pub use read::{LogFilter, ReadLog, StoredEntry};

/// How files are written.
#[derive(Debug, Clone)]
pub struct NdjsonSettings {
    /// Whether every batch is on the disk before the call returns: a crash of the machine then loses nothing that was kept.
    /// Default true. A killed process loses nothing either way.
    pub sync: bool,
    /// A log file of this size in bytes is put aside and compressed. Default 64 MiB.
    pub rotate_bytes: u64,
    /// A log file that was begun so long ago is put aside and compressed. Default 24 h.
    pub rotate_age: Duration,
}

impl Default for NdjsonSettings {
    fn default() -> Self {
        Self { sync: true, rotate_bytes: 64 << 20, rotate_age: Duration::from_secs(24 * 3600) }
    }
}

/// Keeps all in a directory, one folder for each `namespace/task/attempt`: `status.ndjson`, and a file for each run of a
/// container, `<pod>.<container>.<restart>.ndjson`, one JSON object a line.
///
/// | line | fields |
/// |---|---|
/// | a log line | `timestamp`, `level`, `taskId`, `jobName`, `podName`, `container`, `attempt`, `line`, `message`; `messageBase64` instead where it is not UTF-8; `continues` where the next object goes on with the same line |
/// | lost lines | `gap` with `after`, `before`, `reason`; and `taskId` to `attempt` as above |
/// | the end of a batch | `cursor`, `podUid`: for the journal itself |
///
/// A batch and its cursor are one write. What stands behind the last cursor was not kept: it is cut away when the file is next
/// written. Full files become `….1.ndjson.gz`, `….2.ndjson.gz`; a single process at a time writes a directory, any may read it.
/// Progress is not kept.
#[derive(Debug, Clone)]
pub struct NdjsonJournal {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    directory: PathBuf,
    settings: NdjsonSettings,
    logs: Mutex<HashMap<LogSource, Arc<Mutex<LogFile>>>>,
    statuses: Mutex<()>,
    /// Held while this value lives.
    _lock: File,
}

impl NdjsonJournal {
    /// Opens a directory for writing; it is made where it is missing.
    ///
    /// # Errors
    ///
    /// Where it cannot be made, or another process writes it.
    pub fn open(directory: impl Into<PathBuf>, settings: NdjsonSettings) -> Result<Self, JournalError> {
        let directory = directory.into();
        let wrong = |error: io::Error| JournalError::new(format!("open {}", directory.display()), error);
        fs::create_dir_all(&directory).map_err(wrong)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(directory.join(".lock"));
        let lock = lock.map_err(wrong)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(JournalError::new(format!("open {}", directory.display()), "another process writes it"));
            }
            Err(fs::TryLockError::Error(error)) => return Err(wrong(error)),
        }
        let (logs, statuses) = Default::default();
        Ok(Self { inner: Arc::new(Inner { directory, settings, logs, statuses, _lock: lock }) })
    }

    /// The log of an attempt as far as it is kept in a directory, of all its containers, in the order of time. The directory
    /// may be written meanwhile; what is added later is not seen.
    ///
    /// # Errors
    ///
    /// Where the directory cannot be read. An attempt of which nothing is kept has an empty log.
    pub fn read_log(directory: &Path, attempt: &Attempt, filter: LogFilter) -> Result<ReadLog, JournalError> {
        let directory = attempt_directory(directory, attempt);
        ReadLog::open(&directory, filter)
            .map_err(|error| JournalError::new(format!("read {}", directory.display()), error))
    }

    async fn blocking<T: Send + 'static>(
        &self,
        action: String,
        work: impl FnOnce(&Inner) -> io::Result<T> + Send + 'static,
    ) -> Result<T, JournalError> {
        let inner = Arc::clone(&self.inner);
        match tokio::task::spawn_blocking(move || work(&inner)).await {
            Ok(done) => done.map_err(|error| JournalError::new(action, error)),
            Err(stopped) => Err(JournalError::new(action, stopped)),
        }
    }
}

impl Inner {
    fn log_file(&self, source: &LogSource) -> Arc<Mutex<LogFile>> {
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let file = logs.entry(source.clone()).or_insert_with(|| {
            let directory = attempt_directory(&self.directory, &source.attempt);
            Arc::new(Mutex::new(LogFile::new(directory, log_name(source), self.settings.clone())))
        });
        Arc::clone(file)
    }

    fn forget(&self, source: &LogSource) {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner).remove(source);
    }

    fn status(&self, change: &StatusChange) -> io::Result<()> {
        let _one = self.statuses.lock().unwrap_or_else(PoisonError::into_inner);
        let directory = attempt_directory(&self.directory, &change.attempt);
        make_directory(&directory)?;
        let path = directory.join("status.ndjson");
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(&path)?;
        let (last, whole, length) = last_status(&path)?;
        if whole < length {
            file.set_len(whole)?;
        }
        if !change.is_news_after(last.as_ref()) {
            return Ok(());
        }
        let mut line = serde_json::to_vec(change)?;
        line.push(b'\n');
        file.write_all(&line)?;
        if self.settings.sync {
            file.sync_data()?;
            if whole == 0 {
                sync_directory(&directory)?;
            }
        }
        Ok(())
    }
}

/// The last change in a file of them, the length of what is whole in it, and its length.
fn last_status(path: &Path) -> io::Result<(Option<StatusChange>, u64, u64)> {
    let text = fs::read(path)?;
    let whole = memchr::memrchr(b'\n', &text).map_or(0, |at| at + 1);
    let last = text[..whole].trim_ascii_end().rsplit(|byte| *byte == b'\n').next();
    let last = last.and_then(|line| serde_json::from_slice(line).ok());
    Ok((last, whole as u64, text.len() as u64))
}

/// Makes a directory and those above it.
fn make_directory(directory: &Path) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(directory)?;
    // Their entries have to reach the disk as well: attempt, task and namespace.
    for above in directory.ancestors().skip(1).take(3) {
        sync_directory(above)?;
    }
    Ok(())
}

/// Brings the names in a directory to the disk. Where a directory cannot be opened as a file, the system does so itself.
pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) }
}

#[async_trait]
impl Journal for NdjsonJournal {
    async fn status(&self, change: &StatusChange) -> Result<(), JournalError> {
        let change = change.clone();
        self.blocking(format!("write the status of {}", change.attempt), move |inner| inner.status(&change)).await
    }

    async fn verdict(&self, attempt: &Attempt) -> Result<Option<Verdict>, JournalError> {
        let action = format!("read the status of {attempt}");
        let attempt = attempt.clone();
        self.blocking(action, move |inner| {
            match last_status(&attempt_directory(&inner.directory, &attempt).join("status.ndjson")) {
                Ok((last, ..)) => Ok(last.and_then(|last| last.verdict)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            }
        })
        .await
    }

    async fn progress(&self, _progress: &Progress) -> Result<(), JournalError> {
        Ok(())
    }

    async fn log(&self, source: &LogSource, entries: &[LogEntry], cursor: &Cursor) -> Result<(), JournalError> {
        // Written out here, so that the entries need not be copied for another thread.
        let action = format!("write the log {} of {}", log_name(source), source.attempt);
        let batch = record::batch(source, entries, cursor).map_err(|error| JournalError::new(action.clone(), error))?;
        let (source, done) = (source.clone(), cursor.done);
        let mark = record::cursor_line(&source, cursor).map_err(|error| JournalError::new(action.clone(), error))?;
        self.blocking(action, move |inner| {
            inner.log_file(&source).lock().unwrap_or_else(PoisonError::into_inner).append(&batch, &mark)?;
            if done {
                inner.forget(&source);
            }
            Ok(())
        })
        .await
    }

    async fn log_cursor(&self, source: &LogSource) -> Result<Option<Cursor>, JournalError> {
        let action = format!("read the log {} of {}", log_name(source), source.attempt);
        let source = source.clone();
        self.blocking(action, move |inner| {
            let file = inner.log_file(&source);
            let mark = file.lock().unwrap_or_else(PoisonError::into_inner).last_mark()?;
            // A later Pod of the same name has a log of its own, even in the same file.
            Ok(mark.filter(|mark| mark.pod_uid == source.pod_uid).map(|mark| mark.cursor))
        })
        .await
    }
}
