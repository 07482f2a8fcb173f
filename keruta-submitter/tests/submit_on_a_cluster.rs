//! Submit, stop, retry and delete on a real cluster, where `KERUTA_TEST_KUBECONFIG` names one. Each test has a namespace of
//! its own and deletes it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod, ResourceQuota};
use keruta_manifest::install::{Component, InstallPlan};
use keruta_manifest::lineage::Lineage;
use keruta_manifest::object::Object;
use keruta_manifest::render::{RenderOptions, render};
use keruta_manifest::{Settings, Task};
use keruta_submitter::bundle::Bundle;
use keruta_submitter::cleanup::{self, Inventory, Kind, Retention, carry_out, plan};
use keruta_submitter::cluster::{Backoff, Cluster, ClusterConfig, ClusterError, Environment};
use keruta_submitter::journal::{Ledger, MemoryLedger};
use keruta_submitter::lease::{Candidacy, LeaseConfig};
use keruta_submitter::observe::{ObservedJob, Stop};
use keruta_submitter::retry::next_attempt;
use keruta_submitter::stop::{StopTarget, Stopped, stop};
use keruta_submitter::submit::{Created, SubmitError, SubmitOptions, submit};
use keruta_submitter::{Evidence, Outcome, Verdict};
use kube::Api;
use kube::api::{DeleteParams, PostParams};
use serde_json::json;

struct Lab {
    cluster: Cluster,
    namespace: String,
}

impl Lab {
    async fn new(name: &str) -> Option<Self> {
        let Some(path) = std::env::var_os("KERUTA_TEST_KUBECONFIG") else {
            eprintln!("SKIPPED: KERUTA_TEST_KUBECONFIG names no cluster");
            return None;
        };
        let config = ClusterConfig { kubeconfig: Some(PathBuf::from(path)), ..ClusterConfig::default() };
        let cluster = Cluster::connect(&config, &Environment::of_process()).unwrap();
        let namespace = format!("keruta-{name}-{}", std::process::id());
        let object: Namespace = serde_json::from_value(json!({"metadata": {"name": namespace}})).unwrap();
        Api::all(cluster.client().clone()).create(&PostParams::default(), &object).await.unwrap();
        Some(Self { cluster, namespace })
    }

    fn bundle(&self, task: &str) -> Bundle {
        let task = Task::from_json(task).unwrap();
        let rendered = render(&task, &Settings::default(), &Lineage::of(&task), &RenderOptions::default()).unwrap();
        Bundle::of_rendered(rendered, &self.namespace).unwrap()
    }

    async fn submit(&self, ledger: &MemoryLedger, bundle: &Bundle) -> Result<Created, SubmitError> {
        let options = SubmitOptions::default();
        submit(&self.cluster, ledger, bundle, &options, Timestamp::now()).await.map(|submitted| submitted.created)
    }

    async fn stop(&self, bundle: &Bundle) -> Stopped {
        let evidence = Evidence { summary: "cancelled".into(), ..Evidence::default() };
        let verdict = Verdict { outcome: Outcome::Cancelled, retryable: false, evidence };
        let order = Stop { verdict, at: Timestamp::now(), by: "jane".into() };
        let (target, ledger) = (StopTarget::of_bundle(bundle), MemoryLedger::default());
        stop(&self.cluster, &ledger, &target, &order, Backoff::default(), Timestamp::now()).await.unwrap()
    }

    async fn job(&self, bundle: &Bundle) -> Job {
        self.cluster.get(&self.namespace, bundle.job_name()).await.unwrap().unwrap()
    }

