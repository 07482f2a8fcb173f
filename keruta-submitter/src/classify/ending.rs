//! How an attempt ended, once it has.

use keruta_api::ReceiptOutcome;

use super::culprit::{self, named};
use super::disruption;
use super::evidence::{failed, of_end, of_pod, with_detail};
use super::receipt;
use super::view::{View, has_started, is_over};
use crate::observe::{ContainerState, JobCondition, JobConditionKind, ObservedJob, ObservedPod, PodPhase};
use crate::verdict::{Cause, Evidence, Outcome, Verdict};

/// The verdict, where the attempt has ended: the recorded one, or that of the Job's final condition, or of its deletion.
pub(super) fn verdict(view: &View<'_>) -> Option<Verdict> {
    if let Some(job) = view.job {
        if let Some(recorded) = &job.verdict {
            return Some((**recorded).clone());
        }
        if let Some(condition) = job.condition(JobConditionKind::Complete) {
            return Some(completed(view, job, condition));
        }
        if let Some(condition) = job.condition(JobConditionKind::Failed) {
            return Some(job_failed(view, job, condition));
        }
        // The Job is decided and waits for its Pods, one of which cannot end: its node is lost, or it never had one. The
        // controller counts them first, and would meet whoever writes meanwhile.
        let lost = |pod: &&ObservedPod| is_over(pod) && !pod.phase.is_final();
        if let Some(condition) = job.condition(JobConditionKind::FailureTarget)
            && job.uncounted == 0
            && view.pods.iter().any(lost)
            && view.pods.iter().all(|pod| is_over(pod))
        {
            return Some(job_failed(view, job, condition));
        }
        // A suspended Job has no deadline, so an order to end it would never show (measured). Nothing of it runs, and the
        // order lets nothing run: it takes effect when the Job is resumed.
        if let Some(stop) = job.stop.as_ref().filter(|_| job.suspended && job.active == 0) {
            return view.pods.iter().all(|pod| is_over(pod)).then(|| stop.verdict.clone());
        }
    }
    // A Job that waits for the deletion of its Pods, while a finalizer on them waits for this verdict, would wait for ever.
    let deleted = view.gone || view.job.is_some_and(|job| job.deletion_at.is_some());
    let over = view.pods.iter().all(|pod| is_over(pod));
    (deleted && over).then(|| job_deleted(view))
}

/// The Job is complete. That is success only where a Pod that succeeded was not disturbed: one that ends with 0 on SIGTERM
/// makes its Job complete too.
fn completed(view: &View<'_>, job: &ObservedJob, condition: &JobCondition) -> Verdict {
    let succeeded = || view.pods.iter().rev().copied().filter(|pod| pod.phase == PodPhase::Succeeded);
    let by_receipt = |pod: &ObservedPod| receipt::of(pod, view.attempt).map(|receipt| receipt.outcome);
    if let Some(pod) = succeeded().find(|pod| by_receipt(pod) == Some(ReceiptOutcome::Completed)) {
        let mut evidence = main_of(pod);
        evidence.summary =
            String::from("the Job is complete, and the agent's receipt says that the task's command ended by itself");
        return Verdict { outcome: Outcome::Completed, retryable: false, evidence };
    }
    if let Some(pod) = succeeded().find(|pod| by_receipt(pod).is_none() && disruption::of(pod).is_none()) {
        let mut evidence = main_of(pod);
        evidence.summary = String::from("the Job is complete, and its Pod was not disturbed");
        return Verdict { outcome: Outcome::Completed, retryable: false, evidence };
    }
    if let Some((pod, disruption)) = succeeded().find_map(|pod| Some((pod, disruption::of(pod)?))) {
        return match view.stop {
            Some(stop) => stop.verdict.clone(),
            None => culprit::disturbed(pod, disruption),
        };
    }
    // Its agent was told to end it, and nothing else shows of that.
    if let Some(pod) = succeeded().find(|pod| by_receipt(pod).is_some()) {
        return view.stop.map_or_else(|| culprit::verdict(pod, view.attempt, true), |stop| stop.verdict.clone());
    }
    // Without the Pod only the Job's word is left. It counted a Pod that succeeded; whether that one was disturbed cannot be
    // known, and no sign says so. To call it failed would have finished work done again.
    let mut evidence = of_job(job, condition);
    if job.succeeded > 0 {
        evidence.summary = String::from(
            "the Job is complete; its Pod was gone before it was seen to end, so only the Job's own count says that it \
             succeeded",
        );
        evidence.reason = Some("PodNotSeen".to_owned());
        return Verdict { outcome: Outcome::Completed, retryable: false, evidence };
    }
    evidence.summary = String::from("the Job reads complete, but no Pod of it has succeeded");
    failed(Cause::Unknown, false, evidence)
}

