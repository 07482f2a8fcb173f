//! Cancelling, at any time.

use jiff::Timestamp;
use keruta_api::TaskStatus;
use scripted_apiserver::{Life, Run};
use serde_json::json;

use crate::scene::Scene;

#[tokio::test]
async fn a_running_task_is_ended() {
    let scene = Scene::start().await;
    let _running = scene.run();
    scene.create("a", &Life::new().container("main", Run::new().forever()), &json!({})).await;
    scene.until_status("a", TaskStatus::InProgress).await;
    scene.store.cancel_task("a", "bob", Some("enough"), Timestamp::now()).await.unwrap();
    let task = scene.until_status("a", TaskStatus::Cancelled).await;
    let verdict = task.verdict.unwrap();
    assert_eq!(verdict["outcome"], "Cancelled");
    assert!(verdict["evidence"]["summary"].as_str().unwrap().contains("bob"), "{verdict}");
    assert_eq!(scene.statuses("a").await, [TaskStatus::InProgress, TaskStatus::Cancelled]);
}

#[tokio::test]
async fn a_cancel_wins_whenever_it_comes() {
    let scene = Scene::start().await;
    let _running = scene.run();
    let life = Life::new().container("main", Run::new().sleep(3_000));
    for delay in [0, 20, 60, 120, 250, 500] {
        let id = format!("a{delay}");
        scene.create(&id, &life, &json!({})).await;
        tokio::time::sleep(std::time::Duration::from_millis(delay)).await;
        scene.store.cancel_task(&id, "bob", None, Timestamp::now()).await.unwrap();
    }
    for delay in [0, 20, 60, 120, 250, 500] {
        let id = format!("a{delay}");
        scene.until(&id, |task| task.status.is_final()).await;
        assert_eq!(scene.store.task(&id).await.unwrap().status, TaskStatus::Cancelled, "{id}");
        assert!(scene.jobs_of(&id).len() <= 1);
    }
}
