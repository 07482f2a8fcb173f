//! A journal in a keruta server.

use std::collections::HashSet;
use std::future::Future;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use keruta_api::client::{Client, ClientError, ContainerRun};
use keruta_api::{
    AttemptPhase, AttemptStatus, CapturedEntry, CapturedGap, CapturedLine, CapturedLog, LogLevel,
    TaskStatus as ApiStatus,
};
use keruta_manifest::task::TaskStatus;
use serde_json::Value;
use tracing::{debug, warn};

use super::{Journal, JournalError, Progress, StatusChange};
use crate::attempt::Attempt;
use crate::logs::{Cursor, Level, LogEntry, LogLine, LogSource};
use crate::verdict::Verdict;

/// The longest wait that a server can ask for (`Retry-After`) before a call fails.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How often a server that asks for patience is asked again in one call.
const TRIES: u32 = 5;

/// What is shown to the server.
#[derive(Clone, Default)]
pub enum JournalToken {
    /// Nothing.
    #[default]
    None,
    /// This token.
    Text(String),
    /// What is in this file, read again where the server refuses it: it may have been changed.
    File(PathBuf),
}

impl std::fmt::Debug for JournalToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Text(_) => f.write_str("Text(…)"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

/// Keeps statuses, verdicts and logs in a keruta server, which has the tasks and does not run them (its setting `enabled` is off).
///
/// A batch and its cursor are one request, which the server keeps in one step, and once. Where the server is away, calls fail, and
/// whoever calls calls again: nothing is read of a log meanwhile, so that nothing piles up here and nothing is lost. Progress is
/// dropped then. What is told of tasks that the server does not have is passed over, with a warning.
///
/// ```no_run
/// # fn main() -> Result<(), keruta_submitter::journal::JournalError> {
/// use keruta_submitter::journal::{HttpJournal, JournalToken};
///
/// let token = JournalToken::File("/run/secrets/keruta/token".into());
/// let journal = HttpJournal::open("https://keruta.example", token)?;
/// # let _ = journal;
/// # Ok(())
/// # }
/// ```
pub struct HttpJournal {
    address: String,
    token: JournalToken,
    /// The client, and the token that it shows.
    client: Mutex<(Client, Option<String>)>,
    /// The attempts that the server does not have, which was told.
    unknown: Mutex<HashSet<Attempt>>,
}

impl std::fmt::Debug for HttpJournal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpJournal").field("address", &self.address).finish_non_exhaustive()
    }
}

impl HttpJournal {
    /// A journal in the server at an address. Nothing is asked of it yet.
    ///
    /// # Errors
    ///
    /// Where the address is none, or the token cannot be read.
    pub fn open(address: &str, token: JournalToken) -> Result<Self, JournalError> {
        let failed = |error| JournalError::new(format!("be opened at {address}"), error);
        let shown = read_token(&token)?;
        let client = connect(address, shown.as_deref()).map_err(failed)?;
        let client = Mutex::new((client, shown));
        Ok(Self { address: address.to_owned(), token, client, unknown: Mutex::default() })
    }

    /// Asks the server; again at once where it asks for patience, and with a new token where there is one.
    async fn ask<T, A, F>(&self, action: String, ask: A) -> Result<T, Failed>
    where
        A: Fn(Client) -> F,
        F: Future<Output = Result<T, ClientError>> + Send,
    {
        let mut tries = 0;
        loop {
            let client = locked(&self.client).0.clone();
            let error = match ask(client).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            tries += 1;
            match &error {
                ClientError::Refused { retry_after: Some(wait), .. } if error.is_transient() && tries < TRIES => {
                    debug!(%error, ?wait, "the server asks for patience");
                    tokio::time::sleep((*wait).min(LONGEST_WAIT)).await;
                }
                ClientError::Refused { status, .. }
                    if status.as_u16() == 401 && tries < TRIES && self.has_new_token() => {}
                _ => return Err(Failed { action, error }),
            }
        }
    }

