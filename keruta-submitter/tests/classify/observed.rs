//! What is taken from objects, and what that weighs.

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Event, Pod};
use keruta_submitter::observe::{
    ContainerState, FirstSeen, JobConditionKind, ObservedContainer, ObservedEvent, ObservedJob, ObservedPod, PodPhase,
    Termination,
};
use serde_json::json;

use crate::made::{at, done, job, pod, running, states, terminated, waiting};

#[test]
fn a_job_is_condensed() {
    let observed = ObservedJob::of(&job(json!({
        "metadata": {"labels": {"kueue.x-k8s.io/queue-name": "team"}, "annotations": {"keruta.dev/attempt": "3"}},
        "spec": {"suspend": true, "backoffLimit": null, "activeDeadlineSeconds": 90, "template": {"spec": {"containers": [], "volumes": [
            {"name": "a", "emptyDir": {}}, {"name": "b", "persistentVolumeClaim": {"claimName": "git-repo-pvc-a"}}]}}},
        "status": {"active": 1, "failed": 2, "uncountedTerminatedPods": {"failed": ["x"], "succeeded": ["y"]}, "conditions": [
            {"type": "Failed", "status": "False"}, {"type": "FailureTarget", "status": "True", "reason": "DeadlineExceeded"}]},
    })))
    .unwrap();
    assert_eq!((observed.attempt.task.as_str(), observed.attempt.number), ("a", 3));
    assert!(observed.suspended && observed.queued && !observed.is_finished());
    assert_eq!((observed.active, observed.failed, observed.succeeded, observed.uncounted), (1, 2, 0, 2));
    assert_eq!((observed.backoff_limit, observed.active_deadline_seconds), (6, Some(90)));
    assert_eq!(observed.claims.iter().map(|claim| &**claim).collect::<Vec<_>>(), ["git-repo-pvc-a"]);
    assert!(observed.condition(JobConditionKind::Failed).is_none());
    assert_eq!(
        observed.condition(JobConditionKind::FailureTarget).unwrap().reason.as_deref(),
        Some("DeadlineExceeded")
    );
    assert_eq!(observed.started_at, Some(at(0)));
}

#[test]
fn objects_of_others_are_none_of_ours() {
    assert!(ObservedJob::of(&Job::default()).is_none());
    assert!(ObservedJob::of(&job(json!({"metadata": {"labels": {"app": "other"}}}))).is_none());
    assert!(ObservedPod::of(&Pod::default()).is_none());
    assert!(ObservedPod::of(&pod(json!({"metadata": {"ownerReferences": []}}))).is_none());
    let replica_set =
        json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "x", "uid": "job-1", "controller": true}]);
    assert!(ObservedPod::of(&pod(json!({"metadata": {"ownerReferences": replica_set}}))).is_none());
}

#[test]
fn a_pod_is_condensed() {
    let observed = ObservedPod::of(&pod(states(
        "Pending",
        running(),
        terminated(20, "Error", "no such ref"),
        waiting("PodInitializing", ""),
    )))
    .unwrap();
    assert_eq!((&*observed.job_uid, observed.phase), ("job-1", PodPhase::Pending));
    assert!(observed.has_evidence_finalizer && !observed.cut_short);
    let names: Vec<_> = observed.all_containers().map(|container| (&*container.name, container.sidecar)).collect();
    assert_eq!(names, [("database", true), ("git-clone", false), ("main", false)]);
    assert_eq!(observed.init[0].state, ContainerState::Running { since: Some(at(1)) });
    let end = observed.init[1].termination().unwrap();
    assert_eq!((end.exit_code, end.message.as_deref(), end.finished_at), (20, Some("no such ref"), Some(at(11))));
    assert_eq!(
        observed.containers[0].state,
        ContainerState::Waiting { reason: Some("PodInitializing".into()), message: None }
    );
    assert!(observed.init[1].has_started() && !observed.containers[0].has_started());
}

#[test]
fn containers_without_a_status_wait() {
    let observed = ObservedPod::of(&pod(json!({}))).unwrap();
    for container in observed.all_containers() {
        assert_eq!(container.state, ContainerState::Waiting { reason: None, message: None }, "{}", container.name);
    }
}

#[test]
fn signals_are_told_from_exit_codes() {
    let signal = |code: i32, signal: Option<i32>| {
        let end = json!({"terminated": {"exitCode": code, "signal": signal}});
        let observed = ObservedPod::of(&pod(states("Failed", running(), done(0), end))).unwrap();
        observed.containers[0].termination().unwrap().signal()
    };
    let rows = [
        (0, None, None),
        (1, None, None),
        (128, None, None),
        (137, None, Some(9)),
        (143, Some(0), Some(15)),
        (1, Some(6), Some(6)),
        (255, None, None),
    ];
    for (code, given, told) in rows {
        assert_eq!(signal(code, given), told, "{code} {given:?}");
    }
}

