//! Small chunks become full ones.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::{Any, Row, Transaction};

use super::chunks::{self, Meta, NewChunk, Range, integer};
use super::{LogError, LogStore, Progress};
use crate::log::{Chunk, ChunkBuilder, EncodedChunk, TARGET};
use crate::store::{Store, StoreError};

/// When chunks are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealSettings {
    /// A chunk is full with so many bytes of messages. Default 256 KiB.
    pub bytes: u64,
    /// A chunk that is not full is sealed when its first line is so old. Default 1 h.
    pub age: Duration,
    /// So many small chunks in a row are merged before they are full. Default 32.
    pub most: usize,
}

impl Default for SealSettings {
    fn default() -> Self {
        Self { bytes: TARGET as u64, age: Duration::from_hours(1), most: 32 }
    }
}

/// What was merged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SealReport {
    /// How many logs were looked at.
    pub logs: u64,
    /// How many chunks became fewer.
    pub merged: u64,
    /// How many they became.
    pub into: u64,
    /// How many are full, or old enough, now.
    pub sealed: u64,
}

/// Chunks in a row that become one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    chunks: Vec<Meta>,
    sealed: bool,
}

impl Store {
    /// Whether any log has pieces that are not full.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn has_open_chunks(&self) -> Result<bool, StoreError> {
        let select = "SELECT 1 FROM log_chunks WHERE sealed = 0 LIMIT 1";
        Ok(sqlx::query(select).fetch_optional(self.database().reader()).await?.is_some())
    }
}

impl LogStore {
    /// Merges small chunks, of all logs that have any. To be called every few seconds.
    ///
    /// # Errors
    ///
    /// Where the database fails; what was merged until then stays so.
    pub async fn seal(
        &self,
        settings: &SealSettings,
        now: Timestamp,
        progress: &Progress,
    ) -> Result<SealReport, LogError> {
        let old = now.as_microsecond() - i64::try_from(settings.age.as_micros()).unwrap_or(i64::MAX);
        // One that ended is not waited for.
        let select = "SELECT o.source_id AS id, s.done AS done FROM log_sources s JOIN ( \
                SELECT source_id, COUNT(*) AS chunks, SUM(bytes) AS bytes, MIN(received_at) AS received_at \
                FROM log_chunks WHERE sealed = 0 GROUP BY source_id \
            ) o ON o.source_id = s.id \
            WHERE s.done = 1 OR o.chunks >= $1 OR o.bytes >= $2 OR o.received_at <= $3 ORDER BY o.source_id";
        let rows = sqlx::query(select)
            .bind(integer(settings.most as u64))
            .bind(integer(settings.bytes))
            .bind(old)
            .fetch_all(self.store.database().reader())
            .await?;
        let mut report = SealReport::default();
        for (index, row) in rows.iter().enumerate() {
            progress.set(index as u64, rows.len() as u64);
            report.logs += 1;
            let done = row.try_get::<i64, _>("done")? != 0;
            self.seal_log(row.try_get("id")?, done, old, settings, &mut report).await?;
        }
        progress.set(rows.len() as u64, rows.len() as u64);
        Ok(report)
    }

    async fn seal_log(
        &self,
        log: i64,
        done: bool,
        old: i64,
        settings: &SealSettings,
        report: &mut SealReport,
    ) -> Result<(), LogError> {
        let select = "SELECT first_entry FROM log_chunks WHERE source_id = $1 AND sealed = 0 ORDER BY first_entry";
        let pool = self.store.database().reader();
        let rows = sqlx::query(select).bind(log).fetch_all(pool).await?;
        let open: Vec<i64> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        let (Some(first), Some(last)) = (open.first(), open.last()) else { return Ok(()) };
        let range = |place: &i64| u64::try_from(*place).unwrap_or_default();
        let range = Range { log, from: range(first), to: range(last) + 1, since: i64::MIN, until: i64::MAX };
        let limit = u32::try_from(open.len() * 2).unwrap_or(u32::MAX);
        let mut metas = chunks::metas(pool, range, false, limit).await?;
        metas.retain(|meta| open.contains(&integer(meta.first_entry)));
        for group in groups(&metas, settings, |meta| done || meta.received_at <= old) {
            if self.merge(log, &group).await? {
                report.merged += group.chunks.len() as u64;
                report.into += 1;
                report.sealed += u64::from(group.sealed);
            }
        }
        Ok(())
    }

    /// Replaces chunks by one; false where they are not what they were any more.
    async fn merge(&self, log: i64, group: &Group) -> Result<bool, LogError> {
        let (Some(first), Some(last)) = (group.chunks.first(), group.chunks.last()) else { return Ok(false) };
        let mut encoded = None;
        if group.chunks.len() > 1 {
            let rows = chunks::data(self.store.database().reader(), log, first.first_entry, last.first_entry).await?;
            if rows.iter().map(|(meta, _)| meta).ne(&group.chunks) {
                return Ok(false);
            }
            let merged = tokio::task::spawn_blocking(move || {
                merged(rows.iter().map(|(_, data)| data.as_slice()))
                    .map_err(|(at, source)| (rows.get(at).map_or(0, |(meta, _)| meta.first_entry), source))
            });
            let merged = merged.await.map_err(|_| LogError::Stopped)?;
            encoded = Some(merged.map_err(|(entry, source)| LogError::Chunk { log, entry, source })?);
        }
        let mut transaction = self.store.write().await?;
        let Some(encoded) = encoded else {
            let update = "UPDATE log_chunks SET sealed = 1 WHERE source_id = $1 AND first_entry = $2 AND sealed = 0";
            let query = sqlx::query(update).bind(log).bind(integer(first.first_entry));
            let sealed = query.execute(&mut *transaction).await?.rows_affected() == 1;
            transaction.commit().await?;
            return Ok(sealed);
        };
        if !replace(&mut transaction, log, group, &encoded).await? {
            transaction.rollback().await?;
            return Ok(false);
        }
        transaction.commit().await?;
        Ok(true)
    }
}

