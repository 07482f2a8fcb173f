//! Users: who may sign in, with a password or by an OpenID provider.

use jiff::Timestamp;
use keruta_api::{Role, User};
use serde_json::json;
use sqlx::any::AnyRow;
use sqlx::{Any, Executor, Transaction};

use super::audit::{Author, audit};
use super::row::Columns;
use super::{Expected, Store, StoreError};
use crate::oidc::Person;

const KIND: &str = "user";

const COLUMNS: &str = "id, name, role, disabled, issuer, version, created_at, updated_at";

/// How many numbers are tried behind a name that somebody has.
const NUMBERS: usize = 99;

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

    /// The user whom an OpenID provider vouches for, with the role that it says now. Whoever is new is added by a name
    /// that nobody has: it never makes anybody somebody who is there already. Who is disabled stays as they are.
    ///
    /// # Errors
    ///
    /// [`StoreError::AlreadyExists`] where the name is taken with every number.
    pub async fn user_of_provider(&self, person: &Person, author: &Author, now: Timestamp) -> Result<User, StoreError> {
        let mut write = self.write().await?;
        let known = "UPDATE users SET version = version WHERE issuer = $1 AND subject = $2 RETURNING id";
        let known = sqlx::query(known).bind(&person.issuer).bind(&person.subject).fetch_optional(&mut *write).await?;
        let user = if let Some(row) = known {
            let id = Columns { table: "users", row: &row }.text("id")?;
            let before = read(&mut *write, &id).await?;
            if before.disabled || before.role == person.role {
                before
            } else {
                let update = "UPDATE users SET role = $2, version = version + 1, updated_at = $3 WHERE id = $1";
                let update = sqlx::query(update).bind(&id).bind(person.role.as_str()).bind(now.as_microsecond());
                update.execute(&mut *write).await?;
                let detail = json!({
                    "name": before.name, "issuer": person.issuer, "old": {"role": before.role}, "new": {"role": person.role},
                });
                audit(&mut write, author, "user.changed", &object(&id), Some(&detail), now).await?;
                read(&mut *write, &id).await?
            }
        } else {
            let id = uuid::Uuid::now_v7().to_string();
            let name = add(&mut write, &id, person, now).await?;
            let detail = json!({"name": name, "role": person.role, "issuer": person.issuer});
            audit(&mut write, author, "user.created", &object(&id), Some(&detail), now).await?;
            read(&mut *write, &id).await?
        };
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

    /// A user with the hash of their password, where they have one, by the name that they sign in with.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn user_by_name(&self, name: &str) -> Result<Option<(User, Option<String>)>, StoreError> {
        let select = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS}, password_hash FROM users WHERE name = $1"));
        let row = sqlx::query(select).bind(name).fetch_optional(self.database().reader()).await?;
        let read = |row| {
            let hash = Columns { table: "users", row: &row }.text("password_hash")?;
            Ok((user_of(&row)?, Some(hash).filter(|hash| !hash.is_empty())))
        };
        row.map(read).transpose()
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

/// Adds somebody by a name that nobody has, and gives it.
async fn add(
    write: &mut Transaction<'_, Any>,
    id: &str,
    person: &Person,
    now: Timestamp,
) -> Result<String, StoreError> {
    let numbered = (2..=NUMBERS).map(|number| format!("{}-{number}", person.name));
    let insert = "INSERT INTO users (id, name, password_hash, role, disabled, issuer, subject, version, created_at, updated_at) \
        VALUES ($1, $2, '', $3, 0, $4, $5, 1, $6, $6) ON CONFLICT (name) DO NOTHING";
    for name in std::iter::once(person.name.clone()).chain(numbered) {
        let made = sqlx::query(insert)
            .bind(id)
            .bind(&name)
            .bind(person.role.as_str())
            .bind(&person.issuer)
            .bind(&person.subject)
            .bind(now.as_microsecond())
            .execute(&mut **write)
            .await?;
        if made.rows_affected() > 0 {
            return Ok(name);
        }
    }
    Err(StoreError::AlreadyExists { kind: KIND, id: person.name.clone() })
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
        issuer: columns.text_if_any("issuer")?,
        version: columns.integer("version")?,
        created_at: columns.time("created_at")?,
        updated_at: columns.time("updated_at")?,
    })
}