#[test]
fn long_messages_keep_what_tells() {
    let long = format!("first{}last", "日本".repeat(1000));
    let message = |state| {
        let observed = ObservedPod::of(&pod(states("Running", running(), done(0), state))).unwrap();
        match observed.containers.into_iter().next().unwrap().state {
            ContainerState::Waiting { message, .. } => message.unwrap(),
            ContainerState::Terminated(end) => end.message.unwrap(),
            ContainerState::Running { .. } => unreachable!("it does not run"),
        }
    };
    let waits = message(waiting("ErrImagePull", &long));
    assert!(waits.starts_with("first日") && waits.ends_with('…') && waits.len() <= 520, "{}", waits.len());
    let ended = message(terminated(1, "Error", &long));
    assert!(ended.starts_with('…') && ended.ends_with("本last") && ended.len() <= 1032, "{}", ended.len());
}

#[test]
fn an_event_is_condensed_in_its_old_and_its_new_form() {
    let old = ObservedEvent::from(&crate::made::event("pod-1", "FailedMount", "no"));
    assert_eq!((old.count, old.first_at, old.last_at, old.warning), (3, Some(at(1)), Some(at(5)), true));
    let new: Event = serde_json::from_value(json!({
        "metadata": {}, "involvedObject": {"uid": "pod-1"}, "reason": "FailedScheduling", "eventTime": "2026-01-01T00:00:01.000000Z",
        "series": {"count": 7, "lastObservedTime": "2026-01-01T00:00:09.000000Z"},
    }))
    .unwrap();
    let new = ObservedEvent::from(&new);
    assert_eq!((new.count, new.first_at, new.last_at, new.warning), (7, Some(at(1)), Some(at(9)), false));
}

#[test]
fn first_seen_times_are_an_annotation() {
    let annotation = r#"{"CrashLoop/a \"b\"/c":"2026-01-01T00:00:00Z","Later":"2026-01-01T00:00:01.5Z"}"#;
    let first_seen: FirstSeen = serde_json::from_str(annotation).unwrap();
    assert_eq!(first_seen.get("Later"), Some(at(1) + jiff::SignedDuration::from_millis(500)));
    assert_eq!(first_seen.to_annotation(), annotation);
    assert_eq!(FirstSeen::default().to_annotation(), "{}");
}

/// A task that is followed costs less than 2 KiB, with a step, a sidecar and names as long as they are in practice.
#[test]
fn a_task_weighs_little() {
    let id = "0f8e7c1a-6f0a-4c55-9f33-2f4c1b7a9d10";
    let job = job(json!({
        "metadata": {"name": format!("keruta-job-{id}"), "uid": id, "labels": {"task-id": id}},
        "spec": {"template": {"spec": {"containers": [], "volumes": [
            {"name": "work-volume", "persistentVolumeClaim": {"claimName": format!("git-repo-pvc-{id}")}}]}}},
    }));
    let image = "registry.example.com/platform/agents/coding-agent:2026.1.17";
    let pod = pod(json!({
        "metadata": {"name": format!("keruta-job-{id}-x7k2p"), "uid": id},
        "spec": {"nodeName": "ip-10-20-30-40.eu-central-1.compute.internal",
            "initContainers": [{"name": "database", "image": image, "restartPolicy": "Always"}, {"name": "git-clone", "image": image}],
            "containers": [{"name": "main", "image": image}]},
        "status": states("Running", running(), done(0), running())["status"].clone(),
    }));
    let bytes = job_bytes(&ObservedJob::of(&job).unwrap()) + pod_bytes(&ObservedPod::of(&pod).unwrap());
    assert!(bytes < 2048, "{bytes} bytes");
}

fn job_bytes(job: &ObservedJob) -> usize {
    size_of_val(job)
        + job.attempt.namespace.capacity()
        + job.attempt.task.capacity()
        + job.name.len()
        + job.uid.len()
        + size_of_val(&*job.conditions)
        + job.claims.iter().map(|claim| size_of_val(claim) + claim.len()).sum::<usize>()
}

fn pod_bytes(pod: &ObservedPod) -> usize {
    let text = |text: &Option<Box<str>>| text.as_deref().map_or(0, str::len);
    let end = |end: &Termination| size_of_val(end) + text(&end.reason) + text(&end.message);
    let container = |container: &ObservedContainer| {
        size_of_val(container)
            + container.name.len()
            + container.image.len()
            + container.termination().map_or(0, end)
            + container.last_termination.as_deref().map_or(0, end)
    };
    size_of_val(pod)
        + [&pod.job_uid, &pod.name, &pod.uid].iter().map(|text| text.len()).sum::<usize>()
        + text(&pod.node)
        + pod.all_containers().map(container).sum::<usize>()
}
