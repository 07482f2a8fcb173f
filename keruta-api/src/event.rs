//! The history of a task.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::TaskStatus;

/// Something that happened to a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TaskEvent {
    /// Its place in the history of all tasks; grows.
    pub sequence: i64,
    /// The task.
    pub task_id: String,
    /// The attempt that it is about.
    pub attempt: u32,
    /// When.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub at: Timestamp,
    /// What: `created`, `changed`, `status`, `cancelRequested`, `retried`, `submitted`, `agentStarted`, `phase`, `deleted`.
    pub kind: String,
    /// Who: a user, a token's name, `keruta` itself, or `agent`.
    pub actor: String,
    /// The status before, where it changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<TaskStatus>,
    /// The status after, where it changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<TaskStatus>,
    /// Why, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// More: the verdict, the phase, the fields that changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub detail: Option<Value>,
}
