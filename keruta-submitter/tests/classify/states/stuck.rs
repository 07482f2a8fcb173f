//! States without an end, and how long each is watched.

use k8s_openapi::api::core::v1::Pod;
use keruta_submitter::classify::Policy;
use keruta_submitter::{Cause, Outcome, TaskStatus};
use serde_json::{Value, json};

use super::{gives_up, is_left_alone, judge, judge_after, stop, verdict};
use crate::made::{at, disrupted, done, ended, event, job, main_state, pod, running, start, states, waiting, with};
use crate::scene::Scene;

#[test]
fn states_of_containers_that_do_not_heal_are_given_up_in_time() {
    let rows = [
        ("InvalidImageName", "", 0, Cause::ImagePull, false),
        ("ErrImageNeverPull", "", 0, Cause::ImagePull, false),
        ("ErrImagePull", "not found", 120, Cause::ImagePull, false),
        ("ImagePullBackOff", "pull access denied", 120, Cause::ImagePull, false),
        ("ImagePullBackOff", "dial tcp: i/o timeout", 120, Cause::ImagePull, true),
        ("RegistryUnavailable", "", 120, Cause::ImagePull, true),
        ("ImageInspectError", "", 120, Cause::ImagePull, true),
        ("SignatureValidationFailed", "", 120, Cause::ImagePull, true),
        ("CreateContainerConfigError", "secret \"x\" not found", 0, Cause::CreateContainer, false),
        ("CreateContainerConfigError", "failed to create subPath directory", 120, Cause::CreateContainer, true),
        ("CreateContainerConfigError", "failed to sync secret cache: timed out", 120, Cause::CreateContainer, true),
        ("CreateContainerError", "", 120, Cause::CreateContainer, true),
        ("RunContainerError", "", 120, Cause::CreateContainer, true),
        ("PreCreateHookError", "", 120, Cause::CreateContainer, true),
        ("PreStartHookError", "", 120, Cause::CreateContainer, true),
        ("PostStartHookError", "", 120, Cause::CreateContainer, true),
        ("CreatePodSandboxError", "", 120, Cause::CreateContainer, true),
        ("ConfigPodSandboxError", "", 120, Cause::CreateContainer, true),
        ("SetupNetworkError", "", 120, Cause::CreateContainer, true),
    ];
    for (reason, message, grace, cause, retryable) in rows {
        let main = pod(main_state("Pending", waiting(reason, message)));
        gives_up(grace, &job(json!({})), &[main], &[], cause, retryable, "the container main");
        let step = pod(states("Pending", running(), waiting(reason, message), waiting("PodInitializing", "")));
        gives_up(grace, &job(json!({})), &[step], &[], cause, retryable, "the step git-clone");
    }
}

#[test]
fn a_pod_without_a_node_is_given_up_in_time() {
    let unscheduled = |reason: &str, message: &str| {
        let condition = json!({"type": "PodScheduled", "status": "False", "reason": reason, "message": message});
        pod(json!({"spec": {"nodeName": null}, "status": {"phase": "Pending", "conditions": [condition]}}))
    };
    let rows = [
        ("0/3 nodes are available: 3 Insufficient cpu.", 600, Cause::Unschedulable),
        ("0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.", 300, Cause::VolumeUnbound),
        ("0/1 nodes are available: persistentvolumeclaim \"git-repo-pvc-a\" not found.", 300, Cause::VolumeUnbound),
        (
            "0/1 nodes are available: 1 node(s) didn't find available persistent volumes to bind.",
            300,
            Cause::VolumeUnbound,
        ),
    ];
    for (message, grace, cause) in rows {
        gives_up(grace, &job(json!({})), &[unscheduled("Unschedulable", message)], &[], cause, true, message);
    }
    is_left_alone(&job(json!({})), &[unscheduled("SchedulingGated", "gated")], TaskStatus::Pending);
}

