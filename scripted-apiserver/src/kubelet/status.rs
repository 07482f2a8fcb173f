//! The Pod's status, as the kubelet writes it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::state::{Container, State};
use crate::object::{condition, map, seconds, set_condition, text};

/// Writes the state into `status`; conditions of others stay.
pub(super) fn write(pod: &mut Value, state: &State, now: Timestamp) {
    let (phase, observed) = (state.phase(), pod["metadata"]["generation"].clone());
    let status = map(pod, "status");
    status.insert("observedGeneration".to_owned(), observed);
    status.insert("phase".to_owned(), json!(phase));
    status.insert("startTime".to_owned(), json!(seconds(state.started)));
    status.insert("hostIP".to_owned(), json!("10.0.0.1"));
    status.insert("hostIPs".to_owned(), json!([{"ip": "10.0.0.1"}]));
    if state.sandbox {
        status.insert("podIP".to_owned(), json!("10.244.0.7"));
        status.insert("podIPs".to_owned(), json!([{"ip": "10.244.0.7"}]));
    }
    if let Some((reason, message)) = &state.failed {
        status.insert("reason".to_owned(), json!(reason));
        status.insert("message".to_owned(), json!(message));
    }
    for (field, init) in [("initContainerStatuses", true), ("containerStatuses", false)] {
        let statuses: Vec<Value> =
            state.containers.iter().filter(|container| container.init == init).map(Container::status).collect();
        // A Pod that was refused has no statuses.
        if !statuses.is_empty() && (state.sandbox || state.failed.is_none()) {
            status.insert(field.to_owned(), Value::Array(statuses));
        }
    }
    conditions(pod, state, now);
}

fn names(state: &State, pick: impl Fn(&Container) -> bool) -> String {
    let names: Vec<&str> =
        state.containers.iter().filter(|container| pick(container)).map(|container| container.name.as_str()).collect();
    names.join(" ")
}

fn conditions(pod: &mut Value, state: &State, now: Timestamp) {
    let incomplete = names(state, |container| !container.initialized());
    let unready = names(state, |container| (!container.init || container.sidecar) && !container.ready());
    let done = state.done() || state.ended;
    let done_reason = {
        let mut after = state.clone();
        after.ended = true;
        if after.phase() == "Succeeded" { "PodCompleted" } else { "PodFailed" }
    };
    set(pod, "PodReadyToStartContainers", state.sandbox && !state.ended, "", "", now);
    if incomplete.is_empty() {
        let reason = if done && done_reason == "PodCompleted" { done_reason } else { "" };
        set(pod, "Initialized", true, reason, "", now);
    } else {
        let message = format!("containers with incomplete status: [{incomplete}]");
        set(pod, "Initialized", false, "ContainersNotInitialized", &message, now);
    }
    for kind in ["Ready", "ContainersReady"] {
        if done {
            set(pod, kind, false, done_reason, "", now);
        } else if unready.is_empty() {
            set(pod, kind, true, "", "", now);
        } else {
            let message = format!("containers with unready status: [{unready}]");
            set(pod, kind, false, "ContainersNotReady", &message, now);
        }
    }
}

/// Puts a condition in its place; its transition time changes with its status alone.
pub(super) fn set(pod: &mut Value, kind: &str, status: bool, reason: &str, message: &str, now: Timestamp) {
    let status = if status { "True" } else { "False" };
    let since = condition(pod, kind)
        .filter(|known| text(known, "/status") == status)
        .map_or_else(|| seconds(now), |known| text(known, "/lastTransitionTime").to_owned());
    let observed = pod["metadata"]["generation"].clone();
    let mut condition = json!({
        "type": kind, "observedGeneration": observed, "status": status, "lastProbeTime": null, "lastTransitionTime": since
    });
    if !reason.is_empty() {
        condition["reason"] = json!(reason);
    }
    if !message.is_empty() {
        condition["message"] = json!(message);
    }
    set_condition(pod, condition);
}