fn job_failed(view: &View<'_>, job: &ObservedJob, condition: &JobCondition) -> Verdict {
    let reason = condition.reason.as_deref().unwrap_or_default();
    let culprit = view.last_failed();
    if let Some(stop) = view.stop {
        // An order to end acts by the Job's deadline; for any other reason the Job had failed by itself, unless the order
        // had already begun to end its Pod.
        let by_itself = reason != "DeadlineExceeded" && culprit.is_some_and(|pod| disruption::of(pod).is_none());
        if !by_itself {
            return stop.verdict.clone();
        }
    }
    if reason == "DeadlineExceeded" {
        return deadline(view, job, condition);
    }
    let reserved = reason == "PodFailurePolicy";
    let mut verdict = match culprit {
        Some(pod) => culprit::verdict(pod, view.attempt, reserved),
        None => pods_unseen(job, condition),
    };
    let earlier = view.failed().saturating_sub(1);
    if earlier > 0 {
        let pods = if earlier == 1 { "1 Pod" } else { &*format!("{earlier} Pods") };
        verdict.evidence.summary = format!("{} ({pods} had failed before)", verdict.evidence.summary);
    }
    verdict
}

/// Not retryable: it would take as long again, unless its limit is raised.
fn deadline(view: &View<'_>, job: &ObservedJob, condition: &JobCondition) -> Verdict {
    let limit = job.active_deadline_seconds.map(keruta_manifest::value::Duration::from_secs);
    let limit = limit.map_or_else(String::new, |limit| format!(" of {limit}"));
    let mut evidence = of_job(job, condition);
    let mut doing = "no Pod of it was seen".to_owned();
    if let Some(pod) = view.current() {
        let at_work = at_work(pod);
        doing = match at_work.map(|container| &container.state) {
            _ if pod.unscheduled.is_some() => "its Pod had found no node".to_owned(),
            _ if !has_started(pod) => "its Pod had not started".to_owned(),
            Some(ContainerState::Waiting { .. } | ContainerState::Running { .. } | ContainerState::Terminated(_)) => {
                at_work.map(|container| format!("{} was at work", named(pod, container))).unwrap_or_default()
            }
            None => "its Pod was at work".to_owned(),
        };
        doing = with_detail(doing, why_waiting(pod).or_else(|| view.was_held_up_by(pod)));
        let ended = at_work.and_then(|container| Some(of_end(pod, container, container.termination()?)));
        let at = ended.unwrap_or_else(|| Evidence {
            container: at_work.map(|container| container.name.to_string()),
            ..of_pod(pod)
        });
        evidence = Evidence { reason: evidence.reason, message: at.message.clone().or(evidence.message), ..at };
    }
    evidence.summary = format!("the task took longer than its time limit{limit}; {doing}");
    evidence.cure = Some("raise timeoutSeconds, or let the task do less".to_owned());
    failed(Cause::Deadline, false, evidence)
}

/// The container that a Pod was at: the first step that has not succeeded, or the main container.
fn at_work(pod: &ObservedPod) -> Option<&crate::observe::ObservedContainer> {
    let unfinished = |container: &&crate::observe::ObservedContainer| {
        !container.sidecar && !container.termination().is_some_and(crate::observe::Termination::succeeded)
    };
    pod.init.iter().find(unfinished).or_else(|| pod.containers.iter().find(unfinished)).or(pod.containers.first())
}

/// Why a Pod has not started, as Kubernetes says.
fn why_waiting(pod: &ObservedPod) -> Option<&str> {
    if let Some(problem) = &pod.unscheduled {
        return problem.message.as_deref().or(problem.reason.as_deref());
    }
    pod.all_containers().find_map(|container| match &container.state {
        ContainerState::Waiting { reason, message } => message.as_deref().or(reason.as_deref()).filter(|reason| {
            // These only say that it waits.
            !matches!(*reason, "PodInitializing" | "ContainerCreating")
        }),
        _ => None,
    })
}

/// The Job failed, and nothing of its Pods is left.
fn pods_unseen(job: &ObservedJob, condition: &JobCondition) -> Verdict {
    let mut evidence = of_job(job, condition);
    let reason = condition.reason.as_deref().unwrap_or("no reason given");
    evidence.summary = with_detail(
        format!("the Job failed ({reason}), and its Pods were gone before they were seen to end"),
        condition.message.as_deref(),
    );
    failed(Cause::Unknown, false, evidence)
}

/// Retryable: nothing is wrong with the task itself.
fn job_deleted(view: &View<'_>) -> Verdict {
    if let Some(stop) = view.stop {
        return stop.verdict.clone();
    }
    let mut evidence = view.current().map(main_of).unwrap_or_default();
    evidence.summary = match evidence.exit_code {
        _ if view.job.is_none() && view.pods.is_empty() => {
            format!("the Job of {} is gone, and nothing is known of its end", view.attempt)
        }
        Some(code) => {
            format!("somebody deleted the Job before it had ended; its container ended with exit code {code}")
        }
        None => "somebody deleted the Job before it had ended".to_owned(),
    };
    failed(Cause::Deleted, true, evidence)
}

fn main_of(pod: &ObservedPod) -> Evidence {
    let ended = pod.containers.iter().find_map(|main| Some(of_end(pod, main, main.termination()?)));
    ended.unwrap_or_else(|| of_pod(pod))
}

fn of_job(job: &ObservedJob, condition: &JobCondition) -> Evidence {
    Evidence {
        reason: condition.reason.as_deref().map(str::to_owned),
        message: condition.message.as_deref().map(str::to_owned),
        started_at: job.started_at,
        finished_at: condition.at,
        ..Evidence::default()
    }
}
