//! Repositories that tasks name by their id.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A git repository, with the script that prepares its checkout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Repository {
    /// What a task's `repositoryId` names.
    pub id: String,
    /// A name for people.
    pub name: String,
    /// Where git finds it.
    pub url: String,
    /// The branch, tag or commit that is checked out where a task names none.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub git_ref: Option<String>,
    /// More about it, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How many bytes its setup script has; absent where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script_size: Option<u64>,
    /// Grows with every change, of the script too; the `ETag`.
    pub version: i64,
    /// When it was created.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub created_at: Timestamp,
    /// When it last changed.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub updated_at: Timestamp,
}

/// A repository to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewRepository {
    /// The id that it is to have; one is made up where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// A name for people: one line.
    pub name: String,
    /// Where git finds it.
    pub url: String,
    /// The branch, tag or commit that is checked out where a task names none.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub git_ref: Option<String>,
    /// More about it, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The script that prepares a checkout of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<String>,
}

/// What a repository is to be; what is absent it has no longer. Its script stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RepositoryUpdate {
    /// A name for people: one line.
    pub name: String,
    /// Where git finds it.
    pub url: String,
    /// The branch, tag or commit that is checked out where a task names none.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub git_ref: Option<String>,
    /// More about it, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}
