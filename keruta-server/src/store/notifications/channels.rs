//! Ways to reach people.

use jiff::Timestamp;
use keruta_api::NotificationChannel;
use serde_json::json;
use sqlx::any::AnyRow;
use sqlx::{Any, Executor, Transaction};

use super::object;
use crate::notify::Channel;
use crate::store::audit::{Author, audit};
use crate::store::row::Columns;
use crate::store::{Expected, Store, StoreError};

const KIND: &str = "notificationChannel";

impl Store {
    /// Makes a channel.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn create_notification_channel(
        &self,
        id: &str,
        channel: &Channel,
        author: &Author,
        now: Timestamp,
    ) -> Result<NotificationChannel, StoreError> {
        let mut write = self.write().await?;
        let insert = "INSERT INTO notification_channels (id, name, target, failures, version, created_at, updated_at) \
            VALUES ($1, $2, $3, 0, 1, $4, $4)";
        sqlx::query(insert)
            .bind(id)
            .bind(channel.name())
            .bind(channel.target_json())
            .bind(now.as_microsecond())
            .execute(&mut *write)
            .await?;
        let made = read(&mut *write, id).await?;
        let detail = json!({"name": made.name, "target": made.target});
        audit(&mut write, author, "notificationChannel.created", &object(KIND, id), Some(&detail), now).await?;
        write.commit().await?;
        Ok(made)
    }

    /// A channel.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn notification_channel(&self, id: &str) -> Result<NotificationChannel, StoreError> {
        read(self.database().reader(), id).await
    }

    /// Channels in the order of their names, behind the one with this name and id.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn notification_channels(
        &self,
        after: Option<&(String, String)>,
        limit: i64,
    ) -> Result<Vec<NotificationChannel>, StoreError> {
        let select = "SELECT * FROM notification_channels \
            WHERE (CAST($1 AS TEXT) IS NULL OR (name, id) > ($1, $2)) ORDER BY name, id LIMIT $3";
        let rows = sqlx::query(select)
            .bind(after.map(|(name, _)| name.as_str()))
            .bind(after.map_or("", |(_, id)| id.as_str()))
            .bind(limit)
            .fetch_all(self.database().reader())
            .await?;
        rows.iter().map(channel_of).collect()
    }

    /// Changes a channel; what was held back for it is tried at once.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`], [`StoreError::Outdated`].
    pub async fn change_notification_channel(
        &self,
        id: &str,
        channel: &Channel,
        expected: &Expected,
        author: &Author,
        now: Timestamp,
    ) -> Result<NotificationChannel, StoreError> {
        let mut write = self.write().await?;
        let before = locked(&mut write, id).await?;
        expected.check(KIND, id, before.version)?;
        let update = "UPDATE notification_channels SET name = $2, target = $3, held_until = NULL, failures = 0, \
            version = version + 1, updated_at = $4 WHERE id = $1";
        sqlx::query(update)
            .bind(id)
            .bind(channel.name())
            .bind(channel.target_json())
            .bind(now.as_microsecond())
            .execute(&mut *write)
            .await?;
        let after = read(&mut *write, id).await?;
        let detail = json!({
            "old": {"name": before.name, "target": before.target}, "new": {"name": after.name, "target": after.target},
        });
        audit(&mut write, author, "notificationChannel.changed", &object(KIND, id), Some(&detail), now).await?;
        write.commit().await?;
        self.changed();
        Ok(after)
    }

    /// Deletes a channel that no rule uses. What was to be sent by it is given up.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`], [`StoreError::Outdated`], [`StoreError::Referenced`].
    pub async fn delete_notification_channel(
        &self,
        id: &str,
        expected: &Expected,
        author: &Author,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        let before = locked(&mut write, id).await?;
        expected.check(KIND, id, before.version)?;
        let select = "SELECT id FROM notification_rules WHERE channel_id = $1 ORDER BY id LIMIT 1";
        if let Some(row) = sqlx::query(select).bind(id).fetch_optional(&mut *write).await? {
            let by = Columns { table: "notification_rules", row: &row }.text("id")?;
            return Err(StoreError::Referenced {
                kind: "notification channel",
                id: id.to_owned(),
                by: format!("rule {by}"),
            });
        }
        let update = "UPDATE notifications SET state = 'failed', last_error = 'the channel was deleted' \
            WHERE channel_id = $1 AND state IN ('pending', 'sending')";
        sqlx::query(update).bind(id).execute(&mut *write).await?;
        sqlx::query("DELETE FROM notification_channels WHERE id = $1").bind(id).execute(&mut *write).await?;
        let detail = json!({"name": before.name, "target": before.target});
        audit(&mut write, author, "notificationChannel.deleted", &object(KIND, id), Some(&detail), now).await?;
        Ok(write.commit().await?)
    }
}

/// A channel that nobody else can change before the transaction ends.
pub(super) async fn locked(write: &mut Transaction<'_, Any>, id: &str) -> Result<NotificationChannel, StoreError> {
    let lock = "UPDATE notification_channels SET version = version WHERE id = $1";
    sqlx::query(lock).bind(id).execute(&mut **write).await?;
    read(&mut **write, id).await
}

async fn read<'e>(executor: impl Executor<'e, Database = Any>, id: &str) -> Result<NotificationChannel, StoreError> {
    let select = "SELECT * FROM notification_channels WHERE id = $1";
    let row = sqlx::query(select).bind(id).fetch_optional(executor).await?;
    let not_found = || StoreError::NotFound { kind: "notification channel", id: id.to_owned() };
    row.as_ref().map_or_else(|| Err(not_found()), channel_of)
}

pub(super) fn channel_of(row: &AnyRow) -> Result<NotificationChannel, StoreError> {
    let columns = Columns { table: "notification_channels", row };
    Ok(NotificationChannel {
        id: columns.text("id")?,
        name: columns.text("name")?,
        target: columns.json("target")?,
        held_until: columns.time_if_any("held_until")?,
        version: columns.integer("version")?,
        created_at: columns.time("created_at")?,
        updated_at: columns.time("updated_at")?,
    })
}
