//! How the server itself works, as one document.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sqlx::{Any, Executor};

use super::audit::{Author, audit};
use super::row::Columns;
use super::{Store, StoreError};

const NAME: &str = "server";

/// What somebody set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StoredServerSettings {
    /// Grows with every change; 0 before the first.
    pub version: i64,
    /// The document.
    pub set: Map<String, Value>,
    /// When it last changed, and by whom.
    pub changed: Option<(Timestamp, String)>,
}

impl Store {
    /// What is set of the server's settings.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn server_settings(&self) -> Result<StoredServerSettings, StoreError> {
        read(self.database().reader()).await
    }

    /// Puts a document in the place of the version that was read. The audit log has both.
    ///
    /// # Errors
    ///
    /// [`StoreError::Outdated`] where it has changed since.
    pub async fn change_server_settings(
        &self,
        set: &Map<String, Value>,
        from: i64,
        author: &Author,
        now: Timestamp,
    ) -> Result<StoredServerSettings, StoreError> {
        let mut write = self.write().await?;
        // Whoever comes second waits here, and then meets the other's version.
        let first = "INSERT INTO server_settings (name, value, version, changed_at, changed_by) \
            VALUES ($1, '{}', 0, $2, $3) ON CONFLICT (name) DO UPDATE SET version = server_settings.version";
        sqlx::query(first).bind(NAME).bind(now.as_microsecond()).bind(&author.actor).execute(&mut *write).await?;
        let before = read(&mut *write).await?;
        if before.version != from {
            let id = "for the server".to_owned();
            return Err(StoreError::Outdated { kind: "settings document", id, given: from, current: before.version });
        }
        if before.set == *set {
            return Ok(before);
        }
        let update = "UPDATE server_settings SET value = $2, version = version + 1, changed_at = $3, changed_by = $4 \
            WHERE name = $1";
        sqlx::query(update)
            .bind(NAME)
            .bind(Value::Object(set.clone()).to_string())
            .bind(now.as_microsecond())
            .bind(&author.actor)
            .execute(&mut *write)
            .await?;
        let after = read(&mut *write).await?;
        let detail = json!({"version": after.version, "old": before.set, "new": set});
        audit(&mut write, author, "settings.changed", "settings/server", Some(&detail), now).await?;
        write.commit().await?;
        Ok(after)
    }
}

async fn read<'e>(executor: impl Executor<'e, Database = Any>) -> Result<StoredServerSettings, StoreError> {
    let select = "SELECT value, version, changed_at, changed_by FROM server_settings WHERE name = $1";
    let Some(row) = sqlx::query(select).bind(NAME).fetch_optional(executor).await? else {
        return Ok(StoredServerSettings::default());
    };
    let columns = Columns { table: "server_settings", row: &row };
    Ok(StoredServerSettings {
        version: columns.integer("version")?,
        set: columns.json("value")?,
        changed: Some((columns.time("changed_at")?, columns.text("changed_by")?)),
    })
}
