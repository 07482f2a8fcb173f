//! How the server itself works: its settings, its background jobs, what it is still to delete.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::FieldProblem;

/// The server's own settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ServerSettingsDocument {
    /// Grows with every change; the `ETag`.
    pub version: i64,
    /// When they last changed; absent where nobody ever set anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub changed_at: Option<Timestamp>,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<String>,
    /// All settings, with the defaults of those that nobody set.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub settings: Map<String, Value>,
    /// Only what somebody set; what PUT replaces and PATCH changes.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub set: Map<String, Value>,
    /// What this version of keruta does not accept of what is set; it has its default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<FieldProblem>,
}

/// A job that the server does again and again by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct BackgroundJob {
    /// Its name: `log-retention`.
    pub name: String,
    /// What it does, in a sentence.
    pub description: String,
    /// Whether it runs by itself.
    pub enabled: bool,
    /// How many seconds after one run the next one begins.
    pub every_seconds: u64,
    /// How its last run stands.
    pub state: BackgroundJobState,
    /// Why it does not run where it could: no cluster, no place to export to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<String>,
    /// When the last run began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub finished_at: Option<Timestamp>,
    /// How far it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<BackgroundJobProgress>,
    /// What came of the last run that ended well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub result: Option<Value>,
    /// Why the last run failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When a run last ended well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub succeeded_at: Option<Timestamp>,
    /// When it runs next; absent where it does not by itself, or runs now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub next_run_at: Option<Timestamp>,
    /// Who asked for a run that has not begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<String>,
}

/// How the last run of a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum BackgroundJobState {
    /// It never ran.
    Never,
    /// It is under way.
    Running,
    /// It ended well.
    Succeeded,
    /// It did not.
    Failed,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct BackgroundJobProgress {
    /// How much is done.
    pub done: u64,
    /// Of how much, as far as is known.
    pub of: u64,
}

/// What is still to be deleted of a task that was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TaskRemoval {
    /// The task.
    pub task_id: String,
    /// The namespace of its objects.
    pub namespace: String,
    /// When the task was deleted.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub asked_at: Timestamp,
    /// By whom.
    pub asked_by: String,
    /// What goes next.
    pub state: TaskRemovalState,
    /// How often that failed.
    pub tries: u32,
    /// What it waits for: a cluster, a right, a task that uses the workspace, a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<String>,
    /// When it is tried next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub not_before: Option<Timestamp>,
}

/// What of a deleted task goes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum TaskRemovalState {
    /// What the server keeps: logs and artifacts.
    Records,
    /// Jobs, their Pods, ConfigMaps and Secrets.
    Objects,
    /// The claim of its workspace, as its retention says.
    Claim,
}

/// What a test of the connection to the cluster found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ClusterTest {
    /// Whether no check failed.
    pub ok: bool,
    /// The checks, in the order in which they were made.
    pub checks: Vec<ClusterCheck>,
}

/// A check of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ClusterCheck {
    /// What was looked at: `cluster`, `rights`, `storage`.
    pub check: String,
    /// What came of it.
    pub result: ClusterCheckResult,
    /// What was found.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cure: Option<String>,
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum ClusterCheckResult {
    /// All is well.
    Ok,
    /// Nothing was looked at.
    Skip,
    /// Something to look at.
    Warn,
    /// No task would run.
    Fail,
}
