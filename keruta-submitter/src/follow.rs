//! Follows every attempt of a namespace to its end: two watches, whatever the number of tasks.
//!
//! A [`Follower`] joins what the watches bring in a picture of each attempt, has it judged whenever it changes, tells the
//! [`Journal`], captures the containers' logs, ends Jobs that cannot go on, and records each verdict on its Job. All that it
//! must not forget stands on the Jobs and in the journal, so that it can be killed at any moment and started again.

mod cache;
mod captures;
mod events;
mod followed;
mod reconcile;
mod requests;
mod requeue;
mod run;
mod secrets;

pub use captures::LogOptions;
pub use followed::Followed;

use std::sync::Arc;
use std::time::Duration;

use keruta_manifest::well_known;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::attempt::Attempt;
use crate::classify::Policy;
use crate::cluster::{Cluster, ClusterError};
use crate::journal::{Journal, Ledger};
use crate::logs::Redactor;
use crate::metrics::Metrics;
use crate::watch::{WatchError, WatchOptions};

/// How attempts are followed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FollowOptions {
    /// The namespace.
    pub namespace: String,
    /// Which Jobs and Pods. Default: all of keruta's.
    pub label_selector: String,
    /// How long a watch may be silent before it is cut; see [`WatchOptions::idle`].
    pub idle: Duration,
    /// How often all objects are listed in any case; see [`WatchOptions::relist`].
    pub relist: Duration,
    /// How patiently they are judged.
    pub policy: Policy,
    /// How logs are captured; `None` leaves them where they are.
    pub logs: Option<LogOptions>,
    /// What must not be in logs and verdicts.
    pub redactor: Arc<Redactor>,
    /// Whether the Secrets that a Pod refers to must not be in them either: they are read when its containers start, before
    /// anything of their logs is. Needs the right to get them: where one may not be read, a gap stands for the log. Default:
    /// no.
    pub redact_secrets: bool,
    /// How many attempts are looked at at once.
    pub parallel: usize,
    /// Where numbers for an operator go.
    pub metrics: Arc<Metrics>,
    /// Whether to end when every attempt that was expected has ended. Default: no.
    pub until_ended: bool,
    /// Whether to look on only, beside whoever follows: nothing is written to the cluster, so that the rights to get, list and
    /// watch Jobs and Pods and to get `pods/log` are enough. How an attempt ended is told, and stands nowhere; a Job that
    /// cannot go on is not ended. Default: no.
    pub read_only: bool,
    /// Where it is told that nothing is heard from the cluster, and why; `None` again when something is. Default: nowhere.
    pub silence: Option<Silence>,
}

/// Why nothing is heard from a cluster at the moment; `None` where something is.
pub type Silence = tokio::sync::watch::Sender<Option<Arc<WatchError>>>;

impl FollowOptions {
    /// The defaults, for all tasks of a namespace.
    #[must_use]
    pub fn new(namespace: impl Into<String>) -> Self {
        let WatchOptions { label_selector, idle, relist, .. } =
            WatchOptions::new(format!("{}={},{}", well_known::APP, well_known::APP_NAME, well_known::TASK_ID));
        Self {
            namespace: namespace.into(),
            label_selector,
            idle,
            relist,
            policy: Policy::default(),
            logs: Some(LogOptions::default()),
            redactor: Arc::default(),
            redact_secrets: false,
            parallel: 64,
            metrics: Arc::default(),
            until_ended: false,
            read_only: false,
            silence: None,
        }
    }

    /// Only the objects of one task, by the value of its label [`well_known::TASK_ID`].
    #[must_use]
    pub fn of_task(mut self, label: &str) -> Self {
        self.label_selector = format!("{}={},{}={label}", well_known::APP, well_known::APP_NAME, well_known::TASK_ID);
        self
    }
}

/// Follows the attempts of one namespace.
pub struct Follower {
    cluster: Cluster,
    journal: Arc<dyn Journal>,
    ledger: Option<Arc<dyn Ledger>>,
    options: FollowOptions,
    messages: mpsc::UnboundedReceiver<Message>,
    handle: FollowHandle,
}

/// A Job's name, one text for all that is kept by it.
type JobName = Arc<str>;

/// Speaks to a follower that runs.
#[derive(Debug, Clone)]
pub struct FollowHandle(mpsc::UnboundedSender<Message>);

/// What a follower is told while it runs.
#[derive(Debug)]
enum Message {
    /// An attempt that has, or is about to have, a Job.
    Expect { attempt: Attempt, job: String },
    /// Somebody wants to know what it sees.
    Describe(oneshot::Sender<Vec<Followed>>),
}

impl FollowHandle {
    /// Has an attempt followed of which the watch may not know yet: where its Job is gone, that is a verdict too. Call it
    /// when the Job has been created.
    pub fn expect(&self, attempt: Attempt, job: impl Into<String>) {
        // A follower that has ended follows nothing more.
        let _ = self.0.send(Message::Expect { attempt, job: job.into() });
    }

    /// What the follower sees of each attempt and what it waits for, for a person who wonders; by the Jobs' names. `None` where
    /// it has ended.
    pub async fn followed(&self) -> Option<Vec<Followed>> {
        let (sender, answer) = oneshot::channel();
        self.0.send(Message::Describe(sender)).ok()?;
        answer.await.ok()
    }
}

/// Why a follower gave up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FollowError {
    /// The server refuses the watch for good.
    #[error(transparent)]
    Refused(#[from] ClusterError),
}

impl Follower {
    /// A follower that writes to this journal.
    #[must_use]
    pub fn new(cluster: Cluster, journal: Arc<dyn Journal>, options: FollowOptions) -> Self {
        let (sender, messages) = mpsc::unbounded_channel();
        Self { cluster, journal, ledger: None, options, messages, handle: FollowHandle(sender) }
    }

    /// Has it record every Job that it sees, before anything else of the attempt: so that an attempt whose submitter died
    /// before it recorded the Job is not submitted again when the Job is gone. Who submits and follows gives both the same
    /// ledger.
    #[must_use]
    pub fn with_ledger(mut self, ledger: Arc<dyn Ledger>) -> Self {
        self.ledger = Some(ledger);
        self
    }

    /// Speaks to it, also while it runs.
    #[must_use]
    pub fn handle(&self) -> FollowHandle {
        self.handle.clone()
    }

    /// Follows until `shutdown`, or until all that was expected has ended where [`FollowOptions::until_ended`] says so.
    ///
    /// Whatever fails on the way is tried again, with growing pauses.
    ///
    /// # Errors
    ///
    /// [`FollowError::Refused`] where the server refuses a watch before anything was seen.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), FollowError> {
        run::Run::new(&self.cluster, self.journal, self.ledger, self.options).run(self.messages, shutdown).await
    }
}
