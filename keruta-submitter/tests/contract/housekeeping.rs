//! What comes after the end: cleanup, retry, and who is at work.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Pod};
use keruta_submitter::cleanup::{self, Inventory, Kind, Removal, Retention, carry_out, plan};
use keruta_submitter::journal::{Ledger, MemoryLedger};
use keruta_submitter::lease::{Candidacy, LeaseConfig};
use keruta_submitter::observe::ObservedJob;
use keruta_submitter::retry::{RetryError, next_attempt};
use keruta_submitter::submit::{Created, SubmitError, SubmitOptions, submit};
use keruta_submitter::{Cause, Outcome};
use serde_json::json;

use crate::backend::World;
use crate::workload::{Behaviour, Workload};

fn at_once() -> Retention {
    let zero = "0s".parse().unwrap();
    Retention::default().jobs(Some(zero)).orphans(zero).evidence(zero)
}

async fn planned(world: &World, retention: &Retention) -> Vec<Removal> {
    let inventory = Inventory::list(&world.cluster, &world.namespace).await.unwrap();
    plan(&inventory, retention, Timestamp::now())
}

fn names(removals: &[Removal]) -> Vec<(Kind, &str)> {
    removals.iter().map(|removal| (removal.object.kind, removal.object.name.as_str())).collect()
}

fn with_claim(id: &str, main: &Behaviour) -> Workload {
    let workspace = json!({"kind": "pvc", "size": "16Mi", "retention": "delete-with-task"});
    Workload::new(id, main).with("workspace", workspace)
}

#[tokio::test]
async fn cleanup_leaves_what_is_used_and_what_is_not_ours() {
    let world = World::start("cleanup").await;
    let file = json!([{"path": "/etc/a.txt", "content": "A"}]);
    let parent = with_claim("parent", &Behaviour::new().line("done")).with("files", file);
    world.run(&parent).await;
    let child = Workload::new("child", &Behaviour::new().line("works").forever().exits_well_on_sigterm())
        .with("parentId", "parent".into());
    world.submit(&child).await;
    let following = world.follow(&[&child]);
    world.running("main").await;
    // Of others: a ConfigMap, a claim and a Job without keruta's labels, and a ConfigMap that a person labelled.
    let foreign: ConfigMap = serde_json::from_value(json!({"metadata": {"name": "keruta-job-foreign"}})).unwrap();
    world.admin.create(&world.namespace, &foreign).await.unwrap();
    let labelled: ConfigMap = serde_json::from_value(
        json!({"metadata": {"name": "of-a-person", "labels": {"app": "keruta", "task-id": "parent"}}}),
    )
    .unwrap();
    world.admin.create(&world.namespace, &labelled).await.unwrap();
    let claim: PersistentVolumeClaim =
        serde_json::from_value(json!({"metadata": {"name": "git-repo-pvc-foreign"}, "spec":
        {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "16Mi"}}}}))
        .unwrap();
    world.admin.create(&world.namespace, &claim).await.unwrap();

    let removals = planned(&world, &at_once()).await;
    assert_eq!(names(&removals), [(Kind::Job, "keruta-job-parent")], "the claim is the child's, too");
    assert_eq!(carry_out(&world.cluster, &removals[0], true).await.unwrap(), cleanup::Outcome::Rehearsed);
    assert!(world.job(&parent).await.is_some());
    assert_eq!(carry_out(&world.cluster, &removals[0], false).await.unwrap(), cleanup::Outcome::Done);
    world
        .until("the ConfigMap goes with its owner", async || {
            let map: Option<ConfigMap> = world.cluster.get(&world.namespace, "keruta-job-parent").await.unwrap();
            map.is_none().then_some(())
        })
        .await;
    // The child works on, and a plan that is older than its start removes nothing from under it.
    crate::cancel::cancel(&world, &child).await;
    following.ended().await;
    let removals = planned(&world, &at_once()).await;
    assert_eq!(
        names(&removals),
        [(Kind::Job, "keruta-job-child"), (Kind::PersistentVolumeClaim, "git-repo-pvc-parent")]
    );
    let late = Workload::new("late", &Behaviour::new().line("works").forever().exits_well_on_sigterm())
        .with("parentId", "parent".into());
    world.submit(&late).await;
    let following = world.follow(&[&late]);
    world.running("main").await;
    assert_eq!(carry_out(&world.cluster, &removals[1], false).await.unwrap(), cleanup::Outcome::InUse);
    crate::cancel::cancel(&world, &late).await;
    following.ended().await;
    for removal in planned(&world, &at_once()).await {
        assert_eq!(carry_out(&world.cluster, &removal, false).await.unwrap(), cleanup::Outcome::Done, "{removal:?}");
    }
    assert_eq!(world.count_jobs().await, 0);
    for name in ["keruta-job-foreign", "of-a-person"] {
        assert!(world.cluster.get::<ConfigMap>(&world.namespace, name).await.unwrap().is_some(), "{name}");
    }
    let foreign: Option<PersistentVolumeClaim> =
        world.cluster.get(&world.namespace, "git-repo-pvc-foreign").await.unwrap();
    assert!(foreign.is_some_and(|claim| claim.metadata.deletion_timestamp.is_none()));
    world.finish().await;
}

