use std::time::Duration;

use kube::api::{DeleteParams, EvictParams, Patch, PatchParams};
use scripted_apiserver::{DisruptionKind, End, ImageTrouble, Life, OnTerm, Refusal, Run, Settings, Trouble};
use serde_json::json;

use super::{Lab, NS, condition, phase, pod_condition, waiting};

fn done(job: &k8s_openapi::api::batch::v1::Job) -> bool {
    condition(job, "Complete").is_some() || condition(job, "Failed").is_some()
}

#[tokio::test]
async fn an_ordinary_job_completes() {
    let lab = Lab::new().await;
    let made = lab.job("a", &Life::new(), |_| ()).await;
    let uid = made.metadata.uid.clone().unwrap();
    let template = made.spec.unwrap().template.metadata.unwrap().labels.unwrap();
    assert_eq!(template["batch.kubernetes.io/controller-uid"], uid);
    assert_eq!(template["job-name"], "a");
    let job = lab.wait_job("a", done).await;
    assert_eq!(condition(&job, "SuccessCriteriaMet").unwrap().reason.as_deref(), Some("CompletionsReached"));
    let status = job.status.unwrap();
    assert_eq!((status.succeeded, status.failed, status.active), (Some(1), None, None));
    assert!(status.completion_time.is_some() && status.start_time.is_some());
    let pod = &lab.pods_of("a").await[0];
    assert_eq!(phase(pod), "Succeeded");
    // The finalizer of the Job is gone, the template's stays.
    assert_eq!(pod.metadata.finalizers.as_deref(), Some(["keruta.dev/evidence".to_owned()].as_slice()));
    assert_eq!(pod.metadata.owner_references.as_ref().unwrap()[0].uid, uid);
    assert!(!pod.metadata.managed_fields.as_ref().unwrap().is_empty());
}

#[tokio::test]
async fn a_failure_is_retried_up_to_the_limit_with_the_life_of_the_next_pod() {
    let lab = Lab::new().await;
    let life =
        Life::new().container("main", Run::new().exit(3)).then(Life::new().container("main", Run::new().exit(4)));
    lab.job("a", &life, |job| job["spec"]["backoffLimit"] = json!(1)).await;
    let job = lab.wait_job("a", done).await;
    let failed = condition(&job, "Failed").unwrap();
    assert_eq!(failed.reason.as_deref(), Some("BackoffLimitExceeded"));
    assert_eq!(failed.message.as_deref(), Some("Job has reached the specified backoff limit"));
    assert!(condition(&job, "FailureTarget").is_some());
    assert_eq!(job.status.unwrap().failed, Some(2));
    let mut codes: Vec<i32> = lab
        .pods_of("a")
        .await
        .iter()
        .map(|pod| {
            let statuses = pod.status.as_ref().unwrap().container_statuses.as_ref().unwrap();
            statuses[0].state.as_ref().unwrap().terminated.as_ref().unwrap().exit_code
        })
        .collect();
    codes.sort_unstable();
    assert_eq!(codes, [3, 4]);
}

#[tokio::test]
async fn the_failure_policy_ends_a_job_at_once() {
    let lab = Lab::new().await;
    let life = Life::new().container("main", Run::new().exit(42));
    lab.job("a", &life, |job| {
        job["spec"]["backoffLimit"] = json!(5);
        job["spec"]["podFailurePolicy"] = json!({"rules": [
            {"action": "FailJob", "onExitCodes": {"containerName": "main", "operator": "In", "values": [42]}}
        ]});
    })
    .await;
    let job = lab.wait_job("a", done).await;
    let failed = condition(&job, "Failed").unwrap();
    assert_eq!(failed.reason.as_deref(), Some("PodFailurePolicy"));
    assert!(failed.message.as_ref().unwrap().ends_with("failed with exit code 42 matching FailJob rule at index 0"));
}

