//! Notifications: channels and rules, and what is told in the transaction of what happens.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use keruta_api::{Notification, NotificationEvent, NotificationState, StatusUpdate, TaskStatus};
use keruta_server::notify::{Channel, Rule};
use keruta_server::store::logs::LogStore;
use keruta_server::store::{Epoch, Expected, Lease, OutboxFilter, OutboxMessage, Outcome, Store, StoreError};
use keruta_submitter::Attempt;
use keruta_submitter::logs::{Level, LogEntry, LogLine, LogSource};
use serde_json::{Value, json};

use crate::{HOSTILE, ada, at, on_each, spec};

fn channel(name: &str) -> Channel {
    let spec = json!({"name": name, "target": {"slack": {"webhookUrl": {"file": "secret"}}}});
    Channel::parse(serde_json::from_value(spec).unwrap()).unwrap()
}

fn rule(changes: &Value) -> Rule {
    let mut rule = json!({"name": "Rule", "channelId": "c", "trigger": {"taskFailed": {}}});
    for (name, value) in changes.as_object().unwrap() {
        rule[name] = value.clone();
    }
    Rule::parse(serde_json::from_value(rule).unwrap()).unwrap()
}

/// A store with the channel `c` and these rules, `r0` and so on.
async fn with_rules(store: &Store, rules: &[Value]) {
    store.create_notification_channel("c", &channel("Operations"), &ada(), at(0)).await.unwrap();
    for (number, changes) in rules.iter().enumerate() {
        store.create_notification_rule(&format!("r{number}"), &rule(changes), &ada(), at(0)).await.unwrap();
    }
}

async fn outbox(store: &Store) -> Vec<Notification> {
    store.notifications(&OutboxFilter::default(), None, 1000).await.unwrap()
}

async fn fail(store: &Store, task: &str, now: Timestamp) {
    let update = StatusUpdate { reason: Some("it ended with 3".to_owned()), ..StatusUpdate::to(TaskStatus::Failed) };
    store.set_status(task, &update, "ada", now).await.unwrap();
}

