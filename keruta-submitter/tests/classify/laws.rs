//! What holds of every judgement, whatever a cluster shows.

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Event, Pod};
use keruta_submitter::classify::{Judgement, Policy};
use keruta_submitter::observe::{FirstSeen, annotations};
use keruta_submitter::{Outcome, Verdict};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::made::{at, disrupted, ended, event, job, main_state, pod, with};
use crate::scene::Scene;

fn time() -> impl Strategy<Value = String> {
    prop_oneof![9 => 0..2000_i64, 1 => any::<i32>().prop_map(i64::from)].prop_map(|seconds| at(seconds).to_string())
}

fn reason() -> impl Strategy<Value = String> {
    let known = select(vec![
        "",
        "ContainerCreating",
        "PodInitializing",
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "CrashLoopBackOff",
        "CreateContainerConfigError",
        "CreateContainerError",
        "Completed",
        "Error",
        "OOMKilled",
        "StartError",
        "ContainerStatusUnknown",
        "Evicted",
        "NodeLost",
        "OutOfcpu",
        "Unschedulable",
        "SchedulingGated",
        "DeadlineExceeded",
        "BackoffLimitExceeded",
        "PodFailurePolicy",
        "CompletionsReached",
        "EvictionByEvictionAPI",
        "PreemptionByScheduler",
        "TerminationByKubelet",
        "FailedMount",
        "FailedCreate",
        "FailedCreatePodSandBox",
        "SuccessfulCreate",
    ]);
    prop_oneof![6 => known.prop_map(str::to_owned), 1 => any::<String>()]
}

fn message() -> impl Strategy<Value = String> {
    prop_oneof![
        select(vec![
            "",
            "not found",
            "exceeded quota",
            "violates PodSecurity",
            "timed out",
            "persistentvolumeclaim \"x\""
        ])
        .prop_map(str::to_owned),
        any::<String>(),
        // Longer than what is kept, with characters of several bytes at every place.
        (0..4_usize, 400..1200_usize).prop_map(|(shift, length)| "a".repeat(shift) + &"日本🦀\n".repeat(length / 4)),
    ]
}

fn state() -> BoxedStrategy<Value> {
    let terminated = (any::<i32>(), of(any::<i32>()), reason(), message(), of(time()), of(time())).prop_map(
        |(code, signal, reason, message, started, finished)| {
            json!({"terminated": {"exitCode": code, "signal": signal, "reason": reason, "message": message,
                "startedAt": started, "finishedAt": finished}})
        },
    );
    let code = select(vec![0, 1, 2, 10, 20, 128, 137, 143, 240, 243, 255]);
    let ordinary = (code, time())
        .prop_map(|(code, at)| json!({"terminated": {"exitCode": code, "startedAt": at, "finishedAt": at}}));
    prop_oneof![
        Just(json!({})),
        of(time()).prop_map(|at| json!({"running": {"startedAt": at}})),
        (reason(), message()).prop_map(|(reason, message)| json!({"waiting": {"reason": reason, "message": message}})),
        ordinary,
        terminated,
    ]
    .boxed()
}

fn container(name: &'static str) -> BoxedStrategy<Value> {
    (state(), state(), prop_oneof![0..4_i32, any::<i32>()]).prop_map(move |(state, last, restarts)| {
        json!({"name": name, "image": "i", "imageID": "", "ready": false, "restartCount": restarts, "state": state, "lastState": last})
    }).boxed()
}

fn any_pod(number: usize) -> BoxedStrategy<Pod> {
    let status = (
        select(vec!["Pending", "Running", "Succeeded", "Failed", "Unknown", "New"]),
        of(reason()),
        of(message()),
        of(container("database")),
        of(container("git-clone")),
        of(container("main")),
        of(any::<i64>()),
    );
    let conditions = (of(reason()), of((reason(), message())));
    let metadata = (of(time()), of(-5..100_i64), of(any::<i64>()), any::<bool>(), any::<bool>(), time());
    (status, conditions, metadata).prop_map(move |(status, (disruption, unscheduled), metadata)| {
        let (phase, reason, message, sidecar, step, main, known) = status;
        let (deletion, grace, generation, has_node, owned, created) = metadata;
        let mut conditions = vec![];
        if let Some(reason) = disruption {
            conditions.push(json!({"type": "DisruptionTarget", "status": "True", "reason": reason}));
        }
        if let Some((reason, message)) = unscheduled {
            conditions.push(json!({"type": "PodScheduled", "status": "False", "reason": reason, "message": message}));
        }
        let init: Vec<_> = [sidecar, step].into_iter().flatten().collect();
        let job_uid = if owned { "job-1" } else { "job-0" };
        pod(json!({
            "metadata": {"name": format!("keruta-job-a-{number}"), "uid": format!("pod-{number}"), "deletionTimestamp": deletion,
                "deletionGracePeriodSeconds": grace, "generation": generation, "creationTimestamp": created,
                "ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": "keruta-job-a", "uid": job_uid, "controller": true}]},
            "spec": {"nodeName": has_node.then_some("node-1")},
            "status": {"phase": phase, "reason": reason, "message": message, "conditions": conditions, "observedGeneration": known,
                "initContainerStatuses": init, "containerStatuses": main.into_iter().collect::<Vec<_>>()},
        }))
    }).boxed()
}

