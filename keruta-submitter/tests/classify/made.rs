//! Jobs, Pods and Events, made up for a test from what differs.

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Event, Pod};
use serde_json::{Value, json};

/// When things began.
pub(crate) fn start() -> Timestamp {
    at(0)
}

/// So many seconds later.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + seconds).unwrap()
}

/// A Job of task `a`, with these fields.
pub(crate) fn job(fields: Value) -> Job {
    let mut job = json!({
        "metadata": {"name": "keruta-job-a", "namespace": "tasks", "uid": "job-1", "creationTimestamp": at(0).to_string(),
            "labels": {"app": "keruta", "task-id": "a"}, "annotations": {"keruta.dev/attempt": "1"}},
        "spec": {"backoffLimit": 4, "template": {}},
        "status": {"startTime": at(0).to_string(), "active": 1},
    });
    merge(&mut job, fields);
    serde_json::from_value(job).unwrap()
}

/// The status of a Job that ended.
pub(crate) fn ended(kind: &str, reason: &str) -> Value {
    json!({"status": {"active": 0, "conditions": [{"type": kind, "status": "True", "reason": reason,
        "lastTransitionTime": at(20).to_string()}]}})
}

/// A Pod of that Job with a step `git-clone`, a sidecar `database` and a container `main`, and these fields.
pub(crate) fn pod(fields: Value) -> Pod {
    let mut pod = json!({
        "metadata": {"name": "keruta-job-a-x", "namespace": "tasks", "uid": "pod-1", "generation": 1,
            "creationTimestamp": at(0).to_string(), "finalizers": ["keruta.dev/evidence"],
            "ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": "keruta-job-a", "uid": "job-1", "controller": true}]},
        "spec": {"nodeName": "node-1",
            "initContainers": [{"name": "database", "image": "postgres:17", "restartPolicy": "Always"}, {"name": "git-clone", "image": "git:1"}],
            "containers": [{"name": "main", "image": "python:3.13"}]},
        "status": {"phase": "Running", "observedGeneration": 1},
    });
    merge(&mut pod, fields);
    serde_json::from_value(pod).unwrap()
}

/// A Pod's fields: its phase, and the states of its sidecar, its step and its main container.
pub(crate) fn states(phase: &str, sidecar: Value, step: Value, main: Value) -> Value {
    json!({"status": {"phase": phase,
        "initContainerStatuses": [status("database", sidecar), status("git-clone", step)],
        "containerStatuses": [status("main", main)]}})
}

/// A Pod's fields, whose sidecar ran and whose step succeeded.
pub(crate) fn main_state(phase: &str, main: Value) -> Value {
    states(phase, running(), done(0), main)
}

/// A container's state, with its restarts and last end under `restartCount` and `lastState`, where it has some.
fn status(name: &str, state: Value) -> Value {
    let mut status = json!({"name": name, "image": "i", "imageID": "", "ready": false, "restartCount": 0});
    let full = if state.get("state").is_some() { state } else { json!({"state": state}) };
    merge(&mut status, full);
    status
}

pub(crate) fn running() -> Value {
    json!({"running": {"startedAt": at(1).to_string()}})
}

pub(crate) fn waiting(reason: &str, message: &str) -> Value {
    json!({"waiting": {"reason": reason, "message": message}})
}

/// Ended with this code after ten seconds.
pub(crate) fn done(code: i32) -> Value {
    terminated(code, if code == 0 { "Completed" } else { "Error" }, "")
}

pub(crate) fn terminated(code: i32, reason: &str, message: &str) -> Value {
    json!({"terminated": {"exitCode": code, "reason": reason, "message": message,
        "startedAt": at(1).to_string(), "finishedAt": at(11).to_string()}})
}

/// A Pod's fields: its condition `DisruptionTarget`.
pub(crate) fn disrupted(reason: &str) -> Value {
    json!({"status": {"conditions": [{"type": "DisruptionTarget", "status": "True", "reason": reason, "message": "it goes"}]}})
}

/// An Event about an object with this uid.
pub(crate) fn event(uid: &str, reason: &str, message: &str) -> Event {
    serde_json::from_value(json!({
        "metadata": {"name": "e", "creationTimestamp": at(5).to_string()},
        "involvedObject": {"uid": uid}, "reason": reason, "message": message, "type": "Warning", "count": 3,
        "firstTimestamp": at(1).to_string(), "lastTimestamp": at(5).to_string(),
    }))
    .unwrap()
}

/// All these fields in one.
pub(crate) fn with(fields: impl IntoIterator<Item = Value>) -> Value {
    let mut all = json!({});
    for fields in fields {
        merge(&mut all, fields);
    }
    all
}

fn merge(value: &mut Value, patch: Value) {
    match (value, patch) {
        (Value::Object(fields), Value::Object(patch)) => {
            for (key, patch) in patch {
                merge(fields.entry(key).or_insert(Value::Null), patch);
            }
        }
        (value, patch) => *value = patch,
    }
}
