//! The report of `validate`: the shape of its JSON with a JSON Schema, and its forms for tools.

pub(crate) mod github;
pub(crate) mod json;
pub(crate) mod sarif;

use keruta_input::diagnostic::Diagnostic;
use keruta_manifest::review::Severity;
use schemars::JsonSchema;
use serde::Serialize;

/// What `keruta-manifest validate --format json` writes.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "keruta report")]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report<'a> {
    /// What was found, in the order of the tasks.
    pub(crate) diagnostics: Vec<Entry<'a>>,
    /// How many tasks are valid.
    pub(crate) valid: usize,
    /// How many tasks are invalid.
    pub(crate) invalid: usize,
}

/// One thing that was found.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry<'a> {
    /// How much it matters.
    pub(crate) severity: Severity,
    /// Whether the task or the settings are invalid by it, so that nothing is rendered.
    pub(crate) invalid: bool,
    /// The stable id of the rule or check.
    pub(crate) rule: &'a str,
    /// What is so.
    pub(crate) message: &'a str,
    /// How to mend it.
    pub(crate) cure: &'a str,
    /// Where the rule is written down.
    pub(crate) reference: &'a str,
    /// The task's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) task: Option<&'a str>,
    /// The field of the task or the settings, such as `repository.url`.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) path: &'a str,
    /// Where it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) place: Option<EntryPlace<'a>>,
    /// The object that has the field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) object: Option<EntryObject<'a>>,
}

/// Where something was written.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EntryPlace<'a> {
    /// The file; `command line` and `environment` are told as such.
    pub(crate) file: &'a str,
    /// The line, from 1.
    pub(crate) line: usize,
    /// The column in characters, from 1.
    pub(crate) column: usize,
    /// The column after the last character.
    pub(crate) end_column: usize,
}

/// A field of an object.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EntryObject<'a> {
    /// The kind, such as `Job`.
    pub(crate) kind: &'a str,
    /// The name.
    pub(crate) name: &'a str,
    /// The field's RFC 6901 JSON pointer.
    pub(crate) pointer: &'a str,
}

impl<'a> From<&'a Diagnostic> for Entry<'a> {
    fn from(diagnostic: &'a Diagnostic) -> Self {
        Self {
            severity: diagnostic.severity,
            invalid: diagnostic.invalid,
            rule: diagnostic.rule,
            message: &diagnostic.message,
            cure: &diagnostic.cure,
            reference: diagnostic.reference,
            task: diagnostic.task.as_deref(),
            path: &diagnostic.path,
            place: diagnostic.place.as_ref().map(|place| EntryPlace {
                file: place.origin.name(),
                line: place.line,
                column: place.column,
                end_column: place.end_column,
            }),
            object: diagnostic.object.as_ref().map(|object| EntryObject {
                kind: &object.kind,
                name: &object.name,
                pointer: &object.pointer,
            }),
        }
    }
}