#[tokio::test]
async fn an_evicted_task_that_exits_0_reads_complete() {
    let lab = Lab::new().await;
    let life = Life::new().container("main", Run::new().forever().on_term(OnTerm::Exit(0)));
    lab.job("a", &life, |job| {
        job["spec"]["podFailurePolicy"] =
            json!({"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]});
    })
    .await;
    let pod = lab.wait_pod("a", |pod| phase(pod) == "Running").await;
    lab.pods().evict(pod.metadata.name.as_ref().unwrap(), &EvictParams::default()).await.unwrap();
    let job = lab.wait_job("a", done).await;
    assert!(condition(&job, "Complete").is_some());
    let pod = lab.wait_pod("a", |pod| phase(pod) == "Succeeded").await;
    let target = pod_condition(&pod, "DisruptionTarget").unwrap();
    assert_eq!(target.reason.as_deref(), Some("EvictionByEvictionAPI"));
    assert!(pod.metadata.deletion_timestamp.is_some());
    // The last finalizer lets it go.
    let none = json!({"metadata": {"finalizers": null}});
    lab.pods().patch(pod.metadata.name.as_ref().unwrap(), &PatchParams::default(), &Patch::Merge(none)).await.unwrap();
    assert!(lab.pods_of("a").await.is_empty());
}

#[tokio::test]
async fn a_deadline_waits_for_the_pods_end() {
    let lab = Lab::with(Settings { second: Duration::from_millis(100), ..Settings::default() }).await;
    let life = Life::new().container("main", Run::new().forever().on_term(OnTerm::Ignore));
    lab.job("a", &life, |job| {
        job["spec"]["activeDeadlineSeconds"] = json!(2);
        job["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = json!(3);
    })
    .await;
    let job = lab.wait_job("a", |job| condition(job, "FailureTarget").is_some()).await;
    assert!(condition(&job, "Failed").is_none());
    let job = lab.wait_job("a", done).await;
    assert_eq!(condition(&job, "Failed").unwrap().reason.as_deref(), Some("DeadlineExceeded"));
    let pod = lab.wait_pod("a", |pod| phase(pod) == "Failed").await;
    let statuses = pod.status.unwrap().container_statuses.unwrap();
    assert_eq!(statuses[0].state.as_ref().unwrap().terminated.as_ref().unwrap().exit_code, 137);
}

#[tokio::test]
async fn a_stop_by_one_patch_ends_a_suspended_and_a_running_job() {
    let lab = Lab::with(Settings { second: Duration::from_millis(50), ..Settings::default() }).await;
    let life = Life::new().container("main", Run::new().forever());
    lab.job("running", &life, |_| ()).await;
    lab.job("suspended", &life, |job| job["spec"]["suspend"] = json!(true)).await;
    lab.wait_pod("running", |pod| phase(pod) == "Running").await;
    lab.wait_job("suspended", |job| condition(job, "Suspended").is_some()).await;
    let stop = json!({"spec": {"parallelism": 0, "activeDeadlineSeconds": 1, "suspend": false}});
    for name in ["running", "suspended"] {
        lab.jobs().patch(name, &PatchParams::default(), &Patch::Merge(&stop)).await.unwrap();
        let job = lab.wait_job(name, done).await;
        assert_eq!(condition(&job, "Failed").unwrap().reason.as_deref(), Some("DeadlineExceeded"), "{name}");
    }
    assert!(lab.pods_of("suspended").await.is_empty());
    lab.wait_pod("running", |pod| phase(pod) == "Failed").await;
}

#[tokio::test]
async fn a_job_without_parallelism_makes_no_pod() {
    let lab = Lab::with(Settings { second: Duration::from_millis(50), ..Settings::default() }).await;
    lab.job("tomb", &Life::new(), |job| {
        job["spec"]["parallelism"] = json!(0);
        job["spec"]["activeDeadlineSeconds"] = json!(1);
    })
    .await;
    lab.wait_job("tomb", done).await;
    assert!(lab.pods_of("tomb").await.is_empty());
}

#[tokio::test]
async fn states_that_hang() {
    let lab = Lab::new().await;
    let pull = Life::new().image("main", ImageTrouble::PullFails(Trouble::lasting("not found")));
    let cases = [
        ("pull", pull, "ImagePullBackOff"),
        ("name", Life::new().image("main", ImageTrouble::InvalidName), "InvalidImageName"),
        ("config", Life::new().config_error("main", "secret \"x\" not found"), "CreateContainerConfigError"),
    ];
    for (name, life, reason) in cases {
        lab.job(name, &life, |_| ()).await;
        let pod = lab.wait_pod(name, |pod| waiting(pod) == reason).await;
        assert_eq!(phase(&pod), "Pending");
    }
    lab.job("key", &Life::new(), |job| {
        job["spec"]["template"]["spec"]["containers"][0]["env"] =
            json!([{"name": "X", "valueFrom": {"secretKeyRef": {"name": "nosuch", "key": "k"}}}]);
    })
    .await;
    lab.wait_pod("key", |pod| waiting(pod) == "CreateContainerConfigError").await;
    lab.job("unschedulable", &Life::new().unschedulable("0/1 nodes are available"), |_| ()).await;
    lab.job("selector", &Life::new(), |job| job["spec"]["template"]["spec"]["nodeSelector"] = json!({"a": "b"})).await;
    lab.job("claim", &Life::new(), |job| {
        job["spec"]["template"]["spec"]["volumes"] =
            json!([{"name": "v", "persistentVolumeClaim": {"claimName": "no"}}]);
    })
    .await;
    for name in ["unschedulable", "selector", "claim"] {
        let pod = lab.wait_pod(name, |pod| pod_condition(pod, "PodScheduled").is_some()).await;
        let scheduled = pod_condition(&pod, "PodScheduled").unwrap();
        assert_eq!(
            (scheduled.status.as_str(), scheduled.reason.as_deref()),
            ("False", Some("Unschedulable")),
            "{name}"
        );
        let uid = pod.metadata.uid.unwrap();
        let events = lab.server.objects("events", NS);
        assert!(
            events.iter().any(|event| event["involvedObject"]["uid"] == uid && event["reason"] == "FailedScheduling"),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_pod_that_waits_is_deleted_as_unknown() {
    let lab = Lab::new().await;
    lab.job("a", &Life::new().image("main", ImageTrouble::PullFails(Trouble::lasting("no"))), |_| ()).await;
    let pod = lab.wait_pod("a", |pod| waiting(pod) == "ErrImagePull").await;
    lab.pods().delete(pod.metadata.name.as_ref().unwrap(), &DeleteParams::default()).await.unwrap();
    let pod = lab.wait_pod("a", |pod| phase(pod) == "Failed").await;
    let statuses = pod.status.unwrap().container_statuses.unwrap();
    let ended = statuses[0].state.as_ref().unwrap().terminated.as_ref().unwrap();
    assert_eq!((ended.exit_code, ended.reason.as_deref()), (137, Some("ContainerStatusUnknown")));
    lab.wait_job("a", done).await;
}

#[tokio::test]
async fn a_sidecar_crashes_in_a_loop_beside_the_main_container() {
    let lab = Lab::with(Settings { restart_backoff: Duration::from_millis(40), ..Settings::default() }).await;
    let life = Life::new()
        .container("side", Run::new().line("first").exit(7))
        .container("side", Run::new().line("again").exit(8))
        .container("main", Run::new().sleep(400));
    lab.job("a", &life, |job| {
        job["spec"]["template"]["spec"]["initContainers"] =
            json!([{"name": "side", "image": "b", "restartPolicy": "Always"}]);
    })
    .await;
    let side = |pod: &k8s_openapi::api::core::v1::Pod| {
        pod.status.as_ref().and_then(|status| status.init_container_statuses.as_ref()?.first().cloned())
    };
    let crash = |pod: &k8s_openapi::api::core::v1::Pod| {
        let state = side(pod)?.state?;
        state.waiting.and_then(|waiting| waiting.reason)
    };
    let pod = lab.wait_pod("a", |pod| crash(pod).as_deref() == Some("CrashLoopBackOff")).await;
    let status = side(&pod).unwrap();
    assert!(status.restart_count >= 1);
    assert_eq!(status.last_state.unwrap().terminated.unwrap().exit_code, 8);
    let job = lab.wait_job("a", done).await;
    assert!(condition(&job, "Complete").is_some());
}

#[tokio::test]
async fn disruptions_have_their_reasons() {
    let lab = Lab::with(Settings { chronicle: true, ..Settings::default() }).await;
    for (kind, reason) in [
        (DisruptionKind::Eviction, "EvictionByEvictionAPI"),
        (DisruptionKind::Preemption, "PreemptionByScheduler"),
        (DisruptionKind::NodePressure, "TerminationByKubelet"),
        (DisruptionKind::NodeShutdown, "TerminationByKubelet"),
        (DisruptionKind::NodeLost, "DeletionByPodGC"),
    ] {
        let name = format!("{kind:?}").to_lowercase();
        lab.job(&name, &Life::new().container("main", Run::new().forever()).disrupted(kind, 80), |_| ()).await;
        let pod =
            lab.wait_pod(&name, |pod| phase(pod) == "Failed" && pod_condition(pod, "DisruptionTarget").is_some()).await;
        lab.wait_pod(&name, |pod| pod_condition(pod, "DisruptionTarget").unwrap().reason.as_deref() == Some(reason))
            .await;
        if kind == DisruptionKind::NodePressure {
            assert_eq!(pod.status.unwrap().reason.as_deref(), Some("Evicted"));
            assert!(pod.metadata.deletion_timestamp.is_none());
        }
        lab.wait_job(&name, done).await;
    }
    // None looks for a moment as if it had failed by itself.
    for (pod, _) in lab.server.chronicle("pods", NS) {
        let mut conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
        let told = conditions.any(|condition| condition["type"] == "DisruptionTarget");
        assert!(told || pod["status"]["phase"] != "Failed", "{:#}", pod["status"]);
    }
}

#[tokio::test]
async fn an_init_container_fails_the_pod_and_oom_is_told() {
    let lab = Lab::new().await;
    lab.job("init", &Life::new().container("i", Run::new().line("bad").exit(5)), |job| {
        job["spec"]["template"]["spec"]["initContainers"] =
            json!([{"name": "i", "image": "b", "terminationMessagePolicy": "FallbackToLogsOnError"}]);
    })
    .await;
    lab.wait_job("init", done).await;
    let pod = &lab.pods_of("init").await[0];
    assert_eq!((phase(pod), waiting(pod)), ("Failed", "PodInitializing"));
    let status = pod.status.as_ref().unwrap().init_container_statuses.as_ref().unwrap()[0].clone();
    assert_eq!(status.state.unwrap().terminated.unwrap().message.as_deref(), Some("bad\n"));
    lab.job("oom", &Life::new().container("main", Run::new().end(End::OomKilled)), |_| ()).await;
    lab.wait_job("oom", done).await;
    let pod = &lab.pods_of("oom").await[0];
    let status = pod.status.as_ref().unwrap().container_statuses.as_ref().unwrap()[0].clone();
    let ended = status.state.unwrap().terminated.unwrap();
    assert_eq!((ended.exit_code, ended.reason.as_deref()), (137, Some("OOMKilled")));
}

#[tokio::test]
async fn deletion_takes_the_pods_only_where_told() {
    let lab = Lab::new().await;
    for (name, params, left) in [
        ("background", DeleteParams::background(), 0),
        ("foreground", DeleteParams::foreground(), 0),
        ("orphan", DeleteParams::default(), 1),
    ] {
        lab.job(name, &Life::new(), |job| job["spec"]["template"]["metadata"]["finalizers"] = json!([])).await;
        lab.wait_job(name, done).await;
        lab.jobs().delete(name, &params).await.unwrap();
        for _ in 0..100 {
            if lab.jobs().get_opt(name).await.unwrap().is_none() && lab.pods_of(name).await.len() == left {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(lab.jobs().get_opt(name).await.unwrap().is_none(), "{name}");
        assert_eq!(lab.pods_of(name).await.len(), left, "{name}");
    }
}

#[tokio::test]
async fn a_finished_job_goes_when_its_time_is_over() {
    let lab = Lab::with(Settings { second: Duration::from_millis(50), ..Settings::default() }).await;
    lab.job("a", &Life::new(), |job| job["spec"]["ttlSecondsAfterFinished"] = json!(2)).await;
    lab.wait_job("a", done).await;
    let pod = lab.pods_of("a").await.remove(0);
    for _ in 0..200 {
        let pods = lab.pods_of("a").await;
        // The finalizer keeps the Pod, and the Pod its owner: the deletion is a foreground one.
        if pods.iter().all(|pod| pod.metadata.deletion_timestamp.is_some()) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(lab.jobs().get("a").await.unwrap().metadata.deletion_timestamp.is_some());
    let none = json!({"metadata": {"finalizers": null}});
    lab.pods().patch(pod.metadata.name.as_ref().unwrap(), &PatchParams::default(), &Patch::Merge(none)).await.unwrap();
    for _ in 0..200 {
        if lab.jobs().get_opt("a").await.unwrap().is_none() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the Job stays");
}

#[tokio::test]
async fn a_refused_pod_is_tried_again_with_the_next_life() {
    let lab = Lab::new().await;
    let refusal =
        Refusal { reason: "Forbidden".to_owned(), message: "violates PodSecurity \"restricted:latest\"".to_owned() };
    let life = Life { refused: Some(refusal), ..Life::new() }.then(Life::new());
    lab.job("a", &life, |_| ()).await;
    let job = lab.wait_job("a", done).await;
    assert!(condition(&job, "Complete").is_some());
    let events = lab.server.objects("events", NS);
    let told = events.iter().find(|event| event["reason"] == "FailedCreate").unwrap();
    let message = told["message"].as_str().unwrap();
    assert!(message.starts_with("Error creating: pods \"a-") && message.contains("is forbidden: violates PodSecurity"));
}

#[tokio::test]
async fn a_claim_is_bound_and_a_child_waits_for_none() {
    let lab = Lab::new().await;
    let claims: kube::Api<k8s_openapi::api::core::v1::PersistentVolumeClaim> =
        kube::Api::namespaced(lab.client.clone(), NS);
    let claim = |class: serde_json::Value| {
        let mut spec = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}});
        if class.is_string() {
            spec["storageClassName"] = class;
        }
        spec
    };
    for (name, class) in [("good", json!(null)), ("bad", json!("no-such-class"))] {
        let claim = serde_json::from_value(json!({"metadata": {"name": name}, "spec": claim(class)})).unwrap();
        claims.create(&kube::api::PostParams::default(), &claim).await.unwrap();
        lab.job(name, &Life::new(), |job| {
            job["spec"]["template"]["spec"]["volumes"] =
                json!([{"name": "v", "persistentVolumeClaim": {"claimName": name}}]);
        })
        .await;
    }
    lab.wait_job("good", done).await;
    assert_eq!(claims.get("good").await.unwrap().status.unwrap().phase.as_deref(), Some("Bound"));
    let pod = lab.wait_pod("bad", |pod| pod_condition(pod, "PodScheduled").is_some()).await;
    let message = pod_condition(&pod, "PodScheduled").unwrap().message.clone().unwrap();
    assert!(message.contains("unbound immediate PersistentVolumeClaims"), "{message}");
}

#[tokio::test]
async fn a_quota_refuses_pods_until_there_is_room() {
    let lab = Lab::new().await;
    let quotas: kube::Api<k8s_openapi::api::core::v1::ResourceQuota> = kube::Api::namespaced(lab.client.clone(), NS);
    let quota = serde_json::from_value(json!({"metadata": {"name": "q"}, "spec": {"hard": {"pods": "0"}}})).unwrap();
    quotas.create(&kube::api::PostParams::default(), &quota).await.unwrap();
    lab.job("a", &Life::new(), |_| ()).await;
    let told = || {
        lab.server.objects("events", NS).iter().any(|event| {
            event["reason"] == "FailedCreate"
                && event["message"].as_str().unwrap().contains("exceeded quota: q, requested: pods=1")
        })
    };
    for _ in 0..200 {
        if told() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(told());
    quotas.delete("q", &DeleteParams::default()).await.unwrap();
    lab.wait_job("a", done).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_jobs() {
    let lab = Lab::with(Settings { ordinary_events: false, ..Settings::default() }).await;
    let life = Life::new();
    let begun = std::time::Instant::now();
    for batch in 0..6 {
        let made = (0..100).map(|number| {
            let (lab, life) = (&lab, &life);
            async move { lab.job(&format!("j-{batch}-{number}"), life, |_| ()).await }
        });
        futures::future::join_all(made).await;
    }
    let created = begun.elapsed();
    loop {
        let jobs = lab.server.objects("jobs", NS);
        let complete = jobs.iter().filter(|job| job["status"]["succeeded"] == 1).count();
        if complete == 600 {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{complete} of 600 after {:?}", begun.elapsed());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    println!("600 Jobs: created in {created:?}, complete after {:?}", begun.elapsed());
}

#[tokio::test]
async fn what_is_given_to_an_owner_that_is_gone_goes() {
    let lab = Lab::new().await;
    let maps = lab.config_maps();
    for name in ["orphan", "free"] {
        maps.create(&kube::api::PostParams::default(), &super::config_map(name)).await.unwrap();
    }
    let owner = json!({"apiVersion": "batch/v1", "kind": "Job", "name": "gone", "uid": "gone"});
    let patch = json!({"metadata": {"ownerReferences": [owner]}});
    maps.patch("orphan", &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();
    for _ in 0..200 {
        if maps.get_opt("orphan").await.unwrap().is_none() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(maps.get_opt("orphan").await.unwrap().is_none());
    assert!(maps.get_opt("free").await.unwrap().is_some());
}
