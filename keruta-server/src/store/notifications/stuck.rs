//! Tasks that wait or run for too long.

use jiff::{SignedDuration, Timestamp};
use keruta_api::{NotificationEvent, NotificationRule, NotificationTrigger, TaskStatus};

use super::causes::{Told, tell};
use super::rules::in_force;
use crate::notify::covers;
use crate::store::lease::{Epoch, fence};
use crate::store::tasks::task_of;
use crate::store::{Store, StoreError};

/// How many tasks are told of in one look.
const MOST: i64 = 500;

impl Store {
    /// Looks for tasks that are stuck, and tells of those that no rule has told of yet. How many were looked at.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] where another replica runs the tasks now.
    pub async fn tell_of_stuck_tasks(&self, epoch: Epoch, now: Timestamp) -> Result<usize, StoreError> {
        let mut seen = 0;
        for rule in in_force(self.database().reader(), NotificationEvent::TaskStuck).await? {
            let NotificationTrigger::TaskStuck(stuck) = rule.trigger else { continue };
            if let Some(seconds) = stuck.waiting_seconds {
                seen += self.tell_of_stuck(&rule, Stuck::Waiting, seconds, epoch, now).await?;
            }
            if let Some(seconds) = stuck.running_seconds {
                seen += self.tell_of_stuck(&rule, Stuck::Running, seconds, epoch, now).await?;
            }
        }
        Ok(seen)
    }

    async fn tell_of_stuck(
        &self,
        rule: &NotificationRule,
        stuck: Stuck,
        seconds: u32,
        epoch: Epoch,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let since = now.checked_sub(SignedDuration::from_secs(i64::from(seconds))).unwrap_or(Timestamp::MIN);
        let rows = {
            let mut write = self.write().await?;
            fence(&mut write, epoch).await?;
            let rows = sqlx::query(stuck.select())
                .bind(stuck.statuses().0.as_str())
                .bind(stuck.statuses().1.as_str())
                .bind(since.as_microsecond())
                .bind(&rule.id)
                .bind(MOST)
                .fetch_all(&mut *write)
                .await?;
            for row in &rows {
                let task = task_of(row)?;
                if !covers(&rule.scope, &task) {
                    continue;
                }
                let (cause, reason) = (stuck.cause(task.attempt), stuck.reason(seconds, task.waiting_for.as_deref()));
                let told = Told {
                    event: NotificationEvent::TaskStuck,
                    task: &task,
                    attempt: task.attempt,
                    reason: &reason,
                    occurrences: 1,
                    once: Some(&cause),
                };
                tell(&mut write, rule, &told, now).await?;
            }
            write.commit().await?;
            rows
        };
        Ok(rows.len())
    }

    /// Forgets what rules have told of tasks that are gone.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn purge_notifications(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut write = self.write().await?;
        let delete = "DELETE FROM notifications WHERE state IN ('sent', 'failed') AND created_at < $1";
        let gone = sqlx::query(delete).bind(before.as_microsecond()).execute(&mut *write).await?;
        let delete = "DELETE FROM notification_windows WHERE NOT EXISTS \
            (SELECT 1 FROM tasks WHERE tasks.id = notification_windows.task_id)";
        sqlx::query(delete).execute(&mut *write).await?;
        write.commit().await?;
        Ok(gone.rows_affected())
    }
}

/// In what a task is stuck.
#[derive(Debug, Clone, Copy)]
enum Stuck {
    Waiting,
    Running,
}

impl Stuck {
    const fn statuses(self) -> (TaskStatus, TaskStatus) {
        match self {
            Self::Waiting => (TaskStatus::Pending, TaskStatus::Pending),
            Self::Running => (TaskStatus::InProgress, TaskStatus::WaitingForInput),
        }
    }

    /// Those that the rule has not told of, so that many of them do not hide the others.
    const fn select(self) -> &'static str {
        match self {
            Self::Waiting => {
                "SELECT * FROM tasks WHERE status IN ($1, $2) AND queued_at <= $3 AND NOT EXISTS \
                    (SELECT 1 FROM notification_windows WHERE rule_id = $4 AND task_id = tasks.id \
                        AND cause = 'waiting ' || CAST(tasks.attempt AS TEXT)) \
                ORDER BY queued_at, id LIMIT $5"
            }
            Self::Running => {
                "SELECT * FROM tasks WHERE status IN ($1, $2) AND COALESCE(started_at, queued_at) <= $3 AND NOT EXISTS \
                    (SELECT 1 FROM notification_windows WHERE rule_id = $4 AND task_id = tasks.id \
                        AND cause = 'running ' || CAST(tasks.attempt AS TEXT)) \
                ORDER BY COALESCE(started_at, queued_at), id LIMIT $5"
            }
        }
    }

    fn cause(self, attempt: u32) -> String {
        match self {
            Self::Waiting => format!("waiting {attempt}"),
            Self::Running => format!("running {attempt}"),
        }
    }

    fn reason(self, seconds: u32, waiting_for: Option<&str>) -> String {
        let time = SignedDuration::from_secs(i64::from(seconds));
        match (self, waiting_for) {
            (Self::Waiting, Some(why)) => format!("it waits for more than {time:#}: {why}"),
            (Self::Waiting, None) => format!("it waits for more than {time:#}"),
            (Self::Running, _) => format!("it runs for more than {time:#}"),
        }
    }
}
