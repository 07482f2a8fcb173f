//! Sessions: who is signed in.

use jiff::Timestamp;
use keruta_api::{Role, Session};
use serde_json::json;
use sqlx::any::AnyRow;

use super::audit::{Author, audit};
use super::row::Columns;
use super::{Store, StoreError};
use crate::auth::Digest;

const SELECT: &str = "SELECT sessions.*, users.name AS user_name, users.role AS user_role FROM sessions \
    JOIN users ON users.id = sessions.user_id WHERE users.disabled = 0";

/// A session to be kept.
#[derive(Debug, Clone, Copy)]
pub struct SessionRow<'a> {
    /// Its id.
    pub id: &'a str,
    /// Whose it is.
    pub user_id: &'a str,
    /// Of the cookie's secret.
    pub digest: Digest,
    /// What changes must carry.
    pub csrf: &'a str,
    /// When it ends if it is not used.
    pub expires_at: Timestamp,
}

/// A session as it is found by its secret, of a user who may sign in.
#[derive(Debug, Clone)]
pub struct FoundSession {
    /// The session.
    pub session: Session,
    /// Whose it is.
    pub user_id: String,
    /// What that user may do now.
    pub role: Role,
    /// What changes must carry.
    pub csrf: String,
    /// What was kept of its secret, in hex.
    pub hash: String,
}

impl Store {
    /// Keeps a session.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn create_session(
        &self,
        row: &SessionRow<'_>,
        author: &Author,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        let insert = "INSERT INTO sessions (id, user_id, lookup, hash, csrf, created_at, last_used_at, expires_at, remote) \
            VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8)";
        sqlx::query(insert)
            .bind(row.id)
            .bind(row.user_id)
            .bind(row.digest.lookup())
            .bind(row.digest.hex())
            .bind(row.csrf)
            .bind(now.as_microsecond())
            .bind(row.expires_at.as_microsecond())
            .bind(author.remote.as_deref())
            .execute(&mut *write)
            .await?;
        audit(&mut write, author, "session.created", &object(row.id), None, now).await?;
        Ok(write.commit().await?)
    }

    /// The living sessions whose digest begins so; one of them, if any, is the one that is looked for.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn sessions_like(&self, lookup: &str, now: Timestamp) -> Result<Vec<FoundSession>, StoreError> {
        let select = sqlx::AssertSqlSafe(format!("{SELECT} AND sessions.lookup = $1 AND sessions.expires_at > $2"));
        let rows =
            sqlx::query(select).bind(lookup).bind(now.as_microsecond()).fetch_all(self.database().reader()).await?;
        rows.iter()
            .map(|row| {
                let columns = Columns { table: "sessions", row };
                Ok(FoundSession {
                    session: session_of(row)?,
                    user_id: columns.text("user_id")?,
                    role: columns.word("user_role")?,
                    csrf: columns.text("csrf")?,
                    hash: columns.text("hash")?,
                })
            })
            .collect()
    }

    /// The living sessions, the newest first, behind the one with this time and id.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn sessions(
        &self,
        after: Option<&(i64, String)>,
        limit: i64,
        now: Timestamp,
    ) -> Result<Vec<Session>, StoreError> {
        let select = sqlx::AssertSqlSafe(format!(
            "{SELECT} AND sessions.expires_at > $1 \
                AND (sessions.created_at < $2 OR (sessions.created_at = $2 AND sessions.id < $3)) \
            ORDER BY sessions.created_at DESC, sessions.id DESC LIMIT $4"
        ));
        let rows = sqlx::query(select)
            .bind(now.as_microsecond())
            .bind(after.map_or(i64::MAX, |(at, _)| *at))
            .bind(after.map_or("", |(_, id)| id.as_str()))
            .bind(limit)
            .fetch_all(self.database().reader())
            .await?;
        rows.iter().map(session_of).collect()
    }

    /// Notes that a session was used, which then lasts longer.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn touch_session(&self, id: &str, now: Timestamp, expires_at: Timestamp) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        let update = "UPDATE sessions SET last_used_at = $2, expires_at = $3 WHERE id = $1";
        sqlx::query(update)
            .bind(id)
            .bind(now.as_microsecond())
            .bind(expires_at.as_microsecond())
            .execute(&mut *write)
            .await?;
        Ok(write.commit().await?)
    }

    /// Ends a session.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn delete_session(&self, id: &str, author: &Author, now: Timestamp) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        let delete = "DELETE FROM sessions WHERE id = $1 RETURNING user_id";
        let row = sqlx::query(delete).bind(id).fetch_optional(&mut *write).await?;
        let row = row.ok_or_else(|| StoreError::NotFound { kind: "session", id: id.to_owned() })?;
        let user = Columns { table: "sessions", row: &row }.text("user_id")?;
        let detail = json!({"user": format!("user/{user}")});
        audit(&mut write, author, "session.ended", &object(id), Some(&detail), now).await?;
        Ok(write.commit().await?)
    }

    /// Forgets sessions that have expired. How many those were.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn purge_sessions(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut write = self.write().await?;
        let delete = "DELETE FROM sessions WHERE expires_at <= $1";
        let gone = sqlx::query(delete).bind(now.as_microsecond()).execute(&mut *write).await?;
        write.commit().await?;
        Ok(gone.rows_affected())
    }
}

fn object(id: &str) -> String {
    format!("session/{id}")
}

fn session_of(row: &AnyRow) -> Result<Session, StoreError> {
    let columns = Columns { table: "sessions", row };
    Ok(Session {
        id: columns.text("id")?,
        user: columns.text("user_name")?,
        current: false,
        created_at: columns.time("created_at")?,
        last_used_at: columns.time("last_used_at")?,
        expires_at: columns.time("expires_at")?,
        remote: columns.text_if_any("remote")?,
    })
}