#[tokio::test]
async fn a_follower_that_does_not_come_back_leaves_nothing_for_ever() {
    let world = World::start("reaper").await;
    let task = with_claim("a", &Behaviour::new().line("done"));
    let submitted = world.submit(&task).await;
    world
        .until("the Job has ended", async || ObservedJob::of(&world.job(&task).await?)?.is_finished().then_some(()))
        .await;
    assert!(world.cluster.delete::<Job>(&world.namespace, &submitted.job, &submitted.job_uid).await.unwrap());
    world
        .until("the finalizer alone keeps the Pod", async || {
            let pods = world.pods().await;
            (world.job(&task).await.is_none() && pods[0].metadata.deletion_timestamp.is_some()).then_some(())
        })
        .await;
    // Without a record of the uid, the Pod says that there was a Job.
    let ledger = MemoryLedger::default();
    let bundle = task.bundle(&world.namespace);
    ledger.intend(&bundle.attempt, Timestamp::now()).await.unwrap();
    let again = submit(&world.cluster, &ledger, &bundle, &SubmitOptions::default(), Timestamp::now()).await;
    assert!(matches!(again, Err(SubmitError::HadAJob { .. })), "{again:?}");

    let removals = planned(&world, &at_once()).await;
    let kinds: Vec<_> = removals.iter().map(|removal| removal.object.kind).collect();
    assert_eq!(kinds, [Kind::Pod, Kind::PersistentVolumeClaim]);
    for removal in &removals {
        assert_eq!(carry_out(&world.cluster, removal, false).await.unwrap(), cleanup::Outcome::Done);
    }
    world.until("the Pod is gone", async || world.pods().await.is_empty().then_some(())).await;
    world.finish().await;
}

