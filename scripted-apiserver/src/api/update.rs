//! Update and patch.

use std::sync::Arc;

use serde_json::Value;

use super::{Caller, merge};
use crate::object::{Object, map, text};
use crate::status::{ApiError, Result};
use crate::store::{Key, Store};
use crate::{managed, validate};

/// Fields of `metadata` that a client cannot change.
const FIXED: [&str; 8] = [
    "name",
    "namespace",
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "managedFields",
];

/// How a patch is written, by its media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PatchKind {
    Merge,
    Strategic,
    Json,
}

/// Replaces an object, or with `status` its status alone.
pub(crate) fn update(store: &mut Store, caller: &Caller, key: &Key, status: bool, new: Value) -> Result<Arc<Object>> {
    let found = store.get(key).cloned().ok_or_else(|| ApiError::not_found(key.resource, &key.name))?;
    let old = &found.value;
    let rv = text(&new, "/metadata/resourceVersion");
    if !rv.is_empty() && rv != found.rv.to_string() {
        return Err(ApiError::conflict(key.resource, &key.name));
    }
    let uid = text(&new, "/metadata/uid");
    if !uid.is_empty() && uid != found.uid() {
        let why = format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {}", found.uid());
        return Err(ApiError::precondition(key.resource, &key.name, &why));
    }
    let name = text(&new, "/metadata/name");
    if !name.is_empty() && name != key.name {
        return Err(ApiError::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({})",
            key.name
        )));
    }
    let mut new = if status { with_status(old, new) } else { with_fixed(key, old, new) };
    validate::update(key.resource, old, &new)?;
    if key.resource.has_generation() && old["spec"] != new["spec"] {
        let generation = old["metadata"]["generation"].as_i64().unwrap_or(1) + 1;
        map(&mut new, "metadata").insert("generation".to_owned(), generation.into());
    }
    map(&mut new, "metadata").insert("resourceVersion".to_owned(), found.rv.to_string().into());
    if new == *old {
        return Ok(found);
    }
    managed::record(&mut new, Some(old), &caller.manager, if status { "status" } else { "" }, caller.now);
    if caller.dry_run {
        return Ok(Arc::new(Object::new(new, found.rv)));
    }
    Ok(store.replace(key, new))
}

fn with_status(old: &Value, mut new: Value) -> Value {
    let mut value = old.clone();
    value["status"] = new["status"].take();
    if value["status"].is_null() {
        value["status"] = Value::Object(serde_json::Map::new());
    }
    value
}

fn with_fixed(key: &Key, old: &Value, mut new: Value) -> Value {
    for field in ["apiVersion", "kind"] {
        new[field] = old[field].clone();
    }
    if key.resource.has_status() {
        match old.get("status") {
            Some(status) => new["status"] = status.clone(),
            None => {
                crate::object::object(&mut new).remove("status");
            }
        }
    }
    let metadata = map(&mut new, "metadata");
    for field in FIXED {
        match old["metadata"].get(field) {
            Some(value) => metadata.insert(field.to_owned(), value.clone()),
            None => metadata.remove(field),
        };
    }
    // Nothing and an empty collection are the same in the API.
    for field in ["finalizers", "ownerReferences", "labels", "annotations"] {
        let empty = match metadata.get(field) {
            Some(Value::Array(list)) => list.is_empty(),
            Some(Value::Object(map)) => map.is_empty(),
            Some(Value::Null) => true,
            _ => false,
        };
        if empty {
            metadata.remove(field);
        }
    }
    new
}

/// Patches an object, or with `status` its status alone.
pub(crate) fn patch(
    store: &mut Store,
    caller: &Caller,
    key: &Key,
    status: bool,
    kind: PatchKind,
    patch: Value,
) -> Result<Arc<Object>> {
    let found = store.get(key).cloned().ok_or_else(|| ApiError::not_found(key.resource, &key.name))?;
    let mut new = found.value.clone();
    match kind {
        PatchKind::Merge => json_patch::merge(&mut new, &patch),
        PatchKind::Strategic => merge::strategic(&mut new, patch),
        PatchKind::Json => {
            let patch: json_patch::Patch = serde_json::from_value(patch)
                .map_err(|error| ApiError::bad_request(format!("error decoding patch: {error}")))?;
            json_patch::patch(&mut new, &patch).map_err(|_| {
                let message = "the server rejected our request due to an error in our request";
                let mut error = ApiError::new(422, "Invalid", message);
                error.details = Some(Box::default());
                error
            })?;
        }
    }
    update(store, caller, key, status, new)
}
