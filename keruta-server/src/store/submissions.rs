//! What the submitter tells of attempts, and what it must remember of them.

use jiff::Timestamp;
use keruta_api::{ProgressUpdate, StatusUpdate, TaskProgress, TaskStatus};
use keruta_submitter::journal::Submission;
use serde_json::{Value, json};
use sqlx::any::AnyRow;
use sqlx::{Any, Executor, Transaction};

use super::events::{Event, record};
use super::lease::{Epoch, fence};
use super::notifications::task_failed;
use super::row::Columns;
use super::tasks::locked;
use super::{Actor, Store, StoreError};
use crate::task::{QueueState, StoredTask, can_follow};

/// A change of an attempt's status.
#[derive(Debug, Clone)]
pub struct AttemptStatus<'a> {
    /// The task.
    pub task: &'a str,
    /// The attempt.
    pub attempt: u32,
    /// Its new status.
    pub status: TaskStatus,
    /// How it ended, where the status is final.
    pub verdict: Option<Value>,
    /// Why, in a sentence.
    pub reason: Option<&'a str>,
    /// When.
    pub at: Timestamp,
}

impl Store {
    /// Takes in what the submitter saw. What is known already, or cannot follow what is known, changes nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] where the task is none of ours, [`StoreError::Fenced`] where another replica runs the tasks
    /// now.
    pub async fn status_from_cluster(&self, change: &AttemptStatus<'_>, epoch: Epoch) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        fence(&mut write, epoch).await?;
        let before = locked(&mut write, change.task).await?;
        let status = attempt_status(&mut write, change.task, change.attempt).await?;
        // A container that runs says nothing of what its command waits for.
        let is_agents = status == TaskStatus::WaitingForInput && change.status == TaskStatus::InProgress;
        if can_follow(status, change.status) && !is_agents {
            move_attempt(&mut write, &before, change, status, false, "keruta").await?;
        } else if change.status.is_final() && change.attempt == before.attempt && before.state != QueueState::Ended {
            // Its agent was faster; the Job has ended only now.
            end_of_job(&mut write, change).await?;
        } else {
            return Ok(());
        }
        write.commit().await?;
        self.changed();
        Ok(())
    }

