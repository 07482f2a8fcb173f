//! Paths outside of resources: health, version, discovery, access reviews.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};

use super::{Asked, Body, body};
use crate::cluster::{Cluster, locked};
use crate::resource::{ALL, Resource};
use crate::status::{ApiError, Result};

pub(super) fn answer(cluster: &Arc<Cluster>, asked: &Asked) -> Result<Response<Body>> {
    let path = asked.route.path.as_str();
    if path == "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" && asked.route.verb == "post" {
        let review: Value =
            serde_json::from_slice(&asked.body).map_err(|error| ApiError::bad_request(error.to_string()))?;
        let reviewed = locked(&cluster.access).review(review);
        return Ok(body::json(201, Bytes::from(reviewed.to_string())));
    }
    if asked.route.verb != "get" {
        return Err(ApiError::no_such_path());
    }
    let found = match path {
        "/readyz" | "/livez" | "/healthz" => return Ok(body::text(200, "ok")),
        "/version" => json!({
            "major": "1", "minor": "36", "gitVersion": "v1.36.2", "gitCommit": "", "gitTreeState": "clean",
            "buildDate": "2026-08-21T00:00:00Z", "goVersion": "go1.26.6", "compiler": "gc", "platform": "linux/amd64"
        }),
        "/api" => json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}),
        "/apis" => {
            let groups: Vec<Value> = groups().into_iter().map(group).collect();
            json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
        }
        "/api/v1" => resources(""),
        _ => match path.strip_prefix("/apis/").and_then(|rest| {
            let (name, version) = rest.split_once('/').unwrap_or((rest, ""));
            groups().into_iter().find(|known| *known == name).map(|known| (known, version))
        }) {
            Some((name, "")) => group(name),
            Some((name, "v1")) => resources(name),
            _ => return Err(ApiError::no_such_path()),
        },
    };
    Ok(body::json(200, Bytes::from(found.to_string())))
}

fn groups() -> Vec<&'static str> {
    let mut groups: Vec<&'static str> = ALL.iter().map(|resource| resource.group()).collect();
    groups.push("authorization.k8s.io");
    groups.retain(|group| !group.is_empty());
    groups.dedup();
    groups
}

fn group(name: &str) -> Value {
    let version = json!({"groupVersion": format!("{name}/v1"), "version": "v1"});
    json!({"kind": "APIGroup", "apiVersion": "v1", "name": name, "versions": [version], "preferredVersion": version})
}

fn resources(group: &str) -> Value {
    let verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
    let mut list: Vec<Value> = ALL
        .iter()
        .filter(|resource| resource.group() == group)
        .map(|resource| entry(*resource, resource.plural(), resource.kind(), &verbs))
        .collect();
    if group.is_empty() {
        list.push(entry(Resource::Pods, "pods/log", "Pod", &["get"]));
        list.push(entry(Resource::Pods, "pods/eviction", "Eviction", &["create"]));
        list.push(entry(Resource::Pods, "pods/status", "Pod", &["get", "patch", "update"]));
    }
    let version = if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") };
    json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": list})
}

fn entry(resource: Resource, name: &str, kind: &str, verbs: &[&str]) -> Value {
    let singular = if name.contains('/') { String::new() } else { resource.kind().to_lowercase() };
    json!({"name": name, "singularName": singular, "namespaced": resource.namespaced(), "kind": kind, "verbs": verbs})
}
