//! The server's settings, requests for background jobs, Secrets of tokens, removals.

use jiff::SignedDuration;
use keruta_api::{TaskRemovalState, TaskStatus};
use keruta_server::jobs::JobName;
use keruta_server::store::{AuditFilter, Epoch, Expected, Lease, Store, StoreError};
use serde_json::{Map, Value, json};

use crate::{ada, at, on_each, spec};

fn document(value: Value) -> Map<String, Value> {
    let Value::Object(fields) = value else { panic!("{value}") };
    fields
}

async fn epoch(store: &Store, holder: &str, second: i64) -> Epoch {
    match store.hold_runner_lease(holder, SignedDuration::from_secs(15), at(second)).await.unwrap() {
        Lease::Held(epoch) => epoch,
        Lease::Other { expires_at } => panic!("held by another until {expires_at}"),
    }
}

#[tokio::test]
async fn the_servers_settings_have_versions_and_the_audit_log_has_each_change() {
    on_each(async |store| {
        assert_eq!(store.server_settings().await.unwrap().version, 0);
        let one = document(json!({"logs": {"archiveAfter": "2d"}}));
        let made = store.change_server_settings(&one, 0, &ada(), at(1)).await.unwrap();
        assert_eq!((made.version, &made.set, made.changed), (1, &one, Some((at(1), "user/ada".to_owned()))));
        // What changes nothing is no change.
        assert_eq!(store.change_server_settings(&one, 1, &ada(), at(2)).await.unwrap().version, 1);
        let two = document(json!({"logs": {"archiveAfter": "3d"}}));
        let late = store.change_server_settings(&two, 0, &ada(), at(3)).await;
        assert!(matches!(late, Err(StoreError::Outdated { given: 0, current: 1, .. })), "{late:?}");
        store.change_server_settings(&two, 1, &ada(), at(4)).await.unwrap();
        assert_eq!(store.server_settings().await.unwrap().set, two);
        let filter = AuditFilter { object: Some("settings/server".to_owned()), ..AuditFilter::default() };
        let entries = store.audit(&filter, None, 10).await.unwrap();
        let details: Vec<_> = entries.into_iter().map(|entry| entry.detail.unwrap()).collect();
        assert_eq!(
            details,
            [json!({"version": 2, "old": one, "new": two}), json!({"version": 1, "old": {}, "new": one})]
        );
    })
    .await;
}

