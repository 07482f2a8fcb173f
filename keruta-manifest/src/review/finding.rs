//! One finding: what, where, how bad, and the cure.

mod id;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::object::Object;

pub use id::{FindingId, UnknownFindingId};

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
    /// Which check found it.
    pub id: FindingId,
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

impl Finding {
    /// A finding with the severity that its check has.
    ///
    /// ```
    /// use keruta_manifest::review::{Finding, FindingId, ObjectRef, Severity};
    ///
    /// let job = ObjectRef { kind: "Job".into(), name: "keruta-job-1".into() };
    /// let finding = Finding::new(FindingId::ImageTagLatest, job, "/spec/template/spec/containers/0/image", "…", "…");
    /// assert_eq!(finding.severity, Severity::Warning);
    /// assert_eq!(finding.id.as_str(), "image-tag-latest");
    /// ```
    #[must_use]
    pub fn new(
        id: FindingId,
        object: ObjectRef,
        pointer: impl Into<String>,
        message: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        Self {
            id,
            severity: id.severity(),
            object,
            pointer: pointer.into(),
            message: message.into(),
            cure: cure.into(),
        }
    }
}
