//! What is to be told, written in the transaction of what happened.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use keruta_api::{NotificationEvent, NotificationRule};
use sqlx::{Any, Transaction};

use super::rules::in_force;
use crate::notify::{REASON_MAX, covers, one_line};
use crate::store::StoreError;
use crate::store::tasks::task_in;
use crate::task::StoredTask;

/// Lines of the level ERROR in a batch of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct LoggedErrors {
    /// The attempt.
    pub(in crate::store) attempt: u32,
    /// How many.
    pub(in crate::store) count: u64,
    /// The first of them.
    pub(in crate::store) first: String,
}

/// What a rule is to tell.
pub(super) struct Told<'a> {
    pub(super) event: NotificationEvent,
    pub(super) task: &'a StoredTask,
    pub(super) attempt: u32,
    pub(super) reason: &'a str,
    pub(super) occurrences: u64,
    /// The same cause is told once.
    pub(super) once: Option<&'a str>,
}

/// Tells that an attempt has failed.
pub(in crate::store) async fn task_failed(
    write: &mut Transaction<'_, Any>,
    task: &StoredTask,
    attempt: u32,
    reason: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    for rule in in_force(&mut **write, NotificationEvent::TaskFailed).await? {
        if covers(&rule.scope, task) {
            let reason = reason.unwrap_or("no reason was given");
            let event = NotificationEvent::TaskFailed;
            tell(write, &rule, &Told { event, task, attempt, reason, occurrences: 1, once: None }, now).await?;
        }
    }
    Ok(())
}

/// Tells of errors in the logs of tasks. Called at the end of a transaction, for all its batches in the order of the tasks, so
/// that two that write logs lock rows in one order.
pub(in crate::store) async fn errors_logged(
    write: &mut Transaction<'_, Any>,
    errors: &BTreeMap<String, LoggedErrors>,
    now: Timestamp,
) -> Result<(), StoreError> {
    if errors.is_empty() {
        return Ok(());
    }
    let rules = in_force(&mut **write, NotificationEvent::ErrorLogged).await?;
    if rules.is_empty() {
        return Ok(());
    }
    for (id, LoggedErrors { attempt, count, first }) in errors {
        let task = match task_in(write, id).await {
            Ok(task) => task,
            // Logs are kept whether the task is known or not.
            Err(StoreError::NotFound { .. }) => continue,
            Err(error) => return Err(error),
        };
        for rule in rules.iter().filter(|rule| covers(&rule.scope, &task)) {
            let (event, occurrences) = (NotificationEvent::ErrorLogged, *count);
            let told = Told { event, task: &task, attempt: *attempt, reason: first, occurrences, once: None };
            tell(write, rule, &told, now).await?;
        }
    }
    Ok(())
}

/// Puts a notification into the outbox, or counts it in the one that its window has already.
pub(super) async fn tell(
    write: &mut Transaction<'_, Any>,
    rule: &NotificationRule,
    told: &Told<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let id = uuid::Uuid::now_v7().to_string();
    let window = SignedDuration::from_secs(i64::from(rule.window_seconds));
    let closed = now.checked_sub(window).unwrap_or(Timestamp::MIN);
    let open = "INSERT INTO notification_windows (rule_id, task_id, opened_at, cause, notification_id) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (rule_id, task_id) DO UPDATE \
        SET opened_at = excluded.opened_at, cause = excluded.cause, notification_id = excluded.notification_id \
        WHERE notification_windows.opened_at <= $6 \
            AND (notification_windows.cause = '' OR notification_windows.cause <> excluded.cause)";
    let opened = sqlx::query(open)
        .bind(&rule.id)
        .bind(told.task.id())
        .bind(now.as_microsecond())
        .bind(told.once.unwrap_or_default())
        .bind(&id)
        .bind(closed.as_microsecond())
        .execute(&mut **write)
        .await?;
    if opened.rows_affected() == 0 {
        return count(write, rule, told).await;
    }
    let insert = "INSERT INTO notifications (id, event, rule_id, channel_id, task_id, title, attempt, namespace, reason, \
            occurrences, state, tries, not_before, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'pending', 0, $11, $11)";
    sqlx::query(insert)
        .bind(&id)
        .bind(told.event.as_str())
        .bind(&rule.id)
        .bind(&rule.channel_id)
        .bind(told.task.id())
        .bind(told.task.spec.title())
        .bind(i64::from(told.attempt))
        .bind(&told.task.namespace)
        .bind(one_line(told.reason, REASON_MAX))
        .bind(i64::try_from(told.occurrences).unwrap_or(i64::MAX))
        .bind(now.as_microsecond())
        .execute(&mut **write)
        .await?;
    Ok(())
}

/// Adds to the notification of the window.
async fn count(write: &mut Transaction<'_, Any>, rule: &NotificationRule, told: &Told<'_>) -> Result<(), StoreError> {
    if told.once.is_some() {
        return Ok(());
    }
    let update = "UPDATE notifications SET occurrences = occurrences + $3 WHERE id = \
        (SELECT notification_id FROM notification_windows WHERE rule_id = $1 AND task_id = $2)";
    sqlx::query(update)
        .bind(&rule.id)
        .bind(told.task.id())
        .bind(i64::try_from(told.occurrences).unwrap_or(i64::MAX))
        .execute(&mut **write)
        .await?;
    Ok(())
}
