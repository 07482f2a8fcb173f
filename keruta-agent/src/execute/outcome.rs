//! What became of a run, and what follows from it.

use std::io;
use std::path::Path;

use jiff::Timestamp;
use keruta_api::ReceiptOutcome;
use signal_hook::consts::SIGTERM;

use crate::api::ApiError;
use crate::exit;
use crate::supervise::{End, StartError, Told};

/// Why a task came to its end before its command did.
#[derive(Debug)]
pub(super) enum Stop {
    /// It is not valid.
    Invalid(String),
    /// The API refused the agent.
    Refused(ApiError),
    /// Something told the agent to end.
    Told(Told),
    /// Its time was over.
    OutOfTime,
    /// Its repository could not be cloned.
    Clone(End),
    /// Its install script failed.
    Install(End),
    /// A command could not be started.
    Start(StartError),
    /// The container's own disk does not do what it should.
    Local(String),
}

impl Stop {
    pub(super) fn local(what: &str, path: &Path, error: &io::Error) -> Self {
        Self::Local(format!("the agent cannot {what} in {}: {error}", path.display()))
    }
}

/// What became of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) kind: ReceiptOutcome,
    pub(super) exit_code: u8,
    pub(super) signal: Option<i32>,
    pub(super) reason: String,
    pub(super) finished_at: Timestamp,
    /// Whether another Pod would fare alike.
    pub(super) is_for_good: bool,
}

impl Outcome {
    pub(super) fn is(&self, kind: ReceiptOutcome) -> bool {
        self.kind == kind
    }

    pub(super) fn of_end(end: &End) -> Self {
        Self::of(end, "the task's command")
    }

    fn of(end: &End, what: &str) -> Self {
        let how = how(end);
        let (kind, exit_code, reason) = match end.ending.told {
            None if end.exit_code() == 0 => (ReceiptOutcome::Completed, 0, format!("{what} {how}")),
            None => (ReceiptOutcome::Failed, end.exit_code(), format!("{what} {how}")),
            Some(told) => {
                let (kind, code, why) = of_told(told);
                // One that ends with 0 because it was told to has not done its work: its Pod must not read as a success.
                let code = match told {
                    Told::Signal(_) if end.exit_code() != 0 => end.exit_code(),
                    _ => code,
                };
                (kind, code, format!("{why}; {what} {how}"))
            }
        };
        let is_for_good = false;
        Self { kind, exit_code, signal: end.signal(), reason, finished_at: end.finished_at, is_for_good }
    }

    pub(super) fn of_stop(stop: &Stop) -> Self {
        let failed = |code, reason: String, is_for_good| Self {
            kind: ReceiptOutcome::Failed,
            exit_code: code,
            signal: None,
            reason,
            finished_at: Timestamp::now(),
            is_for_good,
        };
        match stop {
            Stop::Invalid(why) => failed(exit::INVALID_TASK, why.clone(), true),
            Stop::Refused(error) => failed(exit::REFUSED, error.to_string(), true),
            Stop::Told(told) => Self::before_the_command(*told),
            Stop::OutOfTime => Self::before_the_command(Told::OutOfTime),
            Stop::Clone(end) => Self::of(end, "git"),
            Stop::Install(end) => Self::of(end, "the install script"),
            Stop::Start(error) => failed(error.exit_code(), error.to_string(), false),
            Stop::Local(why) => failed(exit::AGENT, why.clone(), false),
        }
    }

    fn before_the_command(told: Told) -> Self {
        let (kind, exit_code, why) = of_told(told);
        let reason = format!("{why}, before the task's command was started");
        Self { kind, exit_code, signal: None, reason, finished_at: Timestamp::now(), is_for_good: false }
    }
}

fn of_told(told: Told) -> (ReceiptOutcome, u8, String) {
    match told {
        Told::Signal(signal) => {
            let why = format!("the container was told to end by signal {signal}");
            (ReceiptOutcome::Interrupted, exit::of_signal(signal), why)
        }
        Told::Cancel => (ReceiptOutcome::Cancelled, exit::CANCELLED, "the task was cancelled".to_owned()),
        Told::Replaced => {
            // Its Job must not end with it: there the other one is at work.
            let why = "another agent runs the attempt now".to_owned();
            (ReceiptOutcome::Interrupted, exit::of_signal(SIGTERM), why)
        }
        Told::OutOfTime => (ReceiptOutcome::TimedOut, exit::OUT_OF_TIME, "the task ran out of its time".to_owned()),
    }
}

/// "ended with exit code 3", "was ended by signal 9".
pub(super) fn how(end: &End) -> String {
    let mut how = match end.signal() {
        Some(signal) => format!("was ended by signal {signal}"),
        None => format!("ended with exit code {}", end.exit_code()),
    };
    if end.ending.told.is_some() && end.ending.killed && end.signal() == Some(9) {
        how.push_str(" because it did not end when it was told to");
    }
    how
}
