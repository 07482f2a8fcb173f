//! Which of several submitters is at work: leader election by a `Lease`.
//!
//! It saves work; nothing may depend on it for being right. Two that both work for a moment find each other's objects.
//!
//! The rules are client-go's (`tools/leaderelection`): another's lease is over when it was not seen to change for its
//! duration *by one's own clock*, so that clocks that differ do no harm; every write names the version that it changes, so
//! that of two who take it one fails; who could not renew it in time gives up before others may take it. The crate
//! `kube-lease-manager` compares the holder's time of day with its own, patches without naming a version, and keeps telling
//! that it leads while a request hangs.

mod decide;

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::PostParams;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::cluster::{Action, Cluster, ClusterError, FIELD_MANAGER, Verb, jitter, seed};
use decide::{Move, Seen};

/// A lease and its rhythm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseConfig {
    /// The namespace; keruta's own, not one of tasks, where anything that may write leases could unseat the leader.
    pub namespace: String,
    /// The lease's name.
    pub name: String,
    /// Who one is: a text that no other has, such as the Pod's name and uid.
    pub identity: String,
    /// How long the lease is another's after the last sign of life; whole seconds. Default: 15 s.
    pub duration: Duration,
    /// How long a leader tries to renew before it gives up; less than `duration`. Default: 10 s.
    pub renew_deadline: Duration,
    /// How often to renew it, or to look at another's. Default: 2 s.
    pub retry: Duration,
}

impl LeaseConfig {
    /// A lease with client-go's rhythm.
    #[must_use]
    pub fn new(namespace: &str, name: &str, identity: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            identity: identity.to_owned(),
            duration: Duration::from_secs(15),
            renew_deadline: Duration::from_secs(10),
            retry: Duration::from_secs(2),
        }
    }
}

/// A seat in the election. Dropping it gives the lease back in the background, [`shutdown`](Self::shutdown) waits for that.
#[derive(Debug)]
pub struct Candidacy {
    leads: watch::Receiver<bool>,
    end: CancellationToken,
    task: Option<JoinHandle<()>>,
}

impl Candidacy {
    /// Stands for election until dropped. Call it within a tokio runtime.
    #[must_use]
    pub fn start(cluster: Cluster, config: LeaseConfig) -> Self {
        let (sender, leads) = watch::channel(false);
        let end = CancellationToken::new();
        let candidate = Candidate { cluster, config, leads: sender, end: end.clone(), seen: None, renewed: None };
        Self { leads, end, task: Some(tokio::spawn(candidate.run())) }
    }

    /// Whether one leads now.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        *self.leads.borrow()
    }

    /// Changes of the leadership, as they come.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<bool> {
        self.leads.clone()
    }

    /// Waits until one leads.
    pub async fn elected(&self) {
        self.until(true).await;
    }

    /// Waits until one does not lead any more.
    pub async fn unseated(&self) {
        self.until(false).await;
    }

    async fn until(&self, wanted: bool) {
        let mut leads = self.leads.clone();
        if leads.wait_for(|leads| *leads == wanted).await.is_err() && wanted {
            // The election is over and was not won.
            std::future::pending::<()>().await;
        }
    }

    /// Gives the lease back and ends.
    pub async fn shutdown(mut self) {
        self.end.cancel();
        if let Some(task) = self.task.take() {
            // It ends by itself; a panic in it has been reported.
            let _ = task.await;
        }
    }
}

impl Drop for Candidacy {
    fn drop(&mut self) {
        self.end.cancel();
    }
}

struct Candidate {
    cluster: Cluster,
    config: LeaseConfig,
    leads: watch::Sender<bool>,
    end: CancellationToken,
    seen: Option<Seen>,
    /// When the last renewal that succeeded was asked for.
    renewed: Option<Instant>,
}

