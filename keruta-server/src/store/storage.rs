//! How much room logs and artifacts take.

use keruta_api::{ArtifactUse, LogUse};

use super::row::Columns;
use super::{Store, StoreError};

impl Store {
    /// The logs of each namespace that has any, those that take most room first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn log_use(&self) -> Result<Vec<LogUse>, StoreError> {
        let select = "SELECT namespace, COUNT(*) AS logs, CAST(SUM(debug + info + warn + error) AS BIGINT) AS lines, \
            CAST(SUM(bytes) AS BIGINT) AS bytes, CAST(SUM(stored_bytes) AS BIGINT) AS stored_bytes, \
            MIN(created_at) AS oldest \
            FROM log_sources WHERE bytes > 0 GROUP BY namespace ORDER BY SUM(stored_bytes) DESC, namespace";
        let rows = sqlx::query(select).fetch_all(self.database().reader()).await?;
        let all = rows.iter().map(|row| {
            let columns = Columns { table: "log_sources", row };
            Ok(LogUse {
                namespace: columns.text("namespace")?,
                logs: columns.number("logs")?,
                lines: columns.number("lines")?,
                bytes: columns.number("bytes")?,
                stored_bytes: columns.number("stored_bytes")?,
                oldest: columns.time("oldest")?,
            })
        });
        all.collect()
    }

    /// How many full pieces of logs were not exported yet.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn chunks_to_export(&self) -> Result<u64, StoreError> {
        let select = "SELECT COUNT(*) AS count FROM log_chunks WHERE sealed = 1 AND exported_at IS NULL";
        let row = sqlx::query(select).fetch_one(self.database().reader()).await?;
        Columns { table: "log_chunks", row: &row }.number("count")
    }

    /// The artifacts that are complete.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn artifact_use(&self) -> Result<ArtifactUse, StoreError> {
        let select = "SELECT COUNT(*) AS count, CAST(COALESCE(SUM(size), 0) AS BIGINT) AS bytes FROM artifacts \
            WHERE state = 'complete'";
        let row = sqlx::query(select).fetch_one(self.database().reader()).await?;
        let columns = Columns { table: "artifacts", row: &row };
        Ok(ArtifactUse { count: columns.number("count")?, bytes: columns.number("bytes")? })
    }
}
