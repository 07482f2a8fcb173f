//! `metadata.managedFields`, so that slimming has something to slim.

use serde_json::{Map, Value, json};

use crate::object::{list, map, seconds};

/// Writes the entry of `manager`: the fields of `value` that differ from `before`, added to those it had.
pub(crate) fn record(
    value: &mut Value,
    before: Option<&Value>,
    manager: &str,
    subresource: &str,
    now: jiff::Timestamp,
) {
    let changed = differing(value, before, subresource);
    if changed.is_empty() {
        return;
    }
    let api_version = value["apiVersion"].clone();
    let mut entries: Vec<Value> = list(before.unwrap_or(&Value::Null), "/metadata/managedFields").to_vec();
    let own =
        |entry: &Value| entry["manager"] == manager && entry["subresource"].as_str().unwrap_or_default() == subresource;
    let mut fields = Map::new();
    if let Some(at) = entries.iter().position(own)
        && let Value::Object(known) = entries.remove(at)["fieldsV1"].take()
    {
        fields = known;
    }
    merge(&mut fields, changed);
    let mut entry = json!({
        "manager": manager, "operation": "Update", "apiVersion": api_version, "time": seconds(now),
        "fieldsType": "FieldsV1", "fieldsV1": fields
    });
    if !subresource.is_empty() {
        entry["subresource"] = json!(subresource);
    }
    entries.push(entry);
    map(value, "metadata").insert("managedFields".to_owned(), Value::Array(entries));
}

fn differing(value: &Value, before: Option<&Value>, subresource: &str) -> Map<String, Value> {
    let mut fields = Map::new();
    let Value::Object(all) = value else { return fields };
    for (key, field) in all {
        let old = before.map(|before| &before[key.as_str()]);
        let skip = match key.as_str() {
            "apiVersion" | "kind" => true,
            "status" => subresource != "status",
            _ => false,
        };
        if skip {
            continue;
        }
        if key == "metadata" {
            let inner: Map<String, Value> = ["labels", "annotations", "finalizers", "ownerReferences", "generateName"]
                .into_iter()
                .filter(|part| !field[*part].is_null() && old.is_none_or(|old| old[*part] != field[*part]))
                .map(|part| (format!("f:{part}"), tree(&field[part], old.map(|old| &old[part]))))
                .collect();
            if !inner.is_empty() {
                fields.insert("f:metadata".to_owned(), Value::Object(inner));
            }
        } else if old != Some(field) {
            fields.insert(format!("f:{key}"), tree(field, old));
        }
    }
    fields
}

/// The field set of a value; lists of named items by name, other lists as one field.
fn tree(value: &Value, before: Option<&Value>) -> Value {
    match value {
        Value::Object(all) => Value::Object(
            all.iter()
                .filter(|(key, field)| before.is_none_or(|before| before[key.as_str()] != **field))
                .map(|(key, field)| (format!("f:{key}"), tree(field, before.map(|before| &before[key.as_str()]))))
                .collect(),
        ),
        Value::Array(items) if !items.is_empty() && items.iter().all(|item| item["name"].is_string()) => Value::Object(
            items.iter().map(|item| (format!("k:{{\"name\":{}}}", item["name"]), tree(item, None))).collect(),
        ),
        _ => json!({}),
    }
}

fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Object(known)), Value::Object(value)) => merge(known, value),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}