impl Candidate {
    async fn run(mut self) {
        let seed = seed(&self.config.identity);
        let mut round = 0;
        while !self.end.is_cancelled() {
            let end = self.end.clone();
            let left = self.time_left();
            tokio::select! {
                () = end.cancelled() => break,
                // A request that hangs must not keep one in office.
                result = tokio::time::timeout(left, self.round()) => match result {
                    Ok(Ok(leads)) => self.tell(leads),
                    Ok(Err(error)) => tracing::warn!(%error, lease = self.config.name, "the lease could not be read or written"),
                    Err(_) => {}
                },
            }
            if self.renewed.is_some_and(|renewed| renewed.elapsed() >= self.config.renew_deadline) {
                self.renewed = None;
                self.tell(false);
            }
            let wait = self.config.retry.mul_f64(1.0 + jitter(seed, round) / 5.0).min(self.time_left());
            round = round.wrapping_add(1);
            tokio::select! {
                () = end.cancelled() => break,
                () = tokio::time::sleep(wait) => {}
            }
        }
        let led = *self.leads.borrow();
        self.tell(false);
        if led && let Err(error) = self.release().await {
            tracing::warn!(%error, lease = self.config.name, "the lease could not be given back; it runs out by itself");
        }
    }

    /// Until when the office is safe; for who has none, how long a round may take.
    fn time_left(&self) -> Duration {
        self.renewed
            .map_or(self.config.renew_deadline, |renewed| self.config.renew_deadline.saturating_sub(renewed.elapsed()))
    }

    fn tell(&self, leads: bool) {
        let lease = self.config.name.as_str();
        self.leads.send_if_modified(|led| {
            let changed = *led != leads;
            if changed {
                tracing::info!(lease, leads, "leadership changed");
            }
            *led = leads;
            changed
        });
    }

    /// Looks at the lease and takes or renews it where that is one's turn; whether one leads then.
    async fn round(&mut self) -> Result<bool, ClusterError> {
        let asked = Instant::now();
        let lease = self.cluster.get::<Lease>(&self.config.namespace, &self.config.name).await?;
        self.seen = decide::saw(self.seen.take(), lease.as_ref(), asked);
        let written = match decide::decide(lease.as_ref(), self.seen.as_ref(), &self.config.identity, asked) {
            Move::Wait => {
                self.renewed = None;
                return Ok(false);
            }
            Move::Create => {
                let lease = self.signed(None, Timestamp::now());
                self.cluster.create(&self.config.namespace, &lease).await
            }
            Move::Write => {
                let lease = self.signed(lease, Timestamp::now());
                self.replace(&lease).await
            }
        };
        match written {
            Ok(_) => {
                self.renewed = Some(asked);
                Ok(true)
            }
            // Somebody else was faster; the next round sees who.
            Err(ClusterError::Conflict { .. } | ClusterError::AlreadyExists { .. }) => {
                self.renewed = None;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// The lease with one's own signature. The times are for people and other programs; nothing here reads them.
    fn signed(&self, lease: Option<Lease>, now: Timestamp) -> Lease {
        let mut lease = lease.unwrap_or_else(|| Lease {
            metadata: ObjectMeta { name: Some(self.config.name.clone()), ..ObjectMeta::default() },
            ..Lease::default()
        });
        let spec = lease.spec.get_or_insert_default();
        if spec.holder_identity.as_deref() != Some(&self.config.identity) {
            spec.acquire_time = Some(MicroTime(now));
            spec.lease_transitions = Some(spec.lease_transitions.map_or(0, |count| count.saturating_add(1)));
        }
        spec.holder_identity = Some(self.config.identity.clone());
        spec.lease_duration_seconds = Some(i32::try_from(self.config.duration.as_secs()).unwrap_or(i32::MAX));
        spec.renew_time = Some(MicroTime(now));
        lease
    }

    async fn replace(&self, lease: &Lease) -> Result<Lease, ClusterError> {
        let (namespace, name) = (&self.config.namespace, &self.config.name);
        let parameters = PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
        let action = Action::on::<Lease>(Verb::Update, namespace, Some(name));
        self.cluster.call(action, self.cluster.api::<Lease>(namespace).replace(name, &parameters, lease)).await
    }

    /// Leaves the lease to whoever comes next, with its count.
    async fn release(&self) -> Result<(), ClusterError> {
        let Some(mut lease) = self.cluster.get::<Lease>(&self.config.namespace, &self.config.name).await? else {
            return Ok(());
        };
        let spec = lease.spec.get_or_insert_default();
        if spec.holder_identity.as_deref() != Some(&self.config.identity) {
            return Ok(());
        }
        *spec = LeaseSpec {
            lease_transitions: spec.lease_transitions,
            lease_duration_seconds: Some(1),
            ..LeaseSpec::default()
        };
        match self.replace(&lease).await {
            Ok(_) | Err(ClusterError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests;
