//! The logs that there are.

use std::sync::Arc;

use keruta_api::TaskStatus;
use keruta_submitter::logs::{Cursor, LogSource};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::{LogError, LogStore};
use crate::log::LevelCounts;
use crate::store::StoreError;
use crate::store::row::Columns;

/// A run of a container, and how much of its log is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceInfo {
    /// Its number in this database.
    pub id: i64,
    /// What it is.
    pub source: LogSource,
    /// Whether nothing more will come.
    pub done: bool,
    /// How many entries (lines, pieces of lines, gaps) there were.
    pub entries: u64,
    /// The last line's number.
    pub lines: u64,
    /// The lines that are still kept, by level.
    pub levels: LevelCounts,
    /// The gaps that are still kept.
    pub gaps: u64,
    /// The bytes of messages that are still kept.
    pub bytes: u64,
    /// What they take in the database.
    pub stored_bytes: u64,
    /// The time of its first entry, in nanoseconds since the epoch.
    pub first: i64,
    /// The latest time.
    pub latest: i64,
    /// The cursor as it was given, where it is read by a submitter.
    pub(super) cursor: Option<String>,
}

/// Where the task of a log stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskState {
    /// Its status.
    pub status: TaskStatus,
    /// Its present attempt.
    pub attempt: u32,
    /// The namespace of its objects.
    pub namespace: String,
}

/// How large the logs are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogSizes {
    /// How many logs of containers.
    pub sources: u64,
    /// How many lines are kept.
    pub lines: u64,
    /// The bytes of their messages.
    pub bytes: u64,
    /// What they take in the database.
    pub stored_bytes: u64,
    /// How many chunks.
    pub chunks: u64,
    /// How many of them are not full yet.
    pub open_chunks: u64,
    /// How many were compressed harder.
    pub archived_chunks: u64,
    /// How many were exported.
    pub exported_chunks: u64,
}

const TABLE: &str = "log_sources";
const COLUMNS: &str = "id, task_id, attempt, namespace, job, pod, pod_uid, container, restart, cursor, done, entries, lines, \
    debug, info, warn, error, gaps, bytes, stored_bytes, first_ns, latest_ns";
const KEY: &str =
    "task_id = $1 AND attempt = $2 AND namespace = $3 AND pod_uid = $4 AND container = $5 AND restart = $6";

pub(super) fn read(row: &AnyRow) -> Result<SourceInfo, StoreError> {
    let columns = Columns { table: TABLE, row };
    Ok(SourceInfo {
        id: columns.integer("id")?,
        source: LogSource {
            attempt: keruta_submitter::Attempt {
                namespace: columns.text("namespace")?,
                task: columns.text("task_id")?,
                number: columns.number("attempt")?,
            },
            job: columns.text("job")?,
            pod: columns.text("pod")?,
            pod_uid: columns.text("pod_uid")?,
            container: columns.text("container")?,
            restart: columns.number("restart")?,
        },
        done: columns.integer("done")? != 0,
        entries: columns.number("entries")?,
        lines: columns.number("lines")?,
        levels: levels(columns)?,
        gaps: columns.number("gaps")?,
        bytes: columns.number("bytes")?,
        stored_bytes: columns.number("stored_bytes")?,
        first: columns.integer("first_ns")?,
        latest: columns.integer("latest_ns")?,
        cursor: columns.text_if_any("cursor")?,
    })
}

pub(super) fn levels(columns: Columns<'_>) -> Result<LevelCounts, StoreError> {
    Ok(LevelCounts::new([
        columns.number("debug")?,
        columns.number("info")?,
        columns.number("warn")?,
        columns.number("error")?,
    ]))
}

/// A log's number, which is given to it when it has none.
pub(super) async fn number(connection: &mut AnyConnection, source: &LogSource, now: i64) -> Result<i64, StoreError> {
    if let Some(id) = number_if_any(connection, source).await? {
        return Ok(id);
    }
    let insert = "INSERT INTO log_sources (task_id, attempt, namespace, job, pod, pod_uid, container, restart, done, entries, \
        lines, debug, info, warn, error, gaps, bytes, stored_bytes, first_ns, latest_ns, floor_ns, created_at, updated_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, $9, $9, $10, $10) ON CONFLICT DO NOTHING";
    sqlx::query(insert)
        .bind(&source.attempt.task)
        .bind(i64::from(source.attempt.number))
        .bind(&source.attempt.namespace)
        .bind(&source.job)
        .bind(&source.pod)
        .bind(&source.pod_uid)
        .bind(&source.container)
        .bind(i64::from(source.restart))
        .bind(i64::MIN)
        .bind(now)
        .execute(&mut *connection)
        .await?;
    let missing = || StoreError::NotFound { kind: "log", id: source.container.clone() };
    number_if_any(connection, source).await?.ok_or_else(missing)
}

