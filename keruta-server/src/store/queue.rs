//! The queue: who waits, who runs, and how a task passes from the one to the other.

use jiff::Timestamp;
use sqlx::any::AnyRow;

use super::events::{Event, record};
use super::lease::{Epoch, fence};
use super::row::Columns;
use super::tasks::locked;
use super::{Store, StoreError};
use crate::task::{QueueState, StoredTask};

/// A task that waits, as far as the queue cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    /// Its id.
    pub id: String,
    /// The namespace of its objects.
    pub namespace: String,
    /// The task that it continues.
    pub parent: Option<String>,
    /// Whether that task has not ended.
    pub parent_is_open: bool,
    /// Whether a deleted task of the same id still has objects in the cluster, which would be taken for this one's.
    pub has_remains: bool,
}

/// A task with an attempt under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InFlight {
    /// Its id.
    pub id: String,
    /// The attempt.
    pub attempt: u32,
    /// The namespace of its objects.
    pub namespace: String,
    /// Whether it has a Job already.
    pub is_submitted: bool,
    /// Whether it is to be ended.
    pub is_cancelled: bool,
    /// The Job's name.
    pub job: Option<String>,
}

impl Store {
    /// The tasks that may start now, in the queue's order: by priority, the highest first, then first come.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn queued(&self, now: Timestamp, limit: u32) -> Result<Vec<Queued>, StoreError> {
        let select = "SELECT task.id, task.namespace, task.parent_id, \
                CASE WHEN parent.state IS NULL OR parent.state = $1 THEN 0 ELSE 1 END AS parent_is_open, \
                CASE WHEN EXISTS (SELECT 1 FROM removals WHERE removals.task_id = task.id \
                    AND removals.namespace = task.namespace AND removals.state <> 'claim') THEN 1 ELSE 0 END AS has_remains \
            FROM tasks AS task LEFT JOIN tasks AS parent ON parent.id = task.parent_id \
            WHERE task.state = $2 AND (task.not_before IS NULL OR task.not_before <= $3) \
            ORDER BY task.priority DESC, task.position LIMIT $4";
        let rows = sqlx::query(select)
            .bind(QueueState::Ended.as_str())
            .bind(QueueState::Queued.as_str())
            .bind(now.as_microsecond())
            .bind(i64::from(limit))
            .fetch_all(self.database().reader())
            .await?;
        let queued = |row: &AnyRow| {
            let columns = Columns { table: "tasks", row };
            Ok(Queued {
                id: columns.text("id")?,
                namespace: columns.text("namespace")?,
                parent: columns.text_if_any("parent_id")?,
                parent_is_open: columns.integer("parent_is_open")? != 0,
                has_remains: columns.integer("has_remains")? != 0,
            })
        };
        rows.iter().map(queued).collect()
    }

    /// When the next task that is held back may be tried again.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn next_not_before(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let select = "SELECT MIN(not_before) AS not_before FROM tasks WHERE state = $1 AND not_before > $2";
        let row = sqlx::query(select)
            .bind(QueueState::Queued.as_str())
            .bind(now.as_microsecond())
            .fetch_one(self.database().reader())
            .await?;
        Columns { table: "tasks", row: &row }.time_if_any("not_before")
    }

    /// The tasks with an attempt under way.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn in_flight(&self) -> Result<Vec<InFlight>, StoreError> {
        let select = "SELECT id, attempt, namespace, state, job_name, cancel_requested_at FROM tasks \
            WHERE state IN ($1, $2) ORDER BY position";
        let rows = sqlx::query(select)
            .bind(QueueState::Claimed.as_str())
            .bind(QueueState::Submitted.as_str())
            .fetch_all(self.database().reader())
            .await?;
        let in_flight = |row: &AnyRow| {
            let columns = Columns { table: "tasks", row };
            Ok(InFlight {
                id: columns.text("id")?,
                attempt: columns.number("attempt")?,
                namespace: columns.text("namespace")?,
                is_submitted: columns.word::<QueueState>("state")? == QueueState::Submitted,
                is_cancelled: columns.integer_if_any("cancel_requested_at")?.is_some(),
                job: columns.text_if_any("job_name")?,
            })
        };
        rows.iter().map(in_flight).collect()
    }

    /// Takes a task out of the queue, to submit its attempt; `None` where it is no longer there.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] where another replica runs the tasks now.
    pub async fn claim(&self, id: &str, epoch: Epoch, now: Timestamp) -> Result<Option<StoredTask>, StoreError> {
        let mut write = self.write().await?;
        fence(&mut write, epoch).await?;
        let update = "UPDATE tasks SET state = $2, claim_epoch = $3, version = version + 1, updated_at = $4, \
            waiting_for = NULL, not_before = NULL WHERE id = $1 AND state = $5";
        let claimed = sqlx::query(update)
            .bind(id)
            .bind(QueueState::Claimed.as_str())
            .bind(epoch.0)
            .bind(now.as_microsecond())
            .bind(QueueState::Queued.as_str())
            .execute(&mut *write)
            .await?;
        if claimed.rows_affected() == 0 {
            return Ok(None);
        }
        let task = super::tasks::task_in(&mut write, id).await?;
        write.commit().await?;
        Ok(Some(task))
    }

    /// Puts a claimed task back in its place in the queue, not to be tried again before a time, and says why.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] where another replica runs the tasks now.
    pub async fn hold_back(
        &self,
        id: &str,
        epoch: Epoch,
        why: &str,
        not_before: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        fence(&mut write, epoch).await?;
        let before = locked(&mut write, id).await?;
        if before.state != QueueState::Claimed {
            return Ok(());
        }
        let update = "UPDATE tasks SET state = $2, not_before = $3, waiting_for = $4, version = version + 1, \
            updated_at = $5 WHERE id = $1";
        sqlx::query(update)
            .bind(id)
            .bind(QueueState::Queued.as_str())
            .bind(not_before.as_microsecond())
            .bind(why)
            .bind(now.as_microsecond())
            .execute(&mut *write)
            .await?;
        if before.waiting_for.as_deref() != Some(why) {
            let event = Event::new("heldBack", id, before.attempt, "keruta", now).reason(Some(why));
            record(&mut write, &event).await?;
        }
        write.commit().await?;
        self.changed();
        Ok(())
    }

    /// Notes why tasks wait that the queue passes over.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn note_waiting(&self, waiting: &[(String, String)]) -> Result<(), StoreError> {
        if waiting.is_empty() {
            return Ok(());
        }
        let mut write = self.write().await?;
        for (id, why) in waiting {
            let update = "UPDATE tasks SET waiting_for = $2 WHERE id = $1 AND state = $3";
            let queued = QueueState::Queued.as_str();
            sqlx::query(update).bind(id).bind(why).bind(queued).execute(&mut *write).await?;
        }
        write.commit().await?;
        Ok(())
    }

    /// Notes that a claimed task has its Job, made from these objects.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] where another replica runs the tasks now.
    pub async fn submitted(
        &self,
        id: &str,
        attempt: u32,
        job: &str,
        manifest: &str,
        epoch: Epoch,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        fence(&mut write, epoch).await?;
        let update = "UPDATE tasks SET state = $3, job_name = $4, version = version + 1, updated_at = $5 \
            WHERE id = $1 AND attempt = $2 AND state = $6";
        let moved = sqlx::query(update)
            .bind(id)
            .bind(i64::from(attempt))
            .bind(QueueState::Submitted.as_str())
            .bind(job)
            .bind(now.as_microsecond())
            .bind(QueueState::Claimed.as_str())
            .execute(&mut *write)
            .await?;
        let update = "UPDATE attempts SET job_name = $3, manifest = $4 WHERE task_id = $1 AND number = $2";
        let number = i64::from(attempt);
        sqlx::query(update).bind(id).bind(number).bind(job).bind(manifest).execute(&mut *write).await?;
        // It may have ended meanwhile, which the follower saw first.
        if moved.rows_affected() > 0 {
            record(&mut write, &Event::new("submitted", id, attempt, "keruta", now)).await?;
        }
        write.commit().await?;
        self.changed();
        Ok(())
    }
}