#[test]
fn what_events_alone_tell_is_given_up_in_time() {
    let creating = pod(states(
        "Pending",
        waiting("PodInitializing", ""),
        waiting("PodInitializing", ""),
        waiting("PodInitializing", ""),
    ));
    let pod_rows = [
        (
            "FailedMount",
            "MountVolume.SetUp failed for volume \"x\" : secret \"y\" not found",
            120,
            Cause::CreateContainer,
            false,
        ),
        ("FailedMount", "Unable to attach or mount volumes: timed out", 300, Cause::VolumeUnbound, true),
        ("FailedAttachVolume", "Multi-Attach error for volume \"pvc-1\"", 300, Cause::VolumeUnbound, true),
        ("FailedCreatePodSandBox", "failed to setup network", 120, Cause::CreateContainer, true),
    ];
    for (reason, message, grace, cause, retryable) in pod_rows {
        let events = [event("pod-1", reason, message)];
        gives_up(grace, &job(json!({})), std::slice::from_ref(&creating), &events, cause, retryable, message);
        // The same about another Pod, or once a container runs, says nothing.
        let other = [event("pod-0", reason, message)];
        assert!(judge_after(grace, &job(json!({})), std::slice::from_ref(&creating), &other).stop.is_none());
        let running = pod(main_state("Running", running()));
        assert!(judge_after(grace, &job(json!({})), &[running], &events).stop.is_none());
    }
    let waits = job(json!({"status": {"active": 0}}));
    let job_rows = [
        ("is forbidden: exceeded quota: q, requested: pods=1", 600, Cause::QuotaExceeded, true),
        ("is forbidden: failed quota: q: must specify limits.cpu", 0, Cause::QuotaExceeded, false),
        ("is forbidden: violates PodSecurity \"restricted:latest\": x", 0, Cause::Rejected, false),
        (
            "is forbidden: error looking up service account a/b: serviceaccount \"b\" not found",
            120,
            Cause::Rejected,
            false,
        ),
        ("admission webhook \"x\" denied the request: no", 120, Cause::Rejected, false),
        ("failed calling webhook \"x\": connection refused", 600, Cause::Rejected, true),
    ];
    for (message, grace, cause, retryable) in job_rows {
        gives_up(grace, &waits, &[], &[event("job-1", "FailedCreate", message)], cause, retryable, "Pod");
    }
}

#[test]
fn a_pod_that_was_let_in_ends_what_kept_it_out() {
    let refused = [event("job-1", "FailedCreate", "exceeded quota: q")];
    let waits = job(json!({"status": {"active": 0}}));
    let mut scene = Scene::of(&waits);
    scene.show(Some(&waits), &[], &refused, start());
    scene.first_seen = scene.judge(&Policy::default(), start()).first_seen;
    assert_eq!(scene.first_seen.len(), 1);
    scene.show(Some(&waits), &[pod(main_state("Running", running()))], &refused, start());
    assert!(scene.judge(&Policy::default(), start()).first_seen.is_empty());
}

#[test]
fn a_state_is_noted_on_the_job_when_it_has_lasted_a_tenth_of_its_grace() {
    let condition =
        json!({"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"});
    let waits = pod(json!({"spec": {"nodeName": null}, "status": {"phase": "Pending", "conditions": [condition]}}));
    let mut scene = Scene::of(&job(json!({})));
    scene.show(Some(&job(json!({}))), &[waits], &[], start());
    let first = scene.judge(&Policy::default(), start());
    assert_eq!((first.note_at, first.wake_at), (Some(at(60)), Some(at(600))));
    // Later times change nothing, and one that heals is not to be noted.
    scene.first_seen = first.first_seen;
    assert_eq!(scene.judge(&Policy::default(), at(30)).note_at, Some(at(60)));
    scene.show(Some(&job(json!({}))), &[pod(main_state("Running", running()))], &[], at(31));
    assert_eq!(scene.judge(&Policy::default(), at(31)).note_at, None);
}

