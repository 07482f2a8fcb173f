//! What the cluster does wrong.

use keruta_api::TaskStatus;
use keruta_server::runner::ClusterState;
use scripted_apiserver::{Denial, Fault, Life, Run};
use serde_json::json;

use crate::scene::Scene;

#[tokio::test]
async fn a_cluster_out_of_reach_keeps_the_queue() {
    let scene = Scene::start().await;
    scene.server.stop().await;
    let mut running = scene.run();
    scene.create("a", &Life::new().container("main", Run::new()), &json!({})).await;
    running.until_state(|state| matches!(state, ClusterState::Unreachable { .. })).await;
    assert_eq!(scene.store.task("a").await.unwrap().status, TaskStatus::Pending);
    scene.server.resume().await;
    scene.until_status("a", TaskStatus::Completed).await;
}

#[tokio::test]
async fn a_write_that_took_effect_unseen_makes_no_second_job() {
    let scene = Scene::start().await;
    let fault = scene.server.faults().add(Fault::on("create", "jobs").answer(504).after_effect());
    let _running = scene.run();
    scene.create("a", &Life::new().container("main", Run::new()), &json!({})).await;
    scene.until_status("a", TaskStatus::Completed).await;
    assert_eq!(scene.jobs_of("a").len(), 1);
    assert_eq!(fault.fired(), 1);
}

#[tokio::test]
async fn a_right_that_is_missing_holds_a_task_back_and_says_which() {
    let scene = Scene::start().await;
    scene.server.deny(Denial::of("create", "batch", "jobs"));
    let _running = scene.run();
    scene.create("a", &Life::new().container("main", Run::new()), &json!({})).await;
    let task = scene.until("a", |task| task.not_before.is_some()).await;
    assert_eq!(task.status, TaskStatus::Pending);
    assert!(task.waiting_for.as_deref().unwrap().contains("may not create"), "{:?}", task.waiting_for);
    scene.server.allow_all();
    scene.until_status("a", TaskStatus::Completed).await;
}
