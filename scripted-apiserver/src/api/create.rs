//! Create.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Caller, quota};
use crate::object::{Object, map, seconds, text};
use crate::resource::Resource;
use crate::status::{ApiError, Cause, Result};
use crate::store::{Key, Store};
use crate::{defaults, managed, name, validate};

/// Creates an object in `namespace` (empty for cluster-wide resources).
pub(crate) fn create(
    store: &mut Store,
    caller: &Caller,
    resource: Resource,
    namespace: &str,
    mut value: Value,
) -> Result<Arc<Object>> {
    let kind = text(&value, "/kind");
    if !value.is_object() || (!kind.is_empty() && kind != resource.kind()) {
        let message = format!("the object provided is unrecognized (must be of type {})", resource.kind());
        return Err(ApiError::bad_request(message));
    }
    value["kind"] = json!(resource.kind());
    value["apiVersion"] = json!(resource.api_version());
    place(store, resource, namespace, &mut value)?;
    fill_metadata(caller, resource, &mut value);
    defaults::fill(resource, &mut value);
    validate::create(resource, &value)?;
    let key = Key::new(resource, namespace, text(&value, "/metadata/name"));
    if store.get(&key).is_some() {
        return Err(ApiError::already_exists(resource, &key.name));
    }
    quota::admit(store, &key, &value)?;
    managed::record(&mut value, None, &caller.manager, "", caller.now);
    if caller.dry_run {
        return Ok(Arc::new(Object::new(value, 0)));
    }
    Ok(store.insert(&key, value))
}

fn place(store: &Store, resource: Resource, namespace: &str, value: &mut Value) -> Result<()> {
    let own = text(value, "/metadata/namespace");
    if !own.is_empty() && own != namespace {
        return Err(ApiError::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    if !text(value, "/metadata/resourceVersion").is_empty() {
        return Err(ApiError::bad_request("resourceVersion should not be set on objects to be created"));
    }
    let metadata = map(value, "metadata");
    if resource.namespaced() {
        metadata.insert("namespace".to_owned(), json!(namespace));
    }
    let name = metadata.get("name").and_then(Value::as_str).unwrap_or_default();
    if name.is_empty() {
        let prefix = metadata.get("generateName").and_then(Value::as_str).unwrap_or_default();
        if prefix.is_empty() {
            let cause = Cause::required("metadata.name", "name or generateName is required");
            return Err(ApiError::invalid(resource, "", &[cause]));
        }
        let prefix: String = prefix.chars().take(58).collect();
        metadata.insert("name".to_owned(), json!(format!("{prefix}{}", name::suffix())));
    }
    if resource.namespaced() {
        match store.get(&Key::new(Resource::Namespaces, "", namespace)) {
            None => return Err(ApiError::not_found(Resource::Namespaces, namespace)),
            Some(found) if crate::object::deleting(&found.value) => {
                let name = text(value, "/metadata/name");
                let why =
                    format!("unable to create new content in namespace {namespace} because it is being terminated");
                return Err(ApiError::forbidden(resource, name, &why));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn fill_metadata(caller: &Caller, resource: Resource, value: &mut Value) {
    let metadata = map(value, "metadata");
    for set_by_server in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "managedFields"] {
        metadata.remove(set_by_server);
    }
    // An empty list of finalizers is none.
    for list in ["finalizers", "ownerReferences"] {
        if metadata.get(list).is_some_and(|list| list.as_array().is_none_or(Vec::is_empty)) {
            metadata.remove(list);
        }
    }
    metadata.insert("uid".to_owned(), json!(name::uid()));
    metadata.insert("creationTimestamp".to_owned(), json!(seconds(caller.now)));
    if resource.has_generation() {
        metadata.insert("generation".to_owned(), json!(1));
    }
}
