//! The outbox: what is to be sent, and what became of it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use keruta_api::{Notification, NotificationChannel, NotificationEvent, NotificationState};
use sqlx::any::AnyRow;
use sqlx::{Any, Executor};

use super::channels::{self, channel_of};
use super::object;
use crate::notify::{Due, TRIES, backoff};
use crate::store::audit::{Author, audit};
use crate::store::lease::{Epoch, fence};
use crate::store::row::Columns;
use crate::store::{Store, StoreError};

/// How many notifications of a channel are looked at, at once.
const LOOKED_AT: i64 = 1000;

/// Which notifications.
#[derive(Debug, Clone, Default)]
pub struct OutboxFilter {
    /// In this state.
    pub state: Option<NotificationState>,
    /// Of this event.
    pub event: Option<NotificationEvent>,
    /// By this channel.
    pub channel: Option<String>,
    /// By this rule.
    pub rule: Option<String>,
    /// Of this task.
    pub task: Option<String>,
}

/// A message that is being sent: notifications that go together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxMessage {
    /// Its id, the same each time that it is sent.
    pub id: String,
    /// The channel.
    pub channel: String,
    /// What is in it.
    pub notifications: Vec<Notification>,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The other side has taken it.
    Sent,
    /// It was not taken.
    Failed {
        /// Why.
        error: String,
        /// Whether trying again is of no use.
        is_final: bool,
        /// For how long the other side asked not to be troubled.
        retry_after: Option<Duration>,
    },
}

impl Store {
    /// Puts a test of a channel into the outbox.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] where there is no such channel.
    pub async fn test_notification_channel(
        &self,
        channel: &str,
        author: &Author,
        now: Timestamp,
    ) -> Result<Notification, StoreError> {
        let mut write = self.write().await?;
        channels::locked(&mut write, channel).await?;
        let id = uuid::Uuid::now_v7().to_string();
        let insert = "INSERT INTO notifications (id, event, channel_id, reason, occurrences, state, tries, not_before, created_at) \
            VALUES ($1, 'test', $2, $3, 1, 'pending', 0, $4, $4)";
        sqlx::query(insert)
            .bind(&id)
            .bind(channel)
            .bind(format!("{} tries whether messages of keruta arrive", author.actor))
            .bind(now.as_microsecond())
            .execute(&mut *write)
            .await?;
        let object = object("notificationChannel", channel);
        audit(&mut write, author, "notificationChannel.tested", &object, None, now).await?;
        let made = read(&mut *write, &id).await?;
        write.commit().await?;
        self.changed();
        Ok(made)
    }

