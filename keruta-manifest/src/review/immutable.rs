//! Which changes Kubernetes refuses on an object that exists already.
//!
//! The rules are those of `ValidateJobSpecUpdate` with `validatePodTemplateUpdate` and `validateCompletions`,
//! `ValidatePersistentVolumeClaimUpdate`, `ValidateConfigMapUpdate` and `ValidateSecretUpdate`. What the API server
//! fills in by itself is not a change, so that the old manifest may come from the cluster.

mod compare;

use serde_json::Value;

use super::finding::{Finding, FindingId};
use super::quantity::nanos;
use super::sink::{Sink, short};
use super::version::KubernetesVersion;
use compare::{Change, changes, same};

/// What Kubernetes would refuse in replacing `old` by `new`; nothing if the change can be applied.
///
/// Both are manifests as JSON. `old` may be the object as it is in the cluster, with defaults and status.
///
/// ```
/// use keruta_manifest::review::{immutable_changes, KubernetesVersion};
/// use serde_json::json;
///
/// let job = |image: &str| json!({"kind": "Job", "metadata": {"name": "j"}, "spec": {"backoffLimit": 4,
///     "template": {"spec": {"containers": [{"name": "main", "image": image}]}}}});
/// let found = immutable_changes(&job("a:1"), &job("a:2"), KubernetesVersion::default());
/// assert_eq!(found[0].id.as_str(), "immutable-job-template");
/// assert_eq!(found[0].pointer, "/spec/template/spec/containers/0/image");
/// assert!(immutable_changes(&job("a:1"), &job("a:1"), KubernetesVersion::default()).is_empty());
/// ```
#[must_use]
pub fn immutable_changes(old: &Value, new: &Value, version: KubernetesVersion) -> Vec<Finding> {
    let text =
        |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (kind, name) = (text(new, "/kind"), text(new, "/metadata/name"));
    let mut found = Vec::new();
    let mut sink = Sink::new(&kind, &name, &mut found);
    for (pointer, what) in [("/kind", "kind"), ("/metadata/name", "name"), ("/metadata/namespace", "namespace")] {
        let (before, after) = (text(old, pointer), text(new, pointer));
        // A manifest without a namespace goes to the one at hand.
        if before != after && !(what == "namespace" && (before.is_empty() || after.is_empty())) {
            sink.add(
                FindingId::DifferentObject,
                pointer,
                format!(
                    "The {what} differs (\"{}\", now \"{}\"): this is another object.",
                    short(&before),
                    short(&after)
                ),
                "Compare manifests of the same object, or create the new one beside the old.",
            );
        }
    }
    match kind.as_str() {
        "Job" => job(old, new, version, &mut sink),
        "PersistentVolumeClaim" => claim(old, new, version, &mut sink),
        "ConfigMap" | "Secret" => data(old, new, &kind, &mut sink),
        _ => {}
    }
    found.sort();
    found.dedup();
    found
}

const NEW_JOB: &str =
    "Create a Job with another name (the next attempt of the task), or delete the existing Job first.";

fn job(old: &Value, new: &Value, version: KubernetesVersion, sink: &mut Sink<'_>) {
    let fields = [
        "selector",
        "completionMode",
        "podFailurePolicy",
        "backoffLimitPerIndex",
        "managedBy",
        "successPolicy",
        "scheduling",
    ];
    for field in fields {
        let pointer = format!("/spec/{field}");
        let (before, after) = (old.pointer(&pointer), new.pointer(&pointer));
        // The API server makes the selector of a Job that has none.
        if field == "selector" && after.is_none() {
            continue;
        }
        for change in changes(before, after, &pointer) {
            job_field(field, &change, sink);
        }
    }
    completions(old, new, sink);
    let suspended = old.pointer("/spec/suspend") == Some(&Value::Bool(true));
    for change in changes(old.pointer("/spec/template"), new.pointer("/spec/template"), "/spec/template") {
        if suspended && is_mutable_while_suspended(&change.pointer, version) {
            continue;
        }
        sink.add(
            FindingId::ImmutableJobTemplate,
            change.pointer.as_str(),
            format!("The Pod template of an existing Job cannot be changed: {}.", change.describe()),
            NEW_JOB,
        );
    }
}

fn job_field(field: &str, change: &Change<'_>, sink: &mut Sink<'_>) {
    sink.add(
        FindingId::ImmutableJobField,
        change.pointer.as_str(),
        format!("`{field}` of an existing Job cannot be changed: {}.", change.describe()),
        NEW_JOB,
    );
}

