//! Telling the API where the task stands, and hearing from it whether it is cancelled. In a thread of its own: the task never
//! waits for the API.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use keruta_api::{StatusUpdate, TaskStatus};

use crate::api::{Api, ApiError};
use crate::backoff::Backoff;
use crate::diagnostics::{debug, info, warning};
use crate::supervise::{Event, Waker};

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

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
}

enum Order {
    Say(TaskStatus, Option<String>),
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
            poll,
            waker,
            pauses,
            pending: VecDeque::new(),
            cancelled: false,
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
    poll: Duration,
    waker: Waker,
    pauses: Backoff,
    pending: VecDeque<(TaskStatus, Option<String>)>,
    cancelled: bool,
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
            if let Some(end) = end {
                until = until.min(end);
            }
            match orders.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Order::Say(status, reason)) => {
                    // Where the API is away, what was between is history.
                    self.pending.truncate(1);
                    self.pending.push_back((status, reason));
                }
                Ok(Order::Finish(last, until)) => {
                    end = Some(until);
                    // What was under way is history when the end is known.
                    self.last = LastWord::Given;
                    self.pending.clear();
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

    /// Says what is first in line; how long to wait with the next.
    fn tell(&mut self) -> Duration {
        let Some((status, reason)) = self.pending.front().cloned() else { return Duration::ZERO };
        if self.attempt.is_none() {
            // Without its number a late word would be taken for the next attempt's.
            match self.api.standing(&self.task) {
                Ok(standing) => self.attempt = Some(standing.attempt),
                Err(error) => return self.failed(&error),
            }
        }
        match self.api.set_status(&self.task, &StatusUpdate { status, attempt: self.attempt, reason }) {
            Ok(()) => {
                debug!("the API knows that the task is {status}");
                self.pauses.reset();
                self.complained = false;
                self.heard.store(true, Ordering::Relaxed);
                self.pending.pop_front();
                Duration::ZERO
            }
            Err(error) => self.failed(&error),
        }
    }

    /// What to do about a failure: how long to wait, or what not to say again.
    fn failed(&mut self, error: &ApiError) -> Duration {
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
                // It knows better: the task has ended there already, or another attempt is the present one.
                info!("{error}");
                if error.is_other_attempt() {
                    self.cancel();
                }
                self.pending.pop_front();
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
                    self.cancel();
                }
                self.poll
            }
            Err(error) => {
                debug!("{error}");
                self.pauses.pause().max(self.poll)
            }
        }
    }

    fn cancel(&mut self) {
        if !self.cancelled {
            self.cancelled = true;
            self.waker.wake(Event::Cancel);
        }
    }
}
