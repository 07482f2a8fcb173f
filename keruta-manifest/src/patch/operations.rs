//! JSON Patch (RFC 6902), one operation at a time, within the API server's bounds.

use json_patch::jsonptr::Pointer;
use json_patch::{PatchErrorKind, PatchOperation};
use serde_json::Value;

use super::error::{OperationProblem, PatchError};
use super::pointer::{MAX_DEPTH, child, measure, step, tokens};

/// `maxJSONPatchOperations` of `k8s.io/apiserver`, pkg/endpoints/handlers/patch.go.
const MAX_OPERATIONS: usize = 10_000;
/// `JSONPatchMaxCopyBytes` of `k8s.io/apiserver`, pkg/server/config.go: a few `copy` operations can double a
/// document again and again.
const MAX_COPIED: usize = 3 * 1024 * 1024;

/// Applies the operations in order; the first that cannot be carried out ends it, as the RFC demands.
pub(super) fn apply(document: &mut Value, patch: &json_patch::Patch, at: &str) -> Result<(), PatchError> {
    if patch.len() > MAX_OPERATIONS {
        return Err(PatchError::TooLarge {
            pointer: at.to_owned(),
            what: "operations",
            limit: MAX_OPERATIONS,
        });
    }
    let mut copied = 0;
    for (index, operation) in patch.iter().enumerate() {
        let here = child(at, &index.to_string());
        check_bounds(document, operation, &here, &mut copied)?;
        json_patch::patch_unsafe(document, std::slice::from_ref(operation))
            .map_err(|error| explain(document, operation, index, &here, &error.kind))?;
    }
    Ok(())
}

fn check_bounds(
    document: &Value,
    operation: &PatchOperation,
    here: &str,
    copied: &mut usize,
) -> Result<(), PatchError> {
    let source = match operation {
        PatchOperation::Add(operation) => Some(&operation.value),
        PatchOperation::Replace(operation) => Some(&operation.value),
        PatchOperation::Move(operation) => document.pointer(operation.from.as_str()),
        PatchOperation::Copy(operation) => document.pointer(operation.from.as_str()),
        PatchOperation::Test(operation) => Some(&operation.value),
        PatchOperation::Remove(_) => None,
    };
    let Some(source) = source else { return Ok(()) };
    let (depth, bytes) = measure(source);
    if depth + operation.path().count() > MAX_DEPTH {
        return Err(PatchError::TooDeep { pointer: here.to_owned(), limit: MAX_DEPTH });
    }
    if matches!(operation, PatchOperation::Copy(_)) {
        *copied += bytes;
        if *copied > MAX_COPIED {
            return Err(PatchError::TooLarge {
                pointer: here.to_owned(),
                what: "copied bytes",
                limit: MAX_COPIED,
            });
        }
    }
    Ok(())
}

fn explain(
    document: &Value,
    operation: &PatchOperation,
    index: usize,
    here: &str,
    kind: &PatchErrorKind,
) -> PatchError {
    let path = operation.path();
    let (member, problem) = match (operation, kind) {
        (PatchOperation::Test(test), PatchErrorKind::TestFailed) => {
            let found = document.pointer(path.as_str()).map(shown).unwrap_or_default();
            let expected = shown(&test.value);
            ("value", OperationProblem::TestFailed { path: path.to_string(), found, expected })
        }
        (PatchOperation::Move(operation), PatchErrorKind::CannotMoveInsideItself) => {
            let (from, path) = (operation.from.to_string(), path.to_string());
            ("path", OperationProblem::IntoItself { from, path })
        }
        (PatchOperation::Move(operation), PatchErrorKind::InvalidFromPointer) => {
            ("from", no_such_path(document, &operation.from))
        }
        (PatchOperation::Copy(operation), PatchErrorKind::InvalidFromPointer) => {
            ("from", no_such_path(document, &operation.from))
        }
        _ => ("path", no_such_path(document, path)),
    };
    PatchError::Operation { pointer: child(here, member), index, op: name(operation), problem }
}

fn no_such_path(document: &Value, path: &Pointer) -> OperationProblem {
    if path.is_root() {
        return OperationProblem::WholeTemplate;
    }
    let mut value = Some(document);
    let mut missing = String::new();
    for token in tokens(path.as_str()) {
        missing = child(&missing, &token);
        value = value.and_then(|value| step(value, &token));
        if value.is_none() {
            break;
        }
    }
    OperationProblem::NoSuchPath { path: path.to_string(), missing }
}

const fn name(operation: &PatchOperation) -> &'static str {
    match operation {
        PatchOperation::Add(_) => "add",
        PatchOperation::Remove(_) => "remove",
        PatchOperation::Replace(_) => "replace",
        PatchOperation::Move(_) => "move",
        PatchOperation::Copy(_) => "copy",
        PatchOperation::Test(_) => "test",
    }
}

/// A value as JSON, short enough for a message.
fn shown(value: &Value) -> String {
    const LONGEST: usize = 120;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
