//! A task's log.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::TaskStatus;

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

/// A page of a task's log, from old to new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LogPage {
    /// What is on it. It may be little where much has to be read to find what is wanted.
    pub items: Vec<LogRecord>,
    /// How many entries (lines, pieces of lines, gaps) of its log stand before each of them.
    pub entries: Vec<u64>,
    /// Where the next page begins; absent at the log's end. Opaque: give it back as `cursor`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// What the page before ends at; absent at the log's beginning. Give it back as `cursor`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_cursor: Option<String>,
    /// The place behind the page, to follow the log from there: give it back as `cursor` with `follow`.
    pub end_cursor: String,
}

/// How many lines of each level there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "UPPERCASE")]
pub struct LogLevels {
    /// Lines for developers.
    pub debug: u64,
    /// Ordinary lines.
    pub info: u64,
    /// Lines that say that something is odd.
    pub warn: u64,
    /// Lines that say that something failed.
    pub error: u64,
}

/// What logs a task has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LogSummary {
    /// Where the task stands; absent where only its logs are left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<TaskStatus>,
    /// Its present attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// Its logs, in the order in which they began.
    pub sources: Vec<LogSourceSummary>,
    /// The lines of all of them that are kept, by level.
    pub levels: LogLevels,
    /// The bytes of their messages.
    pub bytes: u64,
    /// The place behind all that is counted here, to follow the logs from there: give it back as `cursor` with `follow`.
    pub end_cursor: String,
}

/// What is known of the log of one run of a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LogSourceSummary {
    /// Its number: `source` in queries and records.
    pub source: i64,
    /// The attempt, from 1.
    pub attempt: u32,
    /// The namespace of the Pod.
    pub namespace: String,
    /// The Job.
    pub job: String,
    /// The Pod.
    pub pod: String,
    /// The container.
    pub container: String,
    /// How often the container was started again in its Pod.
    pub restart: u32,
    /// Whether nothing more will come.
    pub done: bool,
    /// The last line's number.
    pub lines: u64,
    /// How many entries (lines, pieces of lines, gaps) there were: where an agent's next batch begins.
    pub offset: u64,
    /// The lines that are kept, by level.
    pub levels: LogLevels,
    /// How often lines may be missing.
    pub gaps: u64,
    /// The bytes of the messages that are kept.
    pub bytes: u64,
    /// When it begins; absent where nothing was written yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub first_timestamp: Option<Timestamp>,
    /// The latest time of a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub last_timestamp: Option<Timestamp>,
}

/// How often something occurs in a task's log, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LogHits {
    /// How many lines.
    pub total: u64,
    /// They by level.
    pub levels: LogLevels,
    /// How many entries: these lines, and the gaps between them where no text is looked for.
    pub entries: u64,
    /// Whether the whole log was searched: of a very long one only the beginning is.
    pub complete: bool,
    /// The place behind what was searched, to follow the log from there: give it back as `cursor` with `follow`.
    pub end_cursor: String,
    /// The first of them.
    pub items: Vec<LogHit>,
}

/// A line in which something occurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LogHit {
    /// Its log.
    pub source: i64,
    /// Its number there.
    pub line: u64,
    /// How many entries of the log stand before it.
    pub entry: u64,
    /// When.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub timestamp: Timestamp,
}

/// A line that an agent sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogLine {
    /// When it was written.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub timestamp: Timestamp,
    /// How grave it is; read from the line where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<LogLevel>,
    /// The text.
    pub message: String,
}

/// What became of a batch of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LogAppended {
    /// How many lines the log has now: where the next batch begins.
    pub offset: u64,
    /// Whether all of them were there already.
    pub repeated: bool,
}
