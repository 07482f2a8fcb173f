//! The thread that shows, and the journal that leads there.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use async_trait::async_trait;
use keruta_input::failure::Failure;
use keruta_input::terminal::Stdout;
use keruta_submitter::Phase;
use keruta_submitter::journal::{Journal, JournalError, Progress, StatusChange};
use keruta_submitter::logs::{Cursor, LogEntry, LogSource};
use keruta_submitter::{Attempt, Verdict};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::event::Event;
use super::text;

/// More events than these wait until they are shown.
const BACKLOG: usize = 64;

/// A way to show.
pub(crate) trait Show: Send {
    /// Shows an event.
    fn show(&mut self, event: Event, stdout: &mut Stdout) -> Result<(), Failure>;
}

/// Where events are shown.
#[derive(Debug)]
pub(crate) struct Screen {
    events: mpsc::Sender<Event>,
    thread: Mutex<Option<JoinHandle<Result<(), Failure>>>>,
}

impl Screen {
    pub(crate) fn start(mut show: Box<dyn Show>, closed: CancellationToken) -> Arc<Self> {
        let (events, mut receiver) = mpsc::channel(BACKLOG);
        let thread = std::thread::spawn(move || {
            let shown = (|| {
                let mut stdout = Stdout::new()?;
                while let Some(event) = receiver.blocking_recv() {
                    show.show(event, &mut stdout)?;
                }
                Ok(())
            })();
            if shown.is_err() {
                closed.cancel();
            }
            shown
        });
        Arc::new(Self { events, thread: Mutex::new(Some(thread)) })
    }

    /// Shows an event, when those before it are shown.
    pub(crate) async fn show(&self, event: Event) {
        // Nobody looks any more: whoever waits for that was told.
        let _ = self.events.send(event).await;
    }

    /// Waits until all is shown; to be called when everybody else has let go of it.
    pub(crate) fn close(self: Arc<Self>) -> Result<(), Failure> {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(self);
        match thread.map(JoinHandle::join) {
            Some(Ok(shown)) => shown,
            // The panic was told where it happened.
            Some(Err(_)) | None => Ok(()),
        }
    }
}

/// Shows what a follower writes about the attempts that are ours, and tells how they end.
pub(crate) struct ViewJournal {
    screen: Arc<Screen>,
    logs: bool,
    ours: Mutex<HashSet<Attempt>>,
    cursors: Mutex<HashMap<LogSource, Cursor>>,
    verdicts: Mutex<HashMap<Attempt, Verdict>>,
    /// What each does that has not ended.
    doing: Mutex<HashMap<Attempt, Phase>>,
    ends: mpsc::UnboundedSender<(Attempt, Verdict)>,
}

impl ViewJournal {
    /// A journal, and where the ends are told.
    pub(crate) fn new(screen: Arc<Screen>, logs: bool) -> (Arc<Self>, mpsc::UnboundedReceiver<(Attempt, Verdict)>) {
        let (ends, receiver) = mpsc::unbounded_channel();
        let (ours, cursors, verdicts, doing) = Default::default();
        (Arc::new(Self { screen, logs, ours, cursors, verdicts, doing, ends }), receiver)
    }

    /// Shows this attempt from now on.
    pub(crate) fn add(&self, attempt: &Attempt) {
        lock(&self.ours).insert(attempt.clone());
    }

    /// What an attempt does now, in a few words.
    pub(crate) fn doing(&self, attempt: &Attempt) -> Option<String> {
        lock(&self.doing).get(attempt).map(text::phase)
    }

    fn has(&self, attempt: &Attempt) -> bool {
        lock(&self.ours).contains(attempt)
    }
}

#[async_trait]
impl Journal for ViewJournal {
    async fn status(&self, change: &StatusChange) -> Result<(), JournalError> {
        if !self.has(&change.attempt) {
            return Ok(());
        }
        let fresh = match &change.verdict {
            Some(verdict) => {
                lock(&self.doing).remove(&change.attempt);
                lock(&self.verdicts).insert(change.attempt.clone(), verdict.clone()).is_none()
            }
            None => true,
        };
        if !fresh {
            return Ok(());
        }
        self.screen.show(Event::Status(change.clone())).await;
        if let Some(verdict) = &change.verdict {
            // Nobody waits any more where this fails.
            let _ = self.ends.send((change.attempt.clone(), verdict.clone()));
        }
        Ok(())
    }

    async fn verdict(&self, attempt: &Attempt) -> Result<Option<Verdict>, JournalError> {
        Ok(lock(&self.verdicts).get(attempt).cloned())
    }

    async fn progress(&self, progress: &Progress) -> Result<(), JournalError> {
        if self.has(&progress.attempt) {
            lock(&self.doing).insert(progress.attempt.clone(), progress.phase.clone());
            self.screen.show(Event::Progress(progress.clone())).await;
        }
        Ok(())
    }

    async fn log(&self, source: &LogSource, entries: &[LogEntry], cursor: &Cursor) -> Result<(), JournalError> {
        if self.logs && !entries.is_empty() && self.has(&source.attempt) {
            self.screen.show(Event::Log { source: source.clone(), entries: entries.to_vec() }).await;
        }
        lock(&self.cursors).insert(source.clone(), cursor.clone());
        Ok(())
    }

    async fn log_cursor(&self, source: &LogSource) -> Result<Option<Cursor>, JournalError> {
        Ok(lock(&self.cursors).get(source).cloned())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
