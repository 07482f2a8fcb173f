//! The queue: order, claims, fences.

use jiff::SignedDuration;
use keruta_api::{ProgressUpdate, StatusUpdate, TaskStatus};
use keruta_server::store::{AttemptStatus, Epoch, Lease, Store, StoreError};
use keruta_server::task::QueueState;
use serde_json::json;

use crate::{at, on_each, spec};

async fn lease(store: &Store, holder: &str, second: i64) -> Lease {
    store.hold_runner_lease(holder, SignedDuration::from_secs(15), at(second)).await.unwrap()
}

async fn epoch(store: &Store) -> Epoch {
    match lease(store, "one", 0).await {
        Lease::Held(epoch) => epoch,
        Lease::Other { expires_at } => panic!("held by another until {expires_at}"),
    }
}

fn status(task: &str, status: TaskStatus, second: i64) -> AttemptStatus<'_> {
    AttemptStatus { task, attempt: 1, status, verdict: None, reason: None, at: at(second) }
}

#[tokio::test]
async fn the_queue_is_by_priority_then_first_come() {
    on_each(async |store| {
        for (second, (id, priority)) in (0..).zip([("low", -1), ("first", 5), ("plain", 0), ("second", 5)]) {
            let json = format!(r#"{{"id": "{id}", "priority": {priority}}}"#);
            store.create_task(spec(&json), "tasks", "ada", at(second)).await.unwrap();
        }
        let ids = async |second| {
            let queued = store.queued(at(second), 10).await.unwrap();
            queued.into_iter().map(|task| task.id).collect::<Vec<_>>()
        };
        assert_eq!(ids(10).await, ["first", "second", "plain", "low"]);

        let epoch = epoch(&store).await;
        let claimed = store.claim("first", epoch, at(10)).await.unwrap().unwrap();
        assert_eq!(claimed.state, QueueState::Claimed);
        assert_eq!(store.claim("first", epoch, at(10)).await.unwrap(), None);
        store.hold_back("first", epoch, "quota", at(60), at(11)).await.unwrap();
        assert_eq!(ids(12).await, ["second", "plain", "low"]);
        assert_eq!(store.next_not_before(at(12)).await.unwrap(), Some(at(60)));
        assert_eq!(store.task("first").await.unwrap().waiting_for.as_deref(), Some("quota"));
        // It has kept its place.
        assert_eq!(ids(60).await, ["first", "second", "plain", "low"]);
    })
    .await;
}

#[tokio::test]
async fn of_two_replicas_one_runs_tasks_and_the_other_is_fenced() {
    on_each(async |store| {
        store.create_task(spec(r#"{"id": "a"}"#), "tasks", "ada", at(0)).await.unwrap();
        let Lease::Held(first) = lease(&store, "one", 0).await else { panic!() };
        assert_eq!(lease(&store, "two", 14).await, Lease::Other { expires_at: at(15) });
        assert_eq!(lease(&store, "one", 10).await, Lease::Held(first), "renewed");
        let Lease::Held(second) = lease(&store, "two", 25).await else { panic!() };
        assert!(second > first);
        // The first was frozen and does not know.
        assert!(matches!(store.claim("a", first, at(26)).await, Err(StoreError::Fenced)));
        let told = store.status_from_cluster(&status("a", TaskStatus::Failed, 26), first).await;
        assert!(matches!(told, Err(StoreError::Fenced)), "{told:?}");
        assert!(store.claim("a", second, at(26)).await.unwrap().is_some());
        store.release_runner_lease(second).await.unwrap();
        let Lease::Held(third) = lease(&store, "one", 27).await else { panic!() };
        assert!(third > second);
    })
    .await;
}

#[tokio::test]
async fn a_holder_that_comes_back_late_is_a_new_one() {
    on_each(async |store| {
        let Lease::Held(first) = lease(&store, "one", 0).await else { panic!() };
        let Lease::Held(second) = lease(&store, "one", 100).await else { panic!() };
        assert!(second > first);
    })
    .await;
}

#[tokio::test]
async fn a_status_goes_forward_and_a_final_one_stays() {
    on_each(async |store| {
        store.create_task(spec(r#"{"id": "a"}"#), "tasks", "ada", at(0)).await.unwrap();
        let epoch = epoch(&store).await;
        store.claim("a", epoch, at(1)).await.unwrap();
        store.submitted("a", 1, "keruta-job-a", "kind: Job\n", epoch, at(2)).await.unwrap();
        store.status_from_cluster(&status("a", TaskStatus::InProgress, 3), epoch).await.unwrap();
        store.status_from_cluster(&status("a", TaskStatus::InProgress, 4), epoch).await.unwrap();
        let verdict = Some(json!({"outcome": "completed"}));
        let end = AttemptStatus { verdict: verdict.clone(), ..status("a", TaskStatus::Completed, 5) };
        store.status_from_cluster(&end, epoch).await.unwrap();
        store.status_from_cluster(&status("a", TaskStatus::Failed, 6), epoch).await.unwrap();
        let task = store.task("a").await.unwrap();
        assert_eq!(
            (task.status, task.state, task.verdict.clone()),
            (TaskStatus::Completed, QueueState::Ended, verdict.clone())
        );
        assert_eq!((task.started_at, task.finished_at), (Some(at(3)), Some(at(5))));
        assert_eq!(store.verdict("a", 1).await.unwrap(), verdict);
        assert_eq!(store.manifest("a", 1).await.unwrap().as_deref(), Some("kind: Job\n"));
        assert_eq!(store.in_flight().await.unwrap(), []);
        let kinds: Vec<_> = store.events(Some("a"), 0, 10).await.unwrap().into_iter().map(|event| event.kind).collect();
        assert_eq!(kinds, ["created", "submitted", "status", "status"]);
    })
    .await;
}

#[tokio::test]
async fn an_agent_that_is_faster_than_its_job_keeps_its_place_until_the_job_ends() {
    on_each(async |store| {
        store.create_task(spec(r#"{"id": "a"}"#), "tasks", "ada", at(0)).await.unwrap();
        let epoch = epoch(&store).await;
        store.claim("a", epoch, at(1)).await.unwrap();
        store.submitted("a", 1, "keruta-job-a", "", epoch, at(2)).await.unwrap();
        let update =
            |status, attempt| StatusUpdate { attempt, reason: Some("because".to_owned()), ..StatusUpdate::to(status) };
        let other = store.set_status("a", &update(TaskStatus::Failed, Some(2)), "agent", at(3)).await;
        assert!(matches!(other, Err(StoreError::OtherAttempt { given: 2, current: 1, .. })), "{other:?}");
        store.set_status("a", &update(TaskStatus::Failed, Some(1)), "agent", at(3)).await.unwrap();
        let back = store.set_status("a", &update(TaskStatus::InProgress, None), "agent", at(4)).await;
        assert!(matches!(back, Err(StoreError::IllegalMove { .. })), "{back:?}");
        assert_eq!(store.in_flight().await.unwrap().len(), 1);
        assert!(matches!(store.retry_task("a", "ada", at(5)).await, Err(StoreError::IllegalMove { .. })));
        let end = AttemptStatus { verdict: Some(json!({"outcome": "failed"})), ..status("a", TaskStatus::Failed, 6) };
        store.status_from_cluster(&end, epoch).await.unwrap();
        let task = store.task("a").await.unwrap();
        assert_eq!((task.state, task.status, task.finished_at), (QueueState::Ended, TaskStatus::Failed, Some(at(3))));
        assert!(task.verdict.is_some());
        assert_eq!(store.retry_task("a", "ada", at(7)).await.unwrap().attempt, 2);
    })
    .await;
}

#[tokio::test]
async fn a_task_that_waits_for_input_does_so_until_its_agent_says_otherwise() {
    on_each(async |store| {
        store.create_task(spec(r#"{"id": "a"}"#), "tasks", "ada", at(0)).await.unwrap();
        let epoch = epoch(&store).await;
        store.claim("a", epoch, at(1)).await.unwrap();
        store.submitted("a", 1, "keruta-job-a", "", epoch, at(2)).await.unwrap();
        let stands = async || store.task("a").await.unwrap().status;
        for update in [TaskStatus::InProgress, TaskStatus::WaitingForInput] {
            store.set_status("a", &StatusUpdate::to(update), "task/a", at(3)).await.unwrap();
        }
        // A follower that was started again sees a container that runs.
        store.status_from_cluster(&status("a", TaskStatus::InProgress, 4), epoch).await.unwrap();
        assert_eq!(stands().await, TaskStatus::WaitingForInput);
        store.set_status("a", &StatusUpdate::to(TaskStatus::InProgress), "task/a", at(5)).await.unwrap();
        assert_eq!(stands().await, TaskStatus::InProgress);
        store.set_status("a", &StatusUpdate::to(TaskStatus::WaitingForInput), "task/a", at(6)).await.unwrap();
        store.status_from_cluster(&status("a", TaskStatus::Failed, 7), epoch).await.unwrap();
        assert_eq!(stands().await, TaskStatus::Failed);
    })
    .await;
}

#[tokio::test]
async fn the_last_agent_of_an_attempt_has_the_say() {
    on_each(async |store| {
        store.create_task(spec(r#"{"id": "a"}"#), "tasks", "ada", at(0)).await.unwrap();
        let first = store.begin_epoch("a", Some(1), "task/a", at(1)).await.unwrap().epoch;
        let update = |epoch, status| StatusUpdate { attempt: Some(1), epoch: Some(epoch), ..StatusUpdate::to(status) };
        store.set_status("a", &update(first, TaskStatus::InProgress), "task/a", at(2)).await.unwrap();
        let second = store.begin_epoch("a", None, "task/a", at(3)).await.unwrap().epoch;
        assert_eq!((first, second), (1, 2));
        for (epoch, status) in [(first, TaskStatus::Failed), (first, TaskStatus::InProgress), (7, TaskStatus::Failed)] {
            let refused = store.set_status("a", &update(epoch, status), "task/a", at(4)).await;
            assert!(
                matches!(refused, Err(StoreError::StaleEpoch { attempt: 1, given, current: 2, .. }) if given == epoch),
                "{refused:?}"
            );
        }
        assert_eq!(store.task("a").await.unwrap().status, TaskStatus::InProgress);
        let other = store.begin_epoch("a", Some(2), "task/a", at(5)).await;
        assert!(matches!(other, Err(StoreError::OtherAttempt { given: 2, current: 1, .. })), "{other:?}");
        store.set_status("a", &update(second, TaskStatus::Completed), "task/a", at(6)).await.unwrap();
        assert_eq!(store.begin_epoch("a", Some(1), "task/a", at(7)).await.unwrap().epoch, 2, "nothing begins any more");
        let again = store.retry_task("a", "ada", at(8)).await.unwrap();
        assert_eq!((again.attempt, again.epoch), (2, 0));
        let late = store.set_status("a", &update(second, TaskStatus::Failed), "task/a", at(9)).await;
        assert!(matches!(late, Err(StoreError::OtherAttempt { .. })), "{late:?}");
        let kinds: Vec<_> = store.events(Some("a"), 0, 20).await.unwrap().into_iter().map(|event| event.kind).collect();
        assert_eq!(kinds.iter().filter(|kind| *kind == "agentStarted").count(), 2);
    })
    .await;
}

#[tokio::test]
async fn progress_is_kept_beside_the_status_and_not_in_the_history() {
    on_each(async |store| {
        store.create_task(spec(r#"{"id": "a"}"#), "tasks", "ada", at(0)).await.unwrap();
        let says = |status, percent, message: Option<&str>| StatusUpdate {
            progress: Some(ProgressUpdate { percent, message: message.map(str::to_owned) }),
            ..StatusUpdate::to(status)
        };
        store.set_status("a", &says(TaskStatus::InProgress, 10, None), "task/a", at(1)).await.unwrap();
        let events = store.events(Some("a"), 0, 20).await.unwrap().len();
        let told =
            store.set_status("a", &says(TaskStatus::InProgress, 40, Some("tests")), "task/a", at(2)).await.unwrap();
        let progress = told.progress.clone().unwrap();
        assert_eq!((progress.percent, progress.message.as_deref(), progress.at), (40, Some("tests"), at(2)));
        assert_eq!(told, store.task("a").await.unwrap(), "it is kept");
        assert_eq!(store.events(Some("a"), 0, 20).await.unwrap().len(), events);
        store.set_status("a", &says(TaskStatus::Completed, 100, None), "task/a", at(3)).await.unwrap();
        store.set_status("a", &says(TaskStatus::Completed, 5, None), "task/a", at(4)).await.unwrap();
        assert_eq!(store.task("a").await.unwrap().progress.unwrap().percent, 100, "what has ended stays as it ended");
        assert_eq!(store.retry_task("a", "ada", at(5)).await.unwrap().progress, None);
    })
    .await;
}

#[tokio::test]
async fn a_job_is_recorded_once() {
    on_each(async |store| {
        store.create_task(spec(r#"{"id": "a"}"#), "tasks", "ada", at(0)).await.unwrap();
        let epoch = epoch(&store).await;
        assert_eq!(store.submission("a", 1).await.unwrap(), None);
        store.intend("a", 1, epoch, at(1)).await.unwrap();
        store.intend("a", 1, epoch, at(2)).await.unwrap();
        assert_eq!(store.submission("a", 1).await.unwrap().unwrap().intended_at, at(1));
        assert_eq!(store.job_created("a", 1, "uid-1", epoch, at(3)).await.unwrap(), "uid-1");
        assert_eq!(store.job_created("a", 1, "uid-2", epoch, at(4)).await.unwrap(), "uid-1");
        assert_eq!(store.submission("a", 1).await.unwrap().unwrap().job_uid.as_deref(), Some("uid-1"));
    })
    .await;
}

#[tokio::test]
async fn a_file_that_was_left_by_a_killed_process_is_taken_over_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("keruta.db").display());
    let store = Store::open(&url).await.unwrap();
    let Lease::Held(first) = lease(&store, "killed", 0).await else { panic!() };
    assert_eq!(lease(&store, "two", 1).await, Lease::Other { expires_at: at(15) });
    store.database().close().await;
    drop(store);
    let store = Store::open(&url).await.unwrap();
    let Lease::Held(second) = lease(&store, "two", 2).await else { panic!() };
    assert!(second > first, "what the killed one began is fenced");
}
