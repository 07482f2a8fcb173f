//! Users: who may sign in with a password.

use jiff::Timestamp;
use keruta_api::{Role, User};
use serde_json::json;
use sqlx::any::AnyRow;
use sqlx::{Any, Executor, Transaction};

use super::audit::{Author, audit};
use super::row::Columns;
use super::{Expected, Store, StoreError};

const KIND: &str = "user";

const COLUMNS: &str = "id, name, role, disabled, version, created_at, updated_at";

/// What is to change of a user.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    /// What they may do.
    pub role: Option<Role>,
    /// Whether they may not sign in.
    pub disabled: Option<bool>,
    /// The hash of a new password.
    pub password_hash: Option<String>,
}

impl Store {
    /// Adds a user.
    ///
    /// # Errors
    ///
    /// [`StoreError::AlreadyExists`] where somebody has the name.
    pub async fn create_user(
        &self,
        id: &str,
        name: &str,
        password_hash: &str,
        role: Role,
        author: &Author,
        now: Timestamp,
    ) -> Result<User, StoreError> {
        let mut write = self.write().await?;
        let insert = "INSERT INTO users (id, name, password_hash, role, disabled, version, created_at, updated_at) \
            VALUES ($1, $2, $3, $4, 0, 1, $5, $5) ON CONFLICT (name) DO NOTHING";
        let made = sqlx::query(insert)
            .bind(id)
            .bind(name)
            .bind(password_hash)
            .bind(role.as_str())
            .bind(now.as_microsecond())
            .execute(&mut *write)
            .await?;
        if made.rows_affected() == 0 {
            return Err(StoreError::AlreadyExists { kind: KIND, id: name.to_owned() });
        }
        audit(&mut write, author, "user.created", &object(id), Some(&json!({"name": name, "role": role})), now).await?;
        let user = read(&mut *write, id).await?;
        write.commit().await?;
        Ok(user)
    }

    /// A user.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn user(&self, id: &str) -> Result<User, StoreError> {
        read(self.database().reader(), id).await
    }

    /// A user with the hash of their password, by the name that they sign in with.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn user_by_name(&self, name: &str) -> Result<Option<(User, String)>, StoreError> {
        let select = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS}, password_hash FROM users WHERE name = $1"));
        let row = sqlx::query(select).bind(name).fetch_optional(self.database().reader()).await?;
        row.map(|row| Ok((user_of(&row)?, Columns { table: "users", row: &row }.text("password_hash")?))).transpose()
    }

    /// Users in the order of their names, behind this one.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn users(&self, after: Option<&str>, limit: i64) -> Result<Vec<User>, StoreError> {
        let select = sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM users WHERE (CAST($1 AS TEXT) IS NULL OR name > $1) ORDER BY name LIMIT $2"
        ));
        let rows = sqlx::query(select).bind(after).bind(limit).fetch_all(self.database().reader()).await?;
        rows.iter().map(user_of).collect()
    }

    /// Changes a user. Whoever is disabled, or has a new password, is signed out everywhere, but for the session `keep`.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`], [`StoreError::Outdated`].
    pub async fn change_user(
        &self,
        id: &str,
        change: &UserChange,
        keep: Option<&str>,
        expected: &Expected,
        author: &Author,
        now: Timestamp,
    ) -> Result<User, StoreError> {
        let mut write = self.write().await?;
        let before = locked(&mut write, id).await?;
        expected.check(KIND, id, before.version)?;
        let update = "UPDATE users SET role = $2, disabled = $3, password_hash = COALESCE(CAST($4 AS TEXT), password_hash), \
            version = version + 1, updated_at = $5 WHERE id = $1";
        let disabled = change.disabled.unwrap_or(before.disabled);
        sqlx::query(update)
            .bind(id)
            .bind(change.role.unwrap_or(before.role).as_str())
            .bind(i64::from(disabled))
            .bind(change.password_hash.as_deref())
            .bind(now.as_microsecond())
            .execute(&mut *write)
            .await?;
        if disabled || change.password_hash.is_some() {
            let delete = "DELETE FROM sessions WHERE user_id = $1 AND (CAST($2 AS TEXT) IS NULL OR id <> $2)";
            sqlx::query(delete).bind(id).bind(keep).execute(&mut *write).await?;
        }
        let after = read(&mut *write, id).await?;
        let detail = json!({
            "name": after.name,
            "old": {"role": before.role, "disabled": before.disabled},
            "new": {"role": after.role, "disabled": after.disabled},
            "password": change.password_hash.is_some(),
        });
        audit(&mut write, author, "user.changed", &object(id), Some(&detail), now).await?;
        write.commit().await?;
        Ok(after)
    }

    /// Removes a user, who is signed out everywhere.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`], [`StoreError::Outdated`].
    pub async fn delete_user(
        &self,
        id: &str,
        expected: &Expected,
        author: &Author,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        let before = locked(&mut write, id).await?;
        expected.check(KIND, id, before.version)?;
        sqlx::query("DELETE FROM sessions WHERE user_id = $1").bind(id).execute(&mut *write).await?;
        sqlx::query("DELETE FROM users WHERE id = $1").bind(id).execute(&mut *write).await?;
        audit(&mut write, author, "user.deleted", &object(id), Some(&json!({"name": before.name})), now).await?;
        Ok(write.commit().await?)
    }
}

fn object(id: &str) -> String {
    format!("{KIND}/{id}")
}

async fn locked(write: &mut Transaction<'_, Any>, id: &str) -> Result<User, StoreError> {
    sqlx::query("UPDATE users SET version = version WHERE id = $1").bind(id).execute(&mut **write).await?;
    read(&mut **write, id).await
}

async fn read<'e>(executor: impl Executor<'e, Database = Any>, id: &str) -> Result<User, StoreError> {
    let select = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM users WHERE id = $1"));
    let row = sqlx::query(select).bind(id).fetch_optional(executor).await?;
    row.as_ref().map_or_else(|| Err(StoreError::NotFound { kind: KIND, id: id.to_owned() }), user_of)
}

pub(super) fn user_of(row: &AnyRow) -> Result<User, StoreError> {
    let columns = Columns { table: "users", row };
    Ok(User {
        id: columns.text("id")?,
        name: columns.text("name")?,
        role: columns.word("role")?,
        disabled: columns.integer("disabled")? != 0,
        version: columns.integer("version")?,
        created_at: columns.time("created_at")?,
        updated_at: columns.time("updated_at")?,
    })
}
