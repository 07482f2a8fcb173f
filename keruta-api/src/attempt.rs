//! What a submitter tells of an attempt that it follows.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{LogLevel, TaskStatus};

/// A change of an attempt's status, as a submitter saw it. The same again changes nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AttemptStatus {
    /// The namespace of its Job.
    pub namespace: String,
    /// When it was seen.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub at: Timestamp,
    /// The new status.
    pub status: TaskStatus,
    /// Why, in a sentence for the history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How it ended, with the evidence, where the status is final: an object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub verdict: Option<Value>,
}

/// What an attempt does just now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AttemptPhase {
    /// The namespace of its Job.
    pub namespace: String,
    /// When it was seen.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub at: Timestamp,
    /// An object: `{"phase": "step", "name": "git-clone", …}`.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub phase: Value,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AttemptVerdict {
    /// The verdict; absent while it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub verdict: Option<Value>,
}

/// How far a container's log was kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LogCursor {
    /// The submitter's place behind the last batch, as it was given; absent where nothing was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub cursor: Option<Value>,
}

/// What a submitter has read of a container's log, and the place behind it. The two are kept in one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CapturedLog {
    /// Lines and gaps, in their order.
    pub entries: Vec<CapturedEntry>,
    /// The submitter's place behind them: an object.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub cursor: Value,
}

/// A piece of a container's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum CapturedEntry {
    /// A line.
    Line(CapturedLine),
    /// Lines that are lost.
    Gap(CapturedGap),
}

/// A line as a submitter read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CapturedLine {
    /// Counted from 1 in each log.
    pub number: u64,
    /// When the container runtime read it.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub timestamp: Timestamp,
    /// How grave it is.
    pub level: LogLevel,
    /// The text, without its line feed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// In its place the text's bytes in base64, where they are no UTF-8, or shorter so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_base64: Option<String>,
    /// Whether the line is so long that it goes on in the next entry, which has the same number.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub continues: bool,
}

/// Lines that are lost: between these two times there may have been more than the log has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CapturedGap {
    /// The last line before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub after: Option<Timestamp>,
    /// The first line behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub before: Option<Timestamp>,
    /// Why, in a sentence.
    pub reason: String,
}
