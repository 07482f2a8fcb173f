//! Who runs the jobs, and when.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use keruta_manifest::Settings;
use keruta_submitter::cluster::Cluster;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{JobName, outlook};
use crate::operation::ServerSettings;
use crate::secret::Secrets;
use crate::store::logs::LogStore;
use crate::store::{Epoch, Store, StoreError};

/// How often to look for what is due.
const LOOK: Duration = Duration::from_secs(1);

/// Runs background jobs, for as long as a lease holds. Cheap to clone.
#[derive(Clone)]
pub struct Jobs {
    pub(super) store: Store,
    pub(super) logs: LogStore,
    pub(super) settings: watch::Receiver<Arc<Settings>>,
    pub(super) operation: watch::Receiver<Arc<ServerSettings>>,
    pub(super) secrets: Secrets,
    /// How often to look for what is due.
    look: Duration,
}

impl Jobs {
    /// The jobs of a store, by these settings as they change.
    #[must_use]
    pub fn new(
        store: Store,
        logs: LogStore,
        settings: watch::Receiver<Arc<Settings>>,
        operation: watch::Receiver<Arc<ServerSettings>>,
        secrets: Secrets,
    ) -> Self {
        Self { store, logs, settings, operation, secrets, look: LOOK }
    }

    /// The same, looking this often for what is due.
    #[must_use]
    pub fn looking_every(mut self, look: Duration) -> Self {
        self.look = look;
        self
    }

    /// Runs what is due, and what is asked for, until `end`; what is under way then is cut off.
    pub(crate) async fn run(&self, epoch: Epoch, cluster: watch::Receiver<Option<Cluster>>, end: &CancellationToken) {
        let mut changes = self.store.changes();
        let mut running = BTreeSet::new();
        let mut tasks = JoinSet::new();
        let mut cut_off = self.store.cut_off_runs(epoch, Timestamp::now()).await;
        loop {
            if cut_off.is_ok() {
                let started = self.look(epoch, &cluster, &mut running, &mut tasks).await;
                if let Err(error) = started {
                    tracing::warn!(%error, "it could not be looked for background jobs that are due; again soon");
                }
            } else {
                cut_off = self.store.cut_off_runs(epoch, Timestamp::now()).await;
            }
            tokio::select! {
                Some(ended) = tasks.join_next(), if !tasks.is_empty() => match ended {
                    Ok(name) => drop(running.remove(&name)),
                    // It panicked, which is told by the runtime; the name is not known, so all are looked at anew.
                    Err(_) => running.clear(),
                },
                () = tokio::time::sleep(self.look) => {}
                _ = changes.changed() => tokio::time::sleep(self.look.min(Duration::from_millis(100))).await,
                () = end.cancelled() => return,
            }
        }
    }

    /// Starts what is due.
    async fn look(
        &self,
        epoch: Epoch,
        cluster: &watch::Receiver<Option<Cluster>>,
        running: &mut BTreeSet<JobName>,
        tasks: &mut JoinSet<JobName>,
    ) -> Result<(), StoreError> {
        let (runs, requests) = (self.store.runs().await?, self.store.background_requests().await?);
        let operation = Arc::clone(&self.operation.borrow());
        let now = Timestamp::now();
        let cluster = cluster.borrow().clone();
        for name in JobName::ALL.iter().copied().filter(|name| !running.contains(name)).collect::<Vec<_>>() {
            let last = runs.iter().find(|run| run.name == name.as_str());
            let outlook = outlook(name, &operation, last, requests.get(name.as_str()));
            let is_due = outlook.next.is_some_and(|next| next <= now);
            if !is_due || (name.needs_cluster() && cluster.is_none()) {
                continue;
            }
            if outlook.requested_by.is_none() && !self.has_work(name, cluster.is_some(), now).await? {
                continue;
            }
            running.insert(name);
            let (jobs, cluster) = (self.clone(), cluster.clone());
            tasks.spawn(async move {
                let job = async |progress| jobs.carry_out(name, epoch, cluster.as_ref(), &progress).await;
                if let Err(error) = jobs.store.run_recorded(name.as_str(), job).await {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        job = name.as_str(),
                        "a background job failed"
                    );
                }
                name
            });
        }
        Ok(())
    }
}
