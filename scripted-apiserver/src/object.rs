//! Reading and writing of objects, which are JSON trees here as the API's clients see them.

use std::sync::OnceLock;

use bytes::Bytes;
use serde_json::{Map, Value};

/// An object as it was at one resourceVersion. Shared by the store, the history and all watches.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) value: Value,
    pub(crate) rv: u64,
    json: OnceLock<Bytes>,
}

impl Object {
    pub(crate) fn new(value: Value, rv: u64) -> Self {
        Self { value, rv, json: OnceLock::new() }
    }

    pub(crate) fn name(&self) -> &str {
        text(&self.value, "/metadata/name")
    }

    pub(crate) fn namespace(&self) -> &str {
        text(&self.value, "/metadata/namespace")
    }

    pub(crate) fn uid(&self) -> &str {
        text(&self.value, "/metadata/uid")
    }

    /// The object's JSON, made once however many read it.
    pub(crate) fn json(&self) -> Bytes {
        self.json.get_or_init(|| Bytes::from(self.value.to_string())).clone()
    }
}

/// The text at a JSON pointer; empty where there is none.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

pub(crate) fn int(value: &Value, pointer: &str) -> Option<i64> {
    value.pointer(pointer).and_then(Value::as_i64)
}

pub(crate) fn flag(value: &Value, pointer: &str) -> bool {
    value.pointer(pointer).and_then(Value::as_bool).unwrap_or_default()
}

/// The list at a JSON pointer; empty where there is none.
pub(crate) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The map of `key` in `value`, made where it is missing.
pub(crate) fn map<'a>(value: &'a mut Value, key: &str) -> &'a mut Map<String, Value> {
    let entry = object(value).entry(key.to_owned()).or_insert_with(|| Value::Object(Map::new()));
    object(entry)
}

/// The value as a map; what is none becomes an empty one.
pub(crate) fn object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(map) => map,
        _ => unreachable!("made a map above"),
    }
}

/// Sets `key` in `value` where it is missing or null.
pub(crate) fn default(value: &mut Value, key: &str, make: impl FnOnce() -> Value) {
    let map = object(value);
    if map.get(key).is_none_or(Value::is_null) {
        map.insert(key.to_owned(), make());
    }
}

pub(crate) fn deleting(value: &Value) -> bool {
    !text(value, "/metadata/deletionTimestamp").is_empty()
}

pub(crate) fn finalizers(value: &Value) -> Vec<String> {
    list(value, "/metadata/finalizers").iter().filter_map(|entry| entry.as_str().map(ToOwned::to_owned)).collect()
}

pub(crate) fn set_finalizers(value: &mut Value, finalizers: &[String]) {
    let metadata = map(value, "metadata");
    if finalizers.is_empty() {
        metadata.remove("finalizers");
    } else {
        metadata.insert("finalizers".to_owned(), finalizers.into());
    }
}

/// The condition of that type in `status.conditions`.
pub(crate) fn condition<'a>(value: &'a Value, kind: &str) -> Option<&'a Value> {
    list(value, "/status/conditions").iter().find(|condition| text(condition, "/type") == kind)
}

pub(crate) fn condition_is(value: &Value, kind: &str, status: &str) -> bool {
    condition(value, kind).is_some_and(|condition| text(condition, "/status") == status)
}

/// Puts a condition into `status.conditions`, in the place of the one of its type.
pub(crate) fn set_condition(value: &mut Value, condition: Value) {
    let status = map(value, "status");
    let conditions = status.entry("conditions").or_insert_with(|| Value::Array(Vec::new()));
    if !conditions.is_array() {
        *conditions = Value::Array(Vec::new());
    }
    let Value::Array(conditions) = conditions else { return };
    match conditions.iter_mut().find(|known| known["type"] == condition["type"]) {
        Some(known) => *known = condition,
        None => conditions.push(condition),
    }
}

/// A time as `metav1.Time` is written: whole seconds, UTC.
pub(crate) fn seconds(now: jiff::Timestamp) -> String {
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A time as `metav1.MicroTime` is written.
pub(crate) fn micros(now: jiff::Timestamp) -> String {
    now.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

pub(crate) fn parse_time(text: &str) -> Option<jiff::Timestamp> {
    text.parse().ok()
}
