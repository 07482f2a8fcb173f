//! How a command ended.

use jiff::Timestamp;
use rustix::process::WaitStatus;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

/// Whether a signal tells a process to end.
pub(super) const fn ends(signal: i32) -> bool {
    matches!(signal, SIGTERM | SIGINT | SIGQUIT | SIGHUP)
}

/// What told a command to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// A signal to the agent: the Pod is to end.
    Signal(i32),
    /// The API: the task is cancelled.
    Cancel,
    /// The API: another agent runs the attempt now.
    Replaced,
    /// Its time is over.
    OutOfTime,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ending {
    /// What told it to, where something did.
    pub told: Option<Told>,
    /// Whether it, or what it left, had to be killed.
    pub killed: bool,
    pub(super) status: Option<WaitStatus>,
}

/// The end of a command.
#[derive(Debug, Clone, Copy)]
pub struct End {
    /// How it ended.
    pub ending: Ending,
    /// When it was started.
    pub started_at: Timestamp,
    /// When it had ended.
    pub finished_at: Timestamp,
}

impl End {
    /// Its own exit code, or 128 and the number of the signal that ended it.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let status = self.ending.status.as_ref();
        if let Some(signal) = self.signal() {
            return crate::exit::of_signal(signal);
        }
        let code = status.and_then(|status| status.exit_status());
        // The kernel keeps eight bits of it.
        code.and_then(|code| u8::try_from(code).ok()).unwrap_or(crate::exit::AGENT)
    }

    /// The signal that ended it.
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        self.ending.status.as_ref().and_then(|status| status.terminating_signal())
    }

    /// Whether it ended with 0, and nobody had told it to end.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.ending.told.is_none() && self.exit_code() == 0
    }
}
