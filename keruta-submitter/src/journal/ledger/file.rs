//! A ledger in a file.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Ledger, LedgerError, Submission, amended};
use crate::attempt::Attempt;
use crate::journal::ndjson::sync_directory;

/// Keeps submissions in one append-only file, a JSON object a line, each on the disk before the call returns. What a crash
/// left half written is cut away at opening, and the file compacted. One process at a time uses it.
#[derive(Debug, Clone)]
pub struct FileLedger {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    cluster: String,
    path: PathBuf,
    file: File,
    /// The file's length where the last whole line ends.
    length: u64,
    submissions: HashMap<Key, Submission>,
    /// Held while this value lives.
    _lock: File,
}

/// The cluster's identity and the attempt.
type Key = (String, Attempt);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    cluster: String,
    #[serde(flatten)]
    attempt: Attempt,
    #[serde(flatten)]
    submission: Submission,
}

impl FileLedger {
    /// Opens `submissions.ndjson` in a directory, which is made where it is missing. `cluster` tells the clusters apart
    /// whose attempts share the file: the uid of the namespace `kube-system`, or the server's URL.
    ///
    /// # Errors
    ///
    /// Where another process uses it, or the file can be neither read nor written, or holds what no ledger wrote.
    pub fn open(directory: &Path, cluster: &str) -> Result<Self, LedgerError> {
        fs::create_dir_all(directory).map_err(|source| io_error("make the directory", directory, source))?;
        let lock_path = directory.join("submissions.lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&lock_path);
        let lock = lock.map_err(|source| io_error("open", &lock_path, source))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(LedgerError::InUse(directory.display().to_string())),
            Err(fs::TryLockError::Error(source)) => return Err(io_error("lock", &lock_path, source)),
        }
        let path = directory.join("submissions.ndjson");
        let submissions = read(&path)?;
        let file = compact(directory, &path, &submissions).map_err(|source| io_error("rewrite", &path, source))?;
        let length = file.metadata().map_err(|source| io_error("read", &path, source))?.len();
        let inner = Inner { cluster: cluster.to_owned(), path, file, length, submissions, _lock: lock };
        Ok(Self { inner: Arc::new(Mutex::new(inner)) })
    }

    async fn amend(&self, attempt: &Attempt, job_uid: Option<&str>, at: Timestamp) -> Result<(), LedgerError> {
        let inner = Arc::clone(&self.inner);
        let (attempt, job_uid) = (attempt.clone(), job_uid.map(str::to_owned));
        let work = move || inner.lock().unwrap_or_else(PoisonError::into_inner).amend(&attempt, job_uid.as_deref(), at);
        tokio::task::spawn_blocking(work).await.unwrap_or_else(|stopped| {
            Err(LedgerError::Io { action: "finish writing the ledger".into(), source: stopped.into() })
        })
    }
}

impl Inner {
    fn amend(&mut self, attempt: &Attempt, job_uid: Option<&str>, at: Timestamp) -> Result<(), LedgerError> {
        let key = (self.cluster.clone(), attempt.clone());
        let Some(submission) = amended(self.submissions.get(&key), attempt, job_uid, at)? else { return Ok(()) };
        self.append(&key, &submission).map_err(|source| io_error("write to", &self.path, source))?;
        self.submissions.insert(key, submission);
        Ok(())
    }

    fn append(&mut self, key: &Key, submission: &Submission) -> io::Result<()> {
        // What an earlier failure may have left.
        self.file.set_len(self.length)?;
        let line = line(key, submission)?;
        self.file.write_all(&line)?;
        self.file.sync_data()?;
        self.length += line.len() as u64;
        Ok(())
    }
}

fn read(path: &Path) -> Result<HashMap<Key, Submission>, LedgerError> {
    let bytes = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        read => read.map_err(|source| io_error("read", path, source))?,
    };
    let mut submissions = HashMap::new();
    for (number, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        // A line without its end was being written when the process was killed; the call had not returned.
        let Some(line) = line.strip_suffix(b"\n") else { break };
        let record: Record = serde_json::from_slice(line).map_err(|source| LedgerError::Spoilt {
            file: path.display().to_string(),
            line: number + 1,
            source,
        })?;
        submissions.insert((record.cluster, record.attempt), record.submission);
    }
    Ok(submissions)
}

/// Writes the file anew, one line for each attempt, and opens it for appending.
fn compact(directory: &Path, path: &Path, submissions: &HashMap<Key, Submission>) -> io::Result<File> {
    let fresh = path.with_extension("ndjson.new");
    let mut all: Vec<_> = submissions.iter().collect();
    all.sort_by_key(|(key, submission)| (submission.intended_at, *key));
    let mut bytes = Vec::new();
    for (key, submission) in all {
        bytes.extend(line(key, submission)?);
    }
    let mut file = File::create(&fresh)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&fresh, path)?;
    sync_directory(directory)?;
    OpenOptions::new().append(true).open(path)
}

fn line((cluster, attempt): &Key, submission: &Submission) -> io::Result<Vec<u8>> {
    let record = Record { cluster: cluster.clone(), attempt: attempt.clone(), submission: submission.clone() };
    let mut line = serde_json::to_vec(&record)?;
    line.push(b'\n');
    Ok(line)
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
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(inner.submissions.get(&(inner.cluster.clone(), attempt.clone())).cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(task: &str) -> Attempt {
        Attempt { namespace: "ns".into(), task: task.into(), number: 1 }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[tokio::test]
    async fn what_was_noted_is_there_after_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let ledger = FileLedger::open(directory.path(), "a").unwrap();
        ledger.intend(&attempt("one"), at(1)).await.unwrap();
        ledger.intend(&attempt("one"), at(2)).await.unwrap();
        ledger.created(&attempt("one"), "uid-1", at(3)).await.unwrap();
        ledger.created(&attempt("one"), "uid-1", at(4)).await.unwrap();
        ledger.intend(&attempt("two"), at(5)).await.unwrap();
        let other = ledger.created(&attempt("one"), "uid-2", at(6)).await.unwrap_err();
        assert!(matches!(other, LedgerError::OtherJob { .. }), "{other}");
        assert!(matches!(FileLedger::open(directory.path(), "a"), Err(LedgerError::InUse(_))));
        drop(ledger);

        // Half a line, as a crash leaves it.
        let path = directory.path().join("submissions.ndjson");
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"cluster\":\"a\",\"names").unwrap();
        let ledger = FileLedger::open(directory.path(), "a").unwrap();
        let one = Submission { intended_at: at(1), job_uid: Some("uid-1".into()) };
        assert_eq!(ledger.lookup(&attempt("one")).await.unwrap(), Some(one));
        assert_eq!(ledger.lookup(&attempt("two")).await.unwrap().unwrap().job_uid, None);
        assert_eq!(ledger.lookup(&attempt("three")).await.unwrap(), None);
        ledger.created(&attempt("three"), "uid-3", at(7)).await.unwrap();
        drop(ledger);
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 3, "compacted, then one more");

        let elsewhere = FileLedger::open(directory.path(), "b").unwrap();
        assert_eq!(elsewhere.lookup(&attempt("one")).await.unwrap(), None);
    }

    #[test]
    fn a_file_of_something_else_is_not_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("submissions.ndjson");
        fs::write(&path, "hello\n").unwrap();
        assert!(matches!(FileLedger::open(directory.path(), "a"), Err(LedgerError::Spoilt { line: 1, .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "hello\n");
    }
}
