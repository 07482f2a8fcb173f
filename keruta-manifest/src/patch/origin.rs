//! Where in a patch a value of the patched template came from, for messages.

use json_patch::PatchOperation;
use serde_json::{Map, Value};

use super::PodPatch;
use super::merge_keys::{List, TEMPLATE, field};
use super::pointer::{child, join, step, tokens};
use super::strategic::key_of;

/// The place in the patch that is responsible for the place `target` of the patched template, as nearly as
/// it can be told: the place itself or the nearest one around it.
pub(super) fn locate(patch: &PodPatch, patched: &Value, target: &[String]) -> String {
    match patch {
        PodPatch::Strategic(body) => strategic(body, patched, target),
        PodPatch::Merge(body) => deepest("/merge", body, target),
        PodPatch::Json(operations) => operation(operations, patched, target),
    }
}

fn strategic(body: &Map<String, Value>, patched: &Value, target: &[String]) -> String {
    let mut at = String::from("/strategic");
    let Some((first, rest)) = target.split_first() else { return at };
    let Some(mut patch) = body.get(first) else { return at };
    at = child(&at, first);
    let (mut list, mut fields) = field(&TEMPLATE, first);
    let mut patched = patched.get(first);
    for token in rest {
        let is_list = patch.is_array();
        // An element of a list that merges stands elsewhere in the patch, under the same key.
        let place = match (patch, list, patched.and_then(|list| step(list, token))) {
            (Value::Array(items), List::Keyed { .. }, Some(element)) => {
                let key = key_of(element, list);
                items.iter().position(|item| key_of(item, list) == key).map(|place| place.to_string())
            }
            _ => Some(token.clone()),
        };
        let next = place.and_then(|place| Some((step(patch, &place)?, place)));
        let Some((next, place)) = next else { break };
        (at, patch) = (child(&at, &place), next);
        // An element has the fields of its list, and is no list itself.
        (list, fields) = if is_list { (List::Atomic, fields) } else { field(fields, token) };
        patched = patched.and_then(|patched| step(patched, token));
    }
    at
}

fn deepest(start: &str, patch: &Value, target: &[String]) -> String {
    let (mut at, mut value) = (start.to_owned(), patch);
    for token in target {
        let Some(next) = step(value, token) else { break };
        (at, value) = (child(&at, token), next);
    }
    at
}

/// The last operation that wrote the place or around it. List positions may have moved since, so one whose
/// value is still found at the place goes before one whose path only looks right.
fn operation(operations: &json_patch::Patch, patched: &Value, target: &[String]) -> String {
    let found = target.iter().try_fold(patched, |value, token| step(value, token));
    let mut nearest = None;
    for (index, operation) in operations.iter().enumerate().rev() {
        let here = child("/json", &index.to_string());
        let path = tokens(operation.path().as_str());
        let value = match operation {
            PatchOperation::Add(operation) => &operation.value,
            PatchOperation::Replace(operation) => &operation.value,
            PatchOperation::Move(_) | PatchOperation::Copy(_) if covers(&path, target) => {
                nearest.get_or_insert_with(|| child(&here, "path"));
                continue;
            }
            _ => continue,
        };
        if covers(&path, target) {
            let rest = target.get(path.len()..).unwrap_or_default();
            let inner = rest.iter().try_fold(value, |value, token| step(value, token));
            if inner.is_some() && inner == found {
                return child(&here, "value") + &join(rest);
            }
            nearest.get_or_insert_with(|| deepest(&child(&here, "value"), value, rest));
        } else if covers(target, &path) {
            nearest.get_or_insert_with(|| child(&here, "path"));
        }
    }
    nearest.unwrap_or_else(|| "/json".to_owned())
}

/// Whether `outer` is `inner` or around it, where all list positions count as equal.
fn covers(outer: &[String], inner: &[String]) -> bool {
    let is_position = |token: &str| token == "-" || token.parse::<usize>().is_ok();
    outer.len() <= inner.len()
        && outer
            .iter()
            .zip(inner)
            .all(|(outer, inner)| outer == inner || is_position(outer) && is_position(inner))
}
