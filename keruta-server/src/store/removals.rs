//! What is still to be deleted of tasks that are gone.

use jiff::Timestamp;
use keruta_api::{TaskRemoval, TaskRemovalState};
use sqlx::any::AnyRow;

use super::lease::{Epoch, fence};
use super::row::Columns;
use super::{Store, StoreError};
use crate::task::QueueState;

/// A removal, as the job that does it needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// As the API tells it.
    pub removal: TaskRemoval,
    /// Whether the task can have left anything in the cluster.
    pub in_cluster: bool,
    /// When its last attempt ended.
    pub finished_at: Option<Timestamp>,
}

/// The tasks that share a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Family {
    /// One of them; none where there are none.
    pub member: Option<String>,
    /// Whether one of them has not ended.
    pub is_open: bool,
    /// When the last of them ended.
    pub finished_at: Option<Timestamp>,
}

const COLUMNS: &str =
    "namespace, task_id, asked_at, asked_by, state, tries, waiting_for, not_before, in_cluster, finished_at";

impl Store {
    /// The removals that may be tried now, the oldest first; without a cluster only those that want none just now.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn due_removals(
        &self,
        now: Timestamp,
        has_cluster: bool,
        limit: u32,
    ) -> Result<Vec<Removal>, StoreError> {
        let select = sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM removals WHERE (not_before IS NULL OR not_before <= $1) \
                AND ($2 = 1 OR state = 'records') ORDER BY asked_at, task_id LIMIT $3"
        ));
        let rows = sqlx::query(select)
            .bind(now.as_microsecond())
            .bind(i64::from(has_cluster))
            .bind(i64::from(limit))
            .fetch_all(self.database().reader())
            .await?;
        rows.iter().map(removal_of).collect()
    }

    /// All removals behind a place (time and task), the oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn removals(&self, after: Option<&(i64, String)>, limit: i64) -> Result<Vec<TaskRemoval>, StoreError> {
        let select = sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM removals WHERE asked_at > $1 OR (asked_at = $1 AND task_id > $2) \
            ORDER BY asked_at, task_id LIMIT $3"
        ));
        let rows = sqlx::query(select)
            .bind(after.map_or(i64::MIN, |(at, _)| *at))
            .bind(after.map_or("", |(_, task)| task.as_str()))
            .bind(limit)
            .fetch_all(self.database().reader())
            .await?;
        rows.iter().map(|row| removal_of(row).map(|removal| removal.removal)).collect()
    }

    /// Goes on to the next part of a removal; with `None` it is done.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] where another replica does it now.
    pub async fn removal_done(
        &self,
        removal: &TaskRemoval,
        next: Option<TaskRemovalState>,
        epoch: Epoch,
    ) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        fence(&mut write, epoch).await?;
        let statement = match next {
            Some(_) => {
                "UPDATE removals SET state = $4, tries = 0, waiting_for = NULL, not_before = NULL \
                    WHERE namespace = $1 AND task_id = $2 AND state = $3"
            }
            None => "DELETE FROM removals WHERE namespace = $1 AND task_id = $2 AND state = $3",
        };
        let query = sqlx::query(statement).bind(&removal.namespace).bind(&removal.task_id).bind(word(removal.state));
        match next {
            Some(next) => query.bind(word(next)).execute(&mut *write).await?,
            None => query.execute(&mut *write).await?,
        };
        write.commit().await?;
        // A task of the same id may wait for it.
        self.changed();
        Ok(())
    }

    /// Notes why a removal has to wait, and until when; `failed` where that is a fault.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] where another replica does it now.
    pub async fn removal_waits(
        &self,
        removal: &TaskRemoval,
        why: &str,
        failed: bool,
        until: Timestamp,
        epoch: Epoch,
    ) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        fence(&mut write, epoch).await?;
        let update = "UPDATE removals SET waiting_for = $3, not_before = $4, tries = tries + $5 \
            WHERE namespace = $1 AND task_id = $2";
        sqlx::query(update)
            .bind(&removal.namespace)
            .bind(&removal.task_id)
            .bind(why)
            .bind(until.as_microsecond())
            .bind(i64::from(failed))
            .execute(&mut *write)
            .await?;
        Ok(write.commit().await?)
    }

    /// The tasks that use the workspace of a task in a namespace, itself among them.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn family(&self, root: &str, namespace: &str) -> Result<Family, StoreError> {
        let select = "SELECT MIN(id) AS member, MAX(CASE WHEN state = $3 THEN 0 ELSE 1 END) AS open, \
                MAX(COALESCE(finished_at, updated_at)) AS finished_at FROM tasks WHERE root_id = $1 AND namespace = $2";
        let row = sqlx::query(select)
            .bind(root)
            .bind(namespace)
            .bind(QueueState::Ended.as_str())
            .fetch_one(self.database().reader())
            .await?;
        let columns = Columns { table: "tasks", row: &row };
        Ok(Family {
            member: columns.text_if_any("member")?,
            is_open: columns.integer_if_any("open")? == Some(1),
            finished_at: columns.time_if_any("finished_at")?,
        })
    }

    /// The tasks of a namespace that have a workspace of their own, if any.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn roots(&self, namespace: &str) -> Result<Vec<String>, StoreError> {
        let select = "SELECT id FROM tasks WHERE namespace = $1 AND root_id = id";
        let rows = sqlx::query(select).bind(namespace).fetch_all(self.database().reader()).await?;
        rows.iter().map(|row| Columns { table: "tasks", row }.text("id")).collect()
    }

    /// The namespaces in which tasks have their objects.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn namespaces(&self) -> Result<Vec<String>, StoreError> {
        let select = "SELECT namespace FROM tasks UNION SELECT namespace FROM removals ORDER BY namespace";
        let rows = sqlx::query(select).fetch_all(self.database().reader()).await?;
        rows.iter().map(|row| Columns { table: "tasks", row }.text("namespace")).collect()
    }

    /// How many Secrets with tokens of a task are on record in a namespace.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn has_token_secrets(&self, namespace: &str, task: &str) -> Result<bool, StoreError> {
        let select = "SELECT COUNT(*) AS count FROM token_secrets WHERE namespace = $1 AND task_id = $2";
        let row = sqlx::query(select).bind(namespace).bind(task).fetch_one(self.database().reader()).await?;
        Ok(Columns { table: "token_secrets", row: &row }.integer("count")? > 0)
    }
}

/// The word in the database.
pub(super) const fn word(state: TaskRemovalState) -> &'static str {
    match state {
        TaskRemovalState::Records => "records",
        TaskRemovalState::Objects => "objects",
        TaskRemovalState::Claim => "claim",
    }
}

fn removal_of(row: &AnyRow) -> Result<Removal, StoreError> {
    let columns = Columns { table: "removals", row };
    let state = match columns.text("state")?.as_str() {
        "objects" => TaskRemovalState::Objects,
        "claim" => TaskRemovalState::Claim,
        _ => TaskRemovalState::Records,
    };
    Ok(Removal {
        removal: TaskRemoval {
            task_id: columns.text("task_id")?,
            namespace: columns.text("namespace")?,
            asked_at: columns.time("asked_at")?,
            asked_by: columns.text("asked_by")?,
            state,
            tries: columns.number("tries")?,
            waiting_for: columns.text_if_any("waiting_for")?,
            not_before: columns.time_if_any("not_before")?,
        },
        in_cluster: columns.integer("in_cluster")? != 0,
        finished_at: columns.time_if_any("finished_at")?,
    })
}