async fn epoch(store: &Store, now: Timestamp) -> Epoch {
    match store.hold_runner_lease("one", SignedDuration::from_hours(1), now).await.unwrap() {
        Lease::Held(epoch) => epoch,
        other @ Lease::Other { .. } => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn channels_and_rules_are_versioned_and_audited() {
    on_each(async |store| {
        with_rules(&store, &[json!({})]).await;
        let changed = channel("Night shift");
        let expected = Expected::OneOf(vec![1]);
        let after = store.change_notification_channel("c", &changed, &expected, &ada(), at(1)).await.unwrap();
        assert_eq!((after.version, after.name.as_str()), (2, "Night shift"));
        let outdated = store.change_notification_channel("c", &changed, &expected, &ada(), at(2)).await.unwrap_err();
        assert!(matches!(outdated, StoreError::Outdated { current: 2, .. }), "{outdated}");
        let used = store.delete_notification_channel("c", &Expected::Any, &ada(), at(2)).await.unwrap_err();
        assert!(used.to_string().contains("used by the rule r0"), "{used}");
        let orphan = rule(&json!({"channelId": "none"}));
        let unknown = store.create_notification_rule("x", &orphan, &ada(), at(2)).await.unwrap_err();
        assert!(matches!(unknown, StoreError::NotFound { kind: "notification channel", .. }), "{unknown}");
        let stuck = rule(&json!({"trigger": {"taskStuck": {"waitingSeconds": 60}}, "enabled": false}));
        let after = store.change_notification_rule("r0", &stuck, &Expected::Any, &ada(), at(3)).await.unwrap();
        assert_eq!((after.trigger.event(), after.enabled), (NotificationEvent::TaskStuck, false));
        store.delete_notification_rule("r0", &Expected::Any, &ada(), at(4)).await.unwrap();
        store.delete_notification_channel("c", &Expected::Any, &ada(), at(4)).await.unwrap();
        let audit = store.audit(&keruta_server::store::AuditFilter::default(), None, 100).await.unwrap();
        let actions: BTreeSet<&str> = audit.iter().map(|entry| entry.action.as_str()).collect();
        for kind in ["notificationChannel", "notificationRule"] {
            for action in ["created", "changed", "deleted"] {
                assert!(actions.contains(format!("{kind}.{action}").as_str()), "{kind}.{action} {actions:?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_failure_is_told_once_a_window_to_those_whom_it_concerns() {
    on_each(async |store| {
        with_rules(
            &store,
            &[
                json!({"windowSeconds": 600}),
                json!({"scope": {"namespaces": ["elsewhere"]}}),
                json!({"enabled": false}),
                json!({"windowSeconds": 0, "scope": {"rootTaskIds": ["a"]}}),
            ],
        )
        .await;
        for (id, title) in [("a", HOSTILE[5]), ("b", HOSTILE[0])] {
            let task = json!({"id": id, "title": title}).to_string();
            store.create_task(spec(&task), "tasks", "ada", at(0)).await.unwrap();
        }
        fail(&store, "a", at(10)).await;
        fail(&store, "b", at(11)).await;
        // Again within the window, and behind it.
        for second in [100, 700] {
            store.retry_task("a", "ada", at(second)).await.unwrap();
            fail(&store, "a", at(second + 1)).await;
        }
        let mut told: Vec<_> = outbox(&store)
            .await
            .into_iter()
            .map(|one| (one.rule_id.unwrap(), one.task_id.unwrap(), one.attempt.unwrap(), one.occurrences))
            .collect();
        told.sort();
        let expected = [
            ("r0", "a", 1, 2),
            ("r0", "a", 3, 1),
            ("r0", "b", 1, 1),
            ("r3", "a", 1, 1),
            ("r3", "a", 2, 1),
            ("r3", "a", 3, 1),
        ];
        let expected: Vec<_> =
            expected.map(|(rule, task, attempt, times)| (rule.to_owned(), task.to_owned(), attempt, times)).into();
        assert_eq!(told, expected);
        // Whoever cancels is told nothing.
        store.retry_task("b", "ada", at(800)).await.unwrap();
        store.cancel_task("b", "ada", None, at(801)).await.unwrap();
        assert_eq!(outbox(&store).await.len(), 6);
    })
    .await;
}

#[tokio::test]
async fn what_is_not_committed_is_not_told() {
    on_each(async |store| {
        with_rules(&store, &[json!({})]).await;
        store.create_task(spec(r#"{"id": "a"}"#), "tasks", "ada", at(0)).await.unwrap();
        let other = StatusUpdate { attempt: Some(2), ..StatusUpdate::to(TaskStatus::Failed) };
        store.set_status("a", &other, "ada", at(1)).await.unwrap_err();
        assert!(outbox(&store).await.is_empty());
        fail(&store, "a", at(2)).await;
        let event = store.events(Some("a"), 0, 10).await.unwrap().pop().unwrap();
        assert_eq!((event.to, outbox(&store).await.len()), (Some(TaskStatus::Failed), 1));
    })
    .await;
}

fn source(task: &str, container: &str) -> LogSource {
    let attempt = Attempt { namespace: "tasks".to_owned(), task: task.to_owned(), number: 1 };
    let (job, pod) = (format!("keruta-job-{task}"), format!("{task}-pod"));
    LogSource { attempt, job, pod, pod_uid: "1".to_owned(), container: container.to_owned(), restart: 0 }
}

fn line(level: Level, message: &[u8]) -> LogEntry {
    let message = message.to_vec().into();
    LogEntry::Line(LogLine { number: 1, timestamp: at(0), level, message, continues: false })
}

#[tokio::test]
async fn errors_in_logs_are_told_with_their_first_line_and_counted() {
    on_each(async |store| {
        with_rules(&store, &[json!({"trigger": {"errorLogged": {}}, "windowSeconds": 3600})]).await;
        store.create_task(spec(r#"{"id": "a"}"#), "tasks", "ada", at(0)).await.unwrap();
        let logs = LogStore::start(store.clone());
        let quiet = [line(Level::Info, b"fine"), line(Level::Warn, b"hm")];
        logs.append_at(&source("a", "main"), 0, &quiet, false).await.unwrap();
        assert!(outbox(&store).await.is_empty());
        let loud =
            [line(Level::Info, b"fine"), line(Level::Error, b"\x1b[31mfirst\0\xff <x>"), line(Level::Error, b"second")];
        for _ in 0..2 {
            // The same batch again is no news.
            logs.append_at(&source("a", "main"), 2, &loud, false).await.unwrap();
        }
        let told = outbox(&store).await;
        assert_eq!((told.len(), told[0].occurrences, told[0].event), (1, 2, NotificationEvent::ErrorLogged));
        assert_eq!(told[0].reason, "[31mfirst \u{fffd} <x>");
        // Many containers at once, and a task that nobody knows.
        let mut batches = tokio::task::JoinSet::new();
        for container in 0..20 {
            let logs = logs.clone();
            batches.spawn(async move {
                let task = if container % 5 == 4 { "unknown" } else { "a" };
                logs.append_at(&source(task, &format!("c{container}")), 0, &[line(Level::Error, b"x")], true)
                    .await
                    .unwrap();
            });
        }
        batches.join_all().await;
        let told = outbox(&store).await;
        assert_eq!((told.len(), told[0].occurrences), (1, 18));
    })
    .await;
}

#[tokio::test]
async fn stuck_tasks_are_told_of_once_each_time_that_they_are_stuck() {
    on_each(async |store| {
        let stuck = json!({"taskStuck": {"waitingSeconds": 60, "runningSeconds": 100}});
        with_rules(&store, &[json!({"trigger": stuck, "windowSeconds": 0})]).await;
        let epoch = epoch(&store, at(0)).await;
        for id in ["a", "b"] {
            store.create_task(spec(&json!({"id": id}).to_string()), "tasks", "ada", at(0)).await.unwrap();
        }
        let waiting = [("a".to_owned(), "the quota of the namespace".to_owned())];
        store.note_waiting(&waiting).await.unwrap();
        let look = async |second| store.tell_of_stuck_tasks(epoch, at(second)).await.unwrap();
        assert_eq!((look(59).await, look(60).await, look(61).await), (0, 2, 0));
        let told = outbox(&store).await;
        assert!(
            told.iter().any(|one| one.reason == "it waits for more than 1m: the quota of the namespace"),
            "{told:?}"
        );
        let started = StatusUpdate::to(TaskStatus::InProgress);
        store.set_status("a", &started, "ada", at(70)).await.unwrap();
        assert_eq!((look(169).await, look(170).await, look(1000).await), (0, 1, 0));
        assert_eq!(outbox(&store).await[0].reason, "it runs for more than 1m 40s");
        // The next attempt waits anew.
        fail(&store, "a", at(1001)).await;
        store.retry_task("a", "ada", at(1002)).await.unwrap();
        assert_eq!((look(1061).await, look(1062).await), (0, 1));
        let attempts: Vec<_> =
            outbox(&store).await.iter().map(|one| (one.task_id.clone().unwrap(), one.attempt)).collect();
        assert_eq!(attempts.len(), 4);
        assert_eq!(attempts[0], ("a".to_owned(), Some(2)));
        // Who lost the lease tells nothing.
        store.release_runner_lease(epoch).await.unwrap();
        store.hold_runner_lease("two", SignedDuration::from_hours(1), at(1100)).await.unwrap();
        assert!(matches!(store.tell_of_stuck_tasks(epoch, at(9000)).await, Err(StoreError::Fenced)));
    })
    .await;
}

#[tokio::test]
async fn the_outbox_moves_as_its_messages_do() {
    on_each(async |store| {
        with_rules(&store, &[json!({})]).await;
        for number in 0..3 {
            let id = format!("t{number}");
            store.create_task(spec(&json!({"id": id}).to_string()), "tasks", "ada", at(0)).await.unwrap();
            fail(&store, &id, at(number)).await;
        }
        let epoch = epoch(&store, at(5)).await;
        let due = async |second| store.due_notifications("c", at(second - 60), at(second)).await.unwrap();
        let message = async |id: &str, second| OutboxMessage {
            id: id.to_owned(),
            channel: "c".to_owned(),
            notifications: due(second).await.0.into_iter().map(|due| due.notification).take(2).collect(),
        };
        let first = store.take_notifications(message("m1", 10).await, epoch).await.unwrap().unwrap();
        assert_eq!(first.notifications.len(), 2);
        assert!(store.take_notifications(first.clone(), epoch).await.unwrap().is_none(), "they are being sent");
        let pause = std::time::Duration::from_mins(5);
        let failed = Outcome::Failed { error: "429".to_owned(), is_final: false, retry_after: Some(pause) };
        store.settle_notifications(&first, &failed, epoch, at(10)).await.unwrap();
        assert_eq!(store.notification_channel("c").await.unwrap().held_until, Some(at(310)));
        assert!(store.due_notification_channels(at(309)).await.unwrap().is_empty());
        assert_eq!(store.due_notification_channels(at(310)).await.unwrap().len(), 1);
        let (again, _) = due(310).await;
        // The one that was not tried comes first; the others keep their message.
        let messages: Vec<_> = again.iter().map(|due| due.message.as_deref()).collect();
        assert_eq!(messages, [None, Some("m1"), Some("m1")]);
        let all = OutboxMessage {
            id: "m2".to_owned(),
            channel: "c".to_owned(),
            notifications: again.into_iter().map(|due| due.notification).collect(),
        };
        let all = store.take_notifications(all, epoch).await.unwrap().unwrap();
        store.settle_notifications(&all, &Outcome::Sent, epoch, at(320)).await.unwrap();
        assert_eq!(due(330).await.1, 1, "one message was sent lately");
        assert_eq!(due(400).await.1, 0);
        let filter = OutboxFilter {
            state: Some(NotificationState::Sent),
            task: Some("t1".to_owned()),
            ..OutboxFilter::default()
        };
        let sent = store.notifications(&filter, None, 10).await.unwrap();
        assert_eq!((sent.len(), sent[0].sent_at, sent[0].last_error.as_ref()), (1, Some(at(320)), None));
        // A page behind another.
        let newest = outbox(&store).await;
        let after = (newest[0].created_at.as_microsecond(), newest[0].id.clone());
        let rest = store.notifications(&OutboxFilter::default(), Some(&after), 10).await.unwrap();
        assert_eq!(rest, newest[1..]);
        assert_eq!(store.purge_notifications(at(2)).await.unwrap(), 2);
        assert_eq!(outbox(&store).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn what_fails_again_and_again_is_given_up() {
    on_each(async |store| {
        with_rules(&store, &[json!({})]).await;
        store.create_task(spec(r#"{"id": "a"}"#), "tasks", "ada", at(0)).await.unwrap();
        fail(&store, "a", at(0)).await;
        let epoch = epoch(&store, at(0)).await;
        let mut now = at(1);
        let failed = Outcome::Failed { error: "500".to_owned(), is_final: false, retry_after: None };
        let mut tries = 0;
        loop {
            let (due, _) = store.due_notifications("c", now, now).await.unwrap();
            let Some(due) = due.into_iter().next() else { break };
            tries += 1;
            let message =
                OutboxMessage { id: "m".to_owned(), channel: "c".to_owned(), notifications: vec![due.notification] };
            let message = store.take_notifications(message, epoch).await.unwrap().unwrap();
            store.settle_notifications(&message, &failed, epoch, now).await.unwrap();
            now = now.checked_add(SignedDuration::from_hours(1)).unwrap();
        }
        let last = outbox(&store).await.remove(0);
        assert_eq!((tries, last.tries, last.state), (24, 24, NotificationState::Failed));
        assert_eq!(last.last_error.as_deref(), Some("500"));
    })
    .await;
}
