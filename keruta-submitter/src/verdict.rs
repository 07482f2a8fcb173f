//! How a task ended, and by what one knows.

use std::fmt;

use jiff::Timestamp;
use keruta_manifest::task::TaskStatus;
use serde::{Deserialize, Serialize};

/// How an attempt ended. Once recorded it never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// What became of it.
    pub outcome: Outcome,
    /// Whether another attempt may fare better: the cause lies outside of the task.
    pub retryable: bool,
    /// By what one knows.
    pub evidence: Evidence,
}

impl Verdict {
    /// The task's status that follows.
    #[must_use]
    pub const fn status(&self) -> TaskStatus {
        match self.outcome {
            Outcome::Completed => TaskStatus::Completed,
            Outcome::Cancelled => TaskStatus::Cancelled,
            Outcome::Failed(_) => TaskStatus::Failed,
        }
    }
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub enum Outcome {
    /// The Job is complete, and its Pod was not disturbed.
    Completed,
    /// It was ended on somebody's word.
    Cancelled,
    /// It failed.
    Failed(Cause),
}

/// Why an attempt failed. The names are part of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Cause {
    /// An image could not be pulled: its name is bad, or it was not found or denied for longer than the grace.
    ImagePull,
    /// A container could not be created: its configuration, a missing Secret, ConfigMap or key.
    CreateContainer,
    /// A step of the init pipeline failed.
    InitStepFailed,
    /// The task's own command ended with another code than 0.
    CommandFailed,
    /// A container used more memory than its limit.
    OomKilled,
    /// The kubelet or the Eviction API put the Pod out.
    Evicted,
    /// A Pod of higher priority took its place.
    Preempted,
    /// Its node went away or was drained.
    NodeLost,
    /// It took longer than its time limit.
    Deadline,
    /// A container kept crashing for longer than the grace.
    CrashLoop,
    /// No node could take the Pod for longer than the grace.
    Unschedulable,
    /// A claim stayed unbound for longer than the grace.
    VolumeUnbound,
    /// A quota of the namespace has no room for it.
    QuotaExceeded,
    /// The API server or an admission webhook refused it.
    Rejected,
    /// Somebody deleted its Job, or its Pod before it had ended.
    Deleted,
    /// What the cluster shows fits no other cause.
    Unknown,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The derived name is the one on the wire.
        fmt::Debug::fmt(self, f)
    }
}

/// By what one knows how an attempt ended. All but the sentence are absent where they do not apply.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Evidence {
    /// What happened, in one sentence for a person.
    pub summary: String,
    /// What to do about it, where something can be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cure: Option<String>,
    /// The Pod's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<String>,
    /// The node that it ran on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// The container's name; an init container's is the name of its step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// The container's exit code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// The signal that ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// The reason in Kubernetes' words, such as `OOMKilled`, `ImagePullBackOff`, `BackoffLimitExceeded`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Kubernetes' message, or the container's termination message: its last lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// When the container started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it ended, or when the state was first seen that had no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
}
