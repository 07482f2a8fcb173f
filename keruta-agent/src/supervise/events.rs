//! What the supervisor waits for: signals, and the word of other threads.

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

use signal_hook::consts::{SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};
use signal_hook::iterator::Signals;

/// What is taken from the process: what ends it, what is passed on, and the end of children.
const TAKEN: [i32; 9] = [SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT, SIGCHLD];

/// Something that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A signal came.
    Signal(i32),
    /// The API says that the task is cancelled.
    Cancel,
    /// The API says that another agent runs the attempt now.
    Replaced,
    /// A stream of the command's output has ended.
    Closed,
}

/// Tells the supervisor of something.
#[derive(Debug, Clone)]
pub struct Waker(Sender<Event>);

impl Waker {
    /// Tells it. Where it is gone, there is nobody to be told.
    pub fn wake(&self, event: Event) {
        let _ = self.0.send(event);
    }
}

#[derive(Debug)]
pub(super) struct Events {
    events: Receiver<Event>,
    waker: Sender<Event>,
}

impl Events {
    pub(super) fn start() -> io::Result<Self> {
        let (waker, events) = channel();
        let mut signals = Signals::new(TAKEN)?;
        let to = waker.clone();
        let forward = move || {
            for signal in signals.forever() {
                if to.send(Event::Signal(signal)).is_err() {
                    return;
                }
            }
        };
        std::thread::Builder::new().name("signals".to_owned()).stack_size(crate::output::STACK).spawn(forward)?;
        Ok(Self { events, waker })
    }

    pub(super) fn waker(&self) -> Waker {
        Waker(self.waker.clone())
    }

    /// The next event; `None` where none came in time.
    pub(super) fn next(&self, until: Option<Instant>) -> Option<Event> {
        match until {
            // There is a sender in here, so that it never ends.
            None => self.events.recv().ok(),
            // The time is over.
            Some(until) => self.events.recv_timeout(until.saturating_duration_since(Instant::now())).ok(),
        }
    }
}
