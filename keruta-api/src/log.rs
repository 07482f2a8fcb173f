//! A task's log.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How grave a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum LogLevel {
    /// For developers.
    Debug,
    /// The ordinary.
    Info,
    /// It goes on, but something is odd.
    Warn,
    /// It does not go on.
    Error,
}

/// A line of a task's log, or a mark where lines are lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LogRecord {
    /// When the line was written; of a gap, when it was noticed.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub timestamp: Timestamp,
    /// How grave it is.
    pub level: LogLevel,
    /// The task.
    pub task_id: String,
    /// The attempt, from 1.
    pub attempt: u32,
    /// The Job.
    pub job: String,
    /// The Pod.
    pub pod: String,
    /// The container.
    pub container: String,
    /// The number of the log that it is of: one run of one container.
    pub source: i64,
    /// The line's number in its container's log, from 1.
    pub line: u64,
    /// The text. Bytes that are no UTF-8 are replaced by U+FFFD.
    pub message: String,
    /// The text's bytes in base64, where they are no UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_base64: Option<String>,
    /// Set where the line is so long that it goes on in the next record, which has the same number.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub continues: bool,
    /// Set where lines may be lost here: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<String>,
}
