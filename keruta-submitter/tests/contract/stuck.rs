//! States that last: which are a failure, and when.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use keruta_submitter::{Cause, Outcome, TaskStatus};
use scripted_apiserver::Trouble;
use serde_json::json;

use crate::backend::World;
use crate::workload::{Behaviour, Workload};

/// As Kueue leaves a Job that waits for its turn.
#[tokio::test]
async fn a_suspended_job_is_pending_and_never_stalled() {
    let world = World::start("suspended").await;
    let task = Workload::new("a", &Behaviour::new().line("resumed"));
    let mut bundle = task.bundle(&world.namespace);
    bundle.job.spec.as_mut().unwrap().suspend = Some(true);
    let submitted = world.try_submit(&bundle).await.unwrap();
    let following = world.follow(&[&task]);
    // Longer than any grace.
    tokio::time::sleep(2 * world.grace()).await;
    assert_eq!(world.statuses(&task), [TaskStatus::Pending]);
    let resume = json!({"spec": {"suspend": false}});
    let _: Job = world.admin.merge(&world.namespace, &submitted.job, &resume).await.unwrap();
    following.ended().await;
    assert_eq!(world.verdict(&task).outcome, Outcome::Completed, "{:#?}", world.verdict(&task));
    world.finish().await;
}

#[tokio::test]
async fn a_volume_from_a_config_map_that_is_not_there_is_told_by_events_alone() {
    let world = World::start("nomount").await;
    let volume = json!({"name": "site", "mountPath": "/etc/site", "source": {"configMap": {"name": "absent"}}});
    let message = "MountVolume.SetUp failed for volume \"site\" : configmap \"absent\" not found";
    let task =
        Workload::new("a", &Behaviour::new().line("never")).with("volumes", json!([volume])).scripted(|mut life| {
            life.failed_mount = Some(Trouble::lasting(message));
            life
        });
    let verdict = world.run(&task).await;
    assert_eq!(verdict.outcome, Outcome::Failed(Cause::CreateContainer), "{verdict:#?}");
    assert_eq!(verdict.evidence.reason.as_deref(), Some("FailedMount"));
    assert!(verdict.evidence.message.as_deref().is_some_and(|message| message.contains("absent")), "{verdict:#?}");
    assert_eq!(world.lines("main"), [""; 0]);
    world.finish().await;
}

/// A grace is counted from the first time, whoever saw it.
#[tokio::test]
async fn a_grace_goes_on_over_a_follower_that_is_killed() {
    let mut world = World::start("grace").await;
    world.policy.grace.unschedulable = "6s".parse().unwrap();
    let task = Workload::new("a", &Behaviour::new())
        .with("resources", json!({"requests": {"cpu": "1000"}}))
        .scripted(|life| life.unschedulable("0/1 nodes are available: 1 Insufficient cpu."));
    world.submit(&task).await;
    let start = std::time::Instant::now();
    let following = world.follow(&[&task]);
    let noted = world
        .until("the first time is noted", async || {
            world.job(&task).await?.metadata.annotations?.remove("keruta.dev/first-seen")
        })
        .await;
    let noted: BTreeMap<String, Timestamp> = serde_json::from_str(&noted).unwrap();
    tokio::time::sleep(Duration::from_secs(4)).await;
    following.kill();
    world.follow(&[&task]).ended().await;
    let verdict = world.verdict(&task);
    assert_eq!(verdict.outcome, Outcome::Failed(Cause::Unschedulable), "{verdict:#?}");
    // What is over its grace has been so since the first follower saw it.
    assert_eq!(verdict.evidence.finished_at.as_ref(), noted.values().next(), "{noted:?}");
    assert!(start.elapsed() >= Duration::from_secs(6), "{:?}", start.elapsed());
    world.finish().await;
}
