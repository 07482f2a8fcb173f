//! The history: what happened to tasks, and by whom.

use jiff::Timestamp;
use keruta_api::{TaskEvent, TaskStatus};
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{Any, Transaction};

use super::counters::next_number;
use super::row::Columns;
use super::{Store, StoreError};

/// Something that happened to a task.
#[derive(Debug, Clone)]
pub(super) struct Event<'a> {
    kind: &'static str,
    task: &'a str,
    attempt: u32,
    actor: &'a str,
    at: Timestamp,
    from: Option<TaskStatus>,
    to: Option<TaskStatus>,
    reason: Option<&'a str>,
    detail: Option<Value>,
}

impl<'a> Event<'a> {
    pub(super) const fn new(kind: &'static str, task: &'a str, attempt: u32, actor: &'a str, at: Timestamp) -> Self {
        Self { kind, task, attempt, actor, at, from: None, to: None, reason: None, detail: None }
    }

    pub(super) const fn from(mut self, status: TaskStatus) -> Self {
        self.from = Some(status);
        self
    }

    pub(super) const fn to(mut self, status: TaskStatus) -> Self {
        self.to = Some(status);
        self
    }

    pub(super) const fn reason(mut self, reason: Option<&'a str>) -> Self {
        self.reason = reason;
        self
    }

    pub(super) fn detail(mut self, detail: Option<Value>) -> Self {
        self.detail = detail;
        self
    }
}

/// Adds to the history, in the transaction of what happened.
pub(super) async fn record(write: &mut Transaction<'_, Any>, event: &Event<'_>) -> Result<(), StoreError> {
    let insert = "INSERT INTO task_events \
            (sequence, task_id, attempt, at, kind, actor, from_status, to_status, reason, detail) \
        VALUES ($10, $1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let sequence = next_number(write, "task_events").await?;
    sqlx::query(insert)
        .bind(event.task)
        .bind(i64::from(event.attempt))
        .bind(event.at.as_microsecond())
        .bind(event.kind)
        .bind(event.actor)
        .bind(event.from.map(TaskStatus::as_str))
        .bind(event.to.map(TaskStatus::as_str))
        .bind(event.reason)
        .bind(event.detail.as_ref().map(ToString::to_string))
        .bind(sequence)
        .execute(&mut **write)
        .await?;
    Ok(())
}

impl Store {
    /// The history behind a place in it: of one task, or of all.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn events(&self, task: Option<&str>, after: i64, limit: u32) -> Result<Vec<TaskEvent>, StoreError> {
        let select = "SELECT * FROM task_events WHERE sequence > $1 AND (CAST($2 AS TEXT) IS NULL OR task_id = $2) \
            ORDER BY sequence LIMIT $3";
        let rows = sqlx::query(select)
            .bind(after)
            .bind(task)
            .bind(i64::from(limit))
            .fetch_all(self.database().reader())
            .await?;
        rows.iter().map(event_of).collect()
    }

    /// The newest place in the history; 0 where nothing has happened.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn last_event(&self) -> Result<i64, StoreError> {
        let select = "SELECT COALESCE(MAX(sequence), 0) AS sequence FROM task_events";
        let row = sqlx::query(select).fetch_one(self.database().reader()).await?;
        Columns { table: "task_events", row: &row }.integer("sequence")
    }
}

fn event_of(row: &AnyRow) -> Result<TaskEvent, StoreError> {
    let columns = Columns { table: "task_events", row };
    let status = |column| -> Result<Option<TaskStatus>, StoreError> {
        columns.text_if_any(column)?.map(|_| columns.word(column)).transpose()
    };
    Ok(TaskEvent {
        sequence: columns.integer("sequence")?,
        task_id: columns.text("task_id")?,
        attempt: columns.number("attempt")?,
        at: columns.time("at")?,
        kind: columns.text("kind")?,
        actor: columns.text("actor")?,
        from: status("from_status")?,
        to: status("to_status")?,
        reason: columns.text_if_any("reason")?,
        detail: columns.json_if_any("detail")?,
    })
}
