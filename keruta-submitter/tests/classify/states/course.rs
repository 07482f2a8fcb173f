//! The ordinary course: what is no failure, and what it is called.

use k8s_openapi::api::core::v1::Pod;
use keruta_submitter::Phase;
use keruta_submitter::TaskStatus;
use serde_json::{Value, json};

use super::{is_left_alone, judge, judge_after};
use crate::made::{at, done, job, main_state, pod, running, states, waiting, with};

#[test]
fn events_are_asked_for_only_where_nothing_else_tells() {
    let creating = pod(main_state("Pending", waiting("ContainerCreating", "")));
    let creating = pod_without_sidecar(creating);
    let none = job(json!({"status": {"active": 0}}));
    for (job, pods) in [(job(json!({})), vec![creating]), (none, vec![])] {
        let early = judge_after(9, &job, &pods, &[]);
        assert!(!early.wants_events);
        assert_eq!(early.wake_at, Some(at(10)));
        let late = judge_after(10, &job, &pods, &[]);
        assert!(late.wants_events && late.wake_at.is_some_and(|wake_at| wake_at > at(10)));
        assert!(late.first_seen.is_empty(), "an ordinary start is not written down");
    }
    let untouched = job(json!({"status": {"active": 0, "startTime": null}}));
    let judgement = judge_after(60, &untouched, &[], &[]);
    assert!(!judgement.wants_events && judgement.wake_at.is_none(), "its controller has not come to it yet");
    for fields in [
        main_state("Running", running()),
        main_state("Succeeded", done(0)),
        main_state("Pending", waiting("ImagePullBackOff", "")),
        states("Pending", running(), running(), waiting("PodInitializing", "")),
    ] {
        assert!(!judge_after(60, &job(json!({})), &[pod(fields.clone())], &[]).wants_events, "{fields}");
    }
}

fn pod_without_sidecar(mut pod: Pod) -> Pod {
    pod.spec.as_mut().unwrap().init_containers = None;
    pod
}

#[test]
fn a_suspended_job_is_not_stalled() {
    let suspended = json!({"metadata": {"labels": {"kueue.x-k8s.io/queue-name": "q"}}, "spec": {"suspend": true}, "status": {"active": 0}});
    let judgement = is_left_alone(&job(suspended), &[], TaskStatus::Pending);
    assert_eq!((judgement.phase, judgement.wants_events, judgement.wake_at), (Phase::Suspended, false, None));
}

#[test]
fn one_failed_and_one_active_pod_are_a_retry_under_way() {
    let job = job(json!({"status": {"failed": 1, "active": 1}}));
    let first = pod(main_state("Failed", done(1)));
    let second =
        json!({"metadata": {"name": "keruta-job-a-y", "uid": "pod-2", "creationTimestamp": at(30).to_string()}});
    let second = pod(with([main_state("Running", running()), second]));
    let judgement = is_left_alone(&job, &[first.clone(), second], TaskStatus::InProgress);
    assert_eq!(judgement.phase, Phase::Running);
    let judgement = is_left_alone(&job, &[first], TaskStatus::InProgress);
    assert_eq!(judgement.phase, Phase::Retrying { failed: 1 });
}

#[test]
fn phases_follow_the_pod() {
    let phase = |fields: Value| judge(&job(json!({})), &[pod(fields)]).phase;
    let none = Phase::Scheduling { reason: None };
    assert_eq!(judge(&job(json!({})), &[]).phase, none);
    assert_eq!(phase(json!({"spec": {"nodeName": null}, "status": {"phase": "Pending"}})), none);
    let starting = |container: &str, reason: Option<&str>| Phase::Starting {
        container: container.into(),
        reason: reason.map(Into::into),
    };
    assert_eq!(phase(json!({"status": {"phase": "Pending"}})), starting("database", None));
    let wait = || waiting("PodInitializing", "");
    assert_eq!(phase(states("Pending", running(), wait(), wait())), starting("git-clone", Some("PodInitializing")));
    assert_eq!(
        phase(states("Pending", running(), running(), wait())),
        Phase::Step { name: "git-clone".into(), number: 1, of: 1 }
    );
    assert_eq!(phase(main_state("Pending", waiting("ErrImagePull", ""))), starting("main", Some("ErrImagePull")));
    assert_eq!(phase(main_state("Running", running())), Phase::Running);
    assert_eq!(phase(states("Running", waiting("CrashLoopBackOff", ""), done(0), running())), Phase::Running);
    assert_eq!(phase(main_state("Running", done(0))), Phase::Ending);
    assert_eq!(phase(main_state("Succeeded", done(0))), Phase::Ending);
}