    /// Reads the token's file again; whether there is another one in it, which is shown from now on.
    fn has_new_token(&self) -> bool {
        let Ok(read) = read_token(&self.token) else { return false };
        let mut client = locked(&self.client);
        if read == client.1 {
            return false;
        }
        let Ok(connected) = connect(&self.address, read.as_deref()) else { return false };
        *client = (connected, read);
        true
    }

    /// What became of a call; `None` where the server has no such attempt.
    fn known<T>(&self, attempt: &Attempt, answer: Result<T, Failed>) -> Result<Option<T>, JournalError> {
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(failed) if failed.error.status().is_some_and(|status| status.as_u16() == 404) => {
                if locked(&self.unknown).insert(attempt.clone()) {
                    warn!(%attempt, server = %self.address, "the server has no such attempt, and keeps nothing of it");
                }
                Ok(None)
            }
            Err(failed) => Err(failed.into()),
        }
    }
}

/// A call of no use.
struct Failed {
    action: String,
    error: ClientError,
}

impl From<Failed> for JournalError {
    fn from(failed: Failed) -> Self {
        Self::new(failed.action, failed.error)
    }
}

fn connect(address: &str, token: Option<&str>) -> Result<Client, ClientError> {
    let builder = Client::builder(address);
    match token {
        Some(token) => builder.token(token).build(),
        None => builder.build(),
    }
}

