//! A task in the server's hands: what was asked for, where it stands, and which moves are legal. Pure.

mod moves;
mod spec;

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use keruta_api::{TaskProgress, TaskStatus};
use serde_json::{Map, Value};

pub use moves::{can_follow, is_editable};
pub use spec::TaskSpec;

/// A task and its present attempt, as the store has them.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredTask {
    /// What was asked for.
    pub spec: TaskSpec,
    /// The namespace of its objects; fixed when it was created.
    pub namespace: String,
    /// The task whose workspace it uses: itself, or its first ancestor.
    pub root_id: String,
    /// Its place in the order of arrival.
    pub position: i64,
    /// Where it stands.
    pub status: TaskStatus,
    /// Where the present attempt stands in the queue.
    pub state: QueueState,
    /// The present attempt, from 1.
    pub attempt: u32,
    /// How many agents have begun the present attempt.
    pub epoch: u64,
    /// Grows with every change.
    pub version: i64,
    /// It is not tried again before this time.
    pub not_before: Option<Timestamp>,
    /// Why it waits in the queue.
    pub waiting_for: Option<String>,
    /// Since when, and by whom, it is to be ended.
    pub cancel: Option<CancelRequest>,
    /// The present attempt's Job.
    pub job_name: Option<String>,
    /// What it does just now.
    pub phase: Option<Value>,
    /// How far the present attempt is.
    pub progress: Option<TaskProgress>,
    /// How the present attempt ended.
    pub verdict: Option<Value>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When the present attempt's first container started.
    pub started_at: Option<Timestamp>,
    /// When the present attempt ended.
    pub finished_at: Option<Timestamp>,
}

/// That a task is to be ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelRequest {
    /// Since when.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
}

/// Where an attempt stands in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QueueState {
    /// It waits for its turn.
    Queued,
    /// A runner is about to submit it.
    Claimed,
    /// It has a Job, which is followed.
    Submitted,
    /// It has ended.
    Ended,
}

impl StoredTask {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.spec.id()
    }

    /// As the API gives it.
    #[must_use]
    pub fn to_api(&self) -> keruta_api::Task {
        let mut spec: Map<String, Value> = self.spec.to_json();
        spec.remove("id");
        keruta_api::Task {
            id: self.id().to_owned(),
            status: self.status,
            attempt: self.attempt,
            version: self.version,
            namespace: self.namespace.clone(),
            root_task_id: self.root_id.clone(),
            created_at: self.created_at,
            updated_at: self.updated_at,
            started_at: self.started_at,
            finished_at: self.finished_at,
            job_name: self.job_name.clone(),
            phase: self.phase.clone(),
            progress: self.progress.clone(),
            waiting_for: self.waiting_for.clone(),
            verdict: self.verdict.clone(),
            spec,
        }
    }
}

impl QueueState {
    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Claimed => "claimed",
            Self::Submitted => "submitted",
            Self::Ended => "ended",
        }
    }
}

/// A word that is no state of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownState;

impl fmt::Display for UnknownState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("is no state of the queue")
    }
}

impl FromStr for QueueState {
    type Err = UnknownState;

    fn from_str(word: &str) -> Result<Self, UnknownState> {
        let all = [Self::Queued, Self::Claimed, Self::Submitted, Self::Ended];
        all.into_iter().find(|state| state.as_str() == word).ok_or(UnknownState)
    }
}