async fn replace(
    transaction: &mut Transaction<'static, Any>,
    log: i64,
    group: &Group,
    encoded: &EncodedChunk,
) -> Result<bool, StoreError> {
    let (Some(first), Some(last)) = (group.chunks.first(), group.chunks.last()) else { return Ok(false) };
    let delete = "DELETE FROM log_chunks WHERE source_id = $1 AND first_entry BETWEEN $2 AND $3 AND sealed = 0";
    let deleted = sqlx::query(delete)
        .bind(log)
        .bind(integer(first.first_entry))
        .bind(integer(last.first_entry))
        .execute(&mut **transaction)
        .await?;
    if deleted.rows_affected() != group.chunks.len() as u64 {
        return Ok(false);
    }
    let chunk = NewChunk {
        log,
        first_entry: first.first_entry,
        key: first.key,
        encoded,
        sealed: group.sealed,
        received_at: first.received_at,
    };
    chunks::insert(transaction, chunk).await?;
    let before: u64 = group.chunks.iter().map(|meta| meta.stored_bytes).sum();
    let change = integer(encoded.data.len() as u64) - integer(before);
    let update = "UPDATE log_sources SET stored_bytes = stored_bytes + $2 WHERE id = $1";
    sqlx::query(update).bind(log).bind(change).execute(&mut **transaction).await?;
    Ok(true)
}

/// One chunk of several.
fn merged<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> Result<EncodedChunk, (usize, crate::log::ChunkError)> {
    let mut builder: Option<ChunkBuilder> = None;
    for (at, data) in chunks.enumerate() {
        let chunk = Chunk::decode(data).map_err(|error| (at, error))?;
        let builder = builder.get_or_insert_with(|| ChunkBuilder::new(chunk.lines_before()));
        for entry in chunk.iter() {
            builder.add(entry);
        }
    }
    builder.unwrap_or_else(|| ChunkBuilder::new(0)).finish().map_err(|error| (0, error))
}

/// Which chunks become one.
fn groups(metas: &[Meta], settings: &SealSettings, old: impl Fn(&Meta) -> bool) -> Vec<Group> {
    let mut groups = Vec::new();
    let mut chunks: Vec<Meta> = Vec::new();
    let mut bytes = 0;
    for meta in metas {
        // One that was sealed as it came lies between.
        if chunks.last().is_some_and(|last| last.end() != meta.first_entry) {
            groups.push(Group { chunks: std::mem::take(&mut chunks), sealed: true });
            bytes = 0;
        }
        bytes += meta.stats.bytes;
        chunks.push(*meta);
        if bytes >= settings.bytes {
            groups.push(Group { chunks: std::mem::take(&mut chunks), sealed: true });
            bytes = 0;
        }
    }
    if chunks.first().is_some_and(old) {
        groups.push(Group { chunks, sealed: true });
    } else if chunks.len() >= settings.most {
        groups.push(Group { chunks, sealed: false });
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::ChunkStats;

    fn metas(sizes: &[(u64, u64)]) -> Vec<Meta> {
        let meta = |(first_entry, bytes): &(u64, u64)| {
            let encoded = ChunkBuilder::new(0).finish().unwrap();
            let stats = ChunkStats { entries: 10, bytes: *bytes, ..encoded.stats };
            Meta { first_entry: *first_entry, stats, key: 0, stored_bytes: 1, received_at: 5 }
        };
        sizes.iter().map(meta).collect()
    }

    fn grouped(sizes: &[(u64, u64)], most: usize, old: bool) -> Vec<(usize, bool)> {
        let settings = SealSettings { bytes: 100, most, ..SealSettings::default() };
        let groups = groups(&metas(sizes), &settings, |_| old);
        groups.into_iter().map(|group| (group.chunks.len(), group.sealed)).collect()
    }

    #[test]
    fn chunks_are_merged_when_they_are_full_old_or_many() {
        assert_eq!(grouped(&[(0, 60), (10, 50), (20, 90)], 9, false), [(2, true)]);
        assert_eq!(grouped(&[(0, 60), (10, 50), (20, 90)], 9, true), [(2, true), (1, true)]);
        assert_eq!(grouped(&[(0, 1), (10, 1), (20, 1)], 3, false), [(3, false)]);
        assert_eq!(grouped(&[(0, 1), (10, 1)], 3, false), []);
        // Only neighbours.
        assert_eq!(grouped(&[(0, 1), (20, 1), (30, 1)], 9, true), [(1, true), (2, true)]);
    }
}