    /// A notification.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn notification(&self, id: &str) -> Result<Notification, StoreError> {
        read(self.database().reader(), id).await
    }

    /// Notifications, the newest first, behind the one of this time and id.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn notifications(
        &self,
        filter: &OutboxFilter,
        after: Option<&(i64, String)>,
        limit: i64,
    ) -> Result<Vec<Notification>, StoreError> {
        let select = "SELECT * FROM notifications WHERE (CAST($1 AS TEXT) IS NULL OR state = $1) \
                AND (CAST($2 AS TEXT) IS NULL OR event = $2) AND (CAST($3 AS TEXT) IS NULL OR channel_id = $3) \
                AND (CAST($4 AS TEXT) IS NULL OR rule_id = $4) AND (CAST($5 AS TEXT) IS NULL OR task_id = $5) \
                AND (CAST($6 AS BIGINT) IS NULL OR (created_at, id) < ($6, $7)) \
            ORDER BY created_at DESC, id DESC LIMIT $8";
        let rows = sqlx::query(select)
            .bind(filter.state.map(NotificationState::as_str))
            .bind(filter.event.map(NotificationEvent::as_str))
            .bind(filter.channel.as_deref())
            .bind(filter.rule.as_deref())
            .bind(filter.task.as_deref())
            .bind(after.map(|(at, _)| *at))
            .bind(after.map_or("", |(_, id)| id.as_str()))
            .bind(limit)
            .fetch_all(self.database().reader())
            .await?;
        rows.iter().map(notification_of).collect()
    }

    /// Has a notification sent again that was given up, or one that waits sent at once.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`], also where its channel is gone; [`StoreError::NotGivenUp`] where it was sent or is being sent.
    pub async fn retry_notification(
        &self,
        id: &str,
        author: &Author,
        now: Timestamp,
    ) -> Result<Notification, StoreError> {
        let mut write = self.write().await?;
        let lock = "UPDATE notifications SET tries = tries WHERE id = $1";
        sqlx::query(lock).bind(id).execute(&mut *write).await?;
        let before = read(&mut *write, id).await?;
        if !matches!(before.state, NotificationState::Failed | NotificationState::Pending) {
            return Err(StoreError::NotGivenUp { id: id.to_owned(), state: before.state.as_str() });
        }
        channels::locked(&mut write, &before.channel_id).await?;
        let update = "UPDATE notifications SET state = 'pending', tries = 0, not_before = $2 WHERE id = $1";
        sqlx::query(update).bind(id).bind(now.as_microsecond()).execute(&mut *write).await?;
        let update = "UPDATE notification_channels SET held_until = NULL, failures = 0 WHERE id = $1";
        sqlx::query(update).bind(&before.channel_id).execute(&mut *write).await?;
        audit(&mut write, author, "notification.retried", &object("notification", id), None, now).await?;
        let after = read(&mut *write, id).await?;
        write.commit().await?;
        self.changed();
        Ok(after)
    }

    /// What was being sent when its sender ended is sent again: whether it arrived is not known.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] where another replica runs the tasks now.
    pub async fn reclaim_notifications(&self, epoch: Epoch) -> Result<u64, StoreError> {
        let mut write = self.write().await?;
        fence(&mut write, epoch).await?;
        let update = "UPDATE notifications SET state = 'pending' WHERE state = 'sending'";
        let reclaimed = sqlx::query(update).execute(&mut *write).await?;
        write.commit().await?;
        Ok(reclaimed.rows_affected())
    }

    /// The channels that have something to send now.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn due_notification_channels(&self, now: Timestamp) -> Result<Vec<NotificationChannel>, StoreError> {
        let select = "SELECT * FROM notification_channels AS channel WHERE EXISTS (SELECT 1 FROM notifications \
            WHERE state = 'pending' AND channel_id = channel.id AND not_before <= $1 \
                AND (channel.held_until IS NULL OR channel.held_until <= $1 OR event = 'test')) ORDER BY id";
        let rows = sqlx::query(select).bind(now.as_microsecond()).fetch_all(self.database().reader()).await?;
        rows.iter().map(channel_of).collect()
    }

    /// What a channel has to send now, those first that were tried least; and how many messages it got since a time.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn due_notifications(
        &self,
        channel: &str,
        lately: Timestamp,
        now: Timestamp,
    ) -> Result<(Vec<Due>, usize), StoreError> {
        let select = "SELECT notifications.* FROM notifications \
                JOIN notification_channels AS channel ON channel.id = notifications.channel_id \
            WHERE state = 'pending' AND channel_id = $1 AND not_before <= $2 \
                AND (channel.held_until IS NULL OR channel.held_until <= $2 OR event = 'test') \
            ORDER BY tries, notifications.created_at, notifications.id LIMIT $3";
        let reader = self.database().reader();
        let micros = now.as_microsecond();
        let rows = sqlx::query(select).bind(channel).bind(micros).bind(LOOKED_AT).fetch_all(reader).await?;
        let due = |row: &AnyRow| {
            let message = Columns { table: "notifications", row }.text_if_any("message_id")?;
            Ok(Due { notification: notification_of(row)?, message })
        };
        let due = rows.iter().map(due).collect::<Result<_, StoreError>>()?;
        let select =
            "SELECT COUNT(DISTINCT message_id) AS messages FROM notifications WHERE channel_id = $1 AND sent_at > $2";
        let row = sqlx::query(select).bind(channel).bind(lately.as_microsecond()).fetch_one(reader).await?;
        Ok((due, Columns { table: "notifications", row: &row }.number("messages")?))
    }

    /// Notes that a message is about to be sent; `None` where nothing of it is to be sent any more.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] where another replica runs the tasks now.
    pub async fn take_notifications(
        &self,
        mut message: OutboxMessage,
        epoch: Epoch,
    ) -> Result<Option<OutboxMessage>, StoreError> {
        let mut write = self.write().await?;
        fence(&mut write, epoch).await?;
        let mut taken = Vec::with_capacity(message.notifications.len());
        for notification in message.notifications {
            let update = "UPDATE notifications SET state = 'sending', message_id = $2, claim_epoch = $3, tries = tries + 1 \
                WHERE id = $1 AND state = 'pending' RETURNING *";
            let row = sqlx::query(update)
                .bind(&notification.id)
                .bind(&message.id)
                .bind(epoch.0)
                .fetch_optional(&mut *write)
                .await?;
            taken.extend(row.as_ref().map(notification_of).transpose()?);
        }
        write.commit().await?;
        message.notifications = taken;
        Ok(Some(message).filter(|message| !message.notifications.is_empty()))
    }

    /// Notes what became of a message.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] where another replica runs the tasks now.
    pub async fn settle_notifications(
        &self,
        message: &OutboxMessage,
        outcome: &Outcome,
        epoch: Epoch,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        fence(&mut write, epoch).await?;
        let micros = now.as_microsecond();
        let is_test = message.notifications.iter().all(|one| one.event == NotificationEvent::Test);
        match outcome {
            Outcome::Sent => {
                for notification in &message.notifications {
                    let update = "UPDATE notifications SET state = 'sent', sent_at = $2, last_error = NULL \
                        WHERE id = $1 AND state = 'sending'";
                    sqlx::query(update).bind(&notification.id).bind(micros).execute(&mut *write).await?;
                }
                let update = "UPDATE notification_channels SET failures = 0, held_until = NULL WHERE id = $1";
                sqlx::query(update).bind(&message.channel).execute(&mut *write).await?;
            }
            Outcome::Failed { error, is_final, retry_after } => {
                let pause = {
                    let update =
                        "UPDATE notification_channels SET failures = failures + 1 WHERE id = $1 RETURNING failures";
                    let row = sqlx::query(update).bind(&message.channel).fetch_optional(&mut *write).await?;
                    let failures =
                        row.map(|row| Columns { table: "notification_channels", row: &row }.number("failures"));
                    backoff(failures.transpose()?.unwrap_or(1)).max(retry_after.unwrap_or_default())
                };
                let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX);
                let again = now.checked_add(pause).unwrap_or(Timestamp::MAX).as_microsecond();
                for notification in &message.notifications {
                    let over = *is_final || is_test || notification.tries >= TRIES;
                    let update = "UPDATE notifications SET state = $2, last_error = $3, not_before = $4 \
                        WHERE id = $1 AND state = 'sending'";
                    sqlx::query(update)
                        .bind(&notification.id)
                        .bind(if over { NotificationState::Failed } else { NotificationState::Pending }.as_str())
                        .bind(error)
                        .bind(again)
                        .execute(&mut *write)
                        .await?;
                }
                // What is refused for good says nothing of the next message; a test holds up nobody.
                if !is_final && !is_test {
                    let update = "UPDATE notification_channels SET held_until = $2 WHERE id = $1";
                    sqlx::query(update).bind(&message.channel).bind(again).execute(&mut *write).await?;
                }
            }
        }
        Ok(write.commit().await?)
    }
}

