//! Runs tasks: takes them from the queue, submits them, follows them to their end.
//!
//! Of several replicas the one that holds the lease does; each of its writes is fenced by the lease's [`Epoch`]. Everything
//! that must not be forgotten stands in the store and in the cluster, so that the runner can be killed at any moment, and the
//! next one goes on from there.

mod cluster;
mod journal;
mod lead;
mod prepare;
mod session;
mod submit;
mod tokens;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use keruta_manifest::Settings;
use keruta_submitter::cluster::Cluster;
use keruta_submitter::metrics::Metrics;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::jobs::Jobs;
use crate::queue::Limits;
use crate::store::logs::LogStore;
use crate::store::{Epoch, Lease, Store};

pub use cluster::{ClusterState, Connect, connect_by_settings};
pub use prepare::{PrepareError, Prepared, check, check_workspace, prepare};
pub use tokens::TaskTokens;

/// How tasks are run.
#[derive(Clone)]
pub struct RunnerOptions {
    /// A name that no other replica has.
    pub identity: String,
    /// How many at once.
    pub limits: Limits,
    /// How long the lease holds when it is not renewed.
    pub lease: Duration,
    /// How often to look for what other replicas have changed.
    pub poll: Duration,
    /// Numbers for an operator.
    pub metrics: Arc<Metrics>,
}

impl RunnerOptions {
    /// The defaults: a lease of 15 seconds, a look every second.
    #[must_use]
    pub fn new(identity: impl Into<String>) -> Self {
        Self {
            identity: identity.into(),
            limits: Limits::default(),
            lease: Duration::from_secs(15),
            poll: Duration::from_secs(1),
            metrics: Arc::default(),
        }
    }
}

/// What else only one replica may do: the one that runs the tasks does it meanwhile.
#[async_trait]
pub trait WhileLeading: Send + Sync {
    /// Goes on until the end, or until the lease is lost. Each of its writes is fenced by the epoch.
    async fn run(&self, epoch: Epoch, end: &CancellationToken);
}

/// Runs tasks.
pub struct Runner {
    store: Store,
    logs: LogStore,
    settings: watch::Receiver<Arc<Settings>>,
    connect: Connect,
    options: RunnerOptions,
    state: watch::Sender<ClusterState>,
    alongside: Vec<Arc<dyn WhileLeading>>,
    /// The cluster that is worked on just now.
    cluster: watch::Sender<Option<Cluster>>,
    tokens: Option<TaskTokens>,
    jobs: Option<Jobs>,
}

impl Runner {
    /// A runner for the tasks of a store. It follows the settings as they change.
    #[must_use]
    pub fn new(
        store: Store,
        logs: LogStore,
        settings: watch::Receiver<Arc<Settings>>,
        connect: Connect,
        options: RunnerOptions,
    ) -> Self {
        let (state, cluster) = (watch::Sender::new(ClusterState::Standby), watch::Sender::new(None));
        Self {
            store,
            logs,
            settings,
            connect,
            options,
            state,
            cluster,
            tokens: None,
            jobs: None,
            alongside: Vec::new(),
        }
    }

    /// The same, which also does this as long as it runs the tasks.
    #[must_use]
    pub fn alongside(mut self, work: Arc<dyn WhileLeading>) -> Self {
        self.alongside.push(work);
        self
    }

    /// The same, giving each attempt a token of its own where the settings say so.
    #[must_use]
    pub fn with_tokens(mut self, tokens: TaskTokens) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// The same, doing the background jobs for as long as it runs the tasks.
    #[must_use]
    pub fn with_jobs(mut self, jobs: Jobs) -> Self {
        self.jobs = Some(jobs);
        self
    }

    /// How the cluster fares, as it was last seen.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<ClusterState> {
        self.state.subscribe()
    }

    /// Runs tasks until `shutdown`. What fails is tried again.
    pub async fn run(self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            if let Some(epoch) = self.elected(&shutdown).await {
                tracing::info!(?epoch, identity = self.options.identity, "this replica runs the tasks");
                self.lead(epoch, &shutdown).await;
                self.state.send_replace(ClusterState::Standby);
            }
        }
    }

    /// Waits until the lease is ours; `None` where the shutdown came first.
    async fn elected(&self, shutdown: &CancellationToken) -> Option<Epoch> {
        loop {
            match self.hold().await {
                Ok(Lease::Held(epoch)) => return Some(epoch),
                Ok(Lease::Other { expires_at }) => tracing::debug!(%expires_at, "another replica runs the tasks"),
                Err(error) => tracing::warn!(%error, "the lease could not be asked for"),
            }
            tokio::select! {
                () = tokio::time::sleep(self.options.lease / 3) => {}
                () = shutdown.cancelled() => return None,
            }
        }
    }

    async fn hold(&self) -> Result<Lease, crate::store::StoreError> {
        let duration = SignedDuration::try_from(self.options.lease).unwrap_or(SignedDuration::MAX);
        self.store.hold_runner_lease(&self.options.identity, duration, Timestamp::now()).await
    }
}
