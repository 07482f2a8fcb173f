//! Telling the API where the task stands, and hearing from it whether it is cancelled. In a thread of its own: the task never
//! waits for the API.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use keruta_api::{ProgressUpdate, StatusUpdate, TaskStatus};

use crate::api::{Api, ApiError, Replaced};
use crate::backoff::Backoff;
use crate::diagnostics::{debug, info, warning};
use crate::supervise::{Event, Waker};

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How often the API hears how far the work is, at most.
const PROGRESS: Duration = Duration::from_secs(1);

/// The thread that talks to the API.
#[derive(Debug)]
pub struct Reporter {
    orders: Sender<Order>,
    heard: Arc<AtomicBool>,
    thread: JoinHandle<bool>,
}

/// Has the reporter say something, for whoever has this.
#[derive(Debug, Clone)]
pub(crate) struct Teller(Sender<Order>);

impl Teller {
    /// Says where the task stands.
    pub(crate) fn say(&self, status: TaskStatus, reason: Option<String>) {
        let _ = self.0.send(Order::Say(status, reason));
    }

    /// Says how far the work is; of several only the last.
    pub(crate) fn progress(&self, progress: ProgressUpdate) {
        let _ = self.0.send(Order::Progress(progress));
    }
}

enum Order {
    Say(TaskStatus, Option<String>),
    Progress(ProgressUpdate),
    Finish(Option<(TaskStatus, Option<String>)>, Instant),
}

impl Reporter {
    /// Begins to ask every `poll` whether the task is cancelled, and wakes the supervisor where it is.
    ///
    /// # Errors
    ///
    /// Where there is no room for a thread.
    pub fn start(api: Api, task: &str, attempt: Option<u32>, poll: Duration, waker: Waker) -> std::io::Result<Self> {
        let (orders, taken) = channel();
        let heard = Arc::new(AtomicBool::new(false));
        let pauses = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE.min(poll.max(FIRST_PAUSE) * 4));
        let mut conversation = Talk {
            api,
            task: task.to_owned(),
            attempt,
            epoch: None,
            poll,
            waker,
            pauses,
            pending: VecDeque::new(),
            status: None,
            progress: None,
            next_progress: Instant::now(),
            told_to_end: false,
            complained: false,
            heard: Arc::clone(&heard),
            last: LastWord::NotYet,
        };
        let thread = std::thread::Builder::new().name("api".to_owned()).spawn(move || conversation.run(&taken))?;
        Ok(Self { orders, heard, thread })
    }

    /// Says where the task stands, as soon as the API hears it.
    pub fn say(&self, status: TaskStatus, reason: Option<String>) {
        let _ = self.orders.send(Order::Say(status, reason));
    }

    /// What other threads say something by.
    pub(crate) fn teller(&self) -> Teller {
        Teller(self.orders.clone())
    }

    /// Whether the API has ever answered.
    #[must_use]
    pub fn has_heard(&self) -> bool {
        self.heard.load(Ordering::Relaxed)
    }

    /// Says the last word, and waits until it was heard or the time is over. `false` where something was not heard.
    #[must_use]
    pub fn finish(self, last: Option<(TaskStatus, Option<String>)>, until: Instant) -> bool {
        let _ = self.orders.send(Order::Finish(last, until));
        self.thread.join().unwrap_or(false)
    }
}

struct Talk {
    api: Api,
    task: String,
    attempt: Option<u32>,
    /// Which of the attempt's agents this is, once the API has said so.
    epoch: Option<u64>,
    poll: Duration,
    waker: Waker,
    pauses: Backoff,
    pending: VecDeque<(TaskStatus, Option<String>)>,
    /// What the API last heard.
    status: Option<TaskStatus>,
    progress: Option<ProgressUpdate>,
    next_progress: Instant,
    told_to_end: bool,
    complained: bool,
    heard: Arc<AtomicBool>,
    last: LastWord,
}

/// What became of the last word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LastWord {
    /// The task goes on.
    NotYet,
    /// It is being said.
    Given,
    /// The API will not have it.
    Refused,
}