fn read_token(token: &JournalToken) -> Result<Option<String>, JournalError> {
    match token {
        JournalToken::None => Ok(None),
        JournalToken::Text(text) => Ok(Some(text.trim().to_owned())),
        JournalToken::File(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| JournalError::new(format!("read the token in {}", path.display()), error))?;
            Ok(Some(text.trim().to_owned()))
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code that panics runs under the lock.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Journal for HttpJournal {
    async fn status(&self, change: &StatusChange) -> Result<(), JournalError> {
        let attempt = &change.attempt;
        let told = AttemptStatus {
            namespace: attempt.namespace.clone(),
            at: change.at,
            status: status(change.status),
            reason: change.verdict.as_ref().map(|verdict| verdict.evidence.summary.replace('\0', "\u{fffd}")),
            verdict: change.verdict.as_ref().map(json),
        };
        let (told, id) = (&told, &attempt.task);
        let ask = |client: Client| async move { client.set_attempt_status(id, attempt.number, told).await };
        let answer = self.ask(format!("keep the status of {attempt}"), ask).await;
        self.known(attempt, answer).map(drop)
    }

    async fn verdict(&self, attempt: &Attempt) -> Result<Option<Verdict>, JournalError> {
        let id = &attempt.task;
        let ask = |client: Client| async move { client.attempt_verdict(id, attempt.number).await };
        let answer = self.ask(format!("look up the verdict of {attempt}"), ask).await;
        let verdict = self.known(attempt, answer)?.and_then(|answer| answer.verdict);
        verdict
            .map(serde_json::from_value)
            .transpose()
            .map_err(|error| JournalError::new(format!("read the verdict of {attempt}"), error))
    }

    async fn progress(&self, progress: &Progress) -> Result<(), JournalError> {
        let attempt = &progress.attempt;
        let mut phase = json(&progress.phase);
        if let (Value::Object(phase), Some(pod)) = (&mut phase, &progress.pod) {
            phase.insert("pod".to_owned(), Value::from(pod.as_str()));
        }
        let told = AttemptPhase { namespace: attempt.namespace.clone(), at: progress.at, phase };
        let client = locked(&self.client).0.clone();
        if let Err(error) = client.set_attempt_phase(&attempt.task, attempt.number, &told).await {
            debug!(%error, %attempt, "the server was not told of progress");
        }
        Ok(())
    }

    async fn log(&self, source: &LogSource, entries: &[LogEntry], cursor: &Cursor) -> Result<(), JournalError> {
        let (attempt, run) = (&source.attempt, run(source));
        let batch = CapturedLog { entries: entries.iter().map(entry).collect(), cursor: json(cursor) };
        let (batch, run, id) = (&batch, &run, &attempt.task);
        let ask = |client: Client| async move { client.append_captured(id, attempt.number, run, batch).await };
        let answer = self.ask(format!("keep the log of {} of {attempt}", source.container), ask).await;
        self.known(attempt, answer).map(drop)
    }

    async fn log_cursor(&self, source: &LogSource) -> Result<Option<Cursor>, JournalError> {
        let (attempt, run) = (&source.attempt, run(source));
        let (run, id) = (&run, &attempt.task);
        let ask = |client: Client| async move { client.captured_cursor(id, attempt.number, run).await };
        let answer = self.ask(format!("look up the log of {} of {attempt}", source.container), ask).await;
        let cursor = self.known(attempt, answer)?.and_then(|answer| answer.cursor);
        cursor
            .map(serde_json::from_value)
            .transpose()
            .map_err(|error| JournalError::new(format!("read how far the log of {attempt} was kept"), error))
    }
}

fn run(source: &LogSource) -> ContainerRun {
    ContainerRun {
        namespace: source.attempt.namespace.clone(),
        job: source.job.clone(),
        pod: source.pod.clone(),
        pod_uid: source.pod_uid.clone(),
        container: source.container.clone(),
        restart: source.restart,
    }
}

/// Verdicts, phases and cursors are made of texts and numbers: always JSON.
fn json(value: &impl serde::Serialize) -> Value {
    let mut value = serde_json::to_value(value).unwrap_or_default();
    without_nul(&mut value);
    value
}

/// The server takes no NUL in texts, and a verdict may quote a line with one.
fn without_nul(value: &mut Value) {
    match value {
        Value::String(text) if text.contains('\0') => *text = text.replace('\0', "\u{fffd}"),
        Value::Array(items) => items.iter_mut().for_each(without_nul),
        Value::Object(fields) => fields.values_mut().for_each(without_nul),
        _ => {}
    }
}

fn entry(entry: &LogEntry) -> CapturedEntry {
    match entry {
        LogEntry::Line(line) => CapturedEntry::Line(captured(line)),
        LogEntry::Gap(gap) => {
            CapturedEntry::Gap(CapturedGap { after: gap.after, before: gap.before, reason: gap.reason.clone() })
        }
    }
}

fn captured(line: &LogLine) -> CapturedLine {
    // What JSON would escape takes up to six bytes there; base64 takes a third more of all.
    let escaped = line.message.iter().filter(|byte| **byte < 0x20 || b"\"\\".contains(byte)).count();
    let text = std::str::from_utf8(&line.message).ok();
    let text = text.filter(|text| escaped <= text.len() / 15 && !text.contains('\0'));
    CapturedLine {
        number: line.number,
        timestamp: line.timestamp,
        level: match line.level {
            Level::Debug => LogLevel::Debug,
            Level::Info => LogLevel::Info,
            Level::Warn => LogLevel::Warn,
            Level::Error => LogLevel::Error,
        },
        message: text.map(str::to_owned),
        message_base64: text.is_none().then(|| STANDARD.encode(&line.message)),
        continues: line.continues,
    }
}

const fn status(status: TaskStatus) -> ApiStatus {
    match status {
        TaskStatus::Pending => ApiStatus::Pending,
        TaskStatus::InProgress => ApiStatus::InProgress,
        TaskStatus::WaitingForInput => ApiStatus::WaitingForInput,
        TaskStatus::Completed => ApiStatus::Completed,
        TaskStatus::Failed => ApiStatus::Failed,
        TaskStatus::Cancelled => ApiStatus::Cancelled,
    }
}

#[cfg(test)]
mod tests;
