//! Which containers' logs are being captured.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tracing::error;

use super::cache::Tracked;
use super::secrets::Secrets;
use super::{FollowOptions, JobName};
use crate::attempt::Attempt;
use crate::capture::{Capture, CaptureSettings, CaptureStats, ContainerLife, KubeLogReader};
use crate::classify::is_over;
use crate::cluster::Cluster;
use crate::journal::Journal;
use crate::logs::LogSource;
use crate::metrics::Metrics;
use crate::observe::{ContainerState, ObservedContainer, ObservedPod};

/// How the logs of all containers are captured.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LogOptions {
    /// How one is.
    pub settings: CaptureSettings,
    /// How many may be read at once. Default: 512; each is a connection to the API server.
    pub streams: usize,
    /// Whether what agents send comes to the same journal. Then the container of such an agent
    /// ([`AGENT_LOG`](keruta_manifest::well_known::AGENT_LOG)) is read only when it has ended, and only where its receipt does not say
    /// that all of its log was sent: with some lines twice rather than without its last ones. Default: no, all is read.
    pub by_agents: bool,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self { settings: CaptureSettings::default(), streams: 512, by_agents: false }
    }
}

/// The captures of one follower.
pub(super) struct Captures {
    capture: Option<Capture>,
    by_agents: bool,
    secrets: Arc<Secrets>,
    metrics: Arc<Metrics>,
    running: JoinSet<(JobName, CaptureStats)>,
    /// By the Job's name.
    jobs: HashMap<JobName, JobCaptures>,
}

/// The captures of one Job's containers.
#[derive(Default)]
struct JobCaptures {
    running: usize,
    runs: Vec<ContainerRun>,
}

/// One run of one container.
struct ContainerRun {
    pod_uid: Box<str>,
    container: Box<str>,
    restart: u32,
    life: watch::Sender<ContainerLife>,
}

impl Captures {
    pub(super) fn new(
        cluster: &Cluster,
        journal: Arc<dyn Journal>,
        secrets: &Arc<Secrets>,
        options: &FollowOptions,
    ) -> Self {
        let by_agents = options.logs.as_ref().is_some_and(|logs| logs.by_agents);
        let capture = options.logs.clone().map(|LogOptions { settings, streams, .. }| {
            let told = Arc::clone(&options.metrics);
            Capture {
                reader: Arc::new(KubeLogReader::new(cluster.client().clone())),
                journal,
                redactor: Arc::clone(&options.redactor),
                settings,
                streams: Arc::new(Semaphore::new(streams)),
                on_kept: Some(Arc::new(move |_, kept| {
                    told.logged(kept.entries as u64, kept.bytes as u64, 0, Some(kept.lag));
                })),
            }
        });
        Self {
            capture,
            by_agents,
            secrets: Arc::clone(secrets),
            metrics: Arc::clone(&options.metrics),
            running: JoinSet::new(),
            jobs: HashMap::new(),
        }
    }

    /// Begins what is to be captured now, and tells the captures under way how their containers fare.
    pub(super) fn update(&mut self, name: &JobName, tracked: &Tracked) {
        let Some(capture) = &self.capture else { return };
        let judged = tracked.job.as_ref().is_some_and(|job| job.verdict.is_some());
        // What was captured of an attempt whose verdict stands is in the journal already, or lost.
        if judged && !self.jobs.contains_key(name) && !tracked.pods.iter().any(is_kept_for_us) {
            return;
        }
        for pod in &tracked.pods {
            for container in pod.all_containers() {
                for (restart, life) in runs(pod, container, tracked.is_gone(pod)) {
                    let captures = self.jobs.entry(Arc::clone(name)).or_default();
                    if captures.tell(pod, container, restart, life) {
                        continue;
                    }
                    let by_agent = self.by_agents && pod.agent_log.as_deref() == Some(&container.name);
                    let wanted = if by_agent { beside_agent(container, restart, life) } else { Wanted::Log };
                    if matches!(wanted, Wanted::Nothing) {
                        continue;
                    }
                    let (sender, receiver) = watch::channel(life);
                    captures.running += 1;
                    captures.runs.push(ContainerRun {
                        pod_uid: pod.uid.clone(),
                        container: container.name.clone(),
                        restart,
                        life: sender,
                    });
                    let source = source(&tracked.attempt, name, pod, container, restart);
                    let (mut capture, secrets) = (capture.clone(), Arc::clone(&self.secrets));
                    let (name, referred) = (Arc::clone(name), pod.secrets.clone());
                    self.running.spawn(async move {
                        let redactor = match wanted {
                            Wanted::Gap(reason) => Err(reason.to_owned()),
                            _ => secrets.redactor(&referred).await.map_err(|error| error.to_string()),
                        };
                        let stats = match redactor {
                            Ok(redactor) => {
                                capture.redactor = redactor;
                                to_its_end(&capture, &source, receiver).await
                            }
                            Err(reason) => given_up(&capture, &source, &reason).await,
                        };
                        (name, stats)
                    });
                }
            }
        }
    }

