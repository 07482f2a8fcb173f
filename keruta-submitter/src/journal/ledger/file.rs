//! A ledger in a file.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Ledger, LedgerError, Submission, amended};
use crate::attempt::Attempt;

/// Keeps submissions in one append-only file, a JSON object a line, that any number of processes of one machine share: each
/// call takes a lock, reads what others have added, adds its own, and lets go.
///
/// What a call has noted survives the end of the process, however it comes. A power cut may take the last second or so
/// with it, because no call waits for the disk: the Jobs of that second are in the cluster, where a submission finds them
/// by their names. What a killed process left half written is cut away. Not for a file system of a network.
#[derive(Debug, Clone)]
pub struct FileLedger {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    cluster: String,
    path: PathBuf,
    file: File,
    /// Locked while the file is read or written.
    lock: File,
    /// How far the file has been read; whole lines only.
    read: u64,
    lines: usize,
    /// Of this cluster.
    submissions: HashMap<Attempt, Submission>,
    /// Locked by all who have the ledger open: alone, one may replace the file.
    _users: File,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    cluster: String,
    #[serde(flatten)]
    attempt: Attempt,
    #[serde(flatten)]
    submission: Submission,
}

/// So many lines that a later one has replaced are worth a new file, where they are at least a quarter of it.
const SUPERSEDED: usize = 1000;

impl FileLedger {
    /// Opens `submissions.ndjson` in a directory, which is made where it is missing. `cluster` tells the clusters apart
    /// whose attempts share the file: the uid of the namespace `kube-system`, or the server's URL.
    ///
    /// # Errors
    ///
    /// Where the file can be neither read nor written, or holds what no ledger wrote.
    pub fn open(directory: &Path, cluster: &str) -> Result<Self, LedgerError> {
        fs::create_dir_all(directory).map_err(|source| io_error("make the directory", directory, source))?;
        let open = |name: &str| {
            let path = directory.join(name);
            let file = OpenOptions::new().create(true).read(true).append(true).open(&path);
            file.map_err(|source| io_error("open", &path, source))
        };
        let (lock, users) = (open("submissions.lock")?, open("submissions.users")?);
        let path = directory.join("submissions.ndjson");
        let locked = Locked::take(&lock).map_err(|source| io_error("lock", &path, source))?;
        // Whoever opens or leaves does so under the lock or by ending, so that nobody comes in between.
        if users.try_lock().is_ok() {
            compact(&path).map_err(|error| error.of(&path))?;
        }
        // One handle may not hold both kinds everywhere; the other lock keeps the rest out meanwhile.
        let _ = users.unlock();
        users.lock_shared().map_err(|source| io_error("lock", &path, source))?;
        drop(locked);
        let (file, submissions) = (open("submissions.ndjson")?, HashMap::new());
        let cluster = cluster.to_owned();
        let mut inner = Inner { cluster, path, file, lock, read: 0, lines: 0, submissions, _users: users };
        inner.locked(|_| Ok(()))?;
        Ok(Self { inner: Arc::new(Mutex::new(inner)) })
    }

    /// Does something with all that is known by now.
    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Inner) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let inner = Arc::clone(&self.inner);
        let work = move || inner.lock().unwrap_or_else(PoisonError::into_inner).locked(work);
        tokio::task::spawn_blocking(work).await.unwrap_or_else(|stopped| {
            Err(LedgerError::Io { action: "finish with the ledger".into(), source: stopped.into() })
        })
    }

    async fn amend(&self, attempt: &Attempt, job_uid: Option<&str>, at: Timestamp) -> Result<(), LedgerError> {
        let (attempt, job_uid) = (attempt.clone(), job_uid.map(str::to_owned));
        self.with(move |inner| inner.amend(attempt, job_uid.as_deref(), at)).await
    }
}

