//! One finding: what, where, how bad, and the cure.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::object::Object;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Works, but likely not as meant.
    Warning,
    /// A cluster refuses it, or the task cannot work.
    Error,
}

/// Which object a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectRef {
    /// The object's kind, for example `Job`.
    pub kind: String,
    /// The object's name.
    pub name: String,
}

impl From<&Object> for ObjectRef {
    fn from(object: &Object) -> Self {
        Self { kind: object.kind().to_owned(), name: object.name().to_owned() }
    }
}

/// Something that a reader of the manifest should know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// A stable kebab-case identifier of the check, for example `image-tag-mutable`.
    pub id: String,
    /// How much it matters.
    pub severity: Severity,
    /// The object it is about.
    pub object: ObjectRef,
    /// RFC 6901 JSON pointer into the object; empty for the whole object.
    pub pointer: String,
    /// What is so, in one or two sentences.
    pub message: String,
    /// How to mend it.
    pub cure: String,
}
