//! The Secrets with the tokens of attempts: which there are, so that none is left behind.

use jiff::Timestamp;

use super::lease::{Epoch, fence};
use super::row::Columns;
use super::{Store, StoreError};
use crate::task::QueueState;

/// A Secret that is to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpentSecret {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// How often its deletion failed.
    pub tries: u32,
}

/// Those whose attempt is none of the present ones that have not ended.
const SPENT: &str = "NOT EXISTS (SELECT 1 FROM tasks WHERE tasks.id = token_secrets.task_id \
    AND tasks.attempt = token_secrets.attempt AND tasks.state <> $1) AND (not_before IS NULL OR not_before <= $2)";

impl Store {
    /// Notes that an attempt's Secret is about to be made; `true` where that was done before.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] where another replica runs the tasks now.
    pub async fn note_token_secret(
        &self,
        (namespace, name): (&str, &str),
        (task, attempt): (&str, u32),
        epoch: Epoch,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut write = self.write().await?;
        fence(&mut write, epoch).await?;
        // One of that name that was another attempt's is none.
        let upsert = "INSERT INTO token_secrets (namespace, name, task_id, attempt, noted_at) \
                VALUES ($1, $2, $3, $4, $5) \
            ON CONFLICT (namespace, name) DO UPDATE SET \
                created_at = CASE WHEN token_secrets.task_id = $3 AND token_secrets.attempt = $4 \
                    THEN token_secrets.created_at ELSE NULL END, \
                task_id = $3, attempt = $4, tries = 0, error = NULL, not_before = NULL \
            RETURNING created_at";
        let row = sqlx::query(upsert)
            .bind(namespace)
            .bind(name)
            .bind(task)
            .bind(i64::from(attempt))
            .bind(now.as_microsecond())
            .fetch_one(&mut *write)
            .await?;
        let made = Columns { table: "token_secrets", row: &row }.integer_if_any("created_at")?.is_some();
        write.commit().await?;
        Ok(made)
    }

    /// Notes that a Secret is there, or, with `None`, that it is to be made anew.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] where another replica runs the tasks now.
    pub async fn token_secret_made(
        &self,
        namespace: &str,
        name: &str,
        at: Option<Timestamp>,
        epoch: Epoch,
    ) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        fence(&mut write, epoch).await?;
        let update = "UPDATE token_secrets SET created_at = $3 WHERE namespace = $1 AND name = $2";
        let at = at.map(Timestamp::as_microsecond);
        sqlx::query(update).bind(namespace).bind(name).bind(at).execute(&mut *write).await?;
        Ok(write.commit().await?)
    }

    /// The Secrets whose attempt has ended, as far as their deletion may be tried now.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn spent_token_secrets(&self, now: Timestamp, limit: u32) -> Result<Vec<SpentSecret>, StoreError> {
        let select = sqlx::AssertSqlSafe(format!(
            "SELECT namespace, name, tries FROM token_secrets WHERE {SPENT} ORDER BY noted_at LIMIT $3"
        ));
        let rows = sqlx::query(select)
            .bind(QueueState::Ended.as_str())
            .bind(now.as_microsecond())
            .bind(i64::from(limit))
            .fetch_all(self.database().reader())
            .await?;
        let spent = |row| {
            let columns = Columns { table: "token_secrets", row };
            Ok(SpentSecret {
                namespace: columns.text("namespace")?,
                name: columns.text("name")?,
                tries: columns.number("tries")?,
            })
        };
        rows.iter().map(spent).collect()
    }

    /// Forgets a Secret that is gone.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] where another replica runs the tasks now.
    pub async fn forget_token_secret(&self, namespace: &str, name: &str, epoch: Epoch) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        fence(&mut write, epoch).await?;
        let delete = "DELETE FROM token_secrets WHERE namespace = $1 AND name = $2";
        sqlx::query(delete).bind(namespace).bind(name).execute(&mut *write).await?;
        Ok(write.commit().await?)
    }

    /// Notes that a Secret could not be deleted, and when that is tried again.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] where another replica runs the tasks now.
    pub async fn token_secret_stays(
        &self,
        secret: &SpentSecret,
        why: &str,
        not_before: Timestamp,
        epoch: Epoch,
    ) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        fence(&mut write, epoch).await?;
        let update = "UPDATE token_secrets SET tries = tries + 1, error = $3, not_before = $4 \
            WHERE namespace = $1 AND name = $2";
        sqlx::query(update)
            .bind(&secret.namespace)
            .bind(&secret.name)
            .bind(why)
            .bind(not_before.as_microsecond())
            .execute(&mut *write)
            .await?;
        Ok(write.commit().await?)
    }

    /// How many Secrets with tokens are on record.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn token_secret_count(&self) -> Result<u64, StoreError> {
        let row =
            sqlx::query("SELECT COUNT(*) AS count FROM token_secrets").fetch_one(self.database().reader()).await?;
        Columns { table: "token_secrets", row: &row }.number("count")
    }
}