async fn number_if_any(connection: &mut AnyConnection, source: &LogSource) -> Result<Option<i64>, StoreError> {
    let select = sqlx::AssertSqlSafe(format!("SELECT id FROM log_sources WHERE {KEY}"));
    let row = keyed(sqlx::query(select), source).fetch_optional(connection).await?;
    Ok(row.map(|row| row.try_get("id")).transpose()?)
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Any, sqlx::any::AnyArguments>;

fn keyed<'q>(query: Query<'q>, source: &'q LogSource) -> Query<'q> {
    query
        .bind(&source.attempt.task)
        .bind(i64::from(source.attempt.number))
        .bind(&source.attempt.namespace)
        .bind(&source.pod_uid)
        .bind(&source.container)
        .bind(i64::from(source.restart))
}

impl LogStore {
    /// The logs of a task, in the order in which they began.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn sources(&self, task: &str) -> Result<Vec<Arc<SourceInfo>>, LogError> {
        let select = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM log_sources WHERE task_id = $1 ORDER BY id"));
        let rows = sqlx::query(select).bind(task).fetch_all(self.store.database().reader()).await?;
        Ok(rows.iter().map(|row| read(row).map(Arc::new)).collect::<Result<_, _>>()?)
    }

    /// A log by what it is.
    pub(super) async fn find(&self, source: &LogSource) -> Result<Option<SourceInfo>, LogError> {
        let select = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM log_sources WHERE {KEY}"));
        let row = keyed(sqlx::query(select), source).fetch_optional(self.store.database().reader()).await?;
        Ok(row.map(|row| read(&row)).transpose()?)
    }

    /// Where to go on reading a container's log; `None` where nothing of it is kept.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn cursor(&self, source: &LogSource) -> Result<Option<Cursor>, LogError> {
        let cursor = self.find(source).await?.and_then(|found| found.cursor);
        let unreadable =
            |error: serde_json::Error| StoreError::Corrupt { table: TABLE, column: "cursor", why: error.to_string() };
        Ok(cursor.map(|text| serde_json::from_str(&text).map_err(unreadable)).transpose()?)
    }

    /// How many entries an agent's log has: where its next batch begins.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn offset(&self, source: &LogSource) -> Result<u64, LogError> {
        Ok(self.find(source).await?.map_or(0, |found| found.entries))
    }

    /// Where a task stands; `None` where there is no such task.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn task(&self, task: &str) -> Result<Option<TaskState>, LogError> {
        Ok(task_state(&self.store, task).await?)
    }

    /// How large all logs are together.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn sizes(&self) -> Result<LogSizes, LogError> {
        // Sums of PostgreSQL are of another type.
        let sources = "SELECT COUNT(*) AS sources, CAST(COALESCE(SUM(debug + info + warn + error), 0) AS BIGINT) AS lines, \
            CAST(COALESCE(SUM(bytes), 0) AS BIGINT) AS bytes, \
            CAST(COALESCE(SUM(stored_bytes), 0) AS BIGINT) AS stored_bytes FROM log_sources";
        let chunks = "SELECT COUNT(*) AS chunks, COUNT(CASE WHEN sealed = 0 THEN 1 END) AS open_chunks, \
            COUNT(archived_at) AS archived_chunks, COUNT(exported_at) AS exported_chunks FROM log_chunks";
        let reader = self.store.database().reader();
        let row = sqlx::query(sources).fetch_one(reader).await?;
        let sources = Columns { table: TABLE, row: &row };
        let row = sqlx::query(chunks).fetch_one(reader).await?;
        let chunks = Columns { table: "log_chunks", row: &row };
        Ok(LogSizes {
            sources: sources.number("sources")?,
            lines: sources.number("lines")?,
            bytes: sources.number("bytes")?,
            stored_bytes: sources.number("stored_bytes")?,
            chunks: chunks.number("chunks")?,
            open_chunks: chunks.number("open_chunks")?,
            archived_chunks: chunks.number("archived_chunks")?,
            exported_chunks: chunks.number("exported_chunks")?,
        })
    }
}

pub(super) async fn task_state(store: &crate::store::Store, task: &str) -> Result<Option<TaskState>, StoreError> {
    let select = "SELECT status, attempt, namespace FROM tasks WHERE id = $1";
    let row = sqlx::query(select).bind(task).fetch_optional(store.database().reader()).await?;
    let Some(row) = row else { return Ok(None) };
    let columns = Columns { table: "tasks", row: &row };
    Ok(Some(TaskState {
        status: columns.word("status")?,
        attempt: columns.number("attempt")?,
        namespace: columns.text("namespace")?,
    }))
}