impl Talk {
    fn run(&mut self, orders: &Receiver<Order>) -> bool {
        let mut next_poll = Instant::now() + self.poll;
        let mut next_try = Instant::now();
        let mut end = None;
        loop {
            self.note_progress();
            if !self.pending.is_empty() && Instant::now() >= next_try {
                next_try = Instant::now() + self.tell();
            }
            if let Some(end) = end
                && (self.pending.is_empty() || Instant::now() >= end)
            {
                return self.pending.is_empty() && self.last != LastWord::Refused;
            }
            if end.is_none() && Instant::now() >= next_poll {
                next_poll = Instant::now() + self.ask();
            }
            let mut until = if end.is_none() { next_poll } else { next_try };
            if !self.pending.is_empty() {
                until = until.min(next_try);
            }
            if self.progress.is_some() && self.pending.is_empty() {
                until = until.min(self.next_progress);
            }
            if let Some(end) = end {
                until = until.min(end);
            }
            match orders.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Order::Say(status, reason)) => {
                    // Where the API is away, what was between is history.
                    self.pending.truncate(1);
                    self.pending.push_back((status, reason));
                }
                Ok(Order::Progress(progress)) => self.progress = Some(progress),
                Ok(Order::Finish(last, until)) => {
                    end = Some(until);
                    // What was under way is history when the end is known.
                    self.last = LastWord::Given;
                    self.pending.clear();
                    let last = last.or_else(|| Some((self.status.filter(|_| self.progress.is_some())?, None)));
                    self.pending.extend(last);
                    self.pauses.reset();
                    next_try = Instant::now();
                }
                Err(RecvTimeoutError::Timeout) => {}
                // The agent gave up before the end.
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }

    /// Puts what is known of the progress in line, where nothing is there that it could go with.
    fn note_progress(&mut self) {
        if let (Some(status), Some(_)) = (self.status, &self.progress)
            && self.pending.is_empty()
            && !status.is_final()
            && Instant::now() >= self.next_progress
        {
            self.next_progress = Instant::now() + PROGRESS;
            self.pending.push_back((status, None));
        }
    }

    /// Says what is first in line; how long to wait with the next.
    fn tell(&mut self) -> Duration {
        let Some((status, reason)) = self.pending.front().cloned() else { return Duration::ZERO };
        if self.epoch.is_none() {
            // Without these a late word would be taken for another attempt's, or another agent's.
            match self.api.begin(&self.task, self.attempt) {
                Ok(begun) => (self.attempt, self.epoch) = (Some(begun.attempt), Some(begun.epoch)),
                Err(error) => return self.failed(&error),
            }
        }
        let progress = self.progress.clone();
        let update = StatusUpdate { status, attempt: self.attempt, epoch: self.epoch, reason, progress };
        match self.api.set_status(&self.task, &update) {
            Ok(()) => {
                debug!("the API knows that the task is {status}");
                self.pauses.reset();
                self.complained = false;
                self.heard.store(true, Ordering::Relaxed);
                self.pending.pop_front();
                self.status = Some(status);
                if update.progress == self.progress {
                    self.progress = None;
                }
                Duration::ZERO
            }
            Err(error) => self.failed(&error),
        }
    }

    /// What to do about a failure: how long to wait, or what not to say again.
    fn failed(&mut self, error: &ApiError) -> Duration {
        if let Some(replaced) = error.replaced() {
            info!("{error}");
            self.end(replaced);
            self.pending.clear();
            self.progress = None;
            return Duration::ZERO;
        }
        match error {
            // It will not have another token, or another task, in the time that is left.
            ApiError::Refused { .. } | ApiError::NotFound { .. } if self.last == LastWord::Given => {
                warning!("{error}");
                self.last = LastWord::Refused;
                self.pending.clear();
                Duration::ZERO
            }
            ApiError::Unavailable { .. } | ApiError::Refused { .. } | ApiError::NotFound { .. } => {
                if self.complained {
                    debug!("{error}");
                } else {
                    self.complained = true;
                    warning!("{error}; the task goes on, and the API is asked again");
                }
                self.pauses.pause()
            }
            error => {
                // It knows better: the task has ended there already.
                info!("{error}");
                self.pending.pop_front();
                self.progress = None;
                Duration::ZERO
            }
        }
    }

    /// Asks where the task stands; how long to wait before asking again.
    fn ask(&mut self) -> Duration {
        match self.api.standing(&self.task) {
            Ok(standing) => {
                self.pauses.reset();
                self.heard.store(true, Ordering::Relaxed);
                let attempt = *self.attempt.get_or_insert(standing.attempt);
                if standing.cancel_requested || standing.status == TaskStatus::Cancelled || standing.attempt > attempt {
                    self.end(Replaced::ByAttempt);
                } else if self.epoch.is_some_and(|epoch| standing.epoch > epoch) {
                    self.end(Replaced::ByAgent);
                }
                self.poll
            }
            Err(error) => {
                debug!("{error}");
                if let Some(replaced) = error.replaced() {
                    self.end(replaced);
                }
                self.pauses.pause().max(self.poll)
            }
        }
    }

    /// Has the command end.
    fn end(&mut self, why: Replaced) {
        if !std::mem::replace(&mut self.told_to_end, true) {
            self.waker.wake(match why {
                Replaced::ByAttempt => Event::Cancel,
                Replaced::ByAgent => Event::Replaced,
            });
        }
    }
}
