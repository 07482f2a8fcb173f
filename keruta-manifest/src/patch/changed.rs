//! What differs between two documents.

use std::collections::BTreeSet;

use serde_json::Value;

use super::pointer::{child, step};

/// The JSON pointers at which two documents differ, sorted.
///
/// A position counts if it holds a leaf (a scalar, an empty list or an empty object) in one document and
/// not the same leaf in the other. Lists are compared by position, not by content.
///
/// # Example
///
/// ```
/// use keruta_manifest::patch::changed_pointers;
/// use serde_json::json;
///
/// let before = json!({"image": "a", "args": ["x"], "tty": true});
/// let after = json!({"image": "b", "args": ["x", "y"]});
/// assert_eq!(changed_pointers(&before, &after), ["/args/1", "/image", "/tty"]);
/// ```
#[must_use]
pub fn changed_pointers(before: &Value, after: &Value) -> Vec<String> {
    let mut changed = BTreeSet::new();
    // An explicit stack: the documents may be of any depth.
    let mut open = vec![(String::new(), Some(before), Some(after))];
    while let Some((at, before, after)) = open.pop() {
        if is_leaf(before) && is_leaf(after) {
            if before != after {
                changed.insert(at);
            }
            continue;
        }
        if before.is_some() && is_leaf(before) || after.is_some() && is_leaf(after) {
            changed.insert(at.clone());
        }
        for token in tokens(before).into_iter().chain(tokens(after)).collect::<BTreeSet<_>>() {
            open.push((
                child(&at, &token),
                before.and_then(|value| step(value, &token)),
                after.and_then(|value| step(value, &token)),
            ));
        }
    }
    changed.into_iter().collect()
}

fn is_leaf(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Object(map)) => map.is_empty(),
        _ => true,
    }
}

fn tokens(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(items)) => (0..items.len()).map(|index| index.to_string()).collect(),
        Some(Value::Object(map)) => map.keys().cloned().collect(),
        _ => Vec::new(),
    }
}
