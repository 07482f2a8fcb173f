//! Tasks: made, read, listed, changed, cancelled, tried again, deleted.

use keruta_api::TaskStatus;
use keruta_server::store::{AuditFilter, Expected, StoreError, TaskFilter, TaskOrder};
use keruta_server::task::QueueState;
use serde_json::json;

use crate::{ada, at, on_each, spec};

#[tokio::test]
async fn a_task_is_kept_as_it_was_given() {
    on_each(async |store| {
        let json = r#"{"id": "a", "title": "Lösche \"on\"", "priority": -3, "image": "busybox:1.36", "env": {"B": "1", "A": "$(X)"}}"#;
        let made = store.create_task(spec(json), "tasks", "ada", at(0)).await.unwrap();
        assert_eq!(store.task("a").await.unwrap(), made);
        assert_eq!(made.spec, spec(json));
        assert_eq!((made.status, made.state, made.attempt), (TaskStatus::Pending, QueueState::Queued, 1));
        assert_eq!((made.namespace.as_str(), made.root_id.as_str(), made.created_at), ("tasks", "a", at(0)));
        let again = store.create_task(spec(json), "tasks", "ada", at(1)).await;
        assert!(matches!(again, Err(StoreError::AlreadyExists { kind: "task", .. })), "{again:?}");
        assert!(matches!(store.task("b").await, Err(StoreError::NotFound { .. })));
    })
    .await;
}

