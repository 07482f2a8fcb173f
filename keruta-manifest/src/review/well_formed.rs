//! What the API server would refuse in a finished object.
//!
//! The plan only makes objects that pass; a Pod patch of the user can still break one. The rules are those of
//! Kubernetes' own validation (`ValidateObjectMeta`, `ValidatePodTemplateSpec`, `ValidateJobSpec`,
//! `ValidatePersistentVolumeClaimSpec`, `ValidateConfigMap`), as far as they do not depend on the cluster.

mod claim;
mod container;
mod env;
mod job;
mod metadata;
mod names;
mod probe;
mod volume;

use super::finding::FindingId;
use super::pod::PodView;
use super::sink::{Sink, short};
use super::version::KubernetesVersion;
use crate::object::Object;

pub(super) fn check(object: &Object, version: KubernetesVersion, sink: &mut Sink<'_>) {
    metadata::check(object, sink);
    match object {
        Object::Job(job) => {
            if let Some(spec) = &job.spec {
                job::check(spec, sink);
            }
        }
        Object::PersistentVolumeClaim(claim) => claim::check(claim, sink),
        _ => {}
    }
    if let Some(pod) = PodView::of(object) {
        check_pod(&pod, version, sink);
    }
}

fn check_pod(pod: &PodView<'_>, version: KubernetesVersion, sink: &mut Sink<'_>) {
    metadata::labels(pod.labels, &pod.at("/metadata/labels"), sink);
    volume::check(pod, sink);
    if pod.spec.containers.is_empty() {
        sink.add(
            FindingId::MissingContainers,
            pod.at("/spec/containers"),
            "The Pod has no container.",
            "Add a container.",
        );
    }
    for (index, container) in pod.containers().enumerate() {
        container::check(pod, &container, version, sink);
        if pod.containers().take(index).any(|earlier| earlier.name == container.name) {
            sink.add(
                FindingId::DuplicateContainerName,
                container.at("/name"),
                format!("Another container of the Pod is called \"{}\" too.", short(container.name)),
                "Give every container, init containers too, a name of its own.",
            );
        }
    }
    for (field, name) in [
        ("serviceAccountName", pod.spec.service_account_name.as_deref()),
        ("priorityClassName", pod.spec.priority_class_name.as_deref()),
        ("runtimeClassName", pod.spec.runtime_class_name.as_deref()),
    ] {
        if let Some(name) = name.filter(|name| !name.is_empty() && !names::is_subdomain(name)) {
            pod_field(pod, field, &format!("\"{}\" is not a name of an object", short(name)), sink);
        }
    }
    for (field, name) in [("hostname", pod.spec.hostname.as_deref()), ("subdomain", pod.spec.subdomain.as_deref())] {
        if let Some(name) = name.filter(|name| !name.is_empty() && !names::is_label(name)) {
            pod_field(pod, field, &format!("\"{}\" is not a DNS label", short(name)), sink);
        }
    }
    if pod.spec.active_deadline_seconds.is_some_and(|seconds| seconds < 1) {
        pod_field(pod, "activeDeadlineSeconds", "the deadline is less than one second", sink);
    }
    if pod.spec.termination_grace_period_seconds.is_some_and(|seconds| seconds < 0) {
        pod_field(pod, "terminationGracePeriodSeconds", "the grace period is negative", sink);
    }
    for (index, toleration) in pod.spec.tolerations.iter().flatten().enumerate() {
        let operator = toleration.operator.as_deref().unwrap_or("Equal");
        let compares = matches!(operator, "Gt" | "Lt") && version >= KubernetesVersion::V1_35;
        let wrong = if !compares && !matches!(operator, "" | "Equal" | "Exists") {
            Some("the operator is neither Equal nor Exists")
        } else if operator == "Exists" && toleration.value.as_deref().is_some_and(|value| !value.is_empty()) {
            Some("Exists takes no value")
        } else if toleration.key.as_deref().unwrap_or_default().is_empty() && operator != "Exists" {
            Some("a toleration without key must have the operator Exists")
        } else if toleration.toleration_seconds.is_some() && toleration.effect.as_deref() != Some("NoExecute") {
            Some("tolerationSeconds goes with the effect NoExecute only")
        } else {
            None
        };
        if let Some(wrong) = wrong {
            pod_field(pod, &format!("tolerations/{index}"), wrong, sink);
        }
    }
}

fn pod_field(pod: &PodView<'_>, field: &str, wrong: &str, sink: &mut Sink<'_>) {
    sink.add(
        FindingId::InvalidPodField,
        pod.at(&format!("/spec/{field}")),
        format!("Kubernetes refuses `{field}`: {wrong}."),
        "Mend or remove the field.",
    );
}

#[cfg(test)]
mod tests;
