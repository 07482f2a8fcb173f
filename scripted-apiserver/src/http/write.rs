//! Create, update, patch, delete.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use serde_json::Value;

use super::route::Route;
use super::{Asked, Body, body};
use crate::api::delete::Options;
use crate::api::update::PatchKind;
use crate::api::{self, Caller};
use crate::cluster::Cluster;
use crate::object::text;
use crate::resource::Resource;
use crate::selector::Selector;
use crate::status::{ApiError, Result};
use crate::store::Key;

/// The name that a request is about: of its path, or of a create's body.
pub(super) fn name_of(route: &Route, body: &[u8]) -> String {
    if !route.name.is_empty() || route.verb != "create" {
        return route.name.clone();
    }
    serde_json::from_slice::<Value>(body).map(|body| text(&body, "/metadata/name").to_owned()).unwrap_or_default()
}

fn caller(asked: &Asked) -> Result<Caller> {
    let dry_run = match asked.query.get("dryRun") {
        None => false,
        Some("All") => true,
        Some(other) => {
            let cause = crate::status::Cause {
                field: "dryRun".to_owned(),
                reason: "FieldValueNotSupported",
                message: format!("Unsupported value: \"{other}\": supported values: \"All\""),
            };
            return Err(ApiError::invalid_kind("CreateOptions", "meta.k8s.io", "", &[cause]));
        }
    };
    let manager = asked.query.get("fieldManager").unwrap_or(&asked.manager).to_owned();
    Ok(Caller { manager, now: jiff::Timestamp::now(), dry_run })
}

fn object(asked: &Asked, resource: Resource) -> Result<Value> {
    serde_json::from_slice(&asked.body).map_err(|error| {
        ApiError::bad_request(format!(
            "the object provided is unrecognized (must be of type {}): couldn't get version/kind; json parse error: \
             {error}",
            resource.kind()
        ))
    })
}

fn answer(code: u16, value: &Value) -> Response<Body> {
    body::json(code, Bytes::from(value.to_string()))
}

pub(super) fn create(cluster: &Arc<Cluster>, asked: &Asked, resource: Resource) -> Result<Response<Body>> {
    if !asked.route.name.is_empty() {
        return Err(ApiError::method_not_allowed());
    }
    let (caller, value) = (caller(asked)?, object(asked, resource)?);
    let namespace = &asked.route.namespace;
    let made = cluster.write(|store| api::create::create(store, &caller, resource, namespace, value))?;
    Ok(body::json(201, made.json()))
}

pub(super) fn evict(cluster: &Arc<Cluster>, asked: &Asked, resource: Resource) -> Result<Response<Body>> {
    let (caller, value) = (caller(asked)?, object(asked, resource)?);
    let options = Options::parse(&value["deleteOptions"], |_| None)?;
    let key = asked.route.key(resource);
    let told = cluster.write(|store| api::eviction::evict(store, &caller, &key, &options))?;
    Ok(answer(201, &told))
}

pub(super) fn update(cluster: &Arc<Cluster>, asked: &Asked, resource: Resource) -> Result<Response<Body>> {
    let (caller, value) = (caller(asked)?, object(asked, resource)?);
    let key = asked.route.key(resource);
    let status = asked.route.subresource == "status";
    let made = cluster.write(|store| api::update::update(store, &caller, &key, status, value))?;
    Ok(body::json(200, made.json()))
}

pub(super) fn patch(cluster: &Arc<Cluster>, asked: &Asked, resource: Resource) -> Result<Response<Body>> {
    let kind = match asked.content_type.split(';').next().unwrap_or_default().trim() {
        "application/merge-patch+json" => PatchKind::Merge,
        "application/strategic-merge-patch+json" => PatchKind::Strategic,
        "application/json-patch+json" => PatchKind::Json,
        _ => return Err(ApiError::unsupported_media_type()),
    };
    let caller = caller(asked)?;
    let value: Value = serde_json::from_slice(&asked.body)
        .map_err(|error| ApiError::bad_request(format!("error decoding patch: {error}")))?;
    let key = asked.route.key(resource);
    let status = asked.route.subresource == "status";
    let made = cluster.write(|store| api::update::patch(store, &caller, &key, status, kind, value))?;
    Ok(body::json(200, made.json()))
}

fn options(asked: &Asked) -> Result<Options> {
    let value: Value = if asked.body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&asked.body).map_err(|error| ApiError::bad_request(error.to_string()))?
    };
    Options::parse(&value, |name| asked.query.get(name).map(ToOwned::to_owned))
}

pub(super) fn delete(cluster: &Arc<Cluster>, asked: &Asked, resource: Resource) -> Result<Response<Body>> {
    let (caller, options) = (caller(asked)?, options(asked)?);
    let key = asked.route.key(resource);
    let told = cluster.write(|store| api::delete::delete(store, &caller, &key, &options))?;
    Ok(answer(200, &told))
}

pub(super) fn delete_collection(cluster: &Arc<Cluster>, asked: &Asked, resource: Resource) -> Result<Response<Body>> {
    let (caller, options) = (caller(asked)?, options(asked)?);
    let selector = Selector::parse(resource, asked.query.text("labelSelector"), asked.query.text("fieldSelector"))?;
    let namespace = Some(asked.route.namespace.as_str()).filter(|namespace| !namespace.is_empty());
    let gone: Vec<Value> = cluster.write(|store| {
        let all = store.all(resource, namespace);
        let matching = all.into_iter().filter(|object| selector.matches(&object.value));
        let mut gone = Vec::new();
        for object in matching {
            let key = Key::new(resource, object.namespace(), object.name());
            if api::delete::delete(store, &caller, &key, &options).is_ok() {
                gone.push(object.value.clone());
            }
        }
        gone
    });
    let list = serde_json::json!({
        "kind": format!("{}List", resource.kind()), "apiVersion": resource.api_version(), "metadata": {}, "items": gone
    });
    Ok(answer(200, &list))
}