    /// Takes in what a submitter of its own saw of an attempt that this server does not run. What is known already, or cannot
    /// follow what is known, changes nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::RunHere`] where this server runs the attempt, [`StoreError::NotFound`] where there is none.
    pub async fn status_from_submitter(&self, change: &AttemptStatus<'_>, actor: Actor<'_>) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        let before = locked(&mut write, change.task).await?;
        not_run_here(&before, change.attempt)?;
        let status = attempt_status(&mut write, change.task, change.attempt).await?;
        if !can_follow(status, change.status) {
            return Ok(());
        }
        move_attempt(&mut write, &before, change, status, false, actor).await?;
        write.commit().await?;
        self.changed();
        Ok(())
    }

    /// Takes note of what an attempt does just now that this server does not run.
    ///
    /// # Errors
    ///
    /// As of [`Store::status_from_submitter`].
    pub async fn phase_from_submitter(
        &self,
        task: &str,
        attempt: u32,
        phase: &Value,
        actor: Actor<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        not_run_here(&locked(&mut write, task).await?, attempt)?;
        note_phase(&mut write, task, attempt, phase, actor, now).await?;
        write.commit().await?;
        self.changed();
        Ok(())
    }

    /// Changes the status of the present attempt, as a person or an agent says. An attempt with a Job keeps its place among
    /// those under way until the Job has ended.
    ///
    /// # Errors
    ///
    /// [`StoreError::IllegalMove`], [`StoreError::OtherAttempt`] where `attempt` is given and is not the present one,
    /// [`StoreError::StaleEpoch`] where `epoch` is given and is not that of the last agent, [`StoreError::NotFound`].
    pub async fn set_status(
        &self,
        task: &str,
        update: &StatusUpdate,
        actor: Actor<'_>,
        now: Timestamp,
    ) -> Result<StoredTask, StoreError> {
        let mut write = self.write().await?;
        let before = locked(&mut write, task).await?;
        let id = || task.to_owned();
        if let Some(given) = update.attempt.filter(|given| *given != before.attempt) {
            return Err(StoreError::OtherAttempt { id: id(), given, current: before.attempt });
        }
        if let Some(given) = update.epoch.filter(|given| *given != before.epoch) {
            let (attempt, current) = (before.attempt, before.epoch);
            return Err(StoreError::StaleEpoch { id: id(), attempt, given, current });
        }
        let progress = update.progress.as_ref().filter(|_| !before.status.is_final());
        if let Some(ProgressUpdate { percent, message }) = progress {
            let progress = TaskProgress { percent: *percent, message: message.clone(), at: now };
            move_progress(&mut write, task, &progress).await?;
        }
        if before.status == update.status {
            let task = super::tasks::task_in(&mut write, task).await?;
            write.commit().await?;
            return Ok(task);
        }
        if !can_follow(before.status, update.status) {
            return Err(StoreError::IllegalMove { id: id(), from: before.status, to: update.status });
        }
        let change = AttemptStatus {
            task,
            attempt: before.attempt,
            status: update.status,
            verdict: None,
            reason: update.reason.as_deref(),
            at: now,
        };
        let has_job = matches!(before.state, QueueState::Claimed | QueueState::Submitted);
        move_attempt(&mut write, &before, &change, before.status, has_job, actor).await?;
        let task = super::tasks::task_in(&mut write, task).await?;
        write.commit().await?;
        self.changed();
        Ok(task)
    }

    /// Takes note that an agent begins the present attempt: what earlier ones say is refused from now on. Of a task that has ended
    /// nothing changes.
    ///
    /// # Errors
    ///
    /// [`StoreError::OtherAttempt`] where `attempt` is given and is not the present one, [`StoreError::NotFound`].
    pub async fn begin_epoch(
        &self,
        id: &str,
        attempt: Option<u32>,
        actor: Actor<'_>,
        now: Timestamp,
    ) -> Result<StoredTask, StoreError> {
        let mut write = self.write().await?;
        let before = locked(&mut write, id).await?;
        if let Some(given) = attempt.filter(|given| *given != before.attempt) {
            return Err(StoreError::OtherAttempt { id: id.to_owned(), given, current: before.attempt });
        }
        if before.status.is_final() {
            return Ok(before);
        }
        let update = "UPDATE tasks SET epoch = epoch + 1, version = version + 1, updated_at = $2 WHERE id = $1";
        sqlx::query(update).bind(id).bind(now.as_microsecond()).execute(&mut *write).await?;
        let task = super::tasks::task_in(&mut write, id).await?;
        let event = Event::new("agentStarted", id, task.attempt, actor, now);
        record(&mut write, &event.detail(Some(json!({"epoch": task.epoch})))).await?;
        write.commit().await?;
        Ok(task)
    }

    /// Takes note of what an attempt does just now.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] where another replica runs the tasks now.
    pub async fn phase(
        &self,
        task: &str,
        attempt: u32,
        phase: &Value,
        epoch: Epoch,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        fence(&mut write, epoch).await?;
        note_phase(&mut write, task, attempt, phase, "keruta", now).await?;
        write.commit().await?;
        self.changed();
        Ok(())
    }

    /// The recorded verdict of an attempt.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn verdict(&self, task: &str, attempt: u32) -> Result<Option<Value>, StoreError> {
        let row = attempt_row(self.database().reader(), task, attempt).await?;
        row.map_or(Ok(None), |row| Columns { table: "attempts", row: &row }.json_if_any("verdict"))
    }

    /// The namespace of an attempt's objects; `None` where there is no such attempt.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn attempt_namespace(&self, task: &str, attempt: u32) -> Result<Option<String>, StoreError> {
        let row = attempt_row(self.database().reader(), task, attempt).await?;
        row.map(|row| Columns { table: "attempts", row: &row }.text("namespace")).transpose()
    }

    /// The objects that an attempt was made of, as a YAML stream; `None` where it was not submitted.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] where there is no such attempt.
    pub async fn manifest(&self, task: &str, attempt: u32) -> Result<Option<String>, StoreError> {
        match attempt_row(self.database().reader(), task, attempt).await? {
            Some(row) => Columns { table: "attempts", row: &row }.text_if_any("manifest"),
            None => Err(StoreError::NotFound { kind: "attempt of the task", id: format!("{task} ({attempt})") }),
        }
    }

    /// The objects that a task's attempts were made of, each as a YAML stream.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn manifests(&self, task: &str) -> Result<Vec<String>, StoreError> {
        let select = "SELECT manifest FROM attempts WHERE task_id = $1 AND manifest IS NOT NULL ORDER BY number";
        let rows = sqlx::query(select).bind(task).fetch_all(self.database().reader()).await?;
        rows.iter().map(|row| Columns { table: "attempts", row }.text("manifest")).collect()
    }

    /// Notes that an attempt is about to be submitted. A second call changes nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] where another replica runs the tasks now.
    pub async fn intend(&self, task: &str, attempt: u32, epoch: Epoch, at: Timestamp) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        fence(&mut write, epoch).await?;
        let update = "UPDATE attempts SET intended_at = COALESCE(intended_at, $3) WHERE task_id = $1 AND number = $2";
        let number = i64::from(attempt);
        sqlx::query(update).bind(task).bind(number).bind(at.as_microsecond()).execute(&mut *write).await?;
        write.commit().await?;
        Ok(())
    }

    /// Notes the Job that an attempt became, and gives back the uid that is on record: the first one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] where another replica runs the tasks now.
    pub async fn job_created(
        &self,
        task: &str,
        attempt: u32,
        uid: &str,
        epoch: Epoch,
        at: Timestamp,
    ) -> Result<String, StoreError> {
        let mut write = self.write().await?;
        fence(&mut write, epoch).await?;
        let update = "UPDATE attempts SET job_uid = COALESCE(job_uid, $3), intended_at = COALESCE(intended_at, $4) \
            WHERE task_id = $1 AND number = $2 RETURNING job_uid";
        let row = sqlx::query(update)
            .bind(task)
            .bind(i64::from(attempt))
            .bind(uid)
            .bind(at.as_microsecond())
            .fetch_optional(&mut *write)
            .await?;
        // A Job of a task that is none of ours has no record, and needs none.
        let recorded = row.map(|row| Columns { table: "attempts", row: &row }.text("job_uid")).transpose()?;
        write.commit().await?;
        Ok(recorded.unwrap_or_else(|| uid.to_owned()))
    }

    /// What is known of an attempt's submission.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn submission(&self, task: &str, attempt: u32) -> Result<Option<Submission>, StoreError> {
        let Some(row) = attempt_row(self.database().reader(), task, attempt).await? else { return Ok(None) };
        let columns = Columns { table: "attempts", row: &row };
        let Some(intended_at) = columns.time_if_any("intended_at")? else { return Ok(None) };
        Ok(Some(Submission { intended_at, job_uid: columns.text_if_any("job_uid")? }))
    }
}