/// The number of completions is fixed, but an indexed Job may change it together with its parallelism.
fn completions(old: &Value, new: &Value, sink: &mut Sink<'_>) {
    let (before, after) = (old.pointer("/spec/completions"), new.pointer("/spec/completions"));
    let parallelism = new.pointer("/spec/parallelism");
    let indexed = old.pointer("/spec/completionMode").and_then(Value::as_str) == Some("Indexed");
    if indexed && after.is_some() && after == parallelism {
        return;
    }
    // Without either number the API server writes 1 for both.
    if after.is_none() && parallelism.is_none() && before.and_then(Value::as_i64) == Some(1) {
        return;
    }
    for change in changes(before, after, "/spec/completions") {
        job_field("completions", &change, sink);
    }
}

/// Scheduling directives may change while a Job is suspended, and since 1.36 (beta) its containers' resources too.
fn is_mutable_while_suspended(pointer: &str, version: KubernetesVersion) -> bool {
    const DIRECTIVES: [&str; 6] = [
        "/spec/template/metadata/annotations",
        "/spec/template/metadata/labels",
        "/spec/template/spec/affinity/nodeAffinity",
        "/spec/template/spec/nodeSelector",
        "/spec/template/spec/schedulingGates",
        "/spec/template/spec/tolerations",
    ];
    let below =
        |prefix: &str| pointer.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let resources = || {
        let mut segments = pointer.strip_prefix("/spec/template/spec/").unwrap_or_default().split('/');
        matches!(segments.next(), Some("containers" | "initContainers")) && segments.nth(1) == Some("resources")
    };
    DIRECTIVES.into_iter().any(below) || (version >= KubernetesVersion::V1_36 && resources())
}

fn claim(old: &Value, new: &Value, version: KubernetesVersion, sink: &mut Sink<'_>) {
    const SIZE: &str = "/spec/resources/requests/storage";
    let quantity = |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_str).and_then(nanos);
    for change in changes(old.pointer("/spec"), new.pointer("/spec"), "/spec") {
        let pointer = change.pointer.as_str();
        // Filled in by the cluster when the claim is made or bound.
        let assigned = ["/spec/storageClassName", "/spec/volumeName"].contains(&pointer)
            || ["/spec/dataSource", "/spec/dataSourceRef"].iter().any(|prefix| pointer.starts_with(prefix));
        if assigned && change.new.is_none() {
            continue;
        }
        if pointer == "/spec/volumeAttributesClassName" && version >= KubernetesVersion::V1_34 && change.new.is_some() {
            continue;
        }
        if pointer == SIZE
            && let (Some(before), Some(after)) = (quantity(old, SIZE), quantity(new, SIZE))
        {
            // An expansion that has not happened yet may be taken back, down to the size that the volume has.
            let least = quantity(old, "/status/capacity/storage").map_or(before, |capacity| capacity.min(before));
            if after < least {
                sink.add(
                    FindingId::ClaimShrunk,
                    SIZE,
                    format!("A claim cannot become smaller: {}.", change.describe()),
                    "Keep the size, or make a new claim and copy the data.",
                );
            }
            continue;
        }
        sink.add(
            FindingId::ImmutableClaim,
            pointer,
            format!("This field of an existing claim cannot be changed: {}.", change.describe()),
            "Keep the old value, or make a new claim and copy the data.",
        );
    }
}

fn data(old: &Value, new: &Value, kind: &str, sink: &mut Sink<'_>) {
    const CURE: &str = "Create an object with another name and refer to that, or delete the existing one first.";
    if kind == "Secret" && !same(old.get("type"), new.get("type"), "/type") {
        sink.add(FindingId::ImmutableData, "/type", "The type of an existing Secret cannot be changed.", CURE);
    }
    if old.get("immutable") != Some(&Value::Bool(true)) {
        return;
    }
    for field in ["data", "binaryData", "stringData", "immutable"] {
        let pointer = format!("/{field}");
        // `stringData` is written only, so that the cluster never shows it.
        if field == "stringData" && old.get(field).is_none() {
            continue;
        }
        for change in changes(old.get(field), new.get(field), &pointer) {
            sink.add(
                FindingId::ImmutableData,
                change.pointer.as_str(),
                format!("This {kind} is marked immutable: {}.", change.describe()),
                CURE,
            );
        }
    }
}

#[cfg(test)]
mod tests;
