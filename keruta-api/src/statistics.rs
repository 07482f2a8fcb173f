//! How the queue fared.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How many tasks there are, and how the last day went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Statistics {
    /// How many tasks there are of each status.
    pub tasks: StatusCounts,
    /// The day in equal parts, the oldest first; the last one ends now.
    pub day: Vec<StatisticsPart>,
}

/// How many tasks there are of each status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct StatusCounts {
    /// In the queue, or waiting for their Pod.
    pub pending: u64,
    /// At work.
    pub in_progress: u64,
    /// Whose agent asks for an answer.
    pub waiting_for_input: u64,
    /// Done.
    pub completed: u64,
    /// Failed.
    pub failed: u64,
    /// Ended by somebody.
    pub cancelled: u64,
}

/// A part of the day. Attempts of tasks that were deleted since are not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct StatisticsPart {
    /// When it begins.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub from: Timestamp,
    /// Attempts that did their work in it.
    pub completed: u64,
    /// Attempts that failed in it.
    pub failed: u64,
    /// Attempts that were ended in it.
    pub cancelled: u64,
    /// The most that waited in the queue at once.
    pub queued: u64,
}
