//! Who changed what.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A change that somebody made, or an attempt to sign in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// Its place among all; grows.
    pub sequence: i64,
    /// When.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub at: Timestamp,
    /// Who: `user/ada`, `token/ci`, `keruta`.
    pub actor: String,
    /// What: `repository.created`, `settings.changed`, `session.refused`.
    pub action: String,
    /// Of what: `repository/r-1`.
    pub object: String,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub detail: Option<Value>,
    /// From which address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    /// The id of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}
