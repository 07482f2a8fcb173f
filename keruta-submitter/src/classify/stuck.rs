//! States that have no end by themselves.

use jiff::{SignedDuration, Timestamp};

use super::culprit::named;
use super::disruption;
use super::evidence::{failed, how_ended, of_pod, with_detail};
use super::rule::{self, Rule};
use super::view::{View, has_started, is_live, is_over};
use crate::observe::{ContainerState, FirstSeen, ObservedContainer, ObservedEvent, ObservedPod, Termination};
use crate::verdict::{Cause, Evidence, Verdict};

/// A state that may last for ever.
pub(super) struct Trouble {
    /// By what its first-seen time is kept.
    pub(super) key: String,
    pub(super) rule: Rule,
    /// Whether the state is over its grace only while it looks like this; a container that crashes again and again may run
    /// for a moment.
    pub(super) acute: bool,
    evidence: Evidence,
}

impl Trouble {
    /// The verdict, where it has lasted too long.
    pub(super) fn verdict(self, since: Timestamp) -> Verdict {
        let cure = (!self.rule.cure.is_empty()).then(|| self.rule.cure.to_owned());
        let evidence = Evidence { cure, finished_at: Some(since), ..self.evidence };
        failed(self.rule.cause, self.rule.retryable, evidence)
    }
}

/// What holds up the Job and its Pods. States that have healed are struck from `first_seen`.
pub(super) fn troubles(view: &View<'_>, events: &[ObservedEvent], first_seen: &mut FirstSeen) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    let live = view.pods.iter().copied().filter(|pod| is_live(pod));
    let mut any = false;
    for pod in live {
        any = true;
        unscheduled(pod, &mut troubles);
        for container in pod.all_containers() {
            waiting(pod, container, first_seen, &mut troubles);
            crash_loop(pod, container, first_seen, &mut troubles);
        }
        if waits_without_a_word(pod) {
            pod_event(pod, events, &mut troubles);
        }
    }
    if any {
        // A Pod was let in, so what kept Pods out is over.
        for cause in [Cause::QuotaExceeded, Cause::Rejected] {
            first_seen.forget(&job_key(cause));
        }
    } else {
        lost(view, &mut troubles);
        refused(view, events, &mut troubles);
    }
    troubles
}

/// A Pod whose node is lost, and that no other has replaced.
fn lost(view: &View<'_>, troubles: &mut Vec<Trouble>) {
    let Some(pod) = view.pods.last().filter(|pod| is_over(pod) && !pod.phase.is_final()) else { return };
    let Some(disruption) = disruption::of(pod).filter(|disruption| disruption.cause == Cause::NodeLost) else { return };
    troubles.push(Trouble {
        key: pod_key(Cause::NodeLost, pod),
        rule: rule::NODE_LOST,
        acute: true,
        evidence: Evidence {
            summary: with_detail("the Pod's node was lost, and the Pod has not ended".to_owned(), disruption.message),
            reason: disruption.reason.map(str::to_owned),
            message: disruption.message.map(str::to_owned),
            ..of_pod(pod)
        },
    });
}

fn unscheduled(pod: &ObservedPod, troubles: &mut Vec<Trouble>) {
    let Some(problem) = &pod.unscheduled else { return };
    // A gate is somebody's decision, and the scheduler's own errors pass.
    if problem.reason.as_deref() != Some("Unschedulable") {
        return;
    }
    let message = problem.message.as_deref().unwrap_or_default();
    let rule = rule::of_unscheduled(message);
    let sentence = match rule.cause {
        Cause::VolumeUnbound => "the Pod waits for a claim that is not bound",
        _ => "no node can take the Pod",
    };
    troubles.push(Trouble {
        key: pod_key(rule.cause, pod),
        rule,
        acute: true,
        evidence: Evidence {
            summary: with_detail(sentence.to_owned(), Some(message)),
            reason: problem.reason.as_deref().map(str::to_owned),
            message: problem.message.as_deref().map(str::to_owned),
            ..of_pod(pod)
        },
    });
}

fn waiting(pod: &ObservedPod, container: &ObservedContainer, first_seen: &mut FirstSeen, troubles: &mut Vec<Trouble>) {
    if let ContainerState::Waiting { reason: Some(reason), message } = &container.state {
        let message = message.as_deref().unwrap_or_default();
        let Some(rule) = rule::of_waiting(reason, message) else { return };
        let sentence = match rule.cause {
            Cause::ImagePull => {
                format!("the image {} of {} cannot be pulled ({reason})", container.image, named(pod, container))
            }
            _ => format!("{} cannot be created ({reason})", named(pod, container)),
        };
        troubles.push(Trouble {
            key: container_key(rule.cause, pod, container),
            rule,
            acute: true,
            evidence: Evidence {
                summary: with_detail(sentence, Some(message)),
                container: Some(container.name.to_string()),
                reason: Some(reason.to_string()),
                message: (!message.is_empty()).then(|| message.to_owned()),
                ..of_pod(pod)
            },
        });
    } else if container.has_started() {
        for cause in [Cause::ImagePull, Cause::CreateContainer] {
            first_seen.forget(&container_key(cause, pod, container));
        }
    }
}

/// A run that lasted so long ends no loop of crashes: the kubelet forgets its back-off then.
/// [Source](https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy).
const LONG_RUN: SignedDuration = SignedDuration::from_mins(10);

/// How often a container has to have been started again before its crashes are a loop.
const RESTARTS: u32 = 2;

