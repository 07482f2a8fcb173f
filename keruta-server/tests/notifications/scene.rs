//! A store with rules, and who sends.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use keruta_api::{Notification, NotificationState, StatusUpdate, TaskStatus};
use keruta_server::notify::{Channel, Notifier, NotifyOptions, Rule};
use keruta_server::runner::WhileLeading;
use keruta_server::secret::Secrets;
use keruta_server::store::{Author, Epoch, Lease, OutboxFilter, Store, StoreError};
use keruta_server::task::TaskSpec;
use serde_json::{Value, json};
use sqlx::{Connection, Executor};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Scene {
    pub(crate) store: Store,
    pub(crate) channel: String,
    directory: TempDir,
}

/// Who sends.
pub(crate) struct Sender {
    pub(crate) epoch: Epoch,
    pub(crate) task: JoinHandle<()>,
    end: CancellationToken,
}

impl Scene {
    /// With one channel, whose secret is in the file `secret`.
    pub(crate) async fn with(target: Value, secret: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("secret"), secret).unwrap();
        let url = format!("sqlite:{}", directory.path().join("keruta.db").display());
        let store = Store::open(&url).await.unwrap();
        let spec = json!({"name": "Operations", "target": target});
        let channel = Channel::parse(serde_json::from_value(spec).unwrap()).unwrap();
        store.create_notification_channel("c", &channel, &Author::keruta(), Timestamp::now()).await.unwrap();
        Self { store, channel: "c".to_owned(), directory }
    }

    pub(crate) async fn slack(url: &str) -> Self {
        Self::with(json!({"slack": {"webhookUrl": {"file": "secret"}}}), url).await
    }

    pub(crate) fn set_secret(&self, secret: &str) {
        std::fs::write(self.directory.path().join("secret"), secret).unwrap();
    }

    pub(crate) fn write_secret(&self, name: &str, secret: &str) {
        std::fs::write(self.directory.path().join(name), secret).unwrap();
    }

    /// Lets the time pass that what failed is held back for.
    pub(crate) async fn turn_clock(&self) {
        let url = format!("sqlite:{}", self.directory.path().join("keruta.db").display());
        let mut file = sqlx::SqliteConnection::connect(&url).await.unwrap();
        for turn in ["UPDATE notifications SET not_before = 0", "UPDATE notification_channels SET held_until = NULL"] {
            file.execute(turn).await.unwrap();
        }
    }

    pub(crate) async fn rule(&self, changes: Value) -> String {
        let mut rule = json!({"name": "Rule", "channelId": self.channel, "trigger": {"taskFailed": {}}});
        for (name, value) in changes.as_object().unwrap() {
            rule[name] = value.clone();
        }
        let rule = Rule::parse(serde_json::from_value(rule).unwrap()).unwrap();
        let id = format!("r{}", self.store.notification_rules(None, 100).await.unwrap().len());
        self.store.create_notification_rule(&id, &rule, &Author::keruta(), Timestamp::now()).await.unwrap();
        id
    }

    /// A task that fails at once.
    pub(crate) async fn fail(&self, id: &str, title: &str, reason: &str) {
        let spec = TaskSpec::from_json(&json!({"id": id, "title": title}).to_string()).unwrap();
        self.store.create_task(spec, "tasks", "ada", Timestamp::now()).await.unwrap();
        self.fails(id, reason).await;
    }

    pub(crate) async fn fails(&self, id: &str, reason: &str) {
        let update = StatusUpdate { reason: Some(reason.to_owned()), ..StatusUpdate::to(TaskStatus::Failed) };
        self.store.set_status(id, &update, "ada", Timestamp::now()).await.unwrap();
    }

    pub(crate) async fn epoch(&self, holder: &str) -> Epoch {
        let lease = self.store.hold_runner_lease(holder, SignedDuration::from_mins(1), Timestamp::now()).await.unwrap();
        let Lease::Held(epoch) = lease else { panic!("{lease:?}") };
        epoch
    }

    pub(crate) async fn send(&self) -> Sender {
        self.send_with(|_| {}).await
    }

    pub(crate) async fn send_with(&self, change: impl Fn(&mut NotifyOptions)) -> Sender {
        let mut options = NotifyOptions {
            secrets: Secrets::of(self.directory.path()),
            external_url: Some("https://keruta.example.com".parse().unwrap()),
            allow_private: true,
            poll: Duration::from_millis(100),
            stuck: Duration::from_millis(300),
            patience: Duration::from_secs(10),
        };
        change(&mut options);
        let epoch = self.epoch("one").await;
        let (notifier, end) = (Notifier::new(self.store.clone(), options).unwrap(), CancellationToken::new());
        let until = end.clone();
        Sender { epoch, end, task: tokio::spawn(async move { notifier.run(epoch, &until).await }) }
    }

    pub(crate) async fn outbox(&self) -> Vec<Notification> {
        self.store.notifications(&OutboxFilter::default(), None, 200).await.unwrap()
    }

    /// Waits until the outbox is as it should be.
    pub(crate) async fn until(&self, is_there: impl Fn(&[Notification]) -> bool) -> Vec<Notification> {
        let began = Instant::now();
        loop {
            let outbox = self.outbox().await;
            if is_there(&outbox) {
                return outbox;
            }
            assert!(began.elapsed() < PATIENCE, "{outbox:#?}");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    pub(crate) async fn until_all(&self, state: NotificationState) -> Vec<Notification> {
        self.until(|outbox| !outbox.is_empty() && outbox.iter().all(|one| one.state == state)).await
    }

    /// Lets what is held back be tried at once.
    pub(crate) async fn hurry(&self) {
        for notification in self.outbox().await {
            if notification.state == NotificationState::Pending {
                // The first one clears the way for the others, which may be on theirs already.
                match self.store.retry_notification(&notification.id, &Author::keruta(), Timestamp::now()).await {
                    Ok(_) | Err(StoreError::NotGivenUp { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }
}

impl Sender {
    pub(crate) async fn stop(self) {
        self.end.cancel();
        self.task.await.unwrap();
    }
}
