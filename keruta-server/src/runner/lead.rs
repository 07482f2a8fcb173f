//! Holding the lease, and working as long as it holds.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;

use super::Runner;
use super::session::SessionEnd;
use crate::store::{Epoch, Lease};

/// The pause before a cluster that could not be reached is tried again.
const PAUSE: Duration = Duration::from_secs(5);

impl Runner {
    /// Works until the lease is lost or `shutdown` comes.
    pub(super) async fn lead(&self, epoch: Epoch, shutdown: &CancellationToken) {
        let ours = shutdown.child_token();
        // What is done alongside ends with the lease, also in the middle: its writes are fenced.
        let mut alongside = JoinSet::new();
        for work in &self.alongside {
            let (work, ours) = (Arc::clone(work), ours.clone());
            alongside.spawn(async move { work.run(epoch, &ours).await });
        }
        tokio::select! {
            () = self.work(epoch, &ours) => {}
            () = self.jobs(epoch, &ours) => {}
            () = self.renew(epoch) => tracing::warn!(?epoch, "the lease is lost: another replica runs the tasks"),
        }
        ours.cancel();
        alongside.shutdown().await;
        self.cluster.send_replace(None);
        if self.jobs.is_some() {
            // Where the lease is lost, its new holder does this.
            let _ = self.store.cut_off_runs(epoch, Timestamp::now()).await;
        }
        if let Err(error) = self.store.release_runner_lease(epoch).await {
            tracing::debug!(%error, "the lease could not be given back; it expires by itself");
        }
    }

    /// Does the background jobs; ends only where the work does.
    async fn jobs(&self, epoch: Epoch, ours: &CancellationToken) {
        match &self.jobs {
            Some(jobs) => jobs.run(epoch, self.cluster.subscribe(), ours).await,
            None => ours.cancelled().await,
        }
        // The work has the last word.
        std::future::pending::<()>().await;
    }

    /// Renews the lease; returns when it is lost, which is also when the database did not answer for as long as it holds.
    async fn renew(&self, epoch: Epoch) {
        // Measured from before the renewal was asked for, by a clock that nobody sets.
        let mut until = Instant::now() + self.options.lease;
        loop {
            sleep(self.options.lease / 3).await;
            let asked = Instant::now();
            match timeout_at(until, self.hold()).await {
                Ok(Ok(Lease::Held(held))) if held == epoch => until = asked + self.options.lease,
                Ok(Err(error)) => tracing::warn!(%error, "the lease could not be renewed"),
                // Another has it, or the database did not answer for as long as it held.
                Ok(Ok(_)) | Err(_) => return,
            }
            if Instant::now() >= until {
                return;
            }
        }
    }

    async fn work(&self, epoch: Epoch, ours: &CancellationToken) {
        while !ours.is_cancelled() {
            let again = match self.session(epoch, ours).await {
                SessionEnd::Over => return,
                SessionEnd::SettingsChanged => continue,
                SessionEnd::Unreachable => Instant::now() + PAUSE,
            };
            let mut settings = self.settings.clone();
            tokio::select! {
                () = sleep_until(again) => {}
                _ = settings.changed() => {}
                () = ours.cancelled() => return,
            }
        }
    }
}