#[tokio::test]
async fn a_child_uses_the_workspace_of_its_first_ancestor() {
    on_each(async |store| {
        store.create_task(spec(r#"{"id": "a"}"#), "tasks", "ada", at(0)).await.unwrap();
        store.create_task(spec(r#"{"id": "b", "parentId": "a"}"#), "tasks", "ada", at(1)).await.unwrap();
        let grandchild =
            store.create_task(spec(r#"{"id": "c", "parentId": "b"}"#), "tasks", "ada", at(2)).await.unwrap();
        assert_eq!(grandchild.root_id, "a");
        let orphan = store.create_task(spec(r#"{"id": "d", "parentId": "x"}"#), "tasks", "ada", at(3)).await;
        assert!(matches!(orphan, Err(StoreError::NotFound { kind: "parent task", .. })), "{orphan:?}");
        assert!(matches!(store.task("d").await, Err(StoreError::NotFound { .. })));
    })
    .await;
}

#[tokio::test]
async fn a_list_comes_in_pages_that_neither_repeat_nor_leave_out() {
    on_each(async |store| {
        for number in 0..25 {
            let json = format!(r#"{{"id": "t{number}", "title": "Task 100% {number}", "priority": {}}}"#, number % 3);
            // Several at the same time: the order of arrival decides.
            store.create_task(spec(&json), "tasks", "ada", at(number / 4)).await.unwrap();
        }
        for order in [TaskOrder::Created, TaskOrder::Priority, TaskOrder::Updated] {
            let (mut ids, mut after) = (Vec::new(), None);
            loop {
                let page = store.tasks(&TaskFilter::default(), order, after, 7).await.unwrap();
                ids.extend(page.tasks.iter().map(|task| task.id().to_owned()));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            let all = store.tasks(&TaskFilter::default(), order, None, 100).await.unwrap();
            assert_eq!(all.next, None);
            assert_eq!(ids, all.tasks.iter().map(|task| task.id().to_owned()).collect::<Vec<_>>(), "{order:?}");
            assert_eq!(ids.len(), 25);
        }
        let first = store.tasks(&TaskFilter::default(), TaskOrder::Priority, None, 3).await.unwrap();
        assert_eq!(first.tasks.iter().map(keruta_server::task::StoredTask::id).collect::<Vec<_>>(), ["t2", "t5", "t8"]);
    })
    .await;
}

#[tokio::test]
async fn filters_find_what_they_say_and_no_more() {
    on_each(async |store| {
        let tasks = [r#"{"id": "a_b", "title": "100% Done"}"#, r#"{"id": "axb", "title": "10 of them"}"#];
        for (second, json) in (0..).zip(tasks) {
            let json = json.replace("a_b", "a-b");
            store.create_task(spec(&json), "tasks", "ada", at(second)).await.unwrap();
        }
        store
            .create_task(spec(r#"{"id": "c", "parentId": "a-b", "namespace": "other"}"#), "tasks", "ada", at(9))
            .await
            .unwrap();
        store.cancel_task("axb", "ada", None, at(10)).await.unwrap();
        let found = async |filter: TaskFilter| {
            let page = store.tasks(&filter, TaskOrder::Created, None, 10).await.unwrap();
            page.tasks.iter().map(|task| task.id().to_owned()).collect::<Vec<_>>()
        };
        let text = |text: &str| TaskFilter { text: Some(text.to_owned()), ..TaskFilter::default() };
        assert_eq!(found(text("100%")).await, ["a-b"]);
        assert_eq!(found(text("DONE")).await, ["a-b"]);
        assert_eq!(found(text("a_b")).await, Vec::<String>::new());
        assert_eq!(found(text("'; DROP TABLE tasks; --")).await, Vec::<String>::new());
        assert_eq!(found(TaskFilter { statuses: vec![TaskStatus::Cancelled], ..TaskFilter::default() }).await, ["axb"]);
        assert_eq!(found(TaskFilter { namespace: Some("other".into()), ..TaskFilter::default() }).await, ["c"]);
        assert_eq!(found(TaskFilter { parent: Some("a-b".into()), ..TaskFilter::default() }).await, ["c"]);
        assert_eq!(found(TaskFilter { root: Some("a-b".into()), ..TaskFilter::default() }).await, ["c", "a-b"]);
        let between = TaskFilter { created_since: Some(at(1)), created_until: Some(at(9)), ..TaskFilter::default() };
        assert_eq!(found(between).await, ["axb"]);
        let counts = store.count_tasks().await.unwrap();
        assert_eq!(counts.iter().map(|(_, count)| *count).collect::<Vec<_>>(), [2, 0, 0, 0, 0, 1]);
    })
    .await;
}

#[tokio::test]
async fn a_change_needs_the_version_that_was_read() {
    on_each(async |store| {
        let made = store.create_task(spec(r#"{"id": "a", "image": "one:1"}"#), "tasks", "ada", at(0)).await.unwrap();
        let change = || spec(r#"{"id": "a", "image": "two:2", "priority": 5}"#);
        let changed = store.change_task(change(), &Expected::OneOf(vec![made.version]), "bob", at(1)).await.unwrap();
        assert!(changed.version > made.version && changed.spec == change() && changed.updated_at == at(1));
        let late = store.change_task(spec(r#"{"id": "a"}"#), &Expected::OneOf(vec![made.version]), "eve", at(2)).await;
        assert!(matches!(late, Err(StoreError::Outdated { .. })), "{late:?}");
        let moved = store.change_task(spec(r#"{"id": "a", "namespace": "other"}"#), &Expected::Any, "eve", at(3)).await;
        assert!(matches!(moved, Err(StoreError::Fixed { field: "namespace", .. })), "{moved:?}");
        let events = store.events(Some("a"), 0, 10).await.unwrap();
        let told: Vec<_> = events.iter().map(|event| (event.kind.as_str(), event.actor.as_str())).collect();
        assert_eq!(told, [("created", "ada"), ("changed", "bob")]);
        assert_eq!(events[1].detail.as_ref().unwrap()["fields"], serde_json::json!(["image", "priority"]));
    })
    .await;
}

#[tokio::test]
async fn a_task_in_the_queue_is_cancelled_at_once_and_can_be_tried_again() {
    on_each(async |store| {
        store.create_task(spec(r#"{"id": "a"}"#), "tasks", "ada", at(0)).await.unwrap();
        let retried = store.retry_task("a", "ada", at(1)).await;
        assert!(matches!(retried, Err(StoreError::IllegalMove { .. })), "{retried:?}");
        let cancelled = store.cancel_task("a", "bob", Some("not needed"), at(2)).await.unwrap();
        assert_eq!((cancelled.status, cancelled.state), (TaskStatus::Cancelled, QueueState::Ended));
        assert_eq!(store.cancel_task("a", "eve", None, at(3)).await.unwrap(), cancelled);
        let retried = store.retry_task("a", "ada", at(4)).await.unwrap();
        assert_eq!((retried.status, retried.attempt, retried.cancel), (TaskStatus::Pending, 2, None));
        assert_eq!(store.queued(at(5), 10).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn only_what_has_ended_and_is_not_needed_is_deleted() {
    on_each(async |store| {
        store.create_task(spec(r#"{"id": "a"}"#), "tasks", "ada", at(0)).await.unwrap();
        store.create_task(spec(r#"{"id": "b", "parentId": "a"}"#), "tasks", "ada", at(1)).await.unwrap();
        let early = store.delete_task("a", &Expected::Any, "ada", at(2)).await;
        assert!(matches!(early, Err(StoreError::UnderWay { .. })), "{early:?}");
        store.cancel_task("a", "ada", None, at(3)).await.unwrap();
        let needed = store.delete_task("a", &Expected::Any, "ada", at(4)).await;
        assert!(matches!(needed, Err(StoreError::HasChildren { .. })), "{needed:?}");
        store.cancel_task("b", "ada", None, at(5)).await.unwrap();
        store.delete_task("a", &Expected::Any, "ada", at(6)).await.unwrap();
        assert!(matches!(store.task("a").await, Err(StoreError::NotFound { .. })));
        assert_eq!(store.events(Some("a"), 0, 10).await.unwrap().last().unwrap().kind, "deleted");
    })
    .await;
}

#[tokio::test]
async fn the_audit_log_has_every_change_of_a_task_and_who_made_it() {
    on_each(async |store| {
        let made = store.create_task(spec(r#"{"id": "a", "image": "one:1"}"#), "tasks", ada(), at(0)).await.unwrap();
        let other = spec(r#"{"id": "a", "image": "two:2"}"#);
        store.change_task(other.clone(), &Expected::OneOf(vec![made.version]), ada(), at(1)).await.unwrap();
        // What changes nothing is no change.
        store.change_task(other, &Expected::Any, "eve", at(2)).await.unwrap();
        assert!(store.change_task(spec(r#"{"id": "a"}"#), &Expected::OneOf(vec![99]), "eve", at(2)).await.is_err());
        store.cancel_task("a", ada(), Some("enough"), at(3)).await.unwrap();
        store.cancel_task("a", "eve", None, at(4)).await.unwrap();
        store.retry_task("a", ada(), at(5)).await.unwrap();
        assert!(store.delete_task("a", &Expected::Any, "eve", at(6)).await.is_err());
        store.cancel_task("a", ada(), None, at(7)).await.unwrap();
        store.delete_task("a", &Expected::Any, ada(), at(8)).await.unwrap();
        let about = AuditFilter { object: Some("task/a".to_owned()), ..AuditFilter::default() };
        let mut entries = store.audit(&about, None, 100).await.unwrap();
        entries.reverse();
        let told: Vec<_> = entries.iter().map(|entry| (entry.action.as_str(), entry.detail.clone().unwrap())).collect();
        assert_eq!(
            told,
            [
                ("task.created", json!({"namespace": "tasks"})),
                ("task.changed", json!({"fields": ["image"]})),
                ("task.cancelled", json!({"attempt": 1, "reason": "enough"})),
                ("task.retried", json!({"attempt": 2})),
                ("task.cancelled", json!({"attempt": 2, "reason": null})),
                ("task.deleted", json!({"namespace": "tasks", "attempt": 2, "status": "CANCELLED"})),
            ]
        );
        assert!(entries.iter().all(|entry| entry.actor == "user/ada" && entry.request_id.is_some()), "{entries:#?}");
    })
    .await;
}
