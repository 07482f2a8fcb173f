//! A submitter that dies at a chosen step: before or after a request, a line of the journal, an entry of the ledger.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use keruta_submitter::journal::{
    Journal, JournalError, Ledger, LedgerError, MemoryJournal, MemoryLedger, Progress, StatusChange, Submission,
};
use keruta_submitter::logs::{Cursor, LogEntry, LogSource};
use keruta_submitter::{Attempt, Verdict};
use tokio::sync::Notify;

/// Counts the steps of one process, and stops it for ever at one of them.
#[derive(Default)]
pub(crate) struct Killer {
    /// The step at which the process dies, from 1; 0 for never.
    at: u64,
    /// Or the first step whose name begins so.
    named: Option<String>,
    taken: AtomicU64,
    dead: AtomicBool,
    last: Mutex<String>,
    killed: Notify,
}

impl Killer {
    pub(crate) fn at(step: Option<u64>) -> Arc<Self> {
        Arc::new(Self { at: step.unwrap_or_default(), ..Self::default() })
    }

    /// One that stops a process at the first step whose name begins so.
    pub(crate) fn named(name: &str) -> Arc<Self> {
        Arc::new(Self { named: Some(name.to_owned()), ..Self::default() })
    }

    /// Takes a step. The one at which the process dies never ends.
    pub(crate) async fn step(&self, name: &str) {
        let dead = self.dead.load(Ordering::SeqCst);
        let is_named = self.named.as_ref().is_some_and(|wanted| name.starts_with(wanted.as_str()));
        if !dead && (self.taken.fetch_add(1, Ordering::SeqCst) + 1 == self.at || is_named) {
            name.clone_into(&mut self.last.lock().unwrap());
            self.dead.store(true, Ordering::SeqCst);
            self.killed.notify_one();
        }
        if self.dead.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until the process is dead.
    pub(crate) async fn killed(&self) {
        self.killed.notified().await;
    }

    /// The step at which it died.
    pub(crate) fn last(&self) -> String {
        self.last.lock().unwrap().clone()
    }

    /// A client whose every request is two steps.
    pub(crate) fn client(self: &Arc<Self>, inner: &kube::Client) -> kube::Client {
        let (killer, inner) = (Arc::clone(self), inner.clone());
        let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
            let (killer, inner) = (Arc::clone(&killer), inner.clone());
            async move {
                let name = format!("{} {}", request.method(), request.uri().path());
                killer.step(&format!("before {name}")).await;
                let answer = inner.send(request).await;
                killer.step(&format!("after {name}")).await;
                answer
            }
        });
        kube::Client::new(service, "default")
    }
}

/// A journal that outlives the process, and that remembers all that it was ever told.
pub(crate) struct KilledJournal {
    pub(crate) killer: Arc<Killer>,
    pub(crate) kept: Arc<MemoryJournal>,
    pub(crate) told: Arc<Mutex<Vec<StatusChange>>>,
}

#[async_trait]
impl Journal for KilledJournal {
    async fn status(&self, change: &StatusChange) -> Result<(), JournalError> {
        self.killer.step("before a status").await;
        self.told.lock().unwrap().push(change.clone());
        self.kept.status(change).await?;
        self.killer.step("after a status").await;
        Ok(())
    }

    async fn verdict(&self, attempt: &Attempt) -> Result<Option<Verdict>, JournalError> {
        self.kept.verdict(attempt).await
    }

    async fn progress(&self, progress: &Progress) -> Result<(), JournalError> {
        self.kept.progress(progress).await
    }

    async fn log(&self, source: &LogSource, entries: &[LogEntry], cursor: &Cursor) -> Result<(), JournalError> {
        self.killer.step("before log lines").await;
        self.kept.log(source, entries, cursor).await?;
        self.killer.step("after log lines").await;
        Ok(())
    }

    async fn log_cursor(&self, source: &LogSource) -> Result<Option<Cursor>, JournalError> {
        self.kept.log_cursor(source).await
    }
}

/// A ledger that outlives the process.
pub(crate) struct KilledLedger {
    pub(crate) killer: Arc<Killer>,
    pub(crate) kept: Arc<MemoryLedger>,
}

#[async_trait]
impl Ledger for KilledLedger {
    async fn intend(&self, attempt: &Attempt, at: Timestamp) -> Result<(), LedgerError> {
        self.killer.step("before the intent").await;
        self.kept.intend(attempt, at).await?;
        self.killer.step("after the intent").await;
        Ok(())
    }

    async fn created(&self, attempt: &Attempt, job_uid: &str, at: Timestamp) -> Result<(), LedgerError> {
        self.killer.step("before the record").await;
        self.kept.created(attempt, job_uid, at).await?;
        self.killer.step("after the record").await;
        Ok(())
    }

    async fn lookup(&self, attempt: &Attempt) -> Result<Option<Submission>, LedgerError> {
        self.kept.lookup(attempt).await
    }
}
