//! Why a Pod failed: the first cause that applies, as one would look for it by hand.
//!
//! The order follows Tekton's idea ([`pkg/pod/status.go`](https://github.com/tektoncd/pipeline/blob/main/pkg/pod/status.go)):
//! what disturbed the whole Pod, then memory, then the step that failed, then the main container.

use super::disruption::{self, Disruption};
use super::evidence::{failed, how_ended, of_end, of_pod, with_detail};
use super::exit_code::{self, AGENT_CANCELLED, AGENT_OUT_OF_TIME};
use super::receipt;
use crate::attempt::Attempt;
use crate::observe::{ObservedContainer, ObservedPod, Termination};
use crate::verdict::{Cause, Evidence, Outcome, Verdict};

/// Why this Pod of an attempt failed. `reserved` says that the Job's `podFailurePolicy` reserves the agent's exit codes.
pub(super) fn verdict(pod: &ObservedPod, attempt: &Attempt, reserved: bool) -> Verdict {
    if let Some(disruption) = disruption::of(pod) {
        return disturbed(pod, disruption);
    }
    if let Some((container, end)) = out_of_memory(pod) {
        return oom_killed(pod, container, end);
    }
    if let Some(verdict) = receipt::of(pod, attempt).and_then(|receipt| receipt::verdict(pod, receipt)) {
        return verdict;
    }
    let failed_end = |container: &'_ &ObservedContainer| container.termination().is_some_and(|end| !end.succeeded());
    let step = pod.init.iter().filter(|container| !container.sidecar).find(failed_end);
    let main = pod.containers.iter().find(failed_end);
    match (step, main) {
        (Some(step), _) => step.termination().map(|end| step_failed(pod, step, end)),
        (None, Some(main)) => main.termination().map(|end| command_failed(pod, main, end, reserved)),
        (None, None) => None,
    }
    .unwrap_or_else(|| of_whole_pod(pod))
}

/// What happened to a Pod that was disturbed.
pub(super) fn disturbed(pod: &ObservedPod, disruption: Disruption<'_>) -> Verdict {
    let sentence = match disruption.cause {
        Cause::Preempted => "the Pod had to make room for one of higher priority",
        Cause::NodeLost => "the Pod's node was lost, drained or shut down",
        Cause::Deleted => "somebody deleted the Pod before it had ended",
        Cause::Evicted if disruption.reason.is_some_and(disruption::is_rejection) => "the node did not take the Pod",
        Cause::Evicted if !disruption.retryable => "the Pod used more storage than its own limit and was evicted",
        Cause::Evicted => "the Pod was evicted before it had ended",
        _ => "the Pod was disturbed before it had ended",
    };
    let mut evidence = match pod.containers.first() {
        Some(main) => match main.termination() {
            Some(end) => of_end(pod, main, end),
            None => Evidence { container: Some(main.name.to_string()), ..of_pod(pod) },
        },
        None => of_pod(pod),
    };
    evidence.summary = with_detail(sentence.to_owned(), disruption.message);
    evidence.reason = disruption.reason.map(str::to_owned);
    evidence.message = disruption.message.map(str::to_owned);
    evidence.cure = match disruption.cause {
        Cause::Evicted if !disruption.retryable => {
            Some("give the container a higher ephemeral-storage limit, or the workspace a claim".to_owned())
        }
        _ => Some("start another attempt: nothing is wrong with the task itself".to_owned()),
    };
    failed(disruption.cause, disruption.retryable, evidence)
}

/// The container that ran out of memory: a main one, a step, or a sidecar, where it was that before the main one ended.
fn out_of_memory(pod: &ObservedPod) -> Option<(&ObservedContainer, &Termination)> {
    let killed = |end: &&Termination| end.reason.as_deref() == Some("OOMKilled");
    let now =
        |container: &&ObservedContainer| !container.sidecar && container.termination().as_ref().is_some_and(killed);
    let worker = pod.containers.iter().chain(&pod.init).find(now);
    if let Some(container) = worker {
        return container.termination().map(|end| (container, end));
    }
    let main_end = pod.containers.iter().filter_map(|main| main.termination()?.finished_at).min();
    pod.init.iter().filter(|container| container.sidecar).find_map(|sidecar| {
        let end = [sidecar.termination(), sidecar.last_termination.as_deref()].into_iter().flatten().find(killed)?;
        // When a Pod ends, its sidecars are killed after the main containers: that is no cause.
        let before = end.finished_at.zip(main_end).is_none_or(|(end, main)| end <= main);
        before.then_some((sidecar, end))
    })
}

/// Not retryable: with the same limit it would run out of memory again.
fn oom_killed(pod: &ObservedPod, container: &ObservedContainer, end: &Termination) -> Verdict {
    let mut evidence = of_end(pod, container, end);
    evidence.summary = format!("{} used more memory than its limit and was killed", named(pod, container));
    evidence.cure = Some("raise the container's memory limit, or let it use less".to_owned());
    failed(Cause::OomKilled, false, evidence)
}

