//! What an attempt does now, and the status that follows.

use super::view::{View, has_started, is_over};
use crate::observe::{ContainerState, JobConditionKind, ObservedContainer, ObservedPod, PodPhase};
use crate::phase::Phase;
use keruta_manifest::task::TaskStatus;

/// The status of an attempt that has not ended.
///
/// It is told from what is there: where a Pod that had started is gone and its successor has not started yet, it is
/// `Pending` again.
pub(super) fn status(view: &View<'_>) -> TaskStatus {
    let suspended = view.job.is_some_and(|job| job.suspended);
    let seen_ended = view.pods.iter().filter(|pod| pod.phase.is_final()).count();
    let counted = view.job.map_or(0, |job| u64::from(job.failed) + u64::from(job.succeeded));
    // A Pod that was counted and is gone is taken for one that had started.
    let unseen = counted > seen_ended as u64;
    if !suspended && (unseen || view.pods.iter().any(|pod| has_started(pod))) {
        TaskStatus::InProgress
    } else {
        TaskStatus::Pending
    }
}

/// What it does now.
pub(super) fn phase(view: &View<'_>) -> Phase {
    if is_ending(view) {
        return Phase::Ending;
    }
    if view.job.is_some_and(|job| job.suspended) {
        return Phase::Suspended;
    }
    match view.current() {
        Some(pod) if !is_over(pod) => of_pod(pod),
        Some(pod) if pod.phase == PodPhase::Succeeded => Phase::Ending,
        None if view.failed() == 0 => Phase::Scheduling { reason: None },
        _ if view.is_out_of_tries() => Phase::Ending,
        _ => Phase::Retrying { failed: view.failed() },
    }
}

/// Whether the work is done or given up, and Pods may still be ending.
pub(super) fn is_ending(view: &View<'_>) -> bool {
    let decided = view.job.is_some_and(|job| {
        job.is_finished()
            || job.deletion_at.is_some()
            || job.condition(JobConditionKind::SuccessCriteriaMet).is_some()
            || job.condition(JobConditionKind::FailureTarget).is_some()
    });
    decided || view.gone || view.stop.is_some()
}

fn of_pod(pod: &ObservedPod) -> Phase {
    if let Some(problem) = &pod.unscheduled {
        let reason = problem.message.as_deref().or(problem.reason.as_deref());
        return Phase::Scheduling { reason: reason.map(str::to_owned) };
    }
    if pod.node.is_none() {
        return Phase::Scheduling { reason: None };
    }
    if pod.containers.iter().any(ObservedContainer::is_running) {
        return Phase::Running;
    }
    if pod.containers.iter().all(|main| main.termination().is_some()) {
        return Phase::Ending;
    }
    let steps = || pod.init.iter().filter(|container| !container.sidecar);
    // Init containers start in order; each waits for the one before it.
    for container in &pod.init {
        match &container.state {
            ContainerState::Running { .. } if container.sidecar => {}
            ContainerState::Running { .. } => {
                let number = steps().position(|step| step.name == container.name).map_or(1, |index| index + 1);
                return Phase::Step { name: container.name.to_string(), number, of: steps().count() };
            }
            ContainerState::Terminated(end) if end.succeeded() && !container.sidecar => {}
            ContainerState::Terminated(_) if !container.sidecar => return Phase::Ending,
            _ => return starting(container),
        }
    }
    match pod.containers.iter().find(|main| main.termination().is_none()) {
        Some(main) => starting(main),
        None => Phase::Ending,
    }
}

fn starting(container: &ObservedContainer) -> Phase {
    let reason = match &container.state {
        ContainerState::Waiting { reason, .. } => reason.as_deref(),
        ContainerState::Terminated(end) => end.reason.as_deref(),
        ContainerState::Running { .. } => None,
    };
    Phase::Starting { container: container.name.to_string(), reason: reason.map(str::to_owned) }
}
