//! Where a task stands.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Where a task stands.
///
/// ```
/// use keruta_api::TaskStatus;
///
/// assert_eq!(serde_json::to_string(&TaskStatus::InProgress).unwrap(), "\"IN_PROGRESS\"");
/// assert_eq!("FAILED".parse(), Ok(TaskStatus::Failed));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TaskStatus {
    /// It waits: in the queue, or for its Pod.
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

/// A word that is no status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownStatus;

impl TaskStatus {
    /// All of them, in the order of a task's life.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::InProgress, Self::WaitingForInput, Self::Completed, Self::Failed, Self::Cancelled];

    /// Whether nothing comes after it but a retry.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// The word on the wire.
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

impl FromStr for TaskStatus {
    type Err = UnknownStatus;

    fn from_str(word: &str) -> Result<Self, UnknownStatus> {
        Self::ALL.into_iter().find(|status| status.as_str() == word).ok_or(UnknownStatus)
    }
}

impl fmt::Display for TaskStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for UnknownStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("is no status; write one of ")?;
        for (index, status) in TaskStatus::ALL.iter().enumerate() {
            write!(f, "{}{status}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownStatus {}
