//! Cancelling, while things go wrong.

use keruta_submitter::Outcome;
use keruta_submitter::stop::Stopped;
use scripted_apiserver::Fault;

use crate::plan::chatty;
use crate::scene::{Scene, Subject};
use crate::truth;

fn waits() -> Subject {
    chatty("a", 20, 50, None)
}

/// Plays a task through that somebody cancels, under a fault which must fire.
async fn cancelled(subject: Subject, fault: Fault) -> Stopped {
    let scene = Scene::of(subject).await;
    let guard = scene.server.faults().add(fault.clone());
    scene.process(None).await;
    assert!(guard.fired() > 0, "{fault:?} never fired");
    assert_eq!(truth::check(&scene), Vec::<String>::new(), "{fault:?}");
    assert_eq!(scene.verdict().outcome, Outcome::Cancelled, "{fault:?}");
    scene.subjects[0].cancelled.lock().unwrap().clone().unwrap()
}

#[tokio::test]
async fn a_cancel_holds_whatever_becomes_of_its_patch() {
    for fault in [
        Fault::on("patch", "jobs").answer(409),
        Fault::on("patch", "jobs").times(2).answer(500),
        Fault::on("patch", "jobs").answer(429).retry_after(3600),
        Fault::on("patch", "jobs").answer(504).after_effect(),
        Fault::on("patch", "jobs").drop_connection().after_effect(),
    ] {
        let stopped = cancelled(waits().cancel_at(400), fault.clone()).await;
        assert!(matches!(stopped, Stopped::Stopping { .. }), "{fault:?}: {stopped:?}");
    }
}

#[tokio::test]
async fn a_cancel_before_the_start_holds_whatever_becomes_of_its_create() {
    for fault in [
        Fault::on("create", "jobs").answer(500),
        Fault::on("create", "jobs").answer(504).after_effect(),
        Fault::on("create", "jobs").drop_connection().after_effect(),
    ] {
        let stopped = cancelled(waits().submit_at(900).cancel_at(0), fault).await;
        assert!(matches!(stopped, Stopped::Tombstone { .. }), "{stopped:?}");
    }
}

/// At each of its steps.
#[tokio::test]
async fn a_submitter_that_is_killed_while_it_cancels_has_cancelled_or_cancels_later() {
    for step in (8..40).step_by(4) {
        let scene = Scene::of(waits().cancel_at(150)).await;
        scene.process(Some(step)).await;
        scene.process(None).await;
        assert_eq!(truth::check(&scene), Vec::<String>::new(), "killed at step {step}");
        assert_eq!(scene.verdict().outcome, Outcome::Cancelled, "killed at step {step}");
    }
}
