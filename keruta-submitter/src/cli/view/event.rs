//! What there is to show.

use std::time::Duration;

use keruta_input::diagnostic::human::Message;
use keruta_submitter::journal::{Progress, StatusChange};
use keruta_submitter::logs::{LogEntry, LogSource};
use keruta_submitter::{Attempt, Outcome, Verdict};

/// Something happened.
#[derive(Debug)]
pub(crate) enum Event {
    /// An attempt has its Job.
    Submitted {
        attempt: Attempt,
        job: String,
        /// Whether it is new.
        created: bool,
    },
    /// An attempt's status changed.
    Status(StatusChange),
    /// It came further.
    Progress(Progress),
    /// Lines of a container's log.
    Log { source: LogSource, entries: Vec<LogEntry> },
    /// An attempt's way is over.
    Ended(Ended),
    /// Something else to tell.
    Message(Message),
    /// All is over: in the order in which the tasks were given.
    Results(Vec<Ended>),
}

/// How an attempt's way was over.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    pub(crate) attempt: Attempt,
    pub(crate) job: String,
    pub(crate) fate: Fate,
    /// From its submission.
    pub(crate) took: Option<Duration>,
}

/// What became of a task.
#[derive(Debug, Clone)]
pub(crate) enum Fate {
    /// It ended.
    Judged(Verdict),
    /// It was not submitted: why, and what to do about it.
    Refused { why: String, cure: String },
    /// It was not submitted, because a task before it did not complete, or time was up.
    Skipped(String),
    /// It was submitted, and nobody was to wait.
    Submitted,
    /// It goes on, and nobody waits any more.
    Left,
}

impl Ended {
    /// The word for it: a status of the API, or what kept it from having one.
    pub(crate) const fn word(&self) -> &'static str {
        match &self.fate {
            Fate::Judged(verdict) => verdict.status().as_str(),
            Fate::Refused { .. } => "REFUSED",
            Fate::Skipped(_) => "SKIPPED",
            Fate::Submitted => "SUBMITTED",
            Fate::Left => "DETACHED",
        }
    }

    /// Whether it did what it should.
    pub(crate) fn is_well(&self) -> bool {
        match &self.fate {
            Fate::Judged(verdict) => verdict.outcome == Outcome::Completed,
            Fate::Submitted => true,
            _ => false,
        }
    }

    /// Whether it goes on without us.
    pub(crate) const fn is_left(&self) -> bool {
        matches!(self.fate, Fate::Left)
    }

    /// Why, in one sentence, where it is not well.
    pub(crate) fn why(&self) -> String {
        match &self.fate {
            Fate::Judged(verdict) => match verdict.outcome {
                Outcome::Completed => String::new(),
                Outcome::Cancelled => verdict.evidence.summary.clone(),
                Outcome::Failed(cause) => format!("{cause}: {}", verdict.evidence.summary),
            },
            Fate::Refused { why, .. } | Fate::Skipped(why) => why.clone(),
            Fate::Submitted | Fate::Left => String::new(),
        }
    }
}
