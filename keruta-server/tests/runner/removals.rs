//! Deleted tasks, and what they leave.

use jiff::Timestamp;
use keruta_api::{TaskRemovalState, TaskStatus};
use keruta_server::jobs::JobName;
use keruta_server::store::{Author, Expected};
use scripted_apiserver::{Denial, Life, Run};
use serde_json::{Value, json};

use crate::scene::Scene;

fn quick() -> Life {
    Life::new().container("main", Run::new().line("done"))
}

fn workspace(retention: &Value) -> Value {
    json!({"workspace": {"kind": "pvc", "retention": retention}, "files": [{"path": "/etc/x.txt", "content": "x"}]})
}

async fn done(scene: &Scene, id: &str, more: &Value) {
    scene.create(id, &quick(), more).await;
    scene.until_status(id, TaskStatus::Completed).await;
}

async fn delete(scene: &Scene, id: &str) {
    scene.store.delete_task(id, &Expected::Any, "ada", Timestamp::now()).await.unwrap();
}

async fn ask(scene: &Scene, job: JobName) {
    scene.store.request_background_job(job, &Author::from("ada"), Timestamp::now()).await.unwrap();
}

async fn no_removals(scene: &Scene) {
    scene.until_so("the removals", async || scene.store.removals(None, 10).await.unwrap().is_empty()).await;
}

#[tokio::test]
async fn a_deleted_task_leaves_nothing_but_the_claim_that_it_was_to_keep() {
    let scene = Scene::start().await;
    let _running = scene.run_whole();
    done(&scene, "goes", &workspace(&json!("delete-with-task"))).await;
    done(&scene, "keeps", &workspace(&json!("keep"))).await;
    done(&scene, "stays", &workspace(&json!("delete-with-task"))).await;
    scene.until_so("the log", async || scene.logs.sources("goes").await.unwrap().iter().any(|log| log.done)).await;
    delete(&scene, "goes").await;
    delete(&scene, "keeps").await;
    no_removals(&scene).await;
    assert_eq!(scene.names("jobs"), ["keruta-job-stays"]);
    assert_eq!(scene.names("configmaps"), ["keruta-job-stays"]);
    let mut claims = scene.names("persistentvolumeclaims");
    claims.sort();
    assert_eq!(claims, ["git-repo-pvc-keeps", "git-repo-pvc-stays"]);
    assert!(scene.logs.sources("goes").await.unwrap().is_empty());
    assert!(!scene.logs.sources("stays").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_claim_stays_as_long_as_a_task_is_there_that_uses_it() {
    let scene = Scene::start().await;
    let _running = scene.run_whole();
    done(&scene, "root", &workspace(&json!("delete-with-task"))).await;
    done(&scene, "child", &json!({"parentId": "root"})).await;
    delete(&scene, "root").await;
    let waits = async || {
        let removals = scene.store.removals(None, 10).await.unwrap();
        removals.iter().any(|removal| {
            removal.state == TaskRemovalState::Claim
                && removal.waiting_for.as_deref().is_some_and(|why| why.contains("the task child"))
        })
    };
    scene.until_so("it waits for the child", waits).await;
    assert_eq!(scene.names("jobs"), ["keruta-job-child"]);
    assert_eq!(scene.names("persistentvolumeclaims"), ["git-repo-pvc-root"]);
    // The child still works in it.
    scene.store.retry_task("child", "ada", Timestamp::now()).await.unwrap();
    scene.until("child", |task| task.attempt == 2 && task.status == TaskStatus::Completed).await;
    delete(&scene, "child").await;
    ask(&scene, JobName::Removal).await;
    no_removals(&scene).await;
    assert!(scene.names("persistentvolumeclaims").is_empty() && scene.names("jobs").is_empty());
}

#[tokio::test]
async fn a_task_of_the_same_id_is_another_and_runs_when_the_first_is_gone() {
    let scene = Scene::start().await;
    let running = scene.run_whole();
    done(&scene, "a", &json!({})).await;
    running.shut_down().await;
    delete(&scene, "a").await;
    scene.create("a", &quick(), &json!({})).await;
    let _running = scene.run_whole();
    let task = scene.until_status("a", TaskStatus::Completed).await;
    assert_eq!(task.attempt, 1);
    assert_eq!(scene.jobs_of("a").len(), 2, "the first one's Job was not taken for its own");
    assert_eq!(scene.logs.sources("a").await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_cannot_be_deleted_is_told_and_tried_again() {
    let scene = Scene::start().await;
    let running = scene.run_whole();
    done(&scene, "a", &json!({})).await;
    scene.server.deny(Denial::of("delete", "batch", "jobs"));
    delete(&scene, "a").await;
    let told = async || {
        let removals = scene.store.removals(None, 10).await.unwrap();
        removals.first().is_some_and(|removal| {
            removal.tries > 0 && removal.waiting_for.as_deref().is_some_and(|why| why.contains("may not delete"))
        })
    };
    scene.until_so("it is told", told).await;
    running.kill();
    scene.server.allow_all();
    ask(&scene, JobName::Removal).await;
    let _running = scene.run_whole();
    no_removals(&scene).await;
    assert!(scene.names("jobs").is_empty());
}

#[tokio::test]
async fn without_a_cluster_what_never_ran_is_gone_at_once() {
    let scene = Scene::start().await;
    scene.server.stop().await;
    let _running = scene.run_whole();
    scene.create("a", &quick(), &json!({})).await;
    scene.store.cancel_task("a", "ada", None, Timestamp::now()).await.unwrap();
    delete(&scene, "a").await;
    no_removals(&scene).await;
}

#[tokio::test]
async fn a_workspace_goes_so_long_after_its_familys_end_also_where_the_tasks_stay() {
    let scene = Scene::start().await;
    scene.operate(&json!({"cleanup": {"orphans": "0s"}}));
    let _running = scene.run_whole();
    let after = |time: &str| workspace(&json!({"after": time}));
    done(&scene, "soon", &after("1s")).await;
    done(&scene, "later", &after("1h")).await;
    done(&scene, "used", &after("1s")).await;
    let busy = Life::new().container("main", Run::new().forever());
    scene.create("child", &busy, &json!({"parentId": "used"})).await;
    scene.until_status("child", TaskStatus::InProgress).await;
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    ask(&scene, JobName::Cleanup).await;
    scene.until_so("the claim", async || scene.names("persistentvolumeclaims").len() == 2).await;
    let mut claims = scene.names("persistentvolumeclaims");
    claims.sort();
    assert_eq!(claims, ["git-repo-pvc-later", "git-repo-pvc-used"]);
}