    /// Waits until a Job is as wanted, and says how long it took.
    async fn until(&self, bundle: &Bundle, what: &str, wanted: impl Fn(&ObservedJob) -> bool) -> Duration {
        let start = Instant::now();
        loop {
            let job = self.job(bundle).await;
            if wanted(&ObservedJob::of(&job).unwrap()) {
                return start.elapsed();
            }
            assert!(start.elapsed() < Duration::from_secs(90), "{what}: {:?}", job.status);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn end(self) {
        let namespaces: Api<Namespace> = Api::all(self.cluster.client().clone());
        namespaces.delete(&self.namespace, &DeleteParams::default()).await.unwrap();
    }
}

const SLEEP: &str = r#"{"id": "t1", "image": "busybox:1.36", "command": ["sleep", "300"],
    "files": [{"path": "/etc/a.txt", "content": "A"}]}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_task_runs_once_is_cancelled_and_runs_again() {
    let Some(lab) = Lab::new("submit").await else { return };
    let (ledger, task) = (MemoryLedger::default(), lab.bundle(SLEEP));
    assert_eq!(lab.submit(&ledger, &task).await.unwrap(), Created::Created);
    assert_eq!(lab.submit(&ledger, &task).await.unwrap(), Created::AlreadyThere);
    assert_eq!(lab.submit(&MemoryLedger::default(), &task).await.unwrap(), Created::AlreadyThere);
    // The comparison also holds without the hash: against what the API server filled in.
    let mut unhashed = task.clone();
    unhashed.job.metadata.annotations.as_mut().unwrap().remove("keruta.dev/spec-hash");
    assert_eq!(lab.submit(&MemoryLedger::default(), &unhashed).await.unwrap(), Created::AlreadyThere);
    let mut other = task.clone();
    other.job.metadata.annotations.as_mut().unwrap().insert("keruta.dev/spec-hash".into(), "x".into());
    other.job.spec.as_mut().unwrap().template.spec.as_mut().unwrap().containers[0].image = Some("busybox:1".into());
    let conflict = lab.submit(&MemoryLedger::default(), &other).await.unwrap_err();
    assert!(matches!(&conflict, SubmitError::Conflict { differences, .. } if differences.len() == 1), "{conflict}");
    let map: ConfigMap = lab.cluster.get(&lab.namespace, task.job_name()).await.unwrap().unwrap();
    assert_eq!(map.metadata.owner_references.unwrap()[0].uid, lab.job(&task).await.metadata.uid.unwrap());

    lab.until(&task, "a Pod", |job| job.active == 1).await;
    assert!(matches!(lab.stop(&task).await, Stopped::Stopping { .. }));
    let decided = lab.until(&task, "decided", |job| !job.conditions.is_empty()).await;
    let ended = lab.until(&task, "ended", ObservedJob::is_finished).await;
    println!("cancel of a running Job: decided after {decided:?}, ended {ended:?} later");
    println!("{}", serde_json::to_string(&lab.job(&task).await.status).unwrap());
    assert!(matches!(lab.stop(&task).await, Stopped::AlreadyEnded { .. }));
    assert!(matches!(
        lab.submit(&MemoryLedger::default(), &task).await,
        Err(SubmitError::Cancelled { stop: Some(stop), .. }) if stop.by == "jane"
    ));

    let next = next_attempt(&lab.job(&task).await, Some(&map_of(&lab, &task).await), []).unwrap();
    assert_eq!(lab.submit(&ledger, &next).await.unwrap(), Created::Created);
    lab.until(&next, "a Pod again", |job| job.active == 1).await;
    // What a rendering of the second attempt does is the same.
    let rendered = lab.bundle(&SLEEP.replace("\"t1\",", "\"t1\", \"attempt\": 2,"));
    assert_eq!(lab.submit(&MemoryLedger::default(), &rendered).await.unwrap(), Created::AlreadyThere);
    // The first attempt's time is over; the second still runs.
    let retention = Retention::default().jobs(Some("0s".parse().unwrap()));
    let verdict = json!({"metadata": {"annotations": {"keruta.dev/verdict":
        r#"{"outcome":"Cancelled","retryable":false,"evidence":{}}"#}}});
    let _: Job = lab.cluster.merge(&lab.namespace, task.job_name(), &verdict).await.unwrap();
    let inventory = Inventory::list(&lab.cluster, &lab.namespace).await.unwrap();
    let removals = plan(&inventory, &retention, Timestamp::now());
    assert_eq!(removals.iter().map(|removal| removal.object.name.as_str()).collect::<Vec<_>>(), [task.job_name()]);
    assert_eq!(carry_out(&lab.cluster, &removals[0], false).await.unwrap(), cleanup::Outcome::Done);
    let start = Instant::now();
    while lab.cluster.get::<ConfigMap>(&lab.namespace, task.job_name()).await.unwrap().is_some() {
        assert!(start.elapsed() < Duration::from_secs(30), "the ConfigMap goes with its owner");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_that_does_not_come_back_leaves_nothing_for_ever() {
    let Some(lab) = Lab::new("reaper").await else { return };
    let task = lab.bundle(
        r#"{"id": "t1", "image": "busybox:1.36", "command": ["true"],
        "workspace": {"kind": "pvc", "size": "1Mi", "retention": "delete-with-task"}}"#,
    );
    let followed = SubmitOptions { follow: true, ..SubmitOptions::default() };
    submit(&lab.cluster, &MemoryLedger::default(), &task, &followed, Timestamp::now()).await.unwrap();
    lab.until(&task, "ended", ObservedJob::is_finished).await;
    let job = lab.job(&task).await;
    let uid = job.metadata.uid.unwrap();
    assert!(lab.cluster.delete::<Job>(&lab.namespace, task.job_name(), &uid).await.unwrap());
    tokio::time::sleep(Duration::from_secs(3)).await;
    let pods: Vec<Pod> = lab.cluster.list(&lab.namespace, "task-id=t1").await.unwrap();
    assert_eq!(pods.len(), 1, "the finalizer keeps it");
    println!(
        "kept Pod: phase {:?}, deleted {:?}",
        pods[0].status.as_ref().unwrap().phase,
        pods[0].metadata.deletion_timestamp
    );
    // Without a record of the uid, the Pod says that there was a Job.
    let ledger = MemoryLedger::default();
    ledger.intend(&task.attempt, Timestamp::now()).await.unwrap();
    assert!(matches!(lab.submit(&ledger, &task).await, Err(SubmitError::HadAJob { .. })));

    let retention = Retention::default().evidence("0s".parse().unwrap()).orphans("0s".parse().unwrap());
    let inventory = Inventory::list(&lab.cluster, &lab.namespace).await.unwrap();
    let removals = plan(&inventory, &retention, Timestamp::now());
    let kinds: Vec<_> = removals.iter().map(|removal| removal.object.kind).collect();
    assert_eq!(kinds, [Kind::Pod, Kind::PersistentVolumeClaim]);
    for removal in &removals {
        assert_eq!(carry_out(&lab.cluster, removal, false).await.unwrap(), cleanup::Outcome::Done);
    }
    let pods: Vec<Pod> = lab.cluster.list(&lab.namespace, "task-id=t1").await.unwrap();
    assert!(pods.is_empty());
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_leads() {
    let Some(lab) = Lab::new("lease").await else { return };
    let stand = |name: &str| Candidacy::start(lab.cluster.clone(), LeaseConfig::new(&lab.namespace, "submitter", name));
    let first = stand("a");
    first.elected().await;
    let second = stand("b");
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(first.is_leader() && !second.is_leader());
    first.shutdown().await;
    tokio::time::timeout(Duration::from_secs(5), second.elected()).await.unwrap();
    second.shutdown().await;
    lab.end().await;
}

/// The Role that `keruta-manifest install` gives is enough for all of this room's work.
#[tokio::test(flavor = "multi_thread")]
async fn the_submitter_s_role_is_enough() {
    let Some(mut lab) = Lab::new("role").await else { return };
    let name = lab.namespace.as_str();
    let install = InstallPlan::new().system_namespace(name).unwrap().task_namespaces([name]).unwrap();
    for object in install.submitter("submitter").unwrap().only([Component::Rbac]).objects() {
        match object {
            Object::Role(role) => drop(lab.cluster.create(name, role.as_ref()).await.unwrap()),
            Object::RoleBinding(binding) => drop(lab.cluster.create(name, binding.as_ref()).await.unwrap()),
            other => panic!("{}", other.kind()),
        }
    }
    let account = ClusterConfig {
        kubeconfig: std::env::var_os("KERUTA_TEST_KUBECONFIG").map(PathBuf::from),
        impersonate: Some(format!("system:serviceaccount:{name}:submitter")),
        ..ClusterConfig::default()
    };
    let admin = lab.cluster.clone();
    lab.cluster = Cluster::connect(&account, &Environment::of_process()).unwrap();

    let task = lab.bundle(
        r#"{"id": "t1", "image": "busybox:1.36", "command": ["sleep", "300"],
        "files": [{"path": "/etc/a.txt", "content": "A"}],
        "workspace": {"kind": "pvc", "size": "1Mi", "retention": "delete-with-task"}}"#,
    );
    lab.submit(&MemoryLedger::default(), &task).await.unwrap();
    lab.submit(&MemoryLedger::default(), &task).await.unwrap();
    let map: ConfigMap = lab.cluster.get(&lab.namespace, task.job_name()).await.unwrap().unwrap();
    assert!(map.metadata.owner_references.is_some());
    let intended = MemoryLedger::default();
    intended.intend(&lab.bundle(&SLEEP.replace("\"t1\"", "\"t2\"")).attempt, Timestamp::now()).await.unwrap();
    let second = lab.bundle(&SLEEP.replace("\"t1\"", "\"t2\""));
    lab.submit(&intended, &second).await.unwrap();
    assert!(matches!(lab.stop(&task).await, Stopped::Stopping { .. }));
    let third = lab.bundle(r#"{"id": "t3", "image": "busybox:1.36", "command": ["true"]}"#);
    assert!(matches!(lab.stop(&third).await, Stopped::Tombstone { .. }));
    lab.until(&third, "the tombstone ends", ObservedJob::is_finished).await;

    let zero = "0s".parse().unwrap();
    let retention = Retention::default().jobs(Some(zero)).orphans(zero).evidence(zero);
    let inventory = Inventory::list(&lab.cluster, &lab.namespace).await.unwrap();
    let removals = plan(&inventory, &retention, Timestamp::now());
    assert!(removals.iter().any(|removal| removal.object.name == third.job_name()), "{removals:?}");
    for removal in &removals {
        assert_eq!(carry_out(&lab.cluster, removal, false).await.unwrap(), cleanup::Outcome::Done);
    }
    let seat = LeaseConfig::new(&lab.namespace, "submitter", "a");
    let seat = Candidacy::start(lab.cluster.clone(), seat);
    tokio::time::timeout(Duration::from_secs(10), seat.elected()).await.unwrap();
    seat.shutdown().await;
    lab.cluster = admin;
    lab.end().await;
}

async fn map_of(lab: &Lab, bundle: &Bundle) -> ConfigMap {
    lab.cluster.get(&lab.namespace, bundle.job_name()).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_before_the_start_and_of_a_suspended_job_end_both() {
    let Some(lab) = Lab::new("stop").await else { return };
    let early = lab.bundle(r#"{"id": "early", "image": "busybox:1.36", "command": ["true"]}"#);
    assert!(matches!(lab.stop(&early).await, Stopped::Tombstone { .. }));
    let buried = lab.until(&early, "the tombstone ends", ObservedJob::is_finished).await;
    println!("tombstone ended after {buried:?}: {}", serde_json::to_string(&lab.job(&early).await.status).unwrap());
    let refused = lab.submit(&MemoryLedger::default(), &early).await;
    assert!(matches!(refused, Err(SubmitError::Cancelled { .. })));

    let mut suspended = lab.bundle(r#"{"id": "late", "image": "busybox:1.36", "command": ["sleep", "300"]}"#);
    suspended.job.spec.as_mut().unwrap().suspend = Some(true);
    lab.submit(&MemoryLedger::default(), &suspended).await.unwrap();
    lab.until(&suspended, "suspended", |job| !job.conditions.is_empty()).await;
    assert!(matches!(lab.stop(&suspended).await, Stopped::Stopping { .. }));
    let ended = lab.until(&suspended, "ended", ObservedJob::is_finished).await;
    println!("cancel of a suspended Job: ended after {ended:?}");
    let pods: Vec<Pod> = lab.cluster.list(&lab.namespace, "task-id=late").await.unwrap();
    assert!(pods.is_empty(), "no Pod was started for it");
    println!("{}", serde_json::to_string(&lab.job(&suspended).await.status).unwrap());
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_told_and_leave_nothing() {
    let Some(lab) = Lab::new("refused").await else { return };
    let quota: ResourceQuota =
        serde_json::from_value(json!({"metadata": {"name": "few"}, "spec": {"hard": {"count/jobs.batch": "0"}}}))
            .unwrap();
    let created: ResourceQuota = lab.cluster.create(&lab.namespace, &quota).await.unwrap();
    let start = Instant::now();
    let mut tasks = (0..).map(|number| lab.bundle(&SLEEP.replace("\"t1\"", &format!("\"q{number}\""))));
    // A quota takes effect when its controller has counted and every API server knows.
    let (task, error) = loop {
        let task = tasks.next().unwrap();
        match lab.submit(&MemoryLedger::default(), &task).await {
            Ok(_) => tokio::time::sleep(Duration::from_millis(500)).await,
            Err(error) => break (task, error),
        }
        assert!(start.elapsed() < Duration::from_secs(60), "the quota is never counted");
    };
    let SubmitError::Refused { error: ClusterError::QuotaExceeded { quota, .. }, removed } = &error else {
        panic!("{error:?} after {:?}", start.elapsed())
    };
    assert_eq!((quota.as_str(), removed.len()), ("few", 1));
    let left: Option<ConfigMap> = lab.cluster.get(&lab.namespace, task.job_name()).await.unwrap();
    assert!(left.is_none());
    let uid = created.metadata.uid.unwrap();
    assert!(lab.cluster.delete::<ResourceQuota>(&lab.namespace, "few", &uid).await.unwrap());

    let nobody = ClusterConfig {
        kubeconfig: std::env::var_os("KERUTA_TEST_KUBECONFIG").map(PathBuf::from),
        impersonate: Some("nobody".into()),
        ..ClusterConfig::default()
    };
    let nobody = Cluster::connect(&nobody, &Environment::of_process()).unwrap();
    let error = nobody.create(&lab.namespace, &task.job).await.unwrap_err();
    assert!(matches!(&error, ClusterError::Forbidden { right, .. } if right.verb == "create"), "{error:?}");
    assert!(error.cure().contains("resources: [\"jobs\"]"), "{}", error.cure());

    let mut invalid = task.clone();
    invalid.job.spec.as_mut().unwrap().template.spec.as_mut().unwrap().containers[0].name = "NOT VALID".into();
    let error = lab.submit(&MemoryLedger::default(), &invalid).await.unwrap_err();
    assert!(
        matches!(&error, SubmitError::Refused { error: ClusterError::Invalid { causes, .. }, .. } if !causes.is_empty()),
        "{error:?}"
    );
    let nowhere = Lab { cluster: lab.cluster.clone(), namespace: "keruta-absent".to_owned() }.bundle(SLEEP);
    let error = lab.submit(&MemoryLedger::default(), &nowhere).await.unwrap_err();
    assert_eq!(error.cure(), "create the namespace: kubectl create namespace keruta-absent", "{error}");
    lab.end().await;
}