/// Retryable where the exit code tells of the network or a lock; the Job has already tried a few times.
fn step_failed(pod: &ObservedPod, step: &ObservedContainer, end: &Termination) -> Verdict {
    if let Some(verdict) = not_started(pod, step, end) {
        return verdict;
    }
    let meaning = exit_code::of_step(&step.name, end.exit_code);
    let mut evidence = of_end(pod, step, end);
    let mut sentence = format!("the step {} {}", step.name, how_ended(end));
    if let Some(meaning) = &meaning {
        sentence = format!("{sentence} ({})", meaning.words);
        evidence.cure = Some(meaning.cure.to_owned());
    }
    evidence.summary = with_detail(sentence, end.message.as_deref());
    failed(Cause::InitStepFailed, meaning.is_some_and(|meaning| meaning.retryable), evidence)
}

/// Not retryable: the command says that it failed; the Job has already tried it again as often as it may.
fn command_failed(pod: &ObservedPod, main: &ObservedContainer, end: &Termination, reserved: bool) -> Verdict {
    if let Some(verdict) = not_started(pod, main, end) {
        return verdict;
    }
    let mut evidence = of_end(pod, main, end);
    if let Some(meaning) = exit_code::of_agent(end.exit_code).filter(|_| reserved) {
        // A signal's number means nothing here: these codes lie above 128 as well.
        evidence.signal = None;
        let sentence = format!("{} (exit code {})", meaning.words, end.exit_code);
        evidence.summary = with_detail(sentence, end.message.as_deref());
        evidence.cure = Some(meaning.cure.to_owned()).filter(|cure| !cure.is_empty());
        let outcome = match end.exit_code {
            AGENT_CANCELLED => Outcome::Cancelled,
            AGENT_OUT_OF_TIME => Outcome::Failed(Cause::Deadline),
            _ => Outcome::Failed(Cause::CommandFailed),
        };
        return Verdict { outcome, retryable: meaning.retryable, evidence };
    }
    let mut sentence = format!("the container {} {}", main.name, how_ended(end));
    if let Some(sidecar) = crashed_sidecar(pod, end) {
        sentence = format!("{sentence}, after its sidecar {sidecar} had crashed");
    }
    evidence.summary = with_detail(sentence, end.message.as_deref());
    if end.signal() == Some(9) {
        evidence.cure =
            Some("look who killed it: a liveness probe, a parent process, or the kernel for want of memory".to_owned());
    }
    failed(Cause::CommandFailed, false, evidence)
}

/// A container that the runtime could not start, or that the kubelet lost sight of.
fn not_started(pod: &ObservedPod, container: &ObservedContainer, end: &Termination) -> Option<Verdict> {
    let (cause, retryable, sentence, cure) = match end.reason.as_deref()? {
        // The command or working directory is not there: it will not be the next time.
        "StartError" | "ContainerCannotRun" => (
            Cause::CreateContainer,
            false,
            "could not be started",
            Some("correct the container's command, or take an image that has it"),
        ),
        "ContainerStatusUnknown" => (Cause::NodeLost, true, "was lost from sight by its node", None),
        _ => return None,
    };
    let mut evidence = of_end(pod, container, end);
    evidence.summary = with_detail(format!("{} {sentence}", named(pod, container)), end.message.as_deref());
    evidence.cure = cure.map(str::to_owned);
    Some(failed(cause, retryable, evidence))
}

/// A Pod that failed though no container says so.
fn of_whole_pod(pod: &ObservedPod) -> Verdict {
    let mut evidence = of_pod(pod);
    let (cause, sentence) = match pod.reason.as_deref() {
        Some("DeadlineExceeded") => (Cause::Deadline, "the Pod took longer than its time limit"),
        _ => (Cause::Unknown, "the Pod failed, and no container of it says why"),
    };
    evidence.summary = with_detail(sentence.to_owned(), pod.message.as_deref());
    failed(cause, false, evidence)
}

/// A sidecar that crashed by itself before the main container ended.
fn crashed_sidecar<'a>(pod: &'a ObservedPod, main: &Termination) -> Option<&'a str> {
    let crashed = |container: &&ObservedContainer| {
        let ends = [container.termination(), container.last_termination.as_deref()];
        container.sidecar
            && ends.into_iter().flatten().any(|end| {
                !end.succeeded() && end.finished_at.zip(main.finished_at).is_some_and(|(end, main)| end < main)
            })
    };
    pod.init.iter().find(crashed).map(|container| &*container.name)
}

/// "the step git-clone", "the sidecar database", "the container main".
pub(super) fn named(pod: &ObservedPod, container: &ObservedContainer) -> String {
    let is_init = pod.init.iter().any(|init| init.name == container.name);
    let kind = match (container.sidecar, is_init) {
        (true, _) => "sidecar",
        (false, true) => "step",
        (false, false) => "container",
    };
    format!("the {kind} {}", container.name)
}
