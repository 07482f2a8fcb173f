//! Rules: of what, of which tasks, and by which channel somebody is told.

use jiff::Timestamp;
use keruta_api::{ErrorLogged, NotificationEvent, NotificationRule, NotificationTrigger, TaskFailed, TaskStuck};
use serde_json::json;
use sqlx::any::AnyRow;
use sqlx::{Any, Executor, Transaction};

use super::{channels, object};
use crate::notify::Rule;
use crate::store::audit::{Author, audit};
use crate::store::row::Columns;
use crate::store::{Expected, Store, StoreError};

const KIND: &str = "notificationRule";

impl Store {
    /// Makes a rule.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] where its channel is unknown.
    pub async fn create_notification_rule(
        &self,
        id: &str,
        rule: &Rule,
        author: &Author,
        now: Timestamp,
    ) -> Result<NotificationRule, StoreError> {
        let mut write = self.write().await?;
        channels::locked(&mut write, rule.channel_id()).await?;
        let insert = "INSERT INTO notification_rules (id, name, enabled, channel_id, event, waiting_seconds, \
                running_seconds, scope, window_seconds, version, created_at, updated_at) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, $10, $10)";
        bound(sqlx::query(insert), id, rule, now).execute(&mut *write).await?;
        let made = read(&mut *write, id).await?;
        audit(&mut write, author, "notificationRule.created", &object(KIND, id), Some(&json!(made)), now).await?;
        write.commit().await?;
        Ok(made)
    }

    /// A rule.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn notification_rule(&self, id: &str) -> Result<NotificationRule, StoreError> {
        read(self.database().reader(), id).await
    }

    /// Rules in the order of their names, behind the one with this name and id.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn notification_rules(
        &self,
        after: Option<&(String, String)>,
        limit: i64,
    ) -> Result<Vec<NotificationRule>, StoreError> {
        let select = "SELECT * FROM notification_rules \
            WHERE (CAST($1 AS TEXT) IS NULL OR (name, id) > ($1, $2)) ORDER BY name, id LIMIT $3";
        let rows = sqlx::query(select)
            .bind(after.map(|(name, _)| name.as_str()))
            .bind(after.map_or("", |(_, id)| id.as_str()))
            .bind(limit)
            .fetch_all(self.database().reader())
            .await?;
        rows.iter().map(rule_of).collect()
    }

    /// Changes a rule.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`], also where its channel is unknown; [`StoreError::Outdated`].
    pub async fn change_notification_rule(
        &self,
        id: &str,
        rule: &Rule,
        expected: &Expected,
        author: &Author,
        now: Timestamp,
    ) -> Result<NotificationRule, StoreError> {
        let mut write = self.write().await?;
        let before = locked(&mut write, id).await?;
        expected.check(KIND, id, before.version)?;
        channels::locked(&mut write, rule.channel_id()).await?;
        let update = "UPDATE notification_rules SET name = $2, enabled = $3, channel_id = $4, event = $5, \
            waiting_seconds = $6, running_seconds = $7, scope = $8, window_seconds = $9, version = version + 1, \
            updated_at = $10 WHERE id = $1";
        bound(sqlx::query(update), id, rule, now).execute(&mut *write).await?;
        let after = read(&mut *write, id).await?;
        let detail = json!({"old": before, "new": after});
        audit(&mut write, author, "notificationRule.changed", &object(KIND, id), Some(&detail), now).await?;
        write.commit().await?;
        Ok(after)
    }

    /// Deletes a rule. What it has told already is sent all the same.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`], [`StoreError::Outdated`].
    pub async fn delete_notification_rule(
        &self,
        id: &str,
        expected: &Expected,
        author: &Author,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        let before = locked(&mut write, id).await?;
        expected.check(KIND, id, before.version)?;
        sqlx::query("DELETE FROM notification_windows WHERE rule_id = $1").bind(id).execute(&mut *write).await?;
        sqlx::query("DELETE FROM notification_rules WHERE id = $1").bind(id).execute(&mut *write).await?;
        audit(&mut write, author, "notificationRule.deleted", &object(KIND, id), Some(&json!(before)), now).await?;
        Ok(write.commit().await?)
    }
}

/// The rules in force that wait for an event, in the order of their ids.
pub(super) async fn in_force<'e>(
    executor: impl Executor<'e, Database = Any>,
    event: NotificationEvent,
) -> Result<Vec<NotificationRule>, StoreError> {
    let select = "SELECT * FROM notification_rules WHERE event = $1 AND enabled = 1 ORDER BY id";
    let rows = sqlx::query(select).bind(event.as_str()).fetch_all(executor).await?;
    rows.iter().map(rule_of).collect()
}

type Query<'q> = sqlx::query::Query<'q, Any, sqlx::any::AnyArguments>;

fn bound<'q>(query: Query<'q>, id: &'q str, rule: &'q Rule, now: Timestamp) -> Query<'q> {
    let stuck = rule.stuck();
    query
        .bind(id)
        .bind(rule.name())
        .bind(i64::from(rule.enabled()))
        .bind(rule.channel_id())
        .bind(rule.event().as_str())
        .bind(stuck.and_then(|stuck| stuck.waiting_seconds).map(i64::from))
        .bind(stuck.and_then(|stuck| stuck.running_seconds).map(i64::from))
        .bind(rule.scope_json())
        .bind(i64::from(rule.window_seconds()))
        .bind(now.as_microsecond())
}

async fn locked(write: &mut Transaction<'_, Any>, id: &str) -> Result<NotificationRule, StoreError> {
    let lock = "UPDATE notification_rules SET version = version WHERE id = $1";
    sqlx::query(lock).bind(id).execute(&mut **write).await?;
    read(&mut **write, id).await
}

async fn read<'e>(executor: impl Executor<'e, Database = Any>, id: &str) -> Result<NotificationRule, StoreError> {
    let row = sqlx::query("SELECT * FROM notification_rules WHERE id = $1").bind(id).fetch_optional(executor).await?;
    let not_found = || StoreError::NotFound { kind: "notification rule", id: id.to_owned() };
    row.as_ref().map_or_else(|| Err(not_found()), rule_of)
}

fn rule_of(row: &AnyRow) -> Result<NotificationRule, StoreError> {
    let columns = Columns { table: "notification_rules", row };
    let seconds = |column| -> Result<Option<u32>, StoreError> {
        columns.integer_if_any(column)?.map(|_| columns.number(column)).transpose()
    };
    let trigger = match columns.word("event")? {
        NotificationEvent::ErrorLogged => NotificationTrigger::ErrorLogged(ErrorLogged {}),
        NotificationEvent::TaskStuck => NotificationTrigger::TaskStuck(TaskStuck {
            waiting_seconds: seconds("waiting_seconds")?,
            running_seconds: seconds("running_seconds")?,
        }),
        // No rule waits for a test.
        NotificationEvent::TaskFailed | NotificationEvent::Test => NotificationTrigger::TaskFailed(TaskFailed {}),
    };
    Ok(NotificationRule {
        id: columns.text("id")?,
        name: columns.text("name")?,
        enabled: columns.integer("enabled")? != 0,
        channel_id: columns.text("channel_id")?,
        trigger,
        scope: columns.json("scope")?,
        window_seconds: columns.number("window_seconds")?,
        version: columns.integer("version")?,
        created_at: columns.time("created_at")?,
        updated_at: columns.time("updated_at")?,
    })
}
