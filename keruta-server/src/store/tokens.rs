//! Bearer tokens.

use jiff::Timestamp;
use keruta_api::{Role, Token};
use serde_json::json;
use sqlx::any::AnyRow;
use sqlx::{Any, Executor};

use super::audit::{Author, audit};
use super::row::Columns;
use super::{Store, StoreError};
use crate::auth::Digest;
use crate::task::QueueState;

const KIND: &str = "token";

const COLUMNS: &str = "id, name, role, task_id, attempt, created_at, created_by, expires_at, revoked_at, last_used_at";

/// A token to be kept.
#[derive(Debug, Clone, Copy)]
pub struct TokenRow<'a> {
    /// Its id.
    pub id: &'a str,
    /// What it is for.
    pub name: &'a str,
    /// Of its secret.
    pub digest: Digest,
    /// What it may do.
    pub role: Role,
    /// The attempt of a task that it is for.
    pub attempt: Option<(&'a str, u32)>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// A token as it is found by its secret.
#[derive(Debug, Clone)]
pub struct FoundToken {
    /// The token.
    pub token: Token,
    /// What was kept of its secret, in hex.
    pub hash: String,
    /// Whether its task's attempt is the present one and has not ended; true of a token of no task.
    pub attempt_lives: bool,
}

impl Store {
    /// Keeps a token.
    ///
    /// # Errors
    ///
    /// [`StoreError::AlreadyExists`] where a living token has the name.
    pub async fn create_token(&self, row: &TokenRow<'_>, author: &Author, now: Timestamp) -> Result<Token, StoreError> {
        let mut write = self.write().await?;
        // One that has expired gives its name away.
        let update =
            "UPDATE tokens SET revoked_at = expires_at WHERE name = $1 AND revoked_at IS NULL AND expires_at <= $2";
        sqlx::query(update).bind(row.name).bind(now.as_microsecond()).execute(&mut *write).await?;
        let made = insert(row, "1 = 1", author, now).execute(&mut *write).await?;
        if made.rows_affected() == 0 {
            return Err(StoreError::AlreadyExists { kind: KIND, id: row.name.to_owned() });
        }
        let detail = json!({"name": row.name, "role": row.role, "expiresAt": row.expires_at});
        audit(&mut write, author, "token.created", &object(row.id), Some(&detail), now).await?;
        let token = read(&mut *write, row.id).await?;
        write.commit().await?;
        Ok(token)
    }

    /// Keeps a token where there never was a token of an admin nor a user: the first of all. Whether it was kept.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn create_first_token(&self, row: &TokenRow<'_>, now: Timestamp) -> Result<bool, StoreError> {
        let author = Author::keruta();
        let mut write = self.write().await?;
        // Of two replicas that start at once, one waits here for the other.
        sqlx::query("UPDATE counters SET value = value WHERE name = 'audit'").execute(&mut *write).await?;
        let only = "NOT EXISTS (SELECT 1 FROM tokens WHERE role = 'admin') AND NOT EXISTS (SELECT 1 FROM users)";
        let made = insert(row, only, &author, now).execute(&mut *write).await?;
        if made.rows_affected() == 0 {
            return Ok(false);
        }
        audit(&mut write, &author, "token.created", &object(row.id), Some(&json!({"name": row.name})), now).await?;
        write.commit().await?;
        Ok(true)
    }

    /// The tokens whose digest begins so; one of them, if any, is the one that is looked for.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn tokens_like(&self, lookup: &str) -> Result<Vec<FoundToken>, StoreError> {
        let select = sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS}, hash, CASE WHEN task_id IS NULL THEN 1 ELSE (SELECT COUNT(*) FROM tasks \
                    WHERE tasks.id = tokens.task_id AND tasks.attempt = tokens.attempt AND tasks.state <> $2) \
                END AS attempt_lives \
            FROM tokens WHERE lookup = $1"
        ));
        let rows = sqlx::query(select)
            .bind(lookup)
            .bind(QueueState::Ended.as_str())
            .fetch_all(self.database().reader())
            .await?;
        rows.iter()
            .map(|row| {
                let columns = Columns { table: "tokens", row };
                let attempt_lives = columns.integer("attempt_lives")? == 1;
                Ok(FoundToken { token: token_of(row)?, hash: columns.text("hash")?, attempt_lives })
            })
            .collect()
    }

    /// A token.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn token(&self, id: &str) -> Result<Token, StoreError> {
        read(self.database().reader(), id).await
    }

    /// Tokens, the newest first, behind the one with this time and id. Those of tasks only where their role is asked for.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn tokens(
        &self,
        role: Option<Role>,
        after: Option<&(i64, String)>,
        limit: i64,
    ) -> Result<Vec<Token>, StoreError> {
        let select = sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM tokens \
            WHERE ((CAST($1 AS TEXT) IS NULL AND task_id IS NULL) OR role = $1) \
                AND (created_at < $2 OR (created_at = $2 AND id < $3)) \
            ORDER BY created_at DESC, id DESC LIMIT $4"
        ));
        let rows = sqlx::query(select)
            .bind(role.map(Role::as_str))
            .bind(after.map_or(i64::MAX, |(at, _)| *at))
            .bind(after.map_or("", |(_, id)| id.as_str()))
            .bind(limit)
            .fetch_all(self.database().reader())
            .await?;
        rows.iter().map(token_of).collect()
    }

    /// Ends a token. One that has been revoked stays so.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn revoke_token(&self, id: &str, author: &Author, now: Timestamp) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        let update = "UPDATE tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
        let revoked = sqlx::query(update).bind(id).bind(now.as_microsecond()).execute(&mut *write).await?;
        let token = read(&mut *write, id).await?;
        if revoked.rows_affected() > 0 {
            let detail = json!({"name": token.name, "role": token.role});
            audit(&mut write, author, "token.revoked", &object(id), Some(&detail), now).await?;
        }
        Ok(write.commit().await?)
    }

    /// Notes that a token was used.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn touch_token(&self, id: &str, now: Timestamp) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        let update = "UPDATE tokens SET last_used_at = $2 WHERE id = $1";
        sqlx::query(update).bind(id).bind(now.as_microsecond()).execute(&mut *write).await?;
        Ok(write.commit().await?)
    }

    /// Forgets tokens that ended before a time, and those of attempts that ended before it. How many those were.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn purge_tokens(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut write = self.write().await?;
        // The first admin's token shows that there was a first start.
        let delete = "DELETE FROM tokens WHERE role <> 'admin' AND (expires_at < $1 OR revoked_at < $1 OR EXISTS \
            (SELECT 1 FROM attempts WHERE attempts.task_id = tokens.task_id AND attempts.number = tokens.attempt \
                AND attempts.finished_at < $1))";
        let gone = sqlx::query(delete).bind(before.as_microsecond()).execute(&mut *write).await?;
        write.commit().await?;
        Ok(gone.rows_affected())
    }
}