/// A container that is started again and again: a sidecar, or any under `restartPolicy: OnFailure`.
///
/// Its state flips between `Terminated`, `CrashLoopBackOff` and, for a moment, `Running`. So the loop holds until a run has
/// lasted long, by the node's own clock; and it is not ended while a run may still turn out well.
fn crash_loop(
    pod: &ObservedPod,
    container: &ObservedContainer,
    first_seen: &mut FirstSeen,
    troubles: &mut Vec<Trouble>,
) {
    let over = pod.containers.iter().all(|main| main.termination().is_some());
    let backing_off = matches!(&container.state, ContainerState::Waiting { reason: Some(reason), .. } if &**reason == "CrashLoopBackOff");
    let end = container.termination().or(container.last_termination.as_deref());
    let (Some(end), false) = (end, over && container.sidecar) else { return };
    let comes_again = container.sidecar || backing_off || container.restarts > 0;
    if !comes_again || (end.succeeded() && !container.sidecar) {
        return;
    }
    let key = container_key(Cause::CrashLoop, pod, container);
    if ran_long(end) {
        first_seen.forget(&key);
        return;
    }
    let times = if container.restarts == 1 { "once".to_owned() } else { format!("{} times", container.restarts) };
    let sentence =
        format!("{} keeps crashing: it was started again {times} and last {}", named(pod, container), how_ended(end));
    troubles.push(Trouble {
        key,
        rule: rule::CRASH_LOOP,
        acute: !container.is_running() && (container.restarts >= RESTARTS || backing_off),
        evidence: Evidence {
            summary: with_detail(sentence, end.message.as_deref()),
            container: Some(container.name.to_string()),
            exit_code: Some(end.exit_code),
            signal: end.signal(),
            reason: Some("CrashLoopBackOff".to_owned()),
            message: end.message.as_deref().map(str::to_owned),
            ..of_pod(pod)
        },
    });
}

fn ran_long(end: &Termination) -> bool {
    end.started_at.zip(end.finished_at).is_some_and(|(start, end)| end.duration_since(start) >= LONG_RUN)
}

/// Whether a Pod has a node, and a container that waits for what only Events tell: a volume, the Pod's sandbox.
pub(super) fn waits_without_a_word(pod: &ObservedPod) -> bool {
    let waits = |container: &ObservedContainer| match &container.state {
        ContainerState::Waiting { reason, .. } => {
            reason.as_deref().is_none_or(|reason| matches!(reason, "ContainerCreating" | "PodInitializing"))
        }
        _ => false,
    };
    let done = |container: &ObservedContainer| container.termination().is_some_and(Termination::succeeded);
    is_live(pod)
        && pod.node.is_some()
        && pod.unscheduled.is_none()
        && pod.all_containers().all(|container| waits(container) || done(container))
        && pod.containers.iter().any(waits)
}

fn pod_event(pod: &ObservedPod, events: &[ObservedEvent], troubles: &mut Vec<Trouble>) {
    let told = events.iter().filter(|event| event.about.as_deref() == Some(&*pod.uid)).filter_map(|event| {
        let rule = rule::of_pod_event(&event.reason, event.message.as_deref().unwrap_or_default())?;
        Some((event, rule))
    });
    let Some((event, rule)) = told.max_by_key(|(event, _)| event.last_at) else { return };
    let sentence = match (&*event.reason, has_started(pod)) {
        ("FailedCreatePodSandBox", _) => "the node cannot make the Pod's sandbox",
        _ => "a volume of the Pod cannot be mounted",
    };
    troubles.push(Trouble {
        key: pod_key(rule.cause, pod),
        rule,
        acute: true,
        evidence: Evidence {
            summary: with_detail(sentence.to_owned(), event.message.as_deref()),
            ..of_event(event, of_pod(pod))
        },
    });
}

/// A Job whose Pods are refused.
fn refused(view: &View<'_>, events: &[ObservedEvent], troubles: &mut Vec<Trouble>) {
    let Some(job) = view.job else { return };
    let about_job = events.iter().filter(|event| event.about.as_deref() == Some(&*job.uid));
    let Some(event) = about_job
        .filter(|event| matches!(&*event.reason, "FailedCreate" | "SuccessfulCreate"))
        .max_by_key(|event| event.last_at)
    else {
        return;
    };
    let Some(rule) = rule::of_job_event(&event.reason, event.message.as_deref().unwrap_or_default()) else { return };
    let sentence = match rule.cause {
        Cause::QuotaExceeded => "the namespace's quota has no room for the Pod",
        _ => "the cluster refuses the Pod",
    };
    // `Error creating: pods "keruta-job-a-xvrt7" is forbidden: ` only says it once more.
    let detail =
        event.message.as_deref().map(|message| message.split_once("is forbidden: ").map_or(message, |(_, why)| why));
    troubles.push(Trouble {
        key: job_key(rule.cause),
        rule,
        acute: true,
        evidence: Evidence {
            summary: with_detail(sentence.to_owned(), detail),
            ..of_event(event, Evidence::default())
        },
    });
}

fn of_event(event: &ObservedEvent, evidence: Evidence) -> Evidence {
    Evidence {
        reason: Some(event.reason.to_string()),
        message: event.message.as_deref().map(str::to_owned),
        ..evidence
    }
}

fn job_key(cause: Cause) -> String {
    cause.to_string()
}

fn pod_key(cause: Cause, pod: &ObservedPod) -> String {
    format!("{cause}/{}", pod.name)
}

fn container_key(cause: Cause, pod: &ObservedPod, container: &ObservedContainer) -> String {
    format!("{cause}/{}/{}", pod.name, container.name)
}