impl Inner {
    fn locked<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, LedgerError>) -> Result<T, LedgerError> {
        let lock = self.lock.try_clone().map_err(|source| io_error("lock", &self.path, source))?;
        let _locked = Locked::take(&lock).map_err(|source| io_error("lock", &self.path, source))?;
        self.read_on().map_err(|error| error.of(&self.path))?;
        work(self)
    }

    fn amend(&mut self, attempt: Attempt, job_uid: Option<&str>, at: Timestamp) -> Result<(), LedgerError> {
        let known = self.submissions.get(&attempt);
        let Some(submission) = amended(known, &attempt, job_uid, at)? else { return Ok(()) };
        let record = Record { cluster: self.cluster.clone(), attempt, submission };
        let written = line(&record).and_then(|line| {
            self.file.write_all(&line)?;
            Ok(line.len() as u64)
        });
        self.read += written.map_err(|source| io_error("write to", &self.path, source))?;
        self.lines += 1;
        self.submissions.insert(record.attempt, record.submission);
        Ok(())
    }

    /// Takes in what was added since.
    fn read_on(&mut self) -> Result<(), ReadError> {
        if self.file.metadata()?.len() == self.read {
            return Ok(());
        }
        self.file.seek(SeekFrom::Start(self.read))?;
        let mut bytes = Vec::new();
        self.file.read_to_end(&mut bytes)?;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            if !line.ends_with(b"\n") {
                // Whoever wrote it is dead, or failed: the lock is ours, and the call did not return well.
                self.file.set_len(self.read)?;
                break;
            }
            let record = record(line, self.lines + 1)?;
            self.read += line.len() as u64;
            self.lines += 1;
            if record.cluster == self.cluster {
                self.submissions.insert(record.attempt, record.submission);
            }
        }
        Ok(())
    }
}

/// Holds the lock, which another handle waits for.
struct Locked<'a>(&'a File);

impl<'a> Locked<'a> {
    fn take(file: &'a File) -> io::Result<Self> {
        file.lock()?;
        Ok(Self(file))
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        // A lock that cannot be let go goes with the file.
        let _ = self.0.unlock();
    }
}

/// Writes the file anew, one line for each attempt of any cluster, where that is worth it. Nobody else may have it open.
fn compact(path: &Path) -> Result<(), ReadError> {
    let bytes = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        read => read?,
    };
    let (mut lines, mut submissions) = (0, HashMap::new());
    for line in bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n")) {
        lines += 1;
        let Record { cluster, attempt, submission } = record(line, lines)?;
        submissions.insert((cluster, attempt), submission);
    }
    let superseded = lines - submissions.len();
    if superseded < SUPERSEDED || superseded < lines / 4 {
        return Ok(());
    }
    let mut all: Vec<_> = submissions.into_iter().collect();
    all.sort_by(|(a, first), (b, second)| (first.intended_at, a).cmp(&(second.intended_at, b)));
    let mut bytes = Vec::new();
    for ((cluster, attempt), submission) in all {
        bytes.extend(line(&Record { cluster, attempt, submission })?);
    }
    let fresh = path.with_extension("ndjson.new");
    let mut file = File::create(&fresh)?;
    file.write_all(&bytes)?;
    // Here a power cut would take everything.
    file.sync_all()?;
    drop(file);
    fs::rename(&fresh, path)?;
    Ok(())
}

fn line(record: &Record) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(record)?;
    line.push(b'\n');
    Ok(line)
}

fn record(line: &[u8], number: usize) -> Result<Record, ReadError> {
    serde_json::from_slice(line).map_err(|source| ReadError::Spoilt { line: number, source })
}

/// Why the file could not be read.
enum ReadError {
    Io(io::Error),
    Spoilt { line: usize, source: serde_json::Error },
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl ReadError {
    fn of(self, path: &Path) -> LedgerError {
        match self {
            Self::Io(source) => io_error("read", path, source),
            Self::Spoilt { line, source } => LedgerError::Spoilt { file: path.display().to_string(), line, source },
        }
    }
}

fn io_error(what: &str, path: &Path, source: io::Error) -> LedgerError {
    LedgerError::Io { action: format!("{what} {}", path.display()), source }
}

#[async_trait]
impl Ledger for FileLedger {
    async fn intend(&self, attempt: &Attempt, at: Timestamp) -> Result<(), LedgerError> {
        self.amend(attempt, None, at).await
    }

    async fn created(&self, attempt: &Attempt, job_uid: &str, at: Timestamp) -> Result<(), LedgerError> {
        self.amend(attempt, Some(job_uid), at).await
    }

    async fn lookup(&self, attempt: &Attempt) -> Result<Option<Submission>, LedgerError> {
        let attempt = attempt.clone();
        self.with(move |inner| Ok(inner.submissions.get(&attempt).cloned())).await
    }
}

#[cfg(test)]
mod tests;
