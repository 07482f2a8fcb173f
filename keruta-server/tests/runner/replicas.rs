//! Deaths and replicas.

use std::time::Duration;

use keruta_api::TaskStatus;
use scripted_apiserver::{Life, Run};
use serde_json::json;

use crate::scene::Scene;
use keruta_server::queue::Limits;

#[tokio::test]
async fn whenever_a_runner_dies_the_next_one_goes_on() {
    let mut scene = Scene::start().await;
    let life = Life::new().container("main", Run::new().line("once").sleep(900));
    for moment in [5, 30, 60, 100, 200, 400, 800, 1600] {
        let id = format!("t{moment}");
        scene.create(&id, &life, &json!({})).await;
        let running = scene.run();
        tokio::time::sleep(Duration::from_millis(moment)).await;
        running.kill();
        scene.reopen().await;
        let running = scene.run();
        let task = scene.until(&id, |task| task.status.is_final()).await;
        assert_eq!(task.status, TaskStatus::Completed, "{moment}: {:?}", task.verdict);
        assert_eq!(scene.jobs_of(&id).len(), 1, "{moment}");
        let finals = scene.statuses(&id).await.into_iter().filter(|status| status.is_final()).count();
        assert_eq!(finals, 1, "{moment}");
        running.shut_down().await;
    }
}

#[tokio::test]
async fn one_of_two_replicas_runs_tasks_and_the_other_takes_over() {
    let scene = Scene::start().await;
    let first = scene.run_with("one", Limits::default());
    let second = scene.run_with("two", Limits::default());
    let life = Life::new().container("main", Run::new().sleep(1_500));
    for id in ["a", "b", "c"] {
        scene.create(id, &life, &json!({})).await;
    }
    scene.until_status("a", TaskStatus::InProgress).await;
    // One is killed, whichever it is that runs them.
    first.kill();
    for id in ["a", "b", "c"] {
        scene.until_status(id, TaskStatus::Completed).await;
        assert_eq!(scene.jobs_of(id).len(), 1);
    }
    second.shut_down().await;
}
