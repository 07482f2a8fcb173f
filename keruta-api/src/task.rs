//! A task as the API gives it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::TaskStatus;

/// A task: what was asked for, and where it stands.
///
/// What was asked for ([`Task::spec`]) has the fields of the task's JSON Schema, beside the others in the same object.
///
/// ```
/// let text = r#"{"id":"task-1","title":"Fix it","image":"python:3.12","status":"PENDING","attempt":1,"version":1,
///     "namespace":"tasks","createdAt":"2026-11-30T10:00:00Z","updatedAt":"2026-11-30T10:00:00Z","rootTaskId":"task-1"}"#;
/// let task: keruta_api::Task = serde_json::from_str(text).unwrap();
/// assert_eq!(task.spec["image"], "python:3.12");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Task {
    /// Its id, part of the names of its Job and claim.
    pub id: String,
    /// Where it stands.
    pub status: TaskStatus,
    /// The present attempt, from 1.
    pub attempt: u32,
    /// Grows with every change; the `ETag` of the task.
    pub version: i64,
    /// The namespace of its objects.
    pub namespace: String,
    /// The task whose workspace it uses: itself, or its first ancestor.
    pub root_task_id: String,
    /// When it was created.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub created_at: Timestamp,
    /// When it last changed.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub updated_at: Timestamp,
    /// When the present attempt's first container started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub started_at: Option<Timestamp>,
    /// When the present attempt ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub finished_at: Option<Timestamp>,
    /// The present attempt's Job, once it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_name: Option<String>,
    /// What it does just now, as the submitter tells it: `{"phase": "step", "name": "git-clone", …}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub phase: Option<Value>,
    /// How far the present attempt is, as it says itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<TaskProgress>,
    /// Why it waits in the queue, where that is known: a parent that runs, a cluster that refuses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<String>,
    /// How the present attempt ended, with the evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub verdict: Option<Value>,
    /// What was asked for: the fields of the task's JSON Schema.
    #[serde(flatten)]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub spec: Map<String, Value>,
}

/// Where a task stands, in short: what an agent asks for again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Where it stands.
    pub status: TaskStatus,
    /// The present attempt.
    pub attempt: u32,
    /// How many agents have begun the present attempt: the last one's word counts.
    #[serde(default)]
    pub epoch: u64,
    /// Whether somebody asked for its end.
    pub cancel_requested: bool,
}

/// How far an attempt is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TaskProgress {
    /// How much of the work is done, from 0 to 100.
    pub percent: u8,
    /// What it is at, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// When the API heard so.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub at: Timestamp,
}

/// How far an attempt says that it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProgressUpdate {
    /// How much of the work is done, from 0 to 100.
    #[cfg_attr(feature = "openapi", schema(maximum = 100))]
    pub percent: u8,
    /// What it is at, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// That an agent begins an attempt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewEpoch {
    /// The attempt; one that is not the present one is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
}

/// A change of a task's status.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StatusUpdate {
    /// The new status.
    pub status: TaskStatus,
    /// The attempt that it is about; one that is not the present one is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// Which of the attempt's agents says so; one that is not the last is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u64>,
    /// Why, in a sentence for the history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How far it is; with the status that it has already, nothing else changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<ProgressUpdate>,
}

impl StatusUpdate {
    /// A change to a status, and no more.
    #[must_use]
    pub const fn to(status: TaskStatus) -> Self {
        Self { status, attempt: None, epoch: None, reason: None, progress: None }
    }
}
