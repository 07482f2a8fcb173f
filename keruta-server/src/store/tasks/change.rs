//! Changing tasks: what was asked for, cancel, retry, delete.

use jiff::Timestamp;
use keruta_api::TaskStatus;
use serde_json::{Value, json};

use super::super::counters::next_number;
use super::super::events::{Event, record};
use super::super::expected::Expected;
use super::super::{Store, StoreError};
use super::{Author, audit_task, insert_attempt, locked, task_in, text_of};
use crate::task::{QueueState, StoredTask, TaskSpec, is_editable};

impl Store {
    /// Changes what was asked for. A task with an attempt under way is left as it is; of one that has ended, the next attempt
    /// does what is asked for now. Id, parent and namespace stay.
    ///
    /// # Errors
    ///
    /// [`StoreError::Outdated`] where the task has another version than expected, [`StoreError::UnderWay`],
    /// [`StoreError::Fixed`], [`StoreError::NotFound`].
    pub async fn change_task(
        &self,
        spec: TaskSpec,
        expected: &Expected,
        author: impl Into<Author>,
        now: Timestamp,
    ) -> Result<StoredTask, StoreError> {
        let author = author.into();
        let actor = author.actor.as_str();
        let mut write = self.write().await?;
        let before = locked(&mut write, spec.id()).await?;
        expected.check("task", before.id(), before.version)?;
        if !is_editable(before.state) {
            return Err(StoreError::UnderWay { id: spec.id().to_owned(), attempt: before.attempt });
        }
        if spec.parent() != before.spec.parent() {
            return Err(StoreError::Fixed { id: spec.id().to_owned(), field: "parentId" });
        }
        if spec.namespace().is_some_and(|namespace| namespace != before.namespace) {
            return Err(StoreError::Fixed { id: spec.id().to_owned(), field: "namespace" });
        }
        if spec == before.spec {
            return Ok(before);
        }
        let update = "UPDATE tasks SET spec = $2, title = $3, priority = $4, version = version + 1, updated_at = $5, \
            not_before = NULL, waiting_for = NULL WHERE id = $1";
        sqlx::query(update)
            .bind(spec.id())
            .bind(text_of(&spec))
            .bind(spec.title())
            .bind(spec.priority())
            .bind(now.as_microsecond())
            .execute(&mut *write)
            .await?;
        let detail = json!({"fields": changed_fields(&before.spec, &spec)});
        let event = Event::new("changed", spec.id(), before.attempt, actor, now).detail(Some(detail.clone()));
        record(&mut write, &event).await?;
        audit_task(&mut write, &author, "task.changed", spec.id(), &detail, now).await?;
        let task = task_in(&mut write, spec.id()).await?;
        write.commit().await?;
        self.changed();
        Ok(task)
    }

    /// Asks for the end of a task. One in the queue is cancelled at once; of one with an attempt under way the runner ends
    /// the Job. A task that has ended stays as it is.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`], and [`StoreError::IllegalMove`] where it has ended otherwise.
    pub async fn cancel_task(
        &self,
        id: &str,
        author: impl Into<Author>,
        reason: Option<&str>,
        now: Timestamp,
    ) -> Result<StoredTask, StoreError> {
        let author = author.into();
        let actor = author.actor.as_str();
        let mut write = self.write().await?;
        let before = locked(&mut write, id).await?;
        if before.status == TaskStatus::Cancelled || (before.cancel.is_some() && !before.status.is_final()) {
            return Ok(before);
        }
        if before.status.is_final() {
            let to = TaskStatus::Cancelled;
            return Err(StoreError::IllegalMove { id: id.to_owned(), from: before.status, to });
        }
        let micros = now.as_microsecond();
        let event = Event::new("cancelRequested", id, before.attempt, actor, now).reason(reason);
        record(&mut write, &event).await?;
        let update = "UPDATE tasks SET cancel_requested_at = $2, cancel_requested_by = $3, version = version + 1, \
            updated_at = $2 WHERE id = $1";
        sqlx::query(update).bind(id).bind(micros).bind(actor).execute(&mut *write).await?;
        if before.state == QueueState::Queued {
            let update = "UPDATE tasks SET status = $2, state = $3, finished_at = $4, waiting_for = NULL WHERE id = $1";
            sqlx::query(update)
                .bind(id)
                .bind(TaskStatus::Cancelled.as_str())
                .bind(QueueState::Ended.as_str())
                .bind(micros)
                .execute(&mut *write)
                .await?;
            let update = "UPDATE attempts SET status = $3, finished_at = $4 WHERE task_id = $1 AND number = $2";
            sqlx::query(update)
                .bind(id)
                .bind(i64::from(before.attempt))
                .bind(TaskStatus::Cancelled.as_str())
                .bind(micros)
                .execute(&mut *write)
                .await?;
            let event = Event::new("status", id, before.attempt, actor, now).from(before.status);
            record(&mut write, &event.to(TaskStatus::Cancelled).reason(reason)).await?;
        }
        let detail = json!({"attempt": before.attempt, "reason": reason});
        audit_task(&mut write, &author, "task.cancelled", id, &detail, now).await?;
        let task = task_in(&mut write, id).await?;
        write.commit().await?;
        self.changed();
        Ok(task)
    }

