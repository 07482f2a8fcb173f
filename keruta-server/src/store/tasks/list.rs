//! Lists of tasks, a page at a time.

use jiff::Timestamp;
use keruta_api::TaskStatus;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::super::row::{Columns, like};
use super::super::{Store, StoreError};
use super::read::task_of;
use crate::task::StoredTask;

/// Which tasks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskFilter {
    /// With one of these statuses; all where empty.
    pub statuses: Vec<TaskStatus>,
    /// Of this namespace.
    pub namespace: Option<String>,
    /// Children of this task.
    pub parent: Option<String>,
    /// Of the family of this first ancestor.
    pub root: Option<String>,
    /// Whose id or title holds this text, in any case of its letters.
    pub text: Option<String>,
    /// Created at this time or later.
    pub created_since: Option<Timestamp>,
    /// Created before this time.
    pub created_until: Option<Timestamp>,
}

/// In which order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TaskOrder {
    /// The newest first.
    #[default]
    Created,
    /// As the queue takes them: by priority, the highest first, then first come.
    Priority,
    /// The last changed first.
    Updated,
}

/// A page of tasks.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskPage {
    /// What is on it.
    pub tasks: Vec<StoredTask>,
    /// Where the next one begins.
    pub next: Option<TaskCursor>,
}

/// A place in a list of tasks: behind the task with this key and position.
pub type TaskCursor = (i64, i64);

impl TaskOrder {
    /// The column that orders, and the condition of what comes behind a place.
    const fn terms(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Created => {
                ("created_at", "ORDER BY created_at DESC, position DESC", "(created_at, position) < ($8, $9)")
            }
            Self::Updated => {
                ("updated_at", "ORDER BY updated_at DESC, position DESC", "(updated_at, position) < ($8, $9)")
            }
            Self::Priority => {
                ("priority", "ORDER BY priority DESC, position", "(priority < $8 OR (priority = $8 AND position > $9))")
            }
        }
    }
}

impl Store {
    /// A page of tasks, behind `after`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn tasks(
        &self,
        filter: &TaskFilter,
        order: TaskOrder,
        after: Option<TaskCursor>,
        limit: u32,
    ) -> Result<TaskPage, StoreError> {
        let (column, order_by, behind) = order.terms();
        // Only words of this program are put in; what a user says is bound.
        let statuses = if filter.statuses.is_empty() {
            String::new()
        } else {
            let words: Vec<_> = filter.statuses.iter().map(|status| format!("'{status}'")).collect();
            format!("AND status IN ({})", words.join(", "))
        };
        let behind = if after.is_some() { format!("AND {behind}") } else { "AND $8 = $9".to_owned() };
        let select = format!(
            "SELECT *, {column} AS page_key FROM tasks WHERE (CAST($1 AS TEXT) IS NULL OR namespace = $1) \
                AND (CAST($2 AS TEXT) IS NULL OR parent_id = $2) AND (CAST($3 AS TEXT) IS NULL OR root_id = $3) \
                AND (CAST($4 AS TEXT) IS NULL OR lower(id) LIKE $4 ESCAPE '\\' OR lower(title) LIKE $4 ESCAPE '\\') \
                AND created_at >= $5 AND created_at < $6 {statuses} {behind} {order_by} LIMIT $7"
        );
        let (key, position) = after.unwrap_or_default();
        let rows = sqlx::query(AssertSqlSafe(select))
            .bind(filter.namespace.as_deref())
            .bind(filter.parent.as_deref())
            .bind(filter.root.as_deref())
            .bind(filter.text.as_deref().map(like))
            .bind(filter.created_since.map_or(i64::MIN, Timestamp::as_microsecond))
            .bind(filter.created_until.map_or(i64::MAX, Timestamp::as_microsecond))
            .bind(i64::from(limit) + 1)
            .bind(key)
            .bind(position)
            .fetch_all(self.database().reader())
            .await?;
        let more = rows.len() > limit as usize;
        let rows = &rows[..rows.len().min(limit as usize)];
        let next = if more { rows.last().map(cursor_of).transpose()? } else { None };
        Ok(TaskPage { tasks: rows.iter().map(task_of).collect::<Result<_, _>>()?, next })
    }

    /// How many tasks there are of each status, in the order of [`TaskStatus::ALL`].
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn count_tasks(&self) -> Result<Vec<(TaskStatus, u64)>, StoreError> {
        let select = "SELECT status, COUNT(*) AS tasks FROM tasks GROUP BY status";
        let rows = sqlx::query(select).fetch_all(self.database().reader()).await?;
        let counted = rows
            .iter()
            .map(|row| {
                let columns = Columns { table: "tasks", row };
                Ok((columns.word("status")?, columns.number("tasks")?))
            })
            .collect::<Result<Vec<(TaskStatus, u64)>, StoreError>>()?;
        let count = |status| counted.iter().find(|(other, _)| *other == status).map_or(0, |(_, count)| *count);
        Ok(TaskStatus::ALL.into_iter().map(|status| (status, count(status))).collect())
    }
}

fn cursor_of(row: &AnyRow) -> Result<TaskCursor, StoreError> {
    let columns = Columns { table: "tasks", row };
    Ok((columns.integer("page_key")?, columns.integer("position")?))
}
