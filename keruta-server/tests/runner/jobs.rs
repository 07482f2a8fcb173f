//! Background jobs: who does them, and how they are told.

use std::time::Duration;

use jiff::Timestamp;
use keruta_server::jobs::JobName;
use keruta_server::store::logs::{Run, RunState};
use keruta_server::store::{AuditFilter, Author};
use serde_json::json;

use crate::scene::Scene;

async fn run_of(scene: &Scene, name: JobName) -> Option<Run> {
    scene.store.runs().await.unwrap().into_iter().find(|run| run.name == name.as_str())
}

#[tokio::test]
async fn all_run_once_at_the_start_and_again_when_they_are_asked_for() {
    let scene = Scene::start().await;
    let running = scene.run_whole();
    // Those that find nothing to do are not recorded, and exporting has no place.
    let idle = [JobName::LogMerge, JobName::TokenSecrets, JobName::Removal, JobName::LogExport];
    for name in JobName::ALL.iter().copied().filter(|name| !idle.contains(name)) {
        let ran = async || run_of(&scene, name).await.is_some_and(|run| run.state == RunState::Succeeded);
        scene.until_so(name.as_str(), ran).await;
    }
    for name in idle {
        assert_eq!(run_of(&scene, name).await, None, "{name}");
    }
    let before = run_of(&scene, JobName::AuditPurge).await.unwrap();
    let asked = Timestamp::now();
    scene.store.request_background_job(JobName::AuditPurge, &Author::from("ada"), asked).await.unwrap();
    let again =
        async || run_of(&scene, JobName::AuditPurge).await.is_some_and(|run| run.started_at > before.started_at);
    scene.until_so("it runs again", again).await;
    // Asked for, what cannot work says why.
    scene.store.request_background_job(JobName::LogExport, &Author::from("ada"), Timestamp::now()).await.unwrap();
    let failed = async || run_of(&scene, JobName::LogExport).await.is_some_and(|run| run.state == RunState::Failed);
    scene.until_so("it fails", failed).await;
    assert!(run_of(&scene, JobName::LogExport).await.unwrap().error.unwrap().contains("logs.export"));
    let filter = AuditFilter { object: Some("background-job/audit-purge".to_owned()), ..AuditFilter::default() };
    assert_eq!(scene.store.audit(&filter, None, 10).await.unwrap().len(), 1);
    running.shut_down().await;
}

#[tokio::test]
async fn a_run_that_was_cut_off_is_told_as_failed_and_runs_again() {
    let scene = Scene::start().await;
    let hang = async |_| -> Result<(), keruta_server::store::logs::LogError> { std::future::pending().await };
    let cut = tokio::time::timeout(Duration::from_millis(200), scene.store.run_recorded("cleanup", hang)).await;
    assert!(cut.is_err());
    assert_eq!(run_of(&scene, JobName::Cleanup).await.unwrap().state, RunState::Running);
    scene.operate(&json!({"backgroundJobs": {"cleanup": {"every": "1s"}}}));
    let _running = scene.run_whole();
    let cut_off = async || run_of(&scene, JobName::Cleanup).await.is_some_and(|run| run.state != RunState::Running);
    scene.until_so("it is told", cut_off).await;
    let well = async || run_of(&scene, JobName::Cleanup).await.is_some_and(|run| run.state == RunState::Succeeded);
    scene.until_so("it runs again", well).await;
}

#[tokio::test]
async fn of_two_replicas_only_the_one_that_runs_tasks_does_the_jobs() {
    let scene = Scene::start().await;
    scene.operate(&json!({"backgroundJobs": {"session-purge": {"every": "1s"}}}));
    let (first, second) = (scene.run_whole(), scene.run_whole_as("two"));
    scene.until_so("some runs", async || run_of(&scene, JobName::SessionPurge).await.is_some()).await;
    // Each of a second replica would have moved the start twice a second.
    let mut starts = std::collections::BTreeSet::new();
    let began = std::time::Instant::now();
    while began.elapsed() < Duration::from_secs(4) {
        starts.insert(run_of(&scene, JobName::SessionPurge).await.unwrap().started_at);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!((2..=5).contains(&starts.len()), "{starts:?}");
    first.kill();
    second.kill();
}
