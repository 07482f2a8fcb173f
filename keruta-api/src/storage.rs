//! What is kept, and how much room it takes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How much room logs and artifacts take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct StorageUse {
    /// Logs by namespace, those that take most room first.
    pub logs: Vec<LogUse>,
    /// Full pieces of logs that are not exported yet; absent where nothing is exported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_export: Option<u64>,
    /// Artifacts.
    pub artifacts: ArtifactUse,
}

/// The logs of a namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LogUse {
    /// The namespace.
    pub namespace: String,
    /// How many logs: one for each run of a container.
    pub logs: u64,
    /// How many lines.
    pub lines: u64,
    /// How many bytes they were.
    pub bytes: u64,
    /// How many bytes they take, compressed.
    pub stored_bytes: u64,
    /// When the oldest of them began.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub oldest: Timestamp,
}

/// Artifacts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ArtifactUse {
    /// How many.
    pub count: u64,
    /// How many bytes they have.
    pub bytes: u64,
}
