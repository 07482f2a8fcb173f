//! What tasks hand in.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A file that a task has handed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Artifact {
    /// Its path among the task's: `report/index.html`.
    pub path: String,
    /// How many bytes it has.
    pub size: u64,
    /// The SHA-256 of its content, in hex; the `ETag`.
    pub sha256: String,
    /// The type that was given with it.
    pub content_type: String,
    /// The attempt that the task was at.
    pub attempt: u32,
    /// When it was complete.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: String,
}
