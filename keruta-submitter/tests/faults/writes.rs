//! Writes that fail, or only seem to.

use std::time::{Duration, Instant};

use scripted_apiserver::Fault;

use crate::plan::chatty;
use crate::scene::Scene;
use crate::truth;

/// Plays a task through under a fault, which must fire, and checks all that must hold; how long that took.
async fn survives(fault: Fault) -> Duration {
    let mut task = chatty("a", 20, 100, Some(0));
    task.workload = task.workload.with("files", crate::plan::files());
    let scene = Scene::of(task).await;
    let guard = scene.server.faults().add(fault.clone());
    let begun = Instant::now();
    scene.process(None).await;
    let took = begun.elapsed();
    assert!(guard.fired() > 0, "{fault:?} never fired");
    assert_eq!(truth::check_with_owners(&scene), Vec::<String>::new(), "{fault:?}");
    assert_eq!(scene.verdict().outcome, keruta_submitter::Outcome::Completed, "{fault:?}");
    took
}

/// kube's own client waits as long as the server says, on every method.
#[tokio::test]
async fn a_retry_after_of_an_hour_is_not_obeyed() {
    for verb in ["create", "patch", "list", "watch"] {
        let took = survives(Fault::on(verb, "*").answer(429).retry_after(3600)).await;
        assert!(took < Duration::from_secs(30), "{verb}: {took:?}");
    }
}

#[tokio::test]
async fn errors_that_pass_are_asked_again() {
    for code in [500, 503, 504] {
        for (verb, resource) in [
            ("create", "configmaps"),
            ("create", "jobs"),
            ("patch", "configmaps"),
            ("patch", "jobs"),
            ("patch", "pods"),
        ] {
            survives(Fault::on(verb, resource).times(2).answer(code)).await;
        }
    }
}

#[tokio::test]
async fn a_504_after_the_effect_makes_nothing_twice() {
    for (verb, resource) in
        [("create", "configmaps"), ("create", "jobs"), ("patch", "configmaps"), ("patch", "jobs"), ("patch", "pods")]
    {
        survives(Fault::on(verb, resource).answer(504).after_effect()).await;
    }
}

#[tokio::test]
async fn a_connection_that_breaks_before_or_after_the_effect_makes_nothing_twice() {
    for (verb, resource) in
        [("create", "jobs"), ("patch", "jobs"), ("patch", "pods"), ("list", "pods"), ("watch", "jobs")]
    {
        survives(Fault::on(verb, resource).drop_connection()).await;
        if verb != "watch" {
            survives(Fault::on(verb, resource).drop_connection().after_effect()).await;
        }
    }
}

/// Another process judged at the same time: the verdict that stands first holds.
#[tokio::test]
async fn a_conflict_on_the_verdict_is_looked_at_again() {
    survives(Fault::on("patch", "jobs").times(2).answer(409)).await;
}

/// The server carries the write out, and answers when the client has gone.
#[tokio::test]
async fn an_answer_that_comes_too_late_makes_nothing_twice() {
    survives(Fault::on("create", "jobs").delay(Duration::from_secs(3))).await;
}