#[tokio::test]
async fn a_run_is_asked_for_once_more() {
    on_each(async |store| {
        store.request_background_job(JobName::Cleanup, &ada(), at(1)).await.unwrap();
        store.request_background_job(JobName::Cleanup, &ada(), at(5)).await.unwrap();
        let requests = store.background_requests().await.unwrap();
        assert_eq!(requests.len(), 1);
        assert_eq!((requests["cleanup"].at, requests["cleanup"].by.as_str()), (at(5), "user/ada"));
        let (first, second) = (epoch(&store, "one", 0).await, epoch(&store, "two", 100).await);
        assert!(matches!(store.cut_off_runs(first, at(101)).await, Err(StoreError::Fenced)));
        store.cut_off_runs(second, at(101)).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_secret_is_on_record_from_before_it_is_made_until_it_is_gone() {
    on_each(async |store| {
        store.create_task(spec(r#"{"id": "a"}"#), "tasks", "ada", at(0)).await.unwrap();
        let epoch = epoch(&store, "one", 0).await;
        store.claim("a", epoch, at(1)).await.unwrap();
        let (place, attempt) = (("tasks", "keruta-job-a-token"), ("a", 1));
        assert!(!store.note_token_secret(place, attempt, epoch, at(1)).await.unwrap());
        // A crash before it was made: once more.
        assert!(!store.note_token_secret(place, attempt, epoch, at(2)).await.unwrap());
        store.token_secret_made(place.0, place.1, Some(at(3)), epoch).await.unwrap();
        assert!(store.note_token_secret(place, attempt, epoch, at(4)).await.unwrap());
        assert_eq!(store.spent_token_secrets(at(5), 10).await.unwrap(), []);
        let hold = store.hold_back("a", epoch, "quota", at(60), at(6)).await;
        hold.unwrap();
        assert_eq!(store.spent_token_secrets(at(7), 10).await.unwrap(), [], "it waits, and keeps its token");
        store.cancel_task("a", "ada", None, at(8)).await.unwrap();
        let spent = store.spent_token_secrets(at(9), 10).await.unwrap();
        assert_eq!((spent.len(), spent[0].name.as_str()), (1, place.1));
        store.token_secret_stays(&spent[0], "no right", at(100), epoch).await.unwrap();
        assert_eq!(store.spent_token_secrets(at(99), 10).await.unwrap(), []);
        assert_eq!(store.spent_token_secrets(at(100), 10).await.unwrap()[0].tries, 1);
        // The next attempt does not keep the last one's alive, nor does another task of the same id.
        store.retry_task("a", "ada", at(101)).await.unwrap();
        assert_eq!(store.spent_token_secrets(at(101), 10).await.unwrap().len(), 1);
        store.cancel_task("a", "ada", None, at(102)).await.unwrap();
        store.delete_task("a", &Expected::Any, "ada", at(103)).await.unwrap();
        store.create_task(spec(r#"{"id": "a"}"#), "tasks", "ada", at(104)).await.unwrap();
        assert_eq!(store.spent_token_secrets(at(105), 10).await.unwrap().len(), 1);
        assert!(store.has_token_secrets("tasks", "a").await.unwrap());
        store.forget_token_secret(place.0, place.1, epoch).await.unwrap();
        assert_eq!(store.token_secret_count().await.unwrap(), 0);
        let fenced = Store::hold_runner_lease(&store, "two", SignedDuration::from_secs(15), at(500)).await.unwrap();
        assert!(matches!(fenced, Lease::Held(_)));
        assert!(matches!(store.note_token_secret(place, attempt, epoch, at(501)).await, Err(StoreError::Fenced)));
    })
    .await;
}

#[tokio::test]
async fn a_removal_goes_step_by_step_and_holds_up_a_namesake() {
    on_each(async |store| {
        for (second, json) in [(0, r#"{"id": "a"}"#), (1, r#"{"id": "b"}"#)] {
            store.create_task(spec(json), "tasks", "ada", at(second)).await.unwrap();
        }
        let epoch = epoch(&store, "one", 0).await;
        store.claim("a", epoch, at(2)).await.unwrap();
        store.intend("a", 1, epoch, at(2)).await.unwrap();
        let end = keruta_server::store::AttemptStatus {
            task: "a",
            attempt: 1,
            status: TaskStatus::Failed,
            verdict: None,
            reason: None,
            at: at(3),
        };
        store.status_from_cluster(&end, epoch).await.unwrap();
        store.cancel_task("b", "ada", None, at(4)).await.unwrap();
        for id in ["a", "b"] {
            store.delete_task(id, &Expected::Any, ada(), at(5)).await.unwrap();
        }
        let due = store.due_removals(at(6), false, 10).await.unwrap();
        let told: Vec<_> =
            due.iter().map(|due| (due.removal.task_id.as_str(), due.in_cluster, due.finished_at)).collect();
        assert_eq!(told, [("a", true, Some(at(3))), ("b", false, Some(at(4)))]);
        assert!(
            due.iter().all(|due| due.removal.state == TaskRemovalState::Records && due.removal.asked_by == "user/ada")
        );

        store.create_task(spec(r#"{"id": "a", "priority": 9}"#), "tasks", "ada", at(7)).await.unwrap();
        assert!(store.queued(at(8), 10).await.unwrap()[0].has_remains);
        let a = &due[0].removal;
        store.removal_done(a, Some(TaskRemovalState::Objects), epoch).await.unwrap();
        // Said twice, as by a replica that was slow: the second changes nothing.
        store.removal_done(a, Some(TaskRemovalState::Claim), epoch).await.unwrap();
        let a = store.removals(None, 10).await.unwrap().remove(0);
        assert_eq!(a.state, TaskRemovalState::Objects);
        store.removal_waits(&a, "no right", true, at(50), epoch).await.unwrap();
        let a = store.removals(None, 10).await.unwrap().remove(0);
        assert_eq!((a.tries, a.waiting_for.as_deref(), a.not_before), (1, Some("no right"), Some(at(50))));
        assert_eq!(store.due_removals(at(49), true, 10).await.unwrap().len(), 1, "b alone");
        assert_eq!(store.due_removals(at(50), true, 10).await.unwrap().len(), 2);
        assert_eq!(store.due_removals(at(50), false, 10).await.unwrap().len(), 1, "objects want a cluster");
        store.removal_done(&a, Some(TaskRemovalState::Claim), epoch).await.unwrap();
        assert!(!store.queued(at(51), 10).await.unwrap()[0].has_remains);
        for removal in store.removals(None, 10).await.unwrap() {
            store.removal_done(&removal, None, epoch).await.unwrap();
        }
        assert_eq!(store.removals(None, 10).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn a_family_is_all_that_share_a_workspace() {
    on_each(async |store| {
        store.create_task(spec(r#"{"id": "r"}"#), "tasks", "ada", at(0)).await.unwrap();
        store.create_task(spec(r#"{"id": "c", "parentId": "r"}"#), "tasks", "ada", at(1)).await.unwrap();
        store.cancel_task("r", "ada", None, at(2)).await.unwrap();
        let family = store.family("r", "tasks").await.unwrap();
        assert_eq!((family.member.as_deref(), family.is_open), (Some("c"), true));
        store.cancel_task("c", "ada", None, at(9)).await.unwrap();
        let family = store.family("r", "tasks").await.unwrap();
        assert_eq!((family.is_open, family.finished_at), (false, Some(at(9))));
        assert_eq!(store.family("r", "other").await.unwrap().member, None);
        assert_eq!(store.roots("tasks").await.unwrap(), ["r"]);
        assert_eq!(store.namespaces().await.unwrap(), ["tasks"]);
    })
    .await;
}