async fn attempt_row<'e>(
    executor: impl Executor<'e, Database = Any>,
    task: &str,
    attempt: u32,
) -> Result<Option<AnyRow>, StoreError> {
    let select = "SELECT * FROM attempts WHERE task_id = $1 AND number = $2";
    Ok(sqlx::query(select).bind(task).bind(i64::from(attempt)).fetch_optional(executor).await?)
}

async fn attempt_status(write: &mut Transaction<'_, Any>, task: &str, attempt: u32) -> Result<TaskStatus, StoreError> {
    match attempt_row(&mut **write, task, attempt).await? {
        Some(row) => Columns { table: "attempts", row: &row }.word("status"),
        None => Err(StoreError::NotFound { kind: "attempt of the task", id: format!("{task} ({attempt})") }),
    }
}

/// An attempt that is among those under way here has this server's submitter to tell of it.
fn not_run_here(task: &StoredTask, attempt: u32) -> Result<(), StoreError> {
    if attempt == task.attempt && matches!(task.state, QueueState::Claimed | QueueState::Submitted) {
        return Err(StoreError::RunHere { id: task.id().to_owned(), attempt });
    }
    Ok(())
}

/// Writes what an attempt does just now.
async fn note_phase(
    write: &mut Transaction<'_, Any>,
    task: &str,
    attempt: u32,
    phase: &Value,
    actor: Actor<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let update = "UPDATE tasks SET phase = $3, version = version + 1, updated_at = $4 \
        WHERE id = $1 AND attempt = $2 AND state <> $5";
    let number = i64::from(attempt);
    let updated = sqlx::query(update)
        .bind(task)
        .bind(number)
        .bind(phase.to_string())
        .bind(now.as_microsecond())
        .bind(QueueState::Ended.as_str())
        .execute(&mut **write)
        .await?;
    if updated.rows_affected() > 0 {
        let event = Event::new("phase", task, attempt, actor, now).detail(Some(phase.clone()));
        record(write, &event).await?;
    }
    Ok(())
}

