//! Old lines are deleted.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use keruta_submitter::logs::Level;
use sqlx::{Any, Row, Transaction};

use super::chunks::{self, Meta, integer};
use super::{LogError, LogStore, Progress};
use crate::log::LevelCounts;
use crate::store::StoreError;

/// How many chunks are deleted in one transaction.
const STEP: i64 = 500;
const DAY: Duration = Duration::from_hours(24);

/// How long lines are kept; `None` is for ever. A task's own time comes before its namespace's, and that before the default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionPolicy {
    /// Default 30 days.
    pub default: Option<Duration>,
    /// Of the tasks of a namespace.
    pub namespaces: BTreeMap<String, Option<Duration>>,
    /// Of a task.
    pub tasks: BTreeMap<String, Option<Duration>>,
    /// Whether only what was exported is deleted. Default false.
    pub only_exported: bool,
}

impl Default for RetentionPolicy {
    fn default() -> Self {
        let (namespaces, tasks) = Default::default();
        Self { default: Some(DAY * 30), namespaces, tasks, only_exported: false }
    }
}

impl RetentionPolicy {
    /// How long the lines of a task are kept.
    #[must_use]
    pub fn of(&self, namespace: &str, task: &str) -> Option<Duration> {
        let own = self.tasks.get(task).or_else(|| self.namespaces.get(namespace));
        own.copied().unwrap_or(self.default)
    }

    fn shortest(&self) -> Option<Duration> {
        let own = self.namespaces.values().chain(self.tasks.values());
        own.chain([&self.default]).flatten().min().copied()
    }

    fn is_over(&self, namespace: &str, task: &str, received_at: i64, now: Timestamp) -> bool {
        self.of(namespace, task).is_some_and(|kept| received_at < before(now, kept))
    }
}

fn before(now: Timestamp, duration: Duration) -> i64 {
    now.as_microsecond().saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX))
}

/// What was deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RetentionReport {
    /// How many chunks.
    pub chunks: u64,
    /// How many lines.
    pub lines: u64,
    /// What they took in the database.
    pub stored_bytes: u64,
    /// How many logs of which nothing was left.
    pub logs: u64,
    /// How many chunks are old enough, but not exported yet.
    pub not_exported: u64,
}

impl LogStore {
    /// Deletes the lines whose time is over.
    ///
    /// # Errors
    ///
    /// Where the database fails; what was deleted until then stays so.
    pub async fn retain(
        &self,
        policy: &RetentionPolicy,
        now: Timestamp,
        progress: &Progress,
    ) -> Result<RetentionReport, LogError> {
        let mut report = RetentionReport::default();
        let Some(shortest) = policy.shortest() else { return Ok(report) };
        let cutoff = before(now, shortest);
        let count = "SELECT COUNT(*) FROM log_chunks WHERE received_at < $1";
        let of: i64 = sqlx::query(count).bind(cutoff).fetch_one(self.store.database().reader()).await?.try_get(0)?;
        let (mut seen, of) = (0, u64::try_from(of).unwrap_or_default());
        // Those that are kept longer are passed by.
        let mut place = (i64::MIN, 0, 0);
        loop {
            let select = "SELECT s.namespace, s.task_id, c.source_id, c.exported_at, c.first_entry, c.entries, c.first_line, \
                c.last_line, c.key_ns, c.earliest_ns, c.latest_ns, c.debug, c.info, c.warn, c.error, c.gaps, c.bytes, \
                c.stored_bytes, c.received_at FROM log_chunks c JOIN log_sources s ON s.id = c.source_id \
                WHERE c.received_at < $1 AND (c.received_at > $2 OR c.received_at = $2 AND (c.source_id > $3 \
                    OR c.source_id = $3 AND c.first_entry > $4)) \
                ORDER BY c.received_at, c.source_id, c.first_entry LIMIT $5";
            let rows = sqlx::query(select)
                .bind(cutoff)
                .bind(place.0)
                .bind(place.1)
                .bind(place.2)
                .bind(STEP)
                .fetch_all(self.store.database().reader())
                .await?;
            let mut over: BTreeMap<i64, Vec<Meta>> = BTreeMap::new();
            for row in &rows {
                let (namespace, task): (String, String) = (row.try_get("namespace")?, row.try_get("task_id")?);
                let (meta, log) = (chunks::meta(row)?, row.try_get("source_id")?);
                place = (meta.received_at, log, integer(meta.first_entry));
                if !policy.is_over(&namespace, &task, meta.received_at, now) {
                    continue;
                }
                if policy.only_exported && row.try_get::<Option<i64>, _>("exported_at")?.is_none() {
                    report.not_exported += 1;
                } else {
                    over.entry(log).or_default().push(meta);
                }
            }
            let mut transaction = self.store.write().await?;
            for (log, metas) in over {
                delete(&mut transaction, log, &metas, &mut report).await?;
            }
            transaction.commit().await?;
            seen += rows.len() as u64;
            progress.set(seen, of.max(seen));
            if rows.len() < usize::try_from(STEP).unwrap_or(usize::MAX) {
                break;
            }
        }
        report.logs = self.delete_empty(policy, cutoff, now).await?;
        Ok(report)
    }