    /// Puts a task that has ended into the queue again, as a new attempt, behind those that wait already.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`], and [`StoreError::IllegalMove`] where it has not ended.
    pub async fn retry_task(
        &self,
        id: &str,
        author: impl Into<Author>,
        now: Timestamp,
    ) -> Result<StoredTask, StoreError> {
        let author = author.into();
        let actor = author.actor.as_str();
        let mut write = self.write().await?;
        let before = locked(&mut write, id).await?;
        if !before.status.is_final() || before.state != QueueState::Ended {
            let to = TaskStatus::Pending;
            return Err(StoreError::IllegalMove { id: id.to_owned(), from: before.status, to });
        }
        let attempt = before.attempt.saturating_add(1);
        let position = next_number(&mut write, "tasks").await?;
        let update = "UPDATE tasks SET status = $2, state = $3, attempt = $4, position = $5, version = version + 1, \
                updated_at = $6, queued_at = $6, claim_epoch = NULL, not_before = NULL, waiting_for = NULL, \
                cancel_requested_at = NULL, cancel_requested_by = NULL, job_name = NULL, job_uid = NULL, phase = NULL, \
                verdict = NULL, started_at = NULL, finished_at = NULL, epoch = 0, progress = NULL \
            WHERE id = $1";
        sqlx::query(update)
            .bind(id)
            .bind(TaskStatus::Pending.as_str())
            .bind(QueueState::Queued.as_str())
            .bind(i64::from(attempt))
            .bind(position)
            .bind(now.as_microsecond())
            .execute(&mut *write)
            .await?;
        insert_attempt(&mut write, id, attempt, &before.namespace, now).await?;
        let event = Event::new("retried", id, attempt, actor, now).from(before.status).to(TaskStatus::Pending);
        record(&mut write, &event).await?;
        audit_task(&mut write, &author, "task.retried", id, &json!({"attempt": attempt}), now).await?;
        let task = task_in(&mut write, id).await?;
        write.commit().await?;
        self.changed();
        Ok(task)
    }

    /// Deletes a task that has ended, with its attempts. What it left in the cluster is noted for the runner to delete, as
    /// the retention rules say; its history stays.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`], [`StoreError::UnderWay`] where it has not ended, and [`StoreError::HasChildren`] where
    /// tasks that have not ended use its workspace.
    pub async fn delete_task(
        &self,
        id: &str,
        expected: &Expected,
        author: impl Into<Author>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let author = author.into();
        let actor = author.actor.as_str();
        let mut write = self.write().await?;
        let before = locked(&mut write, id).await?;
        expected.check("task", before.id(), before.version)?;
        if before.state != QueueState::Ended {
            return Err(StoreError::UnderWay { id: id.to_owned(), attempt: before.attempt });
        }
        let select = "SELECT id FROM tasks WHERE root_id = $1 AND id <> $1 AND state <> $2 ORDER BY position LIMIT 1";
        let child = sqlx::query(select).bind(id).bind(QueueState::Ended.as_str()).fetch_optional(&mut *write).await?;
        if let Some(row) = child {
            let child = super::super::row::Columns { table: "tasks", row: &row }.text("id")?;
            return Err(StoreError::HasChildren { id: id.to_owned(), child });
        }
        // An attempt that was never about to be submitted has nothing in the cluster.
        let insert = "INSERT INTO removals (namespace, task_id, asked_at, asked_by, finished_at, in_cluster) \
            SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS BIGINT), CAST($4 AS TEXT), CAST($5 AS BIGINT), \
                CASE WHEN EXISTS (SELECT 1 FROM attempts WHERE task_id = $2 AND intended_at IS NOT NULL) \
                    OR EXISTS (SELECT 1 FROM token_secrets WHERE task_id = $2) THEN 1 ELSE 0 END \
            WHERE 1 = 1 ON CONFLICT (namespace, task_id) DO UPDATE SET state = 'records', asked_at = excluded.asked_at, \
                asked_by = excluded.asked_by, finished_at = excluded.finished_at, tries = 0, waiting_for = NULL, \
                not_before = NULL, \
                in_cluster = CASE WHEN removals.in_cluster = 1 THEN 1 ELSE excluded.in_cluster END";
        sqlx::query(insert)
            .bind(&before.namespace)
            .bind(id)
            .bind(now.as_microsecond())
            .bind(actor)
            .bind(before.finished_at.map(Timestamp::as_microsecond))
            .execute(&mut *write)
            .await?;
        super::super::artifacts::delete_of_task(&mut write, id, now).await?;
        // A later task of this id is another: its attempts do not keep these alive.
        let update = "UPDATE token_secrets SET attempt = 0 WHERE task_id = $1";
        sqlx::query(update).bind(id).execute(&mut *write).await?;
        record(&mut write, &Event::new("deleted", id, before.attempt, actor, now).from(before.status)).await?;
        sqlx::query("DELETE FROM attempts WHERE task_id = $1").bind(id).execute(&mut *write).await?;
        sqlx::query("DELETE FROM tasks WHERE id = $1").bind(id).execute(&mut *write).await?;
        let detail = json!({"namespace": before.namespace, "attempt": before.attempt, "status": before.status});
        audit_task(&mut write, &author, "task.deleted", id, &detail, now).await?;
        write.commit().await?;
        self.changed();
        Ok(())
    }
}

/// The names of the fields that differ, in order.
fn changed_fields(before: &TaskSpec, after: &TaskSpec) -> Vec<Value> {
    let (before, after) = (before.to_json(), after.to_json());
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().filter(|name| before.get(*name) != after.get(*name)).map(|name| json!(name)).collect()
}
