//! Cancelling: it ends what runs, and wins over what has not begun.

use jiff::Timestamp;
use keruta_submitter::cluster::Backoff;
use keruta_submitter::observe::Stop;
use keruta_submitter::stop::{StopTarget, Stopped, stop};
use keruta_submitter::submit::SubmitError;
use keruta_submitter::{Evidence, Outcome, TaskStatus, Verdict};

use crate::backend::World;
use crate::workload::{Behaviour, Workload};

pub(crate) async fn cancel(world: &World, workload: &Workload) -> Stopped {
    let evidence = Evidence { summary: "cancelled by a test".into(), ..Evidence::default() };
    let order = Stop {
        verdict: Verdict { outcome: Outcome::Cancelled, retryable: false, evidence },
        at: Timestamp::now(),
        by: "contract".into(),
    };
    let target = StopTarget::of_bundle(&workload.bundle(&world.namespace));
    stop(&world.cluster, &world.ledger, &target, &order, Backoff::default(), Timestamp::now()).await.unwrap()
}

fn waits() -> Workload {
    Workload::new("a", &Behaviour::new().line("waiting").forever().exits_well_on_sigterm())
}

#[tokio::test]
async fn what_runs_ends_and_its_log_stays() {
    let world = World::start("cancel").await;
    let task = waits();
    world.submit(&task).await;
    let following = world.follow(&[&task]);
    world.running("main").await;
    assert!(matches!(cancel(&world, &task).await, Stopped::Stopping { .. }));
    let again = cancel(&world, &task).await;
    assert!(matches!(again, Stopped::Stopping { .. } | Stopped::AlreadyEnded { .. }), "changes nothing: {again:?}");
    following.ended().await;
    assert_eq!(world.verdict(&task).outcome, Outcome::Cancelled, "{:#?}", world.verdict(&task));
    assert_eq!(world.statuses(&task).last(), Some(&TaskStatus::Cancelled));
    assert_eq!(world.lines("main").first().map(String::as_str), Some("waiting"));
    world.finish().await;
}

#[tokio::test]
async fn what_has_not_begun_never_does() {
    let world = World::start("grave").await;
    let task = waits();
    assert!(matches!(cancel(&world, &task).await, Stopped::Tombstone { .. }));
    let error = world.try_submit(&task.bundle(&world.namespace)).await.unwrap_err();
    assert!(matches!(error, SubmitError::Cancelled { .. }), "{error}");
    world.follow(&[&task]).ended().await;
    assert_eq!(world.verdict(&task).outcome, Outcome::Cancelled);
    assert!(world.pods().await.is_empty(), "nothing ever ran");
    world.finish().await;
}

#[tokio::test]
async fn what_has_ended_stays_as_it_ended() {
    let world = World::start("late").await;
    let task = Workload::new("a", &Behaviour::new().line("done"));
    world.run(&task).await;
    assert!(matches!(cancel(&world, &task).await, Stopped::AlreadyEnded { verdict: Some(_), .. }));
    world.follow(&[&task]).ended().await;
    assert_eq!(world.verdict(&task).outcome, Outcome::Completed);
    world.finish().await;
}

/// A Job in a queue has no Pods and no deadline: the order resumes it, with no Pod to start.
#[tokio::test]
async fn a_suspended_job_ends_without_a_pod() {
    let world = World::start("sleeping").await;
    let task = waits();
    let mut bundle = task.bundle(&world.namespace);
    bundle.job.spec.as_mut().unwrap().suspend = Some(true);
    world.try_submit(&bundle).await.unwrap();
    world
        .until("it is suspended", async || {
            let conditions = world.job(&task).await?.status?.conditions?;
            conditions.iter().any(|condition| condition.type_ == "Suspended").then_some(())
        })
        .await;
    cancel(&world, &task).await;
    world.follow(&[&task]).ended().await;
    assert_eq!(world.verdict(&task).outcome, Outcome::Cancelled, "{:#?}", world.verdict(&task));
    assert!(world.pods().await.is_empty(), "nothing ever ran");
    world.finish().await;
}