async fn read<'e>(executor: impl Executor<'e, Database = Any>, id: &str) -> Result<Notification, StoreError> {
    let row = sqlx::query("SELECT * FROM notifications WHERE id = $1").bind(id).fetch_optional(executor).await?;
    let not_found = || StoreError::NotFound { kind: "notification", id: id.to_owned() };
    row.as_ref().map_or_else(|| Err(not_found()), notification_of)
}

fn notification_of(row: &AnyRow) -> Result<Notification, StoreError> {
    let columns = Columns { table: "notifications", row };
    let state = columns.word("state")?;
    Ok(Notification {
        id: columns.text("id")?,
        event: columns.word("event")?,
        rule_id: columns.text_if_any("rule_id")?,
        channel_id: columns.text("channel_id")?,
        task_id: columns.text_if_any("task_id")?,
        title: columns.text_if_any("title")?,
        attempt: columns.integer_if_any("attempt")?.map(|_| columns.number("attempt")).transpose()?,
        namespace: columns.text_if_any("namespace")?,
        reason: columns.text("reason")?,
        occurrences: columns.number("occurrences")?,
        state,
        tries: columns.number("tries")?,
        last_error: columns.text_if_any("last_error")?,
        created_at: columns.time("created_at")?,
        next_try_at: Some(columns.time("not_before")?).filter(|_| state == NotificationState::Pending),
        sent_at: columns.time_if_any("sent_at")?,
    })
}
