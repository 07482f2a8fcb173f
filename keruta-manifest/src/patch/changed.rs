//! What differs between two documents.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::merge_keys::{Fields, List, TEMPLATE, field};
use super::pointer::{child, step};
use super::strategic::key_of;

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

/// The JSON pointers, sorted, of the leaves of a patched Pod template that are not in the template as it was.
///
/// Unlike [`changed_pointers`] it finds the elements of lists that merge by a key (containers, env, …) by that
/// key, so that a container in front of the others does not count as a change of all of them; and it tells
/// nothing of what is gone.
///
/// # Example
///
/// ```
/// use keruta_manifest::patch::changed_in_template;
/// use serde_json::json;
///
/// let before = json!({"spec": {"containers": [{"name": "main", "image": "a"}]}});
/// let after = json!({"spec": {"containers": [{"name": "new"}, {"name": "main", "image": "b"}]}});
/// assert_eq!(changed_in_template(&before, &after), ["/spec/containers/0/name", "/spec/containers/1/image"]);
/// ```
#[must_use]
pub fn changed_in_template(before: &Value, after: &Value) -> Vec<String> {
    let mut changed = BTreeSet::new();
    let mut open = vec![(String::new(), Some(before), after, List::Atomic, &TEMPLATE as Fields)];
    while let Some((at, before, after, list, fields)) = open.pop() {
        match after {
            Value::Object(map) if !map.is_empty() => {
                for (name, value) in map {
                    let (list, fields) = field(fields, name);
                    open.push((child(&at, name), before.and_then(|old| step(old, name)), value, list, fields));
                }
            }
            Value::Array(items) if !items.is_empty() => {
                let old = before.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                let mut by_key = HashMap::new();
                for item in old.iter().rev().filter(|_| list != List::Atomic) {
                    by_key.insert(key_of(item, list), item);
                }
                for (index, item) in items.iter().enumerate() {
                    let old =
                        if list == List::Atomic { old.get(index) } else { by_key.get(&key_of(item, list)).copied() };
                    // An element has the fields of its list, and is no list itself.
                    open.push((child(&at, &index.to_string()), old, item, List::Atomic, fields));
                }
            }
            leaf if before != Some(leaf) => {
                changed.insert(at);
            }
            _ => {}
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
