//! Tasks: made, read, changed, cancelled, tried again, deleted.

mod change;
mod list;
mod read;

use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::{Any, Transaction};

use super::audit::{Author, audit};
use super::counters::next_number;
use super::events::{Event, record};
use super::{Store, StoreError};
use crate::task::{QueueState, StoredTask, TaskSpec};
use keruta_api::TaskStatus;

pub use list::{TaskCursor, TaskFilter, TaskOrder, TaskPage};
pub(super) use read::{locked, task_in, task_of};

/// Who changes something: a user's or token's name, or keruta itself.
pub type Actor<'a> = &'a str;

impl Store {
    /// Makes a task and puts it in the queue. `namespace` is where its objects will live if it names none.
    ///
    /// # Errors
    ///
    /// [`StoreError::AlreadyExists`], and [`StoreError::NotFound`] where its parent is unknown.
    pub async fn create_task(
        &self,
        spec: TaskSpec,
        namespace: &str,
        author: impl Into<Author>,
        now: Timestamp,
    ) -> Result<StoredTask, StoreError> {
        let author = author.into();
        let mut write = self.write().await?;
        let root = match spec.parent() {
            None => spec.id().to_owned(),
            Some(parent) => match task_in(&mut write, parent).await {
                Ok(parent) => parent.root_id,
                Err(StoreError::NotFound { id, .. }) => {
                    return Err(StoreError::NotFound { kind: "parent task", id });
                }
                Err(error) => return Err(error),
            },
        };
        let namespace = spec.namespace().unwrap_or(namespace).to_owned();
        let position = next_number(&mut write, "tasks").await?;
        let insert = "INSERT INTO tasks (id, spec, title, namespace, priority, position, parent_id, root_id, status, state, \
                attempt, version, created_at, updated_at, queued_at) \
            VALUES ($1, $2, $3, $4, $5, $11, $6, $7, $8, $9, 1, 1, $10, $10, $10) \
            ON CONFLICT (id) DO NOTHING";
        let inserted = sqlx::query(insert)
            .bind(spec.id())
            .bind(text_of(&spec))
            .bind(spec.title())
            .bind(&namespace)
            .bind(spec.priority())
            .bind(spec.parent())
            .bind(root)
            .bind(TaskStatus::Pending.as_str())
            .bind(QueueState::Queued.as_str())
            .bind(now.as_microsecond())
            .bind(position)
            .execute(&mut *write)
            .await?;
        if inserted.rows_affected() == 0 {
            return Err(StoreError::AlreadyExists { kind: "task", id: spec.id().to_owned() });
        }
        insert_attempt(&mut write, spec.id(), 1, &namespace, now).await?;
        record(&mut write, &Event::new("created", spec.id(), 1, &author.actor, now).to(TaskStatus::Pending)).await?;
        audit_task(&mut write, &author, "task.created", spec.id(), &json!({"namespace": namespace}), now).await?;
        let task = task_in(&mut write, spec.id()).await?;
        write.commit().await?;
        self.changed();
        Ok(task)
    }
}

async fn insert_attempt(
    write: &mut Transaction<'_, Any>,
    task: &str,
    number: u32,
    namespace: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let insert = "INSERT INTO attempts (task_id, number, namespace, status, created_at) VALUES ($1, $2, $3, $4, $5)";
    sqlx::query(insert)
        .bind(task)
        .bind(i64::from(number))
        .bind(namespace)
        .bind(TaskStatus::Pending.as_str())
        .bind(now.as_microsecond())
        .execute(&mut **write)
        .await?;
    Ok(())
}

/// Adds to the audit log what was done to a task: last of all, since that log's counter is the last row that anybody locks.
async fn audit_task(
    write: &mut Transaction<'_, Any>,
    author: &Author,
    action: &str,
    id: &str,
    detail: &Value,
    now: Timestamp,
) -> Result<(), StoreError> {
    audit(write, author, action, &format!("task/{id}"), Some(detail), now).await
}

fn text_of(spec: &TaskSpec) -> String {
    serde_json::Value::Object(spec.to_json()).to_string()
}
