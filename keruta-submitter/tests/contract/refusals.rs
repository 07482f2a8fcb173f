//! What the cluster does not want, and what is said of it.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, ResourceQuota};
use keruta_submitter::cluster::{Backoff, Cluster, ClusterError};
use keruta_submitter::journal::MemoryLedger;
use keruta_submitter::submit::{SubmitError, SubmitOptions, submit};
use keruta_submitter::{Cause, Outcome};
use kube::Api;
use kube::api::{Patch, PatchParams};
use scripted_apiserver::Refusal;
use serde_json::json;

use crate::backend::World;
use crate::workload::{Behaviour, Workload};

fn quick() -> Workload {
    Workload::new("a", &Behaviour::new().line("done"))
}

/// Makes a quota and waits until its controller has counted: only then it takes effect.
pub(crate) async fn quota(world: &World, hard: serde_json::Value) {
    let quota: ResourceQuota =
        serde_json::from_value(json!({"metadata": {"name": "few"}, "spec": {"hard": hard}})).unwrap();
    world.admin.create(&world.namespace, &quota).await.unwrap();
    world
        .until("the quota is counted", async || {
            let quota: ResourceQuota = world.admin.get(&world.namespace, "few").await.unwrap().unwrap();
            quota.status.and_then(|status| status.used).filter(|used| !used.is_empty()).map(drop)
        })
        .await;
    if world.scripted.is_none() {
        // Until the API server's own cache knows as well.
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

#[tokio::test]
async fn a_quota_of_pods_fails_the_task_after_a_grace() {
    let world = World::start("podquota").await;
    quota(&world, json!({"pods": "0"})).await;
    let verdict = world.run(&quick()).await;
    assert_eq!(verdict.outcome, Outcome::Failed(Cause::QuotaExceeded), "{verdict:#?}");
    assert!(verdict.retryable);
    assert!(verdict.evidence.message.as_deref().is_some_and(|message| message.contains("few")), "{verdict:#?}");
    world.finish().await;
}

#[tokio::test]
async fn a_quota_of_jobs_refuses_the_submit_and_leaves_nothing() {
    let world = World::start("jobquota").await;
    quota(&world, json!({"count/jobs.batch": "0"})).await;
    let task = quick().with("files", json!([{"path": "/etc/a.txt", "content": "A"}]));
    let bundle = task.bundle(&world.namespace);
    let error = world.try_submit(&bundle).await.unwrap_err();
    let SubmitError::Refused { error: ClusterError::QuotaExceeded { quota, .. }, removed } = &error else {
        panic!("{error:?}")
    };
    assert_eq!((quota.as_str(), removed.len()), ("few", 1));
    let left: Option<ConfigMap> = world.cluster.get(&world.namespace, bundle.job_name()).await.unwrap();
    assert!(left.is_none());
    assert_eq!(world.count_jobs().await, 0);
    world.finish().await;
}

#[tokio::test]
async fn a_pod_that_pod_security_refuses_fails_the_task_at_once() {
    let world = World::start("podsecurity").await;
    let patch = json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}});
    let namespaces: Api<Namespace> = Api::all(world.admin.client().clone());
    namespaces.patch(&world.namespace, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    let message = "violates PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false (container \"main\" must \
                   set securityContext.allowPrivilegeEscalation=false)";
    let task = quick().setting("security", json!({"profile": "none"})).scripted(|mut life| {
        life.refused = Some(Refusal { reason: "Forbidden".to_owned(), message: message.to_owned() });
        life
    });
    let verdict = world.run(&task).await;
    assert_eq!(verdict.outcome, Outcome::Failed(Cause::Rejected), "{verdict:#?}");
    assert!(!verdict.retryable);
    let told = verdict.evidence.message.as_deref().unwrap_or_default();
    assert!(told.contains("allowPrivilegeEscalation"), "{verdict:#?}");
    world.finish().await;
}

