//! Reading one task.

use keruta_manifest::Task;
use sqlx::any::AnyRow;
use sqlx::{Any, Executor, Transaction};

use super::super::row::Columns;
use super::super::{Store, StoreError};
use crate::task::{CancelRequest, StoredTask, TaskSpec};

impl Store {
    /// A task.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn task(&self, id: &str) -> Result<StoredTask, StoreError> {
        read(self.database().reader(), id).await
    }
}

/// A task within a transaction.
pub(in crate::store) async fn task_in(write: &mut Transaction<'_, Any>, id: &str) -> Result<StoredTask, StoreError> {
    read(&mut **write, id).await
}

/// A task within a transaction, which nobody else can change before that ends.
pub(in crate::store) async fn locked(write: &mut Transaction<'_, Any>, id: &str) -> Result<StoredTask, StoreError> {
    // Both databases lock what they update; PostgreSQL's `FOR UPDATE` is unknown to SQLite.
    sqlx::query("UPDATE tasks SET version = version WHERE id = $1").bind(id).execute(&mut **write).await?;
    task_in(write, id).await
}

async fn read<'e>(executor: impl Executor<'e, Database = Any>, id: &str) -> Result<StoredTask, StoreError> {
    let row = sqlx::query("SELECT * FROM tasks WHERE id = $1").bind(id).fetch_optional(executor).await?;
    row.as_ref().map_or_else(|| Err(StoreError::NotFound { kind: "task", id: id.to_owned() }), task_of)
}

pub(in crate::store) fn task_of(row: &AnyRow) -> Result<StoredTask, StoreError> {
    let columns = Columns { table: "tasks", row };
    let cancel = columns.time_if_any("cancel_requested_at")?.map(|at| -> Result<_, StoreError> {
        Ok(CancelRequest { at, by: columns.text_if_any("cancel_requested_by")?.unwrap_or_default() })
    });
    Ok(StoredTask {
        spec: TaskSpec::of(columns.json::<Task>("spec")?),
        namespace: columns.text("namespace")?,
        root_id: columns.text("root_id")?,
        position: columns.integer("position")?,
        status: columns.word("status")?,
        state: columns.word("state")?,
        attempt: columns.number("attempt")?,
        epoch: columns.number("epoch")?,
        version: columns.integer("version")?,
        not_before: columns.time_if_any("not_before")?,
        waiting_for: columns.text_if_any("waiting_for")?,
        cancel: cancel.transpose()?,
        job_name: columns.text_if_any("job_name")?,
        phase: columns.json_if_any("phase")?,
        progress: columns.json_if_any("progress")?,
        verdict: columns.json_if_any("verdict")?,
        created_at: columns.time("created_at")?,
        updated_at: columns.time("updated_at")?,
        started_at: columns.time_if_any("started_at")?,
        finished_at: columns.time_if_any("finished_at")?,
    })
}