#[test]
fn a_crash_loop_is_not_forgotten_for_a_moment_of_another_state() {
    let last = |started: i64, finished: i64| {
        json!({"terminated": {"exitCode": 1, "reason": "Error", "message": "FATAL: no space",
            "startedAt": at(started).to_string(), "finishedAt": at(finished).to_string()}})
    };
    let sidecar = |state: Value, restarts: i32, last: &Value| {
        pod(states("Running", json!({"state": state, "restartCount": restarts, "lastState": last}), done(0), running()))
    };
    let mut scene = Scene::of(&job(json!({})));
    let mut show = |pod: Pod, seconds: i64| {
        scene.show(Some(&job(json!({}))), &[pod], &[], at(seconds));
        let judgement = scene.judge(&Policy::default(), at(seconds));
        scene.first_seen = judgement.first_seen.clone();
        judgement
    };
    let crash = last(2, 3);
    assert_eq!(show(sidecar(crash.clone(), 0, &Value::Null), 3).wake_at, Some(at(303)));
    assert!(show(sidecar(waiting("CrashLoopBackOff", "back-off 10s"), 1, &crash), 10).stop.is_none());
    assert!(show(sidecar(running(), 2, &crash), 100).stop.is_none());
    assert!(show(sidecar(crash.clone(), 3, &crash), 302).stop.is_none());
    // At the end of its grace it may run for a moment, and is not given up in that.
    assert!(show(sidecar(running(), 4, &crash), 303).stop.is_none());
    let stop = show(sidecar(crash.clone(), 4, &crash), 304).stop.expect("it crashes again");
    assert_eq!(stop.verdict.outcome, Outcome::Failed(Cause::CrashLoop));
    assert!(stop.verdict.evidence.summary.contains("FATAL: no space"), "{stop:?}");
    // A run of ten minutes ends the loop, and a crash after it begins another.
    let judgement = show(sidecar(last(304, 904), 4, &crash), 904);
    assert!(judgement.stop.is_none() && judgement.first_seen.is_empty(), "{judgement:?}");
    assert_eq!(show(sidecar(last(910, 911), 5, &crash), 911).wake_at, Some(at(1211)));
}

#[test]
fn one_crash_of_a_sidecar_long_ago_is_no_loop() {
    let once = json!({"state": running(), "restartCount": 1, "lastState": done(1)});
    is_left_alone(&job(json!({})), &[pod(states("Running", once, done(0), running()))], TaskStatus::InProgress);
    let stopping = pod(states("Running", done(143), done(0), done(0)));
    is_left_alone(&job(json!({})), &[stopping], TaskStatus::InProgress);
}

/// The Job starts no other Pod before that one has ended, and is not final before either.
#[test]
fn a_pod_whose_node_is_lost_is_not_waited_for_for_ever() {
    let going = json!({"metadata": {"deletionTimestamp": at(40).to_string(), "deletionGracePeriodSeconds": 30, "generation": 2}});
    let lost = pod(with([main_state("Running", running()), going, disrupted("DeletionByTaintManager")]));
    gives_up(600, &job(json!({})), std::slice::from_ref(&lost), &[], Cause::NodeLost, true, "node was lost");
    let second =
        json!({"metadata": {"name": "keruta-job-a-y", "uid": "pod-2", "creationTimestamp": at(30).to_string()}});
    let second = pod(with([main_state("Running", running()), second]));
    is_left_alone(&job(json!({})), &[lost.clone(), second], TaskStatus::InProgress);
    let decided = [ended("FailureTarget", "DeadlineExceeded"), stop(r#"{"Failed":"NodeLost"}"#)];
    let counting = json!({"status": {"uncountedTerminatedPods": {"failed": ["pod-1"]}}});
    let mut not_yet = decided.to_vec();
    not_yet.push(counting);
    let judgement = judge(&job(with(not_yet)), std::slice::from_ref(&lost));
    assert!(judgement.verdict.is_none(), "its controller is about to write: {judgement:?}");
    verdict(&job(with(decided)), &[lost], Outcome::Failed(Cause::NodeLost), false, "ordered");
}
