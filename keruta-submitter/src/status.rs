//! A task's status, as the keruta API names it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a task stands.
///
/// ```
/// use keruta_submitter::TaskStatus;
///
/// assert!(TaskStatus::Failed.is_final());
/// assert_eq!(serde_json::to_string(&TaskStatus::InProgress).unwrap(), "\"IN_PROGRESS\"");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TaskStatus {
    /// It waits for its Pod: queued, suspended, unscheduled, pulling.
    Pending,
    /// A container of its Pod has started.
    InProgress,
    /// Its agent asks for an answer.
    WaitingForInput,
    /// It has done its work. Final.
    Completed,
    /// It has not, and will not. Final.
    Failed,
    /// Somebody ended it. Final.
    Cancelled,
}

impl TaskStatus {
    /// Whether nothing comes after it.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// The name on the wire: `IN_PROGRESS`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::InProgress => "IN_PROGRESS",
            Self::WaitingForInput => "WAITING_FOR_INPUT",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
        }
    }
}

impl fmt::Display for TaskStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