    /// How many of a Job's logs are being read.
    pub(super) fn running(&self, name: &str) -> usize {
        self.jobs.get(name).map_or(0, |captures| captures.running)
    }

    /// Whether all that there is of a Job's logs is kept.
    pub(super) fn is_drained(&self, name: &str) -> bool {
        self.running(name) == 0
    }

    /// Waits until the last capture of a Job ends, and names it; for ever where none runs.
    pub(super) async fn next_drained(&mut self) -> JobName {
        loop {
            let Some(ended) = self.running.join_next().await else { return std::future::pending().await };
            // One that was ended by a shutdown.
            let Ok((name, stats)) = ended else { continue };
            self.metrics.logged(0, 0, stats.gaps, None);
            if let Some(captures) = self.jobs.get_mut(&name) {
                captures.running -= 1;
                if captures.running == 0 {
                    return name;
                }
            }
        }
    }

    /// Forgets the captures of a Job that are all at their end.
    pub(super) fn forget(&mut self, name: &str) {
        self.jobs.remove(name);
    }

    /// Ends all captures. What is not kept yet is read again by the next follower.
    pub(super) async fn shutdown(&mut self) {
        self.running.shutdown().await;
    }
}

impl JobCaptures {
    /// Tells a capture how its container fares; `false` where there is none.
    fn tell(&self, pod: &ObservedPod, container: &ObservedContainer, restart: u32, life: ContainerLife) -> bool {
        let known = self
            .runs
            .iter()
            .find(|run| run.pod_uid == pod.uid && run.container == container.name && run.restart == restart);
        if let Some(run) = known {
            run.life.send_if_modified(|known| std::mem::replace(known, life) != life);
        }
        known.is_some()
    }
}

/// Captures a log, and ends even where a journal panics: its Job would never be drained, and its Pod never let go.
async fn to_its_end(capture: &Capture, source: &LogSource, life: watch::Receiver<ContainerLife>) -> CaptureStats {
    if let Ok(stats) = AssertUnwindSafe(capture.run(source, life)).catch_unwind().await {
        return stats;
    }
    given_up(capture, source, "the capture of the log failed: a bug in it or in the journal").await
}

/// Captures no more of a log, and says why.
async fn given_up(capture: &Capture, source: &LogSource, reason: &str) -> CaptureStats {
    let LogSource { attempt, pod, container, .. } = source;
    error!(%attempt, pod, container, reason, "a log is read no further");
    let stats = AssertUnwindSafe(capture.give_up(source, reason)).catch_unwind().await;
    stats.unwrap_or_default()
}

/// Whether a Pod is there because its end was not seen to the last.
const fn is_kept_for_us(pod: &ObservedPod) -> bool {
    pod.has_evidence_finalizer
}

/// What is to be read of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Log,
    /// Nothing, as things stand.
    Nothing,
    /// Nothing, because there is nothing any more.
    Gap(&'static str),
}

/// What is to be read of a container whose agent sends its log: nothing as long as it may go on to, or says that all was sent. What
/// the kubelet has is the only evidence of an agent that never reached the API, or was killed with its container.
fn beside_agent(container: &ObservedContainer, restart: u32, life: ContainerLife) -> Wanted {
    let (present, last) = (container.termination(), container.last_termination.as_deref());
    let end = if restart == container.restarts { present.or(last) } else { last };
    let receipt = end.and_then(|end| end.receipt.as_ref());
    match life {
        ContainerLife::Waiting | ContainerLife::Running => Wanted::Nothing,
        _ if receipt.is_some_and(|receipt| receipt.log_sent && receipt.lines_lost == 0) => Wanted::Nothing,
        ContainerLife::PodGone => {
            Wanted::Gap("the Pod was gone, and its agent has not said that all of its log was sent")
        }
        ContainerLife::Ended | ContainerLife::Restarted { .. } => Wanted::Log,
    }
}

/// The runs of a container that have a log: the present one, and the one before it, which the kubelet keeps.
fn runs(pod: &ObservedPod, container: &ObservedContainer, gone: bool) -> impl Iterator<Item = (u32, ContainerLife)> {
    let present = container.has_started().then(|| {
        let life = match container.state {
            _ if gone => ContainerLife::PodGone,
            // On a lost node a container seems to run for ever.
            ContainerState::Running { .. } if !is_over(pod) => ContainerLife::Running,
            // Waiting for its next start, the log is still that of its last.
            _ => ContainerLife::Ended,
        };
        (container.restarts, life)
    });
    let restarted = if gone { ContainerLife::PodGone } else { ContainerLife::Restarted { to: container.restarts } };
    let previous = container.restarts.checked_sub(1).map(|restart| (restart, restarted));
    previous.into_iter().chain(present)
}

fn source(attempt: &Attempt, job: &str, pod: &ObservedPod, container: &ObservedContainer, restart: u32) -> LogSource {
    LogSource {
        attempt: attempt.clone(),
        job: job.to_owned(),
        pod: pod.name.to_string(),
        pod_uid: pod.uid.to_string(),
        container: container.name.to_string(),
        restart,
    }
}

#[cfg(test)]
mod tests;
