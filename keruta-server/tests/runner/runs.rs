//! Ordinary runs.

use keruta_api::TaskStatus;
use keruta_server::queue::Limits;
use keruta_server::runner::ClusterState;
use scripted_apiserver::{Life, Run};
use serde_json::json;

use crate::scene::{NAMESPACE, Scene};

#[tokio::test]
async fn a_task_runs_to_its_end() {
    let scene = Scene::start().await;
    let running = scene.run();
    scene.create("a", &Life::new().container("main", Run::new().line("hello").sleep(300)), &json!({})).await;
    let task = scene.until_status("a", TaskStatus::Completed).await;
    assert_eq!(scene.statuses("a").await, [TaskStatus::InProgress, TaskStatus::Completed]);
    assert_eq!(task.verdict.unwrap()["outcome"], "Completed");
    assert_eq!(task.job_name.as_deref(), Some("keruta-job-a"));
    assert!(task.started_at < task.finished_at);
    let manifest = scene.store.manifest("a", 1).await.unwrap().unwrap();
    assert!(manifest.contains("name: keruta-job-a"), "{manifest}");
    let kinds: Vec<_> =
        scene.store.events(Some("a"), 0, 100).await.unwrap().into_iter().map(|event| event.kind).collect();
    assert!(kinds.starts_with(&["created".into(), "submitted".into()]) && kinds.contains(&"phase".into()), "{kinds:?}");
    running.shut_down().await;
}

#[tokio::test]
async fn a_failure_is_told_with_its_evidence_and_another_attempt_may_succeed() {
    let scene = Scene::start().await;
    let _running = scene.run();
    scene.create("a", &Life::new().container("main", Run::new().line("no").exit(3)), &json!({})).await;
    let task = scene.until_status("a", TaskStatus::Failed).await;
    let verdict = task.verdict.unwrap();
    assert_eq!((&verdict["outcome"]["Failed"], &verdict["evidence"]["exitCode"]), (&json!("CommandFailed"), &json!(3)));
    scene.store.retry_task("a", "ada", jiff::Timestamp::now()).await.unwrap();
    let task = scene.until("a", |task| task.attempt == 2 && task.status.is_final()).await;
    assert_eq!(task.job_name.as_deref(), Some("keruta-job-a-attempt-2"));
    assert_eq!(scene.jobs_of("a").len(), 2);
}

#[tokio::test]
async fn a_task_that_cannot_be_rendered_fails_and_blocks_nobody() {
    let scene = Scene::start().await;
    let patch = json!({"podPatch": {"merge": {"spec": {"contianers": []}}}, "priority": 9});
    scene.create("bad", &Life::new(), &patch).await;
    scene.create("good", &Life::new().container("main", Run::new()), &json!({})).await;
    let _running = scene.run();
    scene.until_status("good", TaskStatus::Completed).await;
    let task = scene.until_status("bad", TaskStatus::Failed).await;
    let verdict = task.verdict.unwrap();
    assert_eq!(verdict["outcome"]["Failed"], "Rejected");
    assert!(verdict["evidence"]["summary"].as_str().unwrap().contains("contianers"), "{verdict}");
    assert_eq!(scene.jobs_of("bad"), Vec::<String>::new());
}

#[tokio::test]
async fn no_more_run_at_once_than_may_and_a_child_waits_for_its_parent() {
    let scene = Scene::start().await;
    let life = Life::new().container("main", Run::new().sleep(400));
    for (id, parent) in [("a", None), ("b", Some("a")), ("c", None), ("d", None)] {
        // A child shares its parent's claim.
        let workspace = json!({"workspace": {"kind": "pvc"}});
        let parent = parent.map_or(workspace, |parent| json!({"parentId": parent}));
        scene.create(id, &life, &parent).await;
    }
    let _running = scene.run_with("one", Limits { in_flight: 2, ..Limits::default() });
    let waiting = scene.until("b", |task| task.waiting_for.is_some()).await;
    assert_eq!(waiting.waiting_for.as_deref(), Some("its parent a has not ended"));
    let waiting = scene.until("d", |task| task.waiting_for.is_some()).await;
    assert_eq!(waiting.waiting_for.as_deref(), Some("as many tasks are under way as may be"));
    let mut ends = Vec::new();
    for id in ["a", "b", "c", "d"] {
        ends.push(scene.until_status(id, TaskStatus::Completed).await);
    }
    // Of one that was seen only at its end it is not known when it started.
    let began = ends[1].started_at.or(ends[1].finished_at);
    assert!(ends[0].finished_at <= began, "{:?} {began:?}", ends[0].finished_at);
    ends.retain(|task| task.started_at.is_some());
    for task in &ends {
        let others =
            ends.iter().filter(|other| other.started_at < task.finished_at && task.started_at < other.finished_at);
        assert!(others.count() <= 2, "{ends:#?}");
    }
}

