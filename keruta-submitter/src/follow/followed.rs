//! What a follower says of itself.

use std::fmt;
use std::time::Duration;

use crate::attempt::Attempt;
use crate::observe::PodPhase;
use crate::verdict::Outcome;

/// An attempt as a follower sees it, and what is still to come.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Followed {
    /// The attempt.
    pub attempt: Attempt,
    /// Its Job's name.
    pub job: String,
    /// Whether the Job is there, as far as the watch tells.
    pub there: bool,
    /// Its Pods, by name: how far each is, and whether it is gone.
    pub pods: Vec<(String, PodPhase, bool)>,
    /// How it ended, where that is recorded.
    pub outcome: Option<Outcome>,
    /// Whether it has not ended for good, and somebody wants to know.
    pub awaited: bool,
    /// Whether it is being looked at, or about to be.
    pub under_way: bool,
    /// How often in a row looking at it has failed.
    pub failures: u32,
    /// How many containers' logs are being read.
    pub captures: usize,
    /// When it is looked at again though nothing is heard of it.
    pub again_in: Option<Duration>,
}

impl fmt::Display for Followed {
    /// `tasks/a (attempt 1): Job keruta-job-a is there, Pod keruta-job-a-x1 Running; no verdict; 1 log is being read; looked
    /// at when something changes`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: Job {} is {}", self.attempt, self.job, if self.there { "there" } else { "not there" })?;
        for (name, phase, gone) in &self.pods {
            write!(f, ", Pod {name} {phase:?}{}", if *gone { " and gone" } else { "" })?;
        }
        match &self.outcome {
            Some(outcome) => write!(f, "; {outcome:?}")?,
            None => f.write_str("; no verdict")?,
        }
        match self.captures {
            0 => {}
            1 => f.write_str("; 1 log is being read")?,
            many => write!(f, "; {many} logs are being read")?,
        }
        if self.failures > 0 {
            write!(f, "; {} failures in a row", self.failures)?;
        }
        match self.again_in {
            _ if self.under_way => f.write_str("; looked at now"),
            Some(wait) => write!(f, "; looked at in {wait:.1?}"),
            None => f.write_str("; looked at when something changes"),
        }
    }
}
