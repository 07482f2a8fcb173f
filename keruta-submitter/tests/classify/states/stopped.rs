//! Orders to stop, deletions, and what stands on the Job.

use k8s_openapi::api::core::v1::Pod;
use keruta_submitter::Phase;
use keruta_submitter::classify::Policy;
use keruta_submitter::observe::annotations;
use keruta_submitter::{Cause, Outcome, TaskStatus};
use serde_json::json;

use super::{complete, deleted, judge, stop, verdict};
use crate::made::{at, done, ended, job, main_state, pod, running, start, waiting, with};
use crate::scene::Scene;

fn cut_short_later() -> Pod {
    let later = json!({"metadata": {"name": "keruta-job-a-y", "uid": "pod-2", "creationTimestamp": at(1).to_string()}});
    pod(with([main_state("Succeeded", done(0)), deleted(2), later]))
}

#[test]
fn an_order_to_stop_is_the_verdict_only_where_it_ended_the_job() {
    let deadline = ended("Failed", "DeadlineExceeded");
    let cut_short = pod(with([main_state("Succeeded", done(0)), deleted(2)]));
    let cancel = r#""Cancelled""#;
    let cancelled = job(with([deadline.clone(), stop(cancel)]));
    verdict(&cancelled, std::slice::from_ref(&cut_short), Outcome::Cancelled, false, "ordered");
    verdict(&cancelled, &[], Outcome::Cancelled, false, "ordered");
    let given_up = job(with([deadline, stop(r#"{"Failed":"ImagePull"}"#)]));
    verdict(&given_up, &[], Outcome::Failed(Cause::ImagePull), false, "ordered");
    // It was done before.
    let complete = job(with([ended("Complete", ""), json!({"status": {"succeeded": 1}}), stop(cancel)]));
    verdict(&complete, &[pod(main_state("Succeeded", done(0)))], Outcome::Completed, false, "complete");
    // It ends with 0 on SIGTERM.
    verdict(&complete, &[cut_short], Outcome::Cancelled, false, "ordered");
    // It failed before.
    let failed = job(with([ended("Failed", "BackoffLimitExceeded"), json!({"status": {"failed": 1}}), stop(cancel)]));
    verdict(
        &failed,
        &[pod(main_state("Failed", done(3)))],
        Outcome::Failed(Cause::CommandFailed),
        false,
        "exit code 3",
    );
    // A Pod failed by itself, and the next was ended by the order.
    let first = pod(main_state("Failed", done(3)));
    verdict(&cancelled, &[first, cut_short_later()], Outcome::Cancelled, false, "ordered");
    // It failed because of the order.
    let killed = pod(with([main_state("Failed", done(143)), deleted(2)]));
    verdict(&failed, &[killed], Outcome::Cancelled, false, "ordered");
}

#[test]
fn a_job_that_is_being_stopped_is_ending_and_not_stopped_again() {
    let stopping = job(stop(r#""Cancelled""#));
    let pod = pod(main_state("Pending", waiting("InvalidImageName", "")));
    let judgement = judge(&stopping, &[pod]);
    assert_eq!((judgement.phase, judgement.stop, judgement.verdict), (Phase::Ending, None, None));
}

/// A suspended Job has no deadline, and in a queue nobody but Kueue resumes it.
#[test]
fn an_order_to_stop_a_suspended_job_is_the_verdict_at_once() {
    let suspended = json!({"spec": {"suspend": true}, "status": {"active": 0}});
    let cancelled = job(with([suspended, stop(r#""Cancelled""#)]));
    verdict(&cancelled, &[], Outcome::Cancelled, false, "ordered");
    // Its Pods are still ending.
    assert_eq!(judge(&cancelled, &[pod(main_state("Running", running()))]).verdict, None);
}

#[test]
fn a_decided_job_is_ending_until_its_pods_have_ended() {
    for (kind, main) in [("FailureTarget", running()), ("SuccessCriteriaMet", done(0))] {
        let judgement = judge(&job(ended(kind, "x")), &[pod(main_state("Running", main))]);
        assert_eq!((judgement.status, judgement.phase), (TaskStatus::InProgress, Phase::Ending), "{kind}");
        assert_eq!(judgement.verdict, None);
    }
}

#[test]
fn a_deleted_job_waits_for_its_pods_and_then_is_deleted_or_what_was_ordered() {
    let mut scene = Scene::of(&job(json!({})));
    let going = json!({"metadata": {"deletionTimestamp": at(40).to_string(), "deletionGracePeriodSeconds": 30, "generation": 2}});
    scene.show(None, &[pod(with([main_state("Running", running()), going.clone()]))], &[], start());
    let judgement = scene.judge(&Policy::default(), start());
    assert_eq!((judgement.phase, judgement.verdict), (Phase::Ending, None));
    let gone = pod(with([main_state("Failed", done(143)), deleted(2)]));
    scene.show(None, std::slice::from_ref(&gone), &[], start());
    let verdict = scene.judge(&Policy::default(), start()).verdict.unwrap();
    assert_eq!((verdict.outcome, verdict.retryable), (Outcome::Failed(Cause::Deleted), true));
    // A Pod without a node has no kubelet that would say that it ended.
    scene.show(
        None,
        &[pod(with([going, json!({"spec": {"nodeName": null}, "status": {"phase": "Pending"}})]))],
        &[],
        start(),
    );
    assert!(scene.judge(&Policy::default(), start()).verdict.is_some());
    // A process that starts after the deletion never saw the Job.
    let mut scene = Scene::of(&job(json!({})));
    scene.job = None;
    let judgement = scene.judge(&Policy::default(), start());
    assert_eq!(judgement.status, TaskStatus::Failed);
    assert_eq!(
        judgement.verdict.unwrap().evidence.summary,
        "the Job of tasks/a (attempt 1) is gone, and nothing is known of its end"
    );
    // Somebody had cancelled it.
    let mut scene = Scene::of(&job(stop(r#""Cancelled""#)));
    scene.show(None, &[gone], &[], start());
    assert_eq!(scene.judge(&Policy::default(), start()).verdict.unwrap().outcome, Outcome::Cancelled);
    // It had ended, and was cleaned up before anybody judged it.
    let mut scene = Scene::of(&complete());
    scene.show(None, &[], &[], start());
    assert_eq!(scene.judge(&Policy::default(), start()).verdict.unwrap().outcome, Outcome::Completed);
}

#[test]
fn a_job_whose_deletion_waits_for_the_evidence_of_its_pods_is_judged() {
    let going =
        job(json!({"metadata": {"deletionTimestamp": at(9).to_string(), "finalizers": ["foregroundDeletion"]}}));
    let ended = pod(with([main_state("Failed", done(143)), deleted(2)]));
    verdict(&going, &[ended], Outcome::Failed(Cause::Deleted), true, "deleted the Job");
    assert_eq!(judge(&going, &[pod(main_state("Running", running()))]).verdict, None);
}

#[test]
fn a_recorded_verdict_stands() {
    let recorded = r#"{"outcome":{"Failed":"NodeLost"},"retryable":true,"evidence":{"summary":"recorded"}}"#;
    let annotation = json!({"metadata": {"annotations": {annotations::VERDICT: recorded}}});
    for rest in [json!({}), ended("Complete", ""), ended("Failed", "DeadlineExceeded"), stop(r#""Cancelled""#)] {
        let job = job(with([annotation.clone(), rest]));
        verdict(&job, &[pod(main_state("Running", running()))], Outcome::Failed(Cause::NodeLost), true, "recorded");
    }
}

#[test]
fn a_malformed_annotation_counts_as_absent_and_is_told() {
    let broken = json!({"metadata": {"annotations": {
        annotations::VERDICT: "Completed", annotations::STOP: "{}", annotations::FIRST_SEEN: "[]"}}});
    let broken = job(broken);
    let scene = Scene::of(&broken);
    let seen: Vec<_> = scene.job.as_ref().unwrap().malformed.iter().map(|malformed| malformed.name).collect();
    assert_eq!(seen, [annotations::VERDICT, annotations::STOP, annotations::FIRST_SEEN]);
    assert_eq!(scene.judge(&Policy::default(), start()).verdict, None);
}
