//! Old chunks are compressed harder.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::Row;

use super::chunks::integer;
use super::{LogError, LogStore, Progress};
use crate::log::{Chunk, ChunkBuilder};

/// How many chunks are looked for at once.
const STEP: i64 = 64;

/// When chunks are archived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArchiveSettings {
    /// A full chunk of this age. Default 24 h.
    pub age: Duration,
    /// How hard it is compressed: zstd's levels from 1 to 19. Default 12.
    pub level: i32,
}

impl Default for ArchiveSettings {
    fn default() -> Self {
        Self { age: Duration::from_hours(24), level: 12 }
    }
}

/// What was archived.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ArchiveReport {
    /// How many chunks.
    pub chunks: u64,
    /// What they took before.
    pub bytes_before: u64,
    /// What they take now.
    pub bytes_after: u64,
}

impl LogStore {
    /// Compresses full chunks of a certain age harder. They are read as before.
    ///
    /// # Errors
    ///
    /// Where the database fails; what was done until then stays so.
    pub async fn archive(
        &self,
        settings: &ArchiveSettings,
        now: Timestamp,
        progress: &Progress,
    ) -> Result<ArchiveReport, LogError> {
        let old = now.as_microsecond() - i64::try_from(settings.age.as_micros()).unwrap_or(i64::MAX);
        let count = "SELECT COUNT(*) FROM log_chunks WHERE sealed = 1 AND archived_at IS NULL AND received_at <= $1";
        let of: i64 = sqlx::query(count).bind(old).fetch_one(self.store.database().reader()).await?.try_get(0)?;
        let of = u64::try_from(of).unwrap_or_default();
        let mut report = ArchiveReport::default();
        loop {
            let select = "SELECT source_id, first_entry, data FROM log_chunks \
                WHERE sealed = 1 AND archived_at IS NULL AND received_at <= $1 ORDER BY received_at LIMIT $2";
            let rows = sqlx::query(select).bind(old).bind(STEP).fetch_all(self.store.database().reader()).await?;
            if rows.is_empty() {
                return Ok(report);
            }
            for row in rows {
                let (log, entry, data): (i64, i64, Vec<u8>) =
                    (row.try_get("source_id")?, row.try_get("first_entry")?, row.try_get("data")?);
                let level = settings.level;
                let before = data.len();
                let harder = tokio::task::spawn_blocking(move || harder(&data, level).map(|better| (data, better)));
                let harder = harder.await.map_err(|_| LogError::Stopped)?;
                let (data, better) = harder.map_err(|source| LogError::Chunk {
                    log,
                    entry: u64::try_from(entry).unwrap_or_default(),
                    source,
                })?;
                let data = if better.len() < before { better } else { data };
                self.put_archived(log, entry, &data, before, now).await?;
                report.chunks += 1;
                report.bytes_before += before as u64;
                report.bytes_after += data.len() as u64;
                progress.set(report.chunks, of.max(report.chunks));
            }
        }
    }

    async fn put_archived(
        &self,
        log: i64,
        entry: i64,
        data: &[u8],
        before: usize,
        now: Timestamp,
    ) -> Result<(), LogError> {
        let mut transaction = self.store.write().await?;
        let update = "UPDATE log_chunks SET data = $3, stored_bytes = $4, archived_at = $5 \
            WHERE source_id = $1 AND first_entry = $2 AND archived_at IS NULL";
        let updated = sqlx::query(update)
            .bind(log)
            .bind(entry)
            .bind(data)
            .bind(integer(data.len() as u64))
            .bind(now.as_microsecond())
            .execute(&mut *transaction)
            .await?;
        if updated.rows_affected() == 1 {
            let update = "UPDATE log_sources SET stored_bytes = stored_bytes + $2 WHERE id = $1";
            let change = integer(data.len() as u64) - integer(before as u64);
            sqlx::query(update).bind(log).bind(change).execute(&mut *transaction).await?;
        }
        Ok(transaction.commit().await.map_err(crate::store::StoreError::from)?)
    }
}

fn harder(data: &[u8], level: i32) -> Result<Vec<u8>, crate::log::ChunkError> {
    let chunk = Chunk::decode(data)?;
    let mut builder = ChunkBuilder::new(chunk.lines_before());
    for entry in chunk.iter() {
        builder.add(entry);
    }
    Ok(builder.finish_at(level)?.data)
}