#[tokio::test]
async fn nothing_runs_while_tasks_are_disabled_and_a_change_takes_effect_at_once() {
    let scene = Scene::start().await;
    scene.set(&json!({"enabled": false}));
    let mut running = scene.run();
    scene.create("a", &Life::new().container("main", Run::new()), &json!({})).await;
    running.until_state(|state| *state == ClusterState::Disabled).await;
    assert_eq!(scene.store.task("a").await.unwrap().status, TaskStatus::Pending);
    assert!(scene.server.objects("jobs", NAMESPACE).is_empty());
    scene.set(&json!({"enabled": true}));
    scene.until_status("a", TaskStatus::Completed).await;
}

#[tokio::test]
async fn a_job_of_somebody_else_is_none_of_ours() {
    let scene = Scene::start().await;
    let mut running = scene.run();
    // The store's task `a` lives in another namespace than this Job, which says that it is a task `a` too.
    let (key, life) = Life::new().container("main", Run::new().line("a stranger").exit(9)).annotation();
    let stranger = |name: &str, task: &str| {
        json!({
            "apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": name, "labels": {"app": "keruta", "task-id": task}},
            "spec": {"backoffLimit": 0, "template": {
                "metadata": {"labels": {"app": "keruta", "task-id": task}, "annotations": {key.clone(): life.clone()}},
                "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox:1.36"}]},
            }},
        })
    };
    scene.create("a", &Life::new().container("main", Run::new().line("ours").sleep(900)), &json!({})).await;
    scene.server.create_namespace("other");
    assert!(scene.server.create("jobs", "other", stranger("keruta-job-a", "a")));
    // And in the same namespace there is one of a task that the store does not know.
    assert!(scene.server.create("jobs", NAMESPACE, stranger("keruta-job-unknown", "unknown")));
    running.until_state(|state| matches!(state, ClusterState::Connected { .. })).await;
    let task = scene.until_status("a", TaskStatus::Completed).await;
    assert_eq!(scene.statuses("a").await, [TaskStatus::InProgress, TaskStatus::Completed]);
    assert_eq!(task.verdict.unwrap()["outcome"], "Completed");
    let ended = |namespace: &str, name: &str| {
        let jobs = scene.server.objects("jobs", namespace);
        jobs.iter().any(|job| job["metadata"]["name"] == name && job["status"]["failed"] == 1)
    };
    scene
        .until_so("the strangers' end", async || {
            ended("other", "keruta-job-a") && ended(NAMESPACE, "keruta-job-unknown")
        })
        .await;
    // Whoever follows the namespace sees the stranger's end, and keeps nothing of it.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let events = scene.store.events(None, 0, 1000).await.unwrap();
    assert!(events.iter().all(|event| event.task_id == "a" && event.to != Some(TaskStatus::Failed)), "{events:#?}");
    assert!(scene.store.events(Some("unknown"), 0, 10).await.unwrap().is_empty());
    let sources = scene.logs.sources("unknown").await.unwrap();
    assert!(sources.is_empty(), "{sources:#?}");
    let lines: Vec<_> = scene.logs.sources("a").await.unwrap().iter().map(|source| source.lines).collect();
    assert_eq!(lines, [1], "only what our own Pod wrote");
}
