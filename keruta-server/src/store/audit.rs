//! Who changed what, and who tried to sign in.

use jiff::Timestamp;
use keruta_api::AuditEntry;
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{Any, Transaction};

use super::counters::next_number;
use super::row::Columns;
use super::{Store, StoreError};

/// Who changes something, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// The name that histories show: `user/ada`, `token/ci`, `keruta`.
    pub actor: String,
    /// The address that the request came from.
    pub remote: Option<String>,
    /// The request's id.
    pub request_id: Option<String>,
}

impl Author {
    /// The server itself.
    #[must_use]
    pub fn keruta() -> Self {
        "keruta".into()
    }
}

/// Somebody of whom only the name is known.
impl From<&str> for Author {
    fn from(actor: &str) -> Self {
        Self { actor: actor.to_owned(), remote: None, request_id: None }
    }
}

/// Which entries of the audit log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Of this actor.
    pub actor: Option<String>,
    /// About this object: `repository/r-1`.
    pub object: Option<String>,
    /// Of this action: `repository.created`.
    pub action: Option<String>,
}

/// Adds to the audit log, in the transaction of what is changed.
pub(super) async fn audit(
    write: &mut Transaction<'_, Any>,
    author: &Author,
    action: &str,
    object: &str,
    detail: Option<&Value>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let insert = "INSERT INTO audit (sequence, at, actor, action, object, detail, remote, request_id) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let sequence = next_number(write, "audit").await?;
    sqlx::query(insert)
        .bind(sequence)
        .bind(now.as_microsecond())
        .bind(&author.actor)
        .bind(action)
        .bind(object)
        .bind(detail.map(ToString::to_string))
        .bind(author.remote.as_deref())
        .bind(author.request_id.as_deref())
        .execute(&mut **write)
        .await?;
    Ok(())
}

impl Store {
    /// Adds to the audit log what is no change of the store's own: a sign-in that was refused, a test that was sent.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn add_to_audit(
        &self,
        author: &Author,
        action: &str,
        object: &str,
        detail: Option<&Value>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        audit(&mut write, author, action, object, detail, now).await?;
        Ok(write.commit().await?)
    }

    /// The audit log before a place in it, the newest first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn audit(
        &self,
        filter: &AuditFilter,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let select = "SELECT * FROM audit WHERE sequence < $1 AND (CAST($2 AS TEXT) IS NULL OR actor = $2) \
                AND (CAST($3 AS TEXT) IS NULL OR object = $3) AND (CAST($4 AS TEXT) IS NULL OR action = $4) \
            ORDER BY sequence DESC LIMIT $5";
        let rows = sqlx::query(select)
            .bind(before.unwrap_or(i64::MAX))
            .bind(filter.actor.as_deref())
            .bind(filter.object.as_deref())
            .bind(filter.action.as_deref())
            .bind(limit)
            .fetch_all(self.database().reader())
            .await?;
        rows.iter().map(entry_of).collect()
    }

    /// Forgets what is older than a time. How many entries that were.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn purge_audit(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut write = self.write().await?;
        let delete = "DELETE FROM audit WHERE at < $1";
        let gone = sqlx::query(delete).bind(before.as_microsecond()).execute(&mut *write).await?;
        write.commit().await?;
        Ok(gone.rows_affected())
    }
}

fn entry_of(row: &AnyRow) -> Result<AuditEntry, StoreError> {
    let columns = Columns { table: "audit", row };
    Ok(AuditEntry {
        sequence: columns.integer("sequence")?,
        at: columns.time("at")?,
        actor: columns.text("actor")?,
        action: columns.text("action")?,
        object: columns.text("object")?,
        detail: columns.json_if_any("detail")?,
        remote: columns.text_if_any("remote")?,
        request_id: columns.text_if_any("request_id")?,
    })
}
