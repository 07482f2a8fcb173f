//! Submit, stop, retry and delete on a real cluster, where `KERUTA_TEST_KUBECONFIG` names one. Each test has a namespace of
//! its own and deletes it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod, ResourceQuota};
use keruta_manifest::lineage::Lineage;
use keruta_manifest::render::{RenderOptions, render};
use keruta_manifest::{Settings, Task};
use keruta_submitter::bundle::Bundle;
use keruta_submitter::cluster::{Backoff, Cluster, ClusterConfig, ClusterError, Environment};
use keruta_submitter::observe::{ObservedJob, Stop};
use keruta_submitter::retry::next_attempt;
use keruta_submitter::stop::{StopTarget, Stopped, stop};
use keruta_submitter::submit::{Created, MemoryLedger, SubmitError, SubmitOptions, submit};
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
    let task = lab.bundle(SLEEP);
    let start = Instant::now();
    // The quota takes effect when its controller has counted.
    loop {
        let quota: ResourceQuota = lab.cluster.get(&lab.namespace, "few").await.unwrap().unwrap();
        if quota.status.is_some_and(|status| status.hard.is_some()) {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "the quota is never counted");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let error = lab.submit(&MemoryLedger::default(), &task).await.unwrap_err();
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
    invalid.job.spec.as_mut().unwrap().template.spec.as_mut().unwrap().containers[0].image = Some(" ".into());
    let error = lab.submit(&MemoryLedger::default(), &invalid).await.unwrap_err();
    assert!(
        matches!(&error, SubmitError::Refused { error: ClusterError::Invalid { causes, .. }, .. } if !causes.is_empty()),
        "{error:?}"
    );
    let nowhere = Bundle {
        attempt: keruta_submitter::Attempt { namespace: "keruta-absent".into(), ..task.attempt.clone() },
        ..task
    };
    let error = lab.submit(&MemoryLedger::default(), &nowhere).await.unwrap_err();
    println!("{error}: {}", error.cure());
    lab.end().await;
}
