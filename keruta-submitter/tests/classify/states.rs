//! Every cause, and every trap, as a made-up state.

mod course;
mod ended;
mod receipts;
mod stopped;
mod stuck;

use jiff::SignedDuration;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Event, Pod};
use keruta_submitter::classify::{Judgement, Policy};
use keruta_submitter::observe::annotations;
use keruta_submitter::{Cause, Outcome, TaskStatus};
use serde_json::{Value, json};

use crate::made::{at, ended, job, start, with};
use crate::scene::Scene;

/// A state, judged when it is first seen and again so many seconds later.
pub(super) fn judge_after(seconds: i64, job: &Job, pods: &[Pod], events: &[Event]) -> Judgement {
    let mut scene = Scene::of(job);
    scene.show(Some(job), pods, events, start());
    scene.changed_at = start();
    scene.first_seen = scene.judge(&Policy::default(), start()).first_seen;
    scene.judge(&Policy::default(), start() + SignedDuration::from_secs(seconds))
}

pub(super) fn judge(job: &Job, pods: &[Pod]) -> Judgement {
    judge_after(0, job, pods, &[])
}

/// What became of a Job that ended so, with these Pods.
#[track_caller]
pub(super) fn verdict(job: &Job, pods: &[Pod], outcome: Outcome, retryable: bool, says: &str) {
    let judgement = judge(job, pods);
    let verdict = judgement.verdict.expect("it has ended");
    assert_eq!((verdict.outcome, verdict.retryable), (outcome, retryable), "{verdict:#?}");
    assert!(verdict.evidence.summary.contains(says), "{verdict:#?}");
    assert_eq!(judgement.status, verdict.status());
    assert!(judgement.stop.is_none() && judgement.wake_at.is_none());
}

/// A state that lasts for `grace` seconds and is then given up for this cause.
#[track_caller]
pub(super) fn gives_up(
    grace: i64,
    job: &Job,
    pods: &[Pod],
    events: &[Event],
    cause: Cause,
    retryable: bool,
    says: &str,
) {
    if grace > 0 {
        let before = judge_after(grace - 1, job, pods, events);
        assert!(before.stop.is_none() && before.verdict.is_none(), "{before:#?}");
        assert!(before.wake_at.is_some_and(|wake_at| wake_at <= at(grace)), "{before:#?}");
    }
    let judgement = judge_after(grace, job, pods, events);
    assert_eq!(judgement.verdict, None);
    let stop = judgement.stop.expect("it does not heal");
    assert_eq!((stop.verdict.outcome, stop.verdict.retryable), (Outcome::Failed(cause), retryable), "{stop:#?}");
    assert!(stop.verdict.evidence.summary.contains(says), "{stop:#?}");
}

/// A state that is nobody's business, for ever.
#[track_caller]
pub(super) fn is_left_alone(job: &Job, pods: &[Pod], status: TaskStatus) -> Judgement {
    let judgement = judge_after(1_000_000, job, pods, &[]);
    assert!(judgement.stop.is_none() && judgement.verdict.is_none(), "{judgement:#?}");
    assert_eq!(judgement.status, status);
    judgement
}

pub(super) fn failed() -> Job {
    job(with([ended("Failed", "BackoffLimitExceeded"), json!({"status": {"failed": 1}})]))
}

pub(super) fn complete() -> Job {
    job(with([ended("Complete", "CompletionsReached"), json!({"status": {"succeeded": 1}})]))
}

pub(super) fn stop(outcome: &str) -> Value {
    let stop =
        format!(r#"{{"outcome":{outcome},"retryable":false,"evidence":{{"summary":"ordered"}},"at":"{}"}}"#, at(5));
    json!({"metadata": {"annotations": {annotations::STOP: stop}}})
}

/// The fields of a Pod that was deleted when its containers had so many seconds left, and has ended since.
pub(super) fn deleted(known: i64) -> Value {
    json!({"metadata": {"deletionTimestamp": at(12).to_string(), "deletionGracePeriodSeconds": 0, "generation": 2},
        "status": {"observedGeneration": known}})
}