#[tokio::test]
async fn a_job_that_is_no_job_is_told_field_by_field() {
    let world = World::start("invalid").await;
    let mut bundle = quick().bundle(&world.namespace);
    bundle.job.spec.as_mut().unwrap().template.spec.as_mut().unwrap().containers[0].name = "NOT VALID".into();
    let error = world.try_submit(&bundle).await.unwrap_err();
    let SubmitError::Refused { error: ClusterError::Invalid { causes, .. }, .. } = &error else { panic!("{error:?}") };
    let fields: Vec<_> = causes.iter().map(|cause| cause.field.as_str()).collect();
    let name = "spec.template.spec.containers[0].name";
    assert_eq!(fields, ["spec.podFailurePolicy.rules[1].onExitCodes.containerName", name]);
    world.finish().await;
}

#[tokio::test]
async fn a_namespace_that_is_not_there_is_told_with_its_cure() {
    let world = World::start("absent").await;
    let error = world.try_submit(&quick().bundle("contract-absent")).await.unwrap_err();
    assert_eq!(error.cure(), "create the namespace: kubectl create namespace contract-absent", "{error}");
    world.finish().await;
}

#[tokio::test]
async fn a_missing_right_is_told_as_the_rule_that_gives_it() {
    let mut world = World::start("noright").await;
    match &world.scripted {
        Some(server) => server.allow_only(Vec::new()),
        None => world.cluster = crate::rights::acting_as("nobody"),
    }
    let error = world.try_submit(&quick().bundle(&world.namespace)).await.unwrap_err();
    let SubmitError::Refused { error: ClusterError::Forbidden { right, .. }, .. } = &error else { panic!("{error:?}") };
    assert_eq!((right.verb.as_str(), right.resource.as_str(), right.group.as_str()), ("create", "jobs", "batch"));
    assert_eq!(right.namespace, world.namespace);
    for part in ["apiGroups: [\"batch\"]", "resources: [\"jobs\"]", "verbs: [\"create\"]"] {
        assert!(error.cure().contains(part), "{}", error.cure());
    }
    world.finish().await;
}

#[tokio::test]
async fn a_cluster_that_is_not_there_is_told_in_time_and_nothing_is_recorded_as_made() {
    let world = World::start("nocluster").await;
    // A port that nobody listens on.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let mut config = kube::Config::new(url.parse().unwrap());
    config.default_retry = false;
    let nowhere = Cluster::new(kube::Client::try_from(config).unwrap(), "default", &url);
    let backoff = Backoff { total: Duration::from_secs(1), ..Backoff::default() };
    let (ledger, options) = (MemoryLedger::default(), SubmitOptions { backoff, ..SubmitOptions::default() });
    let bundle = quick().bundle(&world.namespace);
    let error = submit(&nowhere, &ledger, &bundle, &options, Timestamp::now()).await.unwrap_err();
    assert!(matches!(&error, SubmitError::Cluster(ClusterError::Unreachable { .. })), "{error:?}");
    assert!(error.is_transient() && error.cure().contains(&url), "{}", error.cure());
    // The same call with the cluster there again makes the one Job.
    let options = SubmitOptions { follow: true, ..SubmitOptions::default() };
    submit(&world.cluster, &ledger, &bundle, &options, Timestamp::now()).await.unwrap();
    world.follow(&[&quick()]).ended().await;
    assert_eq!(world.verdict(&quick()).outcome, Outcome::Completed);
    world.finish().await;
}

#[tokio::test]
async fn nothing_is_submitted_where_the_settings_say_so() {
    let world = World::start("disabled").await;
    let options = SubmitOptions { enabled: false, ..SubmitOptions::default() };
    let bundle = quick().bundle(&world.namespace);
    let error = submit(&world.cluster, &world.ledger, &bundle, &options, Timestamp::now()).await.unwrap_err();
    assert!(matches!(error, SubmitError::Disabled), "{error:?}");
    assert_eq!(world.count_jobs().await, 0);
    world.finish().await;
}