fn any_pods() -> impl Strategy<Value = Vec<Pod>> {
    (0..4_usize).prop_flat_map(|count| (0..count).map(any_pod).collect::<Vec<_>>())
}

fn any_job() -> BoxedStrategy<Job> {
    let kinds = select(vec!["Complete", "Failed", "SuccessCriteriaMet", "FailureTarget", "Suspended", "Other"]);
    let conditions = prop::collection::vec((kinds, select(vec!["True", "False"]), of(reason()), of(message())), 0..2);
    let counts = (of(any::<i32>()), of(0..3_i32), of(0..6_i32), of(any::<i64>()), of(0..5_i32));
    let annotations = of(message());
    (conditions, counts, of(time()), any::<bool>(), annotations, prop::bool::weighted(0.1)).prop_map(
        |(conditions, (active, succeeded, failed, deadline, backoff), deletion, suspend, broken, stopped)| {
            let conditions: Vec<_> = conditions
                .into_iter()
                .map(|(kind, status, reason, message)| json!({"type": kind, "status": status, "reason": reason, "message": message}))
                .collect();
            let stop = stopped.then(|| {
                format!(r#"{{"outcome":"Cancelled","retryable":false,"evidence":{{"summary":"x"}},"at":"{}"}}"#, at(0))
            });
            job(json!({
                "metadata": {"deletionTimestamp": deletion, "annotations": {
                    "keruta.dev/attempt": "1",
                    (annotations::STOP): stop.or(broken.clone()).unwrap_or_default(),
                    (annotations::FIRST_SEEN): broken.unwrap_or_default(),
                }},
                "spec": {"suspend": suspend, "activeDeadlineSeconds": deadline, "backoffLimit": backoff},
                "status": {"active": active, "succeeded": succeeded, "failed": failed, "conditions": conditions},
            }))
        },
    ).boxed()
}

fn any_events() -> impl Strategy<Value = Vec<Event>> {
    let about = select(vec!["job-1", "pod-0", "pod-1", "pod-2", "other"]);
    prop::collection::vec(
        (about, reason(), message()).prop_map(|(about, reason, message)| event(about, &reason, &message)),
        0..4,
    )
}

fn scene(job: &Job, gone: bool, pods: &[Pod], events: &[Event]) -> Scene {
    let mut scene = Scene::of(job);
    scene.show((!gone).then_some(job), pods, events, at(0));
    scene
}

fn judge(scene: &Scene, now: Timestamp) -> Judgement {
    scene.judge(&Policy::default(), now)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// No state makes it panic, and each judgement is sound in itself.
    #[test]
    fn every_judgement_is_sound(
        job in any_job(), gone in any::<bool>(), pods in any_pods(), events in any_events(), seconds in 0..3000_i64,
    ) {
        let mut scene = scene(&job, gone, &pods, &events);
        let now = at(seconds);
        let judgement = judge(&scene, now);
        prop_assert_eq!(judgement.verdict.is_some(), judgement.status.is_final());
        prop_assert!(judgement.verdict.is_none() || (judgement.stop.is_none() && judgement.wake_at.is_none() && !judgement.wants_events));
        prop_assert!(judgement.wake_at.is_none_or(|wake_at| wake_at > now), "it would wake for ever");
        for verdict in judgement.verdict.iter().chain(judgement.stop.as_ref().map(|stop| &stop.verdict)) {
            prop_assert!(!verdict.evidence.summary.is_empty() && verdict.evidence.summary.chars().count() < 500);
            let json = serde_json::to_string(verdict).unwrap();
            prop_assert!(json.len() < 16 * 1024, "{} bytes in an annotation", json.len());
            prop_assert_eq!(&serde_json::from_str::<Verdict>(&json).unwrap(), verdict);
        }
        // Feeding the first-seen times back changes nothing.
        scene.first_seen = judgement.first_seen.clone();
        prop_assert_eq!(&judge(&scene, now), &judgement);
        // They survive the annotation.
        let annotation = judgement.first_seen.to_annotation();
        prop_assert_eq!(serde_json::from_str::<FirstSeen>(&annotation).unwrap(), judgement.first_seen);
    }

    /// Lists come in any order.
    #[test]
    fn the_order_of_pods_and_events_does_not_matter(job in any_job(), gone in any::<bool>(), pods in any_pods(), events in any_events()) {
        let one = judge(&scene(&job, gone, &pods, &events), at(500));
        let reversed: Vec<_> = pods.into_iter().rev().collect();
        prop_assert_eq!(one, judge(&scene(&job, gone, &reversed, &events), at(500)));
    }

    /// A verdict does not depend on when one looks, on Events, or on what was seen before.
    #[test]
    fn a_verdict_does_not_change_with_time(job in any_job(), gone in any::<bool>(), pods in any_pods(), events in any_events()) {
        let now = scene(&job, gone, &pods, &[]);
        if let Some(verdict) = judge(&now, at(0)).verdict {
            let later = scene(&job, gone, &pods, &events);
            prop_assert_eq!(judge(&later, at(100_000)).verdict, Some(verdict));
        }
    }

    /// A Job whose Pods were all disturbed is never completed, whatever their exit codes.
    #[test]
    fn a_disturbed_pod_completes_nothing(job in any_job(), pods in any_pods(), reason in reason(), code in select(vec![0, 1, 143])) {
        let job = with([serde_json::to_value(job).unwrap(), ended("Complete", "CompletionsReached"), json!({"status": {"succeeded": 1}})]);
        let job: Job = serde_json::from_value(job).unwrap();
        let disturb = |pod: Pod| -> Pod {
            let pod = with([serde_json::to_value(pod).unwrap(), disrupted(&reason)]);
            serde_json::from_value(pod).unwrap()
        };
        let last = json!({"metadata": {"name": "keruta-job-a-9", "uid": "pod-9"}});
        let exit = json!({"terminated": {"exitCode": code, "finishedAt": at(5).to_string()}});
        let mut pods: Vec<_> = pods.into_iter().map(&disturb).collect();
        pods.push(disturb(pod(with([main_state("Succeeded", exit), last]))));
        let judgement = judge(&scene(&job, false, &pods, &[]), at(0));
        prop_assert_ne!(judgement.verdict.expect("it has ended").outcome, Outcome::Completed);
    }

    /// Once a verdict stands on the Job it is the verdict.
    #[test]
    fn a_recorded_verdict_is_final(
        mut job in any_job(), gone in any::<bool>(), pods in any_pods(), events in any_events(),
        first in any_pods(), seconds in 0..3000_i64,
    ) {
        let complete: Job = serde_json::from_value(with([serde_json::to_value(&job).unwrap(), ended("Complete", "x")])).unwrap();
        let verdict = judge(&scene(&complete, false, &first, &[]), at(0)).verdict.expect("it has ended");
        let annotations = job.metadata.annotations.get_or_insert_default();
        annotations.insert(annotations::VERDICT.to_owned(), serde_json::to_string(&verdict).unwrap());
        let judgement = judge(&scene(&job, gone, &pods, &events), at(seconds));
        prop_assert_eq!(judgement.verdict, Some(verdict));
    }

    /// A state that never changes is judged at every time it asks for, and comes to an end in a few of them, or is nobody's
    /// business: nothing is watched for ever without a reason to wake.
    #[test]
    fn a_state_that_never_changes_is_not_watched_in_a_hurry(job in any_job(), pods in any_pods(), events in any_events()) {
        let mut scene = scene(&job, false, &pods, &events);
        let mut now = at(0);
        let mut wakes = 0;
        while now < at(3600) {
            let judgement = judge(&scene, now);
            scene.first_seen = judgement.first_seen;
            let Some(wake_at) = judgement.wake_at else { break };
            now = wake_at;
            wakes += 1;
        }
        prop_assert!(wakes <= 130, "{wakes} in an hour");
    }
}
