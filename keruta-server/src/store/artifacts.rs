//! Artifacts: what tasks hand in, kept in pieces, so that none is ever in memory as a whole.

use jiff::Timestamp;
use keruta_api::Artifact;
use serde_json::json;
use sqlx::any::AnyRow;
use sqlx::{Any, Row, Transaction};

use super::audit::{Author, audit};
use super::row::Columns;
use super::tasks::locked;
use super::{Store, StoreError};
use crate::operation::ArtifactSettings;

const KIND: &str = "artifact";

/// How many pieces are deleted in one transaction.
const STEP: i64 = 64;

/// An upload that is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    id: i64,
    task: String,
    /// How many bytes there are.
    pub size: u64,
}

/// An artifact that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredArtifact {
    /// Its number in this database.
    pub id: i64,
    /// What it is.
    pub artifact: Artifact,
}

impl Store {
    /// Begins an upload. What is there at its path stays until the upload is complete.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] where there is no such task, [`StoreError::TooMany`] where it has as many as it may have.
    pub async fn begin_artifact(
        &self,
        task: &str,
        path: &str,
        content_type: &str,
        limits: &ArtifactSettings,
        author: &Author,
        now: Timestamp,
    ) -> Result<Upload, StoreError> {
        let mut write = self.write().await?;
        let attempt = locked(&mut write, task).await?.attempt;
        // Uploads under way count too, at whatever path: several at once must not get past the limit.
        let select = "SELECT COUNT(*) AS count FROM artifacts WHERE task_id = $1 \
            AND (state = 'uploading' OR (state = 'complete' AND path <> $2))";
        let row = sqlx::query(select).bind(task).bind(path).fetch_one(&mut *write).await?;
        let count: u64 = Columns { table: "artifacts", row: &row }.number("count")?;
        if count >= limits.max_count {
            return Err(StoreError::TooMany {
                kind: "artifacts of the task",
                id: task.to_owned(),
                most: limits.max_count,
            });
        }
        let insert = "INSERT INTO artifacts \
                (task_id, attempt, path, content_type, state, size, created_at, created_by, updated_at) \
            VALUES ($1, $2, $3, $4, 'uploading', 0, $5, $6, $5) RETURNING id";
        let row = sqlx::query(insert)
            .bind(task)
            .bind(i64::from(attempt))
            .bind(path)
            .bind(content_type)
            .bind(now.as_microsecond())
            .bind(&author.actor)
            .fetch_one(&mut *write)
            .await?;
        let id = row.try_get("id")?;
        write.commit().await?;
        Ok(Upload { id, task: task.to_owned(), size: 0 })
    }

    /// Adds a piece to an upload.
    ///
    /// # Errors
    ///
    /// [`StoreError::TooLarge`] where it, or all of the task's, would be larger than they may be; [`StoreError::NotFound`] where
    /// the upload was given up, or its task is gone.
    pub async fn append_artifact(
        &self,
        upload: &mut Upload,
        data: &[u8],
        limits: &ArtifactSettings,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let length = data.len() as u64;
        if upload.size + length > limits.max_bytes {
            return Err(StoreError::TooLarge { kind: KIND, most: limits.max_bytes });
        }
        let mut write = self.write().await?;
        locked(&mut write, &upload.task).await?;
        let select = "SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) AS size FROM artifacts \
            WHERE task_id = $1 AND state <> 'deleted'";
        let row = sqlx::query(select).bind(&upload.task).fetch_one(&mut *write).await?;
        let total: u64 = Columns { table: "artifacts", row: &row }.number("size")?;
        if total + length > limits.max_total_bytes {
            return Err(StoreError::TooLarge { kind: "artifacts of the task", most: limits.max_total_bytes });
        }
        let update = "UPDATE artifacts SET size = size + $2, updated_at = $3 WHERE id = $1 AND state = 'uploading' AND size = $4";
        let (size, length) = (integer(upload.size), integer(length));
        let updated = sqlx::query(update)
            .bind(upload.id)
            .bind(length)
            .bind(now.as_microsecond())
            .bind(size)
            .execute(&mut *write)
            .await?;
        if updated.rows_affected() == 0 {
            return Err(StoreError::NotFound { kind: "upload", id: upload.id.to_string() });
        }
        let insert = "INSERT INTO artifact_chunks (artifact_id, position, data) VALUES ($1, $2, $3)";
        sqlx::query(insert).bind(upload.id).bind(size).bind(data).execute(&mut *write).await?;
        write.commit().await?;
        upload.size += data.len() as u64;
        Ok(())
    }