    /// Deletes the logs of which nothing is left and to which nothing was added for as long.
    async fn delete_empty(&self, policy: &RetentionPolicy, cutoff: i64, now: Timestamp) -> Result<u64, LogError> {
        let select = "SELECT id, namespace, task_id, updated_at FROM log_sources s WHERE updated_at < $1 \
            AND NOT EXISTS (SELECT 1 FROM log_chunks WHERE source_id = s.id) ORDER BY id";
        let rows = sqlx::query(select).bind(cutoff).fetch_all(self.store.database().reader()).await?;
        let mut deleted = 0;
        let mut transaction = self.store.write().await?;
        for row in rows {
            let (namespace, task): (String, String) = (row.try_get("namespace")?, row.try_get("task_id")?);
            if policy.is_over(&namespace, &task, row.try_get("updated_at")?, now) {
                let delete = "DELETE FROM log_sources WHERE id = $1 AND updated_at < $2 \
                    AND NOT EXISTS (SELECT 1 FROM log_chunks WHERE source_id = $1)";
                let log: i64 = row.try_get("id")?;
                deleted += sqlx::query(delete).bind(log).bind(cutoff).execute(&mut *transaction).await?.rows_affected();
            }
        }
        transaction.commit().await?;
        Ok(deleted)
    }

    /// Deletes all logs of a task.
    ///
    /// # Errors
    ///
    /// Where the database fails; nothing is deleted then.
    pub async fn delete_task(&self, task: &str) -> Result<(), LogError> {
        let mut transaction = self.store.write().await?;
        let chunks = "DELETE FROM log_chunks WHERE source_id IN (SELECT id FROM log_sources WHERE task_id = $1)";
        for delete in [chunks, "DELETE FROM log_sources WHERE task_id = $1"] {
            sqlx::query(delete).bind(task).execute(&mut *transaction).await?;
        }
        Ok(transaction.commit().await.map_err(StoreError::from)?)
    }
}

async fn delete(
    transaction: &mut Transaction<'static, Any>,
    log: i64,
    metas: &[Meta],
    report: &mut RetentionReport,
) -> Result<(), StoreError> {
    let mut levels = LevelCounts::default();
    let (mut gaps, mut bytes, mut stored) = (0, 0, 0);
    for meta in metas {
        // It may have been merged with others meanwhile, and compressed harder.
        let delete =
            "DELETE FROM log_chunks WHERE source_id = $1 AND first_entry = $2 AND entries = $3 RETURNING stored_bytes";
        let deleted = sqlx::query(delete)
            .bind(log)
            .bind(integer(meta.first_entry))
            .bind(integer(meta.stats.entries))
            .fetch_optional(&mut **transaction)
            .await?;
        let Some(deleted) = deleted else { continue };
        levels += meta.stats.levels;
        gaps += meta.stats.gaps;
        bytes += meta.stats.bytes;
        stored += deleted.try_get::<i64, _>(0)?;
        report.chunks += 1;
    }
    report.lines += levels.total();
    report.stored_bytes += u64::try_from(stored).unwrap_or_default();
    let update = "UPDATE log_sources SET debug = debug - $2, info = info - $3, warn = warn - $4, error = error - $5, \
        gaps = gaps - $6, bytes = bytes - $7, stored_bytes = stored_bytes - $8 WHERE id = $1";
    sqlx::query(update)
        .bind(log)
        .bind(integer(levels.of(Level::Debug)))
        .bind(integer(levels.of(Level::Info)))
        .bind(integer(levels.of(Level::Warn)))
        .bind(integer(levels.of(Level::Error)))
        .bind(integer(gaps))
        .bind(integer(bytes))
        .bind(stored)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}
