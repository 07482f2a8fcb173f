//! Settings: what somebody set, who set it, and every change.

use std::collections::BTreeMap;

use jiff::Timestamp;
use keruta_api::{SettingChange, SettingOrigin};
use serde_json::{Value, json};
use sqlx::any::AnyRow;
use sqlx::{Any, Transaction};

use super::audit::{Author, audit};
use super::counters::next_number;
use super::row::Columns;
use super::{Store, StoreError};

/// The counter of their versions. Whoever changes them holds it, so that two changes never mix.
const COUNTER: &str = "settings";

/// What was set of one field at the top of the settings.
#[derive(Debug, Clone, PartialEq)]
pub struct SetValue {
    /// What was set.
    pub value: Value,
    /// Who set which value in it, by JSON Pointer from the top of the settings.
    pub origins: BTreeMap<String, SettingOrigin>,
}

/// All that was set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StoredSettings {
    /// The version; 0 before the first start.
    pub version: i64,
    /// By the names of the fields.
    pub set: BTreeMap<String, SetValue>,
    /// When it last changed, and by whom.
    pub changed: Option<(Timestamp, String)>,
}

impl Store {
    /// The version of the settings; it grows with every change.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn settings_version(&self) -> Result<i64, StoreError> {
        let select = "SELECT value FROM counters WHERE name = $1";
        let row = sqlx::query(select).bind(COUNTER).fetch_one(self.database().reader()).await?;
        Columns { table: "counters", row: &row }.integer("value")
    }

    /// All that is set.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn settings(&self) -> Result<StoredSettings, StoreError> {
        // One statement: what is read is of one version.
        let select = "SELECT counters.value AS settings_version, settings.* FROM counters \
            LEFT JOIN settings ON 1 = 1 WHERE counters.name = $1";
        let rows = sqlx::query(select).bind(COUNTER).fetch_all(self.database().reader()).await?;
        let mut stored = StoredSettings::default();
        for row in &rows {
            let columns = Columns { table: "settings", row };
            stored.version = columns.integer("settings_version")?;
            if let Some(name) = columns.text_if_any("name")? {
                let set = SetValue { value: columns.json("value")?, origins: columns.json("origins")? };
                stored.set.insert(name, set);
            }
        }
        let select = "SELECT changed_at, changed_by FROM settings_history WHERE version <= $1 \
            ORDER BY version DESC, name LIMIT 1";
        let row = sqlx::query(select).bind(stored.version).fetch_optional(self.database().reader()).await?;
        if let Some(row) = row {
            let columns = Columns { table: "settings_history", row: &row };
            stored.changed = Some((columns.time("changed_at")?, columns.text("changed_by")?));
        }
        Ok(stored)
    }

    /// Sets what the server was first started with; `false`, and nothing changes, where it was started before.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn seed_settings(&self, set: &BTreeMap<String, SetValue>, now: Timestamp) -> Result<bool, StoreError> {
        let mut write = self.write().await?;
        // Of two replicas that start at once, one waits here for the other.
        if next_number(&mut write, COUNTER).await? != 1 {
            return Ok(false);
        }
        for (name, new) in set {
            put(&mut write, 1, name, Some(new), &Author::keruta(), now).await?;
        }
        write.commit().await?;
        Ok(true)
    }

    /// Changes fields, from the version that was read to the next one, which is the answer. `None` is back to the default.
    ///
    /// # Errors
    ///
    /// [`StoreError::Outdated`] where they have changed since.
    pub async fn change_settings(
        &self,
        from: i64,
        changes: &BTreeMap<String, Option<SetValue>>,
        author: &Author,
        now: Timestamp,
    ) -> Result<i64, StoreError> {
        let mut write = self.write().await?;
        let version = next_number(&mut write, COUNTER).await?;
        let current = version - 1;
        if current != from {
            let id = "for Kubernetes".to_owned();
            return Err(StoreError::Outdated { kind: "settings document", id, given: from, current });
        }
        for (name, new) in changes {
            put(&mut write, version, name, new.as_ref(), author, now).await?;
        }
        let names: Vec<&String> = changes.keys().collect();
        let detail = json!({"version": version, "names": names});
        audit(&mut write, author, "settings.changed", "settings/kubernetes", Some(&detail), now).await?;
        write.commit().await?;
        Ok(version)
    }

    /// The changes before a place in their history (version and name), the newest first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn settings_history(
        &self,
        before: Option<&(i64, String)>,
        limit: i64,
    ) -> Result<Vec<SettingChange>, StoreError> {
        let select = "SELECT * FROM settings_history WHERE version < $1 OR (version = $1 AND name > $2) \
            ORDER BY version DESC, name LIMIT $3";
        let rows = sqlx::query(select)
            .bind(before.map_or(i64::MAX, |(version, _)| *version))
            .bind(before.map_or("", |(_, name)| name.as_str()))
            .bind(limit)
            .fetch_all(self.database().reader())
            .await?;
        rows.iter().map(change_of).collect()
    }
}

/// Writes one field and its line in the history.
async fn put(
    write: &mut Transaction<'_, Any>,
    version: i64,
    name: &str,
    new: Option<&SetValue>,
    author: &Author,
    now: Timestamp,
) -> Result<(), StoreError> {
    let row = sqlx::query("SELECT value FROM settings WHERE name = $1").bind(name).fetch_optional(&mut **write).await?;
    let old = row.map(|row| Columns { table: "settings", row: &row }.text("value")).transpose()?;
    match new {
        Some(new) => {
            let upsert = "INSERT INTO settings (name, value, origins, version, changed_at, changed_by) \
                    VALUES ($1, $2, $3, $4, $5, $6) \
                ON CONFLICT (name) DO UPDATE SET value = $2, origins = $3, version = $4, changed_at = $5, changed_by = $6";
            sqlx::query(upsert)
                .bind(name)
                .bind(new.value.to_string())
                .bind(json!(new.origins).to_string())
                .bind(version)
                .bind(now.as_microsecond())
                .bind(&author.actor)
                .execute(&mut **write)
                .await?;
        }
        None => {
            sqlx::query("DELETE FROM settings WHERE name = $1").bind(name).execute(&mut **write).await?;
        }
    }
    let insert = "INSERT INTO settings_history (version, name, old_value, new_value, changed_at, changed_by) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    sqlx::query(insert)
        .bind(version)
        .bind(name)
        .bind(old)
        .bind(new.map(|new| new.value.to_string()))
        .bind(now.as_microsecond())
        .bind(&author.actor)
        .execute(&mut **write)
        .await?;
    Ok(())
}

fn change_of(row: &AnyRow) -> Result<SettingChange, StoreError> {
    let columns = Columns { table: "settings_history", row };
    Ok(SettingChange {
        version: columns.integer("version")?,
        name: columns.text("name")?,
        old: columns.json_if_any("old_value")?,
        new: columns.json_if_any("new_value")?,
        at: columns.time("changed_at")?,
        by: columns.text("changed_by")?,
    })
}