    /// Puts a complete upload in its place; `true` where it is the first of its path.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] where the upload was given up, or its task is gone.
    pub async fn finish_artifact(
        &self,
        upload: &Upload,
        sha256: &str,
        now: Timestamp,
    ) -> Result<(Artifact, bool), StoreError> {
        let mut write = self.write().await?;
        locked(&mut write, &upload.task).await?;
        let update = "UPDATE artifacts SET state = 'deleted', updated_at = $2 WHERE state = 'complete' AND task_id = $3 \
            AND path = (SELECT path FROM artifacts WHERE id = $1)";
        let replaced = sqlx::query(update)
            .bind(upload.id)
            .bind(now.as_microsecond())
            .bind(&upload.task)
            .execute(&mut *write)
            .await?;
        let update = "UPDATE artifacts SET state = 'complete', sha256 = $2, created_at = $3, updated_at = $3 \
            WHERE id = $1 AND state = 'uploading' AND size = $4 RETURNING *";
        let row = sqlx::query(update)
            .bind(upload.id)
            .bind(sha256)
            .bind(now.as_microsecond())
            .bind(integer(upload.size))
            .fetch_optional(&mut *write)
            .await?;
        let Some(row) = row else {
            return Err(StoreError::NotFound { kind: "upload", id: upload.id.to_string() });
        };
        let artifact = artifact_of(&row)?.artifact;
        write.commit().await?;
        Ok((artifact, replaced.rows_affected() == 0))
    }

