//! Probes and lifecycle hooks.

use k8s_openapi::api::core::v1::{LifecycleHandler, Probe};

use super::super::finding::FindingId;
use super::super::pod::{ContainerView, List};
use super::super::sink::{Sink, short};

pub(super) fn check(container: &ContainerView<'_>, sink: &mut Sink<'_>) {
    // An ordinary init container must end: nothing can probe it or hook into it. A sidecar can have both.
    let refused = match container.list {
        List::Init if !container.is_sidecar() => Some("an init container that is not a sidecar"),
        List::Ephemeral => Some("an ephemeral container"),
        List::Init | List::Main => None,
    };
    for (field, probe) in container.probes() {
        let Some(probe) = probe else { continue };
        if let Some(refused) = refused {
            has_no_place(container, field, refused, sink);
        } else if let Some(wrong) = wrong_probe(field, probe) {
            sink.add(
                FindingId::InvalidProbe,
                container.at(&format!("/{field}")),
                format!("The {field} of container \"{}\" {wrong}.", short(container.name)),
                "Give the probe one handler, and numbers that are not negative.",
            );
        }
    }
    let Some(lifecycle) = container.lifecycle else { return };
    if let Some(refused) = refused {
        has_no_place(container, "lifecycle", refused, sink);
        return;
    }
    for (field, handler) in [("postStart", &lifecycle.post_start), ("preStop", &lifecycle.pre_stop)] {
        let count = handler.as_ref().map_or(1, handlers);
        if count != 1 {
            sink.add(
                FindingId::InvalidProbe,
                container.at(&format!("/lifecycle/{field}")),
                format!("The hook {field} of container \"{}\" has {count} handlers.", short(container.name)),
                "Give the hook exactly one of exec, httpGet, sleep and tcpSocket.",
            );
        }
    }
}

fn has_no_place(container: &ContainerView<'_>, field: &str, kind: &str, sink: &mut Sink<'_>) {
    sink.add(
        FindingId::InitContainerLifecycle,
        container.at(&format!("/{field}")),
        format!("The container \"{}\" is {kind}, which can have no {field}.", short(container.name)),
        "Remove it, or make the container a sidecar (`restartPolicy: Always` in initContainers).",
    );
}

fn wrong_probe(field: &str, probe: &Probe) -> Option<&'static str> {
    let handlers = [probe.exec.is_some(), probe.grpc.is_some(), probe.http_get.is_some(), probe.tcp_socket.is_some()];
    match handlers.into_iter().filter(|&set| set).count() {
        0 => return Some("has no handler"),
        1 => {}
        _ => return Some("has several handlers"),
    }
    let numbers = [
        probe.failure_threshold,
        probe.initial_delay_seconds,
        probe.period_seconds,
        probe.success_threshold,
        probe.timeout_seconds,
    ];
    if numbers.into_iter().flatten().any(|number| number < 0) {
        return Some("has a negative number");
    }
    if field != "readinessProbe" && probe.success_threshold.is_some_and(|threshold| threshold > 1) {
        return Some("must have the success threshold 1");
    }
    if probe.termination_grace_period_seconds.is_some_and(|seconds| field == "readinessProbe" || seconds < 1) {
        return Some("has a termination grace period that Kubernetes refuses");
    }
    None
}

fn handlers(handler: &LifecycleHandler) -> usize {
    [handler.exec.is_some(), handler.http_get.is_some(), handler.sleep.is_some(), handler.tcp_socket.is_some()]
        .into_iter()
        .filter(|&set| set)
        .count()
}
