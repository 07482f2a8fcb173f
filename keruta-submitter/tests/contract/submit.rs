//! Submitting: one Job for an attempt, whatever happens.

use k8s_openapi::api::batch::v1::Job;
use keruta_submitter::submit::{Created, SubmitError};
use serde_json::json;

use crate::backend::World;
use crate::workload::{Behaviour, Workload};

fn quick() -> Behaviour {
    Behaviour::new().line("done")
}

#[tokio::test]
async fn submitting_again_finds_what_is_there() {
    let world = World::start("again").await;
    let task = Workload::new("a", &quick());
    let first = world.submit(&task).await;
    let second = world.submit(&task).await;
    assert_eq!((first.created, second.created), (Created::Created, Created::AlreadyThere));
    assert_eq!(first.job_uid, second.job_uid);
    world.follow(&[&task]).ended().await;
    assert_eq!(world.submit(&task).await.job_uid, first.job_uid, "also when it has ended");
    world.finish().await;
}

#[tokio::test]
async fn two_at_once_leave_one_job() {
    let world = World::start("twice").await;
    let task = Workload::new("a", &quick());
    let (first, second) = tokio::join!(world.submit(&task), world.submit(&task));
    assert_eq!(first.job_uid, second.job_uid);
    assert_eq!(world.count_jobs().await, 1);
    world.follow(&[&task]).ended().await;
    world.finish().await;
}

#[tokio::test]
async fn another_task_of_that_name_is_a_conflict_that_says_what_differs() {
    let world = World::start("conflict").await;
    let task = Workload::new("a", &quick());
    world.submit(&task).await;
    let other = task.clone().with("image", "busybox:1.36".into());
    let error = world.try_submit(&other.bundle(&world.namespace)).await.unwrap_err();
    assert!(matches!(&error, SubmitError::Conflict { .. }), "{error}");
    assert!(error.to_string().contains("image"), "{error}");
    world.follow(&[&task]).ended().await;
    world.finish().await;
}

#[tokio::test]
async fn an_attempt_whose_job_was_deleted_is_not_run_again() {
    let world = World::start("norerun").await;
    let task = Workload::new("a", &quick());
    let submitted = world.submit(&task).await;
    world.follow(&[&task]).ended().await;
    world.cluster.delete::<Job>(&world.namespace, &submitted.job, &submitted.job_uid).await.unwrap();
    world.until("the Job is gone", async || world.job(&task).await.is_none().then_some(())).await;
    let error = world.try_submit(&task.bundle(&world.namespace)).await.unwrap_err();
    assert!(matches!(error, SubmitError::HadAJob { .. }), "{error}");
    world.submit(&task.clone().attempt(2)).await;
    world.follow(&[&task.attempt(2)]).ended().await;
    world.finish().await;
}

#[tokio::test]
async fn a_child_uses_its_parents_claim() {
    let world = World::start("child").await;
    let claim = json!({"kind": "pvc", "size": "16Mi"});
    let parent = Workload::new("parent", &quick()).with("workspace", claim);
    world.run(&parent).await;
    let child = Workload::new("child", &quick()).with("parentId", "parent".into());
    world.run(&child).await;
    let claims = world
        .cluster
        .list::<k8s_openapi::api::core::v1::PersistentVolumeClaim>(&world.namespace, "app=keruta")
        .await
        .unwrap();
    assert_eq!(claims.len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn a_child_without_its_parents_claim_is_refused_before_anything_is_made() {
    let world = World::start("orphan").await;
    let child = Workload::new("child", &quick()).with("parentId", "parent".into());
    let error = world.try_submit(&child.bundle(&world.namespace)).await.unwrap_err();
    assert!(matches!(&error, SubmitError::ClaimMissing { claim } if claim == "git-repo-pvc-parent"), "{error}");
    assert_eq!(world.count_jobs().await, 0);
    world.finish().await;
}