    /// Gives an upload up. What came of it is deleted a little later.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn abandon_artifact(&self, upload: &Upload, now: Timestamp) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        let update = "UPDATE artifacts SET state = 'deleted', updated_at = $2 WHERE id = $1 AND state = 'uploading'";
        sqlx::query(update).bind(upload.id).bind(now.as_microsecond()).execute(&mut *write).await?;
        Ok(write.commit().await?)
    }

    /// A task's artifacts in the order of their paths, behind one.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn artifacts(&self, task: &str, after: Option<&str>, limit: i64) -> Result<Vec<Artifact>, StoreError> {
        let select =
            "SELECT * FROM artifacts WHERE task_id = $1 AND state = 'complete' AND path > $2 ORDER BY path LIMIT $3";
        let rows = sqlx::query(select)
            .bind(task)
            .bind(after.unwrap_or_default())
            .bind(limit)
            .fetch_all(self.database().reader())
            .await?;
        rows.iter().map(|row| artifact_of(row).map(|stored| stored.artifact)).collect()
    }

    /// An artifact.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn artifact(&self, task: &str, path: &str) -> Result<StoredArtifact, StoreError> {
        let select = "SELECT * FROM artifacts WHERE task_id = $1 AND path = $2 AND state = 'complete'";
        let row = sqlx::query(select).bind(task).bind(path).fetch_optional(self.database().reader()).await?;
        row.as_ref().map_or_else(|| Err(StoreError::NotFound { kind: KIND, id: path.to_owned() }), artifact_of)
    }

    /// The piece of an artifact that begins at a byte; `None` where it has been deleted meanwhile.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn artifact_chunk(&self, id: i64, position: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let select = "SELECT data FROM artifact_chunks WHERE artifact_id = $1 AND position = $2";
        let row = sqlx::query(select).bind(id).bind(integer(position)).fetch_optional(self.database().reader()).await?;
        Ok(row.map(|row| row.try_get("data")).transpose()?)
    }

    /// Deletes an artifact.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn delete_artifact(
        &self,
        task: &str,
        path: &str,
        author: &Author,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        let update = "UPDATE artifacts SET state = 'deleted', updated_at = $3 \
            WHERE task_id = $1 AND path = $2 AND state = 'complete'";
        let deleted = sqlx::query(update).bind(task).bind(path).bind(now.as_microsecond()).execute(&mut *write).await?;
        if deleted.rows_affected() == 0 {
            return Err(StoreError::NotFound { kind: KIND, id: path.to_owned() });
        }
        let detail = json!({"path": path});
        audit(&mut write, author, "artifact.deleted", &format!("task/{task}"), Some(&detail), now).await?;
        Ok(write.commit().await?)
    }

    /// Marks for deletion what was complete before `kept_since`, and uploads to which nothing was added since `stalled_since`. How
    /// many those were.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn expire_artifacts(
        &self,
        kept_since: Option<Timestamp>,
        stalled_since: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut write = self.write().await?;
        let update = "UPDATE artifacts SET state = 'deleted', updated_at = $3 \
            WHERE (state = 'complete' AND created_at < $1) OR (state = 'uploading' AND updated_at < $2)";
        let expired = sqlx::query(update)
            .bind(kept_since.map_or(i64::MIN, Timestamp::as_microsecond))
            .bind(stalled_since.as_microsecond())
            .bind(now.as_microsecond())
            .execute(&mut *write)
            .await?;
        write.commit().await?;
        Ok(expired.rows_affected())
    }

    /// Deletes what is marked for it and was so before a time (a download may still read it), a few pieces at a time. How many
    /// artifacts, and how many bytes.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails; what was deleted until then stays so.
    pub async fn delete_artifacts(&self, marked_before: Timestamp) -> Result<(u64, u64), StoreError> {
        let (mut artifacts, mut bytes) = (0, 0);
        let select = "SELECT id, size FROM artifacts WHERE state = 'deleted' AND updated_at < $1 ORDER BY id LIMIT $2";
        loop {
            let rows = sqlx::query(select)
                .bind(marked_before.as_microsecond())
                .bind(STEP)
                .fetch_all(self.database().reader())
                .await?;
            if rows.is_empty() {
                return Ok((artifacts, bytes));
            }
            for row in &rows {
                let columns = Columns { table: "artifacts", row };
                let id = columns.integer("id")?;
                while self.delete_chunks(id).await? {}
                let mut write = self.write().await?;
                sqlx::query("DELETE FROM artifacts WHERE id = $1 AND state = 'deleted'")
                    .bind(id)
                    .execute(&mut *write)
                    .await?;
                write.commit().await?;
                artifacts += 1;
                bytes += columns.number::<u64>("size")?;
            }
        }
    }

    async fn delete_chunks(&self, id: i64) -> Result<bool, StoreError> {
        let mut write = self.write().await?;
        let delete = "DELETE FROM artifact_chunks WHERE artifact_id = $1 AND position IN \
            (SELECT position FROM artifact_chunks WHERE artifact_id = $1 ORDER BY position LIMIT $2)";
        let deleted = sqlx::query(delete).bind(id).bind(STEP).execute(&mut *write).await?;
        write.commit().await?;
        Ok(deleted.rows_affected() > 0)
    }
}

/// Marks all artifacts of a task for deletion, in the transaction of the task's own.
pub(super) async fn delete_of_task(
    write: &mut Transaction<'_, Any>,
    task: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let update = "UPDATE artifacts SET state = 'deleted', updated_at = $2 WHERE task_id = $1 AND state <> 'deleted'";
    sqlx::query(update).bind(task).bind(now.as_microsecond()).execute(&mut **write).await?;
    Ok(())
}

fn artifact_of(row: &AnyRow) -> Result<StoredArtifact, StoreError> {
    let columns = Columns { table: "artifacts", row };
    let artifact = Artifact {
        path: columns.text("path")?,
        size: columns.number("size")?,
        sha256: columns.text("sha256")?,
        content_type: columns.text("content_type")?,
        attempt: columns.number("attempt")?,
        created_at: columns.time("created_at")?,
        created_by: columns.text("created_by")?,
    };
    Ok(StoredArtifact { id: columns.integer("id")?, artifact })
}

/// A number of bytes as the database has it; none is larger.
fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