#[tokio::test]
async fn the_next_attempt_of_a_failed_one_does_the_work() {
    let world = World::start("next").await;
    let first = Behaviour::new().line("first").sleep_ms(1500).exit(1);
    let task = Workload::of_two_pods("a", &first, &Behaviour::new().line("second"))
        .with("files", json!([{"path": "/etc/a.txt", "content": "A"}]));
    let submitted = world.submit(&task).await;
    let running = next_attempt(&world.job(&task).await.unwrap(), None, []).unwrap_err();
    assert!(matches!(running, RetryError::Running(_)), "{running}");
    world.follow(&[&task]).ended().await;
    assert_eq!(world.verdict(&task).outcome, Outcome::Failed(Cause::CommandFailed));

    let files: ConfigMap = world.cluster.get(&world.namespace, &submitted.job).await.unwrap().unwrap();
    let mut bundle = next_attempt(&world.job(&task).await.unwrap(), Some(&files), []).unwrap();
    // The stand-in counts Pods by Job: this one's first does what the task's second was to do.
    let second = task.clone().attempt(2);
    let life = Workload::new("a", &Behaviour::new().line("second")).bundle(&world.namespace);
    let told = life.job.spec.unwrap().template.metadata.unwrap().annotations;
    bundle.job.spec.as_mut().unwrap().template.metadata.as_mut().unwrap().annotations = told;
    assert_eq!((bundle.attempt.number, bundle.job_name()), (2, "keruta-job-a-attempt-2"));
    assert_eq!(world.try_submit(&bundle).await.unwrap().created, Created::Created);
    world.follow(&[&second]).ended().await;
    assert_eq!(world.verdict(&second).outcome, Outcome::Completed, "{:#?}", world.verdict(&second));
    assert_eq!(world.lines("main"), ["first", "second"]);
    let later = next_attempt(&world.job(&task).await.unwrap(), Some(&files), [&world.attempt(&second)]).unwrap_err();
    assert!(matches!(later, RetryError::Later(_)), "{later}");
    world.finish().await;
}

#[tokio::test]
async fn one_of_two_leads_and_the_other_follows() {
    let world = World::start("lease").await;
    let stand = |name: &str| {
        let mut config = LeaseConfig::new(&world.namespace, "submitter", name);
        config.duration = Duration::from_secs(3);
        config.renew_deadline = Duration::from_secs(2);
        config.retry = Duration::from_millis(300);
        Candidacy::start(world.cluster.clone(), config)
    };
    let first = stand("a");
    first.elected().await;
    let second = stand("b");
    // Longer than the lease: it is renewed.
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(first.is_leader() && !second.is_leader());
    // One that gives it back is followed before it runs out.
    first.shutdown().await;
    tokio::time::timeout(Duration::from_secs(3), second.elected()).await.unwrap();
    // One that somebody else unseats knows it.
    let lease: k8s_openapi::api::coordination::v1::Lease =
        world.admin.get(&world.namespace, "submitter").await.unwrap().unwrap();
    assert_eq!(lease.spec.unwrap().holder_identity.as_deref(), Some("b"));
    let taken = json!({"spec": {"holderIdentity": "c", "renewTime": "2026-01-01T00:00:00.000000Z"}});
    let _: k8s_openapi::api::coordination::v1::Lease =
        world.admin.merge(&world.namespace, "submitter", &taken).await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), second.unseated()).await.unwrap();
    // "c" never renews it; it is over when it was not seen to change for its duration.
    tokio::time::timeout(Duration::from_secs(10), second.elected()).await.unwrap();
    second.shutdown().await;
    world.finish().await;
}

/// A Pod whose finalizer was left by a crash goes when its Job's verdict was recorded long ago.
#[tokio::test]
async fn evidence_that_was_used_is_let_go() {
    let world = World::start("evidence").await;
    let task = Workload::new("a", &Behaviour::new().line("done"));
    let submitted = world.submit(&task).await;
    world
        .until("the Job has ended", async || ObservedJob::of(&world.job(&task).await?)?.is_finished().then_some(()))
        .await;
    let verdict = json!({"metadata": {"annotations": {"keruta.dev/verdict":
        r#"{"outcome":"Completed","retryable":false,"evidence":{}}"#}}});
    let _: Job = world.cluster.merge(&world.namespace, &submitted.job, &verdict).await.unwrap();
    let retention = Retention::default().evidence("0s".parse().unwrap());
    let removals = planned(&world, &retention).await;
    assert_eq!(removals.iter().map(|removal| removal.object.kind).collect::<Vec<_>>(), [Kind::Pod]);
    assert_eq!(carry_out(&world.cluster, &removals[0], false).await.unwrap(), cleanup::Outcome::Done);
    let pods: Vec<Pod> = world.pods().await;
    assert!(pods[0].metadata.finalizers.as_ref().is_none_or(Vec::is_empty), "{:?}", pods[0].metadata.finalizers);
    world.finish().await;
}
