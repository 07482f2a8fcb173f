//! Whether a Pod was disturbed: ended by something outside of it, whatever its exit codes say.

use crate::observe::ObservedPod;
use crate::verdict::Cause;

/// How a Pod was disturbed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Disruption<'a> {
    pub(super) cause: Cause,
    pub(super) retryable: bool,
    /// Kubernetes' reason; `None` for a deletion that gives none.
    pub(super) reason: Option<&'a str>,
    pub(super) message: Option<&'a str>,
}

/// How this Pod was disturbed; `None` where it was not, or not before its containers had ended.
pub(super) fn of(pod: &ObservedPod) -> Option<Disruption<'_>> {
    let message = pod.message.as_deref().or(pod.disruption_message.as_deref());
    by_condition(pod, message).or_else(|| by_status(pod, message)).or_else(|| by_deletion(pod))
}

/// By the condition `DisruptionTarget`.
/// [Source](https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions).
fn by_condition<'a>(pod: &'a ObservedPod, message: Option<&'a str>) -> Option<Disruption<'a>> {
    let reason = pod.disruption.as_deref()?;
    let (cause, retryable) = match reason {
        "PreemptionByScheduler" => (Cause::Preempted, true),
        "DeletionByTaintManager" | "DeletionByPodGC" => (Cause::NodeLost, true),
        // The kubelet says in the status why: it evicts, makes room for a critical Pod, or shuts its node down.
        "TerminationByKubelet" => kubelet(pod, message),
        // EvictionByEvictionAPI, and what is to come.
        _ => (Cause::Evicted, true),
    };
    Some(Disruption { cause, retryable, reason: Some(reason), message: pod.disruption_message.as_deref().or(message) })
}

fn kubelet(pod: &ObservedPod, message: Option<&str>) -> (Cause, bool) {
    match pod.reason.as_deref() {
        Some("Terminated" | "NodeShutdown" | "Shutdown") => (Cause::NodeLost, true),
        Some("Preempting") => (Cause::Preempted, true),
        _ => (Cause::Evicted, !is_own_limit(message)),
    }
}

/// By `status.reason`, also where a container ended with 0.
fn by_status<'a>(pod: &'a ObservedPod, message: Option<&'a str>) -> Option<Disruption<'a>> {
    let reason = pod.reason.as_deref()?;
    let (cause, retryable) = match reason {
        "Evicted" => (Cause::Evicted, !is_own_limit(message)),
        "Preempting" => (Cause::Preempted, true),
        "NodeLost" | "Terminated" | "NodeShutdown" | "Shutdown" => (Cause::NodeLost, true),
        _ if is_rejection(reason) => (Cause::Evicted, true),
        _ => return None,
    };
    Some(Disruption { cause, retryable, reason: Some(reason), message })
}

/// Whether the kubelet did not take the Pod: room, devices or ports were gone when it came.
pub(super) fn is_rejection(reason: &str) -> bool {
    reason.starts_with("OutOf")
        || matches!(
            reason,
            "UnexpectedAdmissionError" | "NodeAffinity" | "NodePorts" | "TopologyAffinityError" | "PodOSNotSupported"
        )
}

/// By its deletion, where that was asked for before its containers had ended.
fn by_deletion(pod: &ObservedPod) -> Option<Disruption<'_>> {
    let deleted = Disruption { cause: Cause::Deleted, retryable: true, reason: None, message: None };
    pod.cut_short.then_some(deleted)
}

/// Whether the kubelet evicted a Pod because of the Pod's own limits, so that another attempt would fare alike.
/// [Source](https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/eviction/eviction_manager.go): "Usage of
/// `EmptyDir` volume … exceeds the limit", "Pod ephemeral local storage usage exceeds the total limit of containers", "Container …
/// exceeded its local ephemeral storage limit".
fn is_own_limit(message: Option<&str>) -> bool {
    message.is_some_and(|message| {
        ["exceeds the limit", "exceeds the total limit", "exceeded its local ephemeral storage limit"]
            .iter()
            .any(|part| message.contains(part))
    })
}