/// Writes how far the present attempt is. It is no part of the history, which it would fill.
async fn move_progress(
    write: &mut Transaction<'_, Any>,
    task: &str,
    progress: &TaskProgress,
) -> Result<(), StoreError> {
    // A number, a text and a time: always JSON.
    let text = serde_json::to_string(progress).unwrap_or_default();
    let update = "UPDATE tasks SET progress = $2, version = version + 1, updated_at = $3 WHERE id = $1";
    sqlx::query(update).bind(task).bind(text).bind(progress.at.as_microsecond()).execute(&mut **write).await?;
    Ok(())
}

/// Writes a new status of an attempt, and of its task where it is the present one.
async fn move_attempt(
    write: &mut Transaction<'_, Any>,
    task: &StoredTask,
    change: &AttemptStatus<'_>,
    from: TaskStatus,
    has_job: bool,
    actor: Actor<'_>,
) -> Result<(), StoreError> {
    let (number, at) = (i64::from(change.attempt), change.at.as_microsecond());
    let started = (change.status != TaskStatus::Cancelled && !change.status.is_final()).then_some(at);
    let finished = change.status.is_final().then_some(at);
    let verdict = change.verdict.as_ref().map(ToString::to_string);
    let update = "UPDATE attempts SET status = $3, started_at = COALESCE(started_at, $4), finished_at = $5, \
        verdict = COALESCE(verdict, $6) WHERE task_id = $1 AND number = $2";
    sqlx::query(update)
        .bind(change.task)
        .bind(number)
        .bind(change.status.as_str())
        .bind(started)
        .bind(finished)
        .bind(verdict.as_deref())
        .execute(&mut **write)
        .await?;
    if change.attempt == task.attempt {
        let state = if change.status.is_final() && !has_job { QueueState::Ended } else { task.state };
        let update = "UPDATE tasks SET status = $2, state = $3, started_at = COALESCE(started_at, $4), finished_at = $5, \
                verdict = COALESCE(verdict, $6), phase = CASE WHEN $3 = $8 THEN NULL ELSE phase END, \
                version = version + 1, updated_at = $7 WHERE id = $1";
        sqlx::query(update)
            .bind(change.task)
            .bind(change.status.as_str())
            .bind(state.as_str())
            .bind(started)
            .bind(finished)
            .bind(verdict.as_deref())
            .bind(at)
            .bind(QueueState::Ended.as_str())
            .execute(&mut **write)
            .await?;
        if change.status == TaskStatus::Failed {
            task_failed(write, task, change.attempt, change.reason, change.at).await?;
        }
    }
    let event = Event::new("status", change.task, change.attempt, actor, change.at).from(from).to(change.status);
    record(write, &event.reason(change.reason).detail(change.verdict.clone())).await
}

/// Notes that the Job of an attempt has ended whose status was final before.
async fn end_of_job(write: &mut Transaction<'_, Any>, change: &AttemptStatus<'_>) -> Result<(), StoreError> {
    let verdict = change.verdict.as_ref().map(ToString::to_string);
    let update = "UPDATE attempts SET verdict = COALESCE(verdict, $3) WHERE task_id = $1 AND number = $2";
    let number = i64::from(change.attempt);
    sqlx::query(update).bind(change.task).bind(number).bind(verdict.as_deref()).execute(&mut **write).await?;
    let update = "UPDATE tasks SET state = $2, verdict = COALESCE(verdict, $3), phase = NULL, version = version + 1, \
        updated_at = $4 WHERE id = $1";
    sqlx::query(update)
        .bind(change.task)
        .bind(QueueState::Ended.as_str())
        .bind(verdict.as_deref())
        .bind(change.at.as_microsecond())
        .execute(&mut **write)
        .await?;
    Ok(())
}