type Query<'q> = sqlx::query::Query<'q, Any, sqlx::any::AnyArguments>;

/// Inserts a token where a condition holds and its name is free.
fn insert<'q>(row: &TokenRow<'_>, only: &str, author: &Author, now: Timestamp) -> Query<'q> {
    let sql = format!(
        "INSERT INTO tokens (id, name, lookup, hash, role, task_id, attempt, created_at, created_by, expires_at) \
        SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT), \
            CAST($6 AS TEXT), CAST($7 AS BIGINT), CAST($8 AS BIGINT), CAST($9 AS TEXT), CAST($10 AS BIGINT) \
        WHERE {only} ON CONFLICT DO NOTHING"
    );
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(row.id.to_owned())
        .bind(row.name.to_owned())
        .bind(row.digest.lookup())
        .bind(row.digest.hex())
        .bind(row.role.as_str())
        .bind(row.attempt.map(|(task, _)| task.to_owned()))
        .bind(row.attempt.map(|(_, attempt)| i64::from(attempt)))
        .bind(now.as_microsecond())
        .bind(author.actor.clone())
        .bind(row.expires_at.map(Timestamp::as_microsecond))
}

fn object(id: &str) -> String {
    format!("{KIND}/{id}")
}

async fn read<'e>(executor: impl Executor<'e, Database = Any>, id: &str) -> Result<Token, StoreError> {
    let select = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM tokens WHERE id = $1"));
    let row = sqlx::query(select).bind(id).fetch_optional(executor).await?;
    row.as_ref().map_or_else(|| Err(StoreError::NotFound { kind: KIND, id: id.to_owned() }), token_of)
}

fn token_of(row: &AnyRow) -> Result<Token, StoreError> {
    let columns = Columns { table: "tokens", row };
    let attempt = columns.integer_if_any("attempt")?.map(|_| columns.number("attempt")).transpose()?;
    Ok(Token {
        id: columns.text("id")?,
        name: columns.text("name")?,
        role: columns.word("role")?,
        task_id: columns.text_if_any("task_id")?,
        attempt,
        created_at: columns.time("created_at")?,
        created_by: columns.text("created_by")?,
        expires_at: columns.time_if_any("expires_at")?,
        revoked_at: columns.time_if_any("revoked_at")?,
        last_used_at: columns.time_if_any("last_used_at")?,
    })
}
