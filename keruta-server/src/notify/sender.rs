//! Sends what stands in the outbox, as long as this replica runs the tasks.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use keruta_api::{ChannelTarget, NotificationChannel};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::plan::{LATELY, messages};
use super::slack::Webhooks;
use super::{Message, SendError, email};
use crate::external::ExternalUrl;
use crate::runner::WhileLeading;
use crate::secret::Secrets;
use crate::store::{Epoch, OutboxMessage, Outcome, Store, StoreError};

/// How messages are sent.
#[derive(Debug, Clone)]
pub struct NotifyOptions {
    /// Where secrets are.
    pub secrets: Secrets,
    /// The address that messages link to.
    pub external_url: Option<ExternalUrl>,
    /// Whether webhooks may have private addresses, and be without TLS.
    pub allow_private: bool,
    /// How often to look for what other replicas have put into the outbox.
    pub poll: Duration,
    /// How often to look for tasks that are stuck.
    pub stuck: Duration,
    /// How long one message may take.
    pub patience: Duration,
}

impl Default for NotifyOptions {
    fn default() -> Self {
        Self {
            secrets: Secrets::default(),
            external_url: None,
            allow_private: false,
            poll: Duration::from_secs(1),
            stuck: Duration::from_secs(30),
            patience: Duration::from_mins(1),
        }
    }
}

/// Sends what stands in the outbox. Cheap to clone.
#[derive(Clone)]
pub struct Notifier(Arc<Inner>);

struct Inner {
    store: Store,
    webhooks: Webhooks,
    options: NotifyOptions,
}

impl Notifier {
    /// For the outbox of a store.
    ///
    /// # Errors
    ///
    /// Where no HTTP client can be made: the system's certificates cannot be read.
    pub fn new(store: Store, options: NotifyOptions) -> Result<Self, SendError> {
        // One is enough for the process; whoever was first is right.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let webhooks = Webhooks::new(options.allow_private)?;
        Ok(Self(Arc::new(Inner { store, webhooks, options })))
    }
}

#[async_trait]
impl WhileLeading for Notifier {
    async fn run(&self, epoch: Epoch, end: &CancellationToken) {
        let Inner { store, options, .. } = &*self.0;
        let mut changes = store.changes();
        let sender = Arc::clone(&self.0);
        let mut work = Work { sender, epoch, busy: HashSet::new(), running: JoinSet::new(), fenced: false };
        let (mut stuck_at, mut reclaimed) = (Instant::now(), false);
        loop {
            changes.mark_unchanged();
            let looked = async {
                if !reclaimed {
                    store.reclaim_notifications(epoch).await?;
                    reclaimed = true;
                }
                if Instant::now() >= stuck_at {
                    store.tell_of_stuck_tasks(epoch, Timestamp::now()).await?;
                    stuck_at = Instant::now() + options.stuck;
                }
                work.begin().await
            };
            match looked.await {
                Ok(()) => {}
                Err(StoreError::Fenced) => return,
                Err(error) => tracing::warn!(%error, "the outbox of notifications could not be looked at"),
            }
            // A burst of changes is one look.
            let soonest = Instant::now() + options.poll / 4;
            tokio::select! {
                _ = changes.changed() => {}
                () = sleep(options.poll) => {}
                Some(done) = work.running.join_next() => if let Ok(done) = done {
                    work.done(done);
                },
                () = end.cancelled() => return,
            }
            tokio::select! {
                () = sleep_until(soonest) => {}
                () = end.cancelled() => return,
            }
        }
    }
}

struct Work {
    sender: Arc<Inner>,
    epoch: Epoch,
    /// The channels that something is being sent by.
    busy: HashSet<String>,
    running: JoinSet<(String, Result<(), StoreError>)>,
    /// Another replica sends now.
    fenced: bool,
}

impl Work {
    /// Begins to send by every channel that has something to send; one that hangs holds up no other.
    async fn begin(&mut self) -> Result<(), StoreError> {
        while let Some(done) = self.running.try_join_next() {
            if let Ok(done) = done {
                self.done(done);
            }
        }
        if self.fenced {
            return Err(StoreError::Fenced);
        }
        for channel in self.sender.store.due_notification_channels(Timestamp::now()).await? {
            if !self.busy.insert(channel.id.clone()) {
                continue;
            }
            let (sender, epoch) = (Arc::clone(&self.sender), self.epoch);
            self.running.spawn(async move {
                let sent = sender.send_all(&channel, epoch).await;
                (channel.id, sent)
            });
        }
        Ok(())
    }

    fn done(&mut self, (channel, sent): (String, Result<(), StoreError>)) {
        self.busy.remove(&channel);
        match sent {
            Ok(()) => {}
            Err(StoreError::Fenced) => self.fenced = true,
            Err(error) => tracing::warn!(%error, channel, "what became of a notification could not be kept"),
        }
    }
}

impl Inner {
    async fn send_all(&self, channel: &NotificationChannel, epoch: Epoch) -> Result<(), StoreError> {
        let now = Timestamp::now();
        let lately = SignedDuration::try_from(LATELY).unwrap_or(SignedDuration::ZERO);
        let lately = now.checked_sub(lately).unwrap_or(Timestamp::MIN);
        let links = self.options.external_url.as_ref();
        let (due, sent) = self.store.due_notifications(&channel.id, lately, now).await?;
        for (id, notifications) in messages(due, sent) {
            let message = OutboxMessage { id, channel: channel.id.clone(), notifications };
            let Some(message) = self.store.take_notifications(message, epoch).await? else { continue };
            let outcome = match self.send(channel, &Message::of(&message.id, &message.notifications, links)).await {
                Ok(()) => Outcome::Sent,
                Err(error) => {
                    tracing::info!(%error, channel = channel.id, message = message.id, "a notification was not taken");
                    Outcome::Failed {
                        error: error.to_string(),
                        is_final: error.is_final(),
                        retry_after: error.retry_after(),
                    }
                }
            };
            self.store.settle_notifications(&message, &outcome, epoch, Timestamp::now()).await?;
            if matches!(outcome, Outcome::Failed { is_final: false, .. }) {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn send(&self, channel: &NotificationChannel, message: &Message) -> Result<(), SendError> {
        let secrets = &self.options.secrets;
        let sent = timeout(self.options.patience, async {
            match &channel.target {
                ChannelTarget::Email(target) => email::send(target, message, secrets).await,
                ChannelTarget::Slack(target) => self.webhooks.send(target, message, secrets).await,
            }
        });
        sent.await.unwrap_or(Err(SendError::TimedOut(self.options.patience)))
    }
}
