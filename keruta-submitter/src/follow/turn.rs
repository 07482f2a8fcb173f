//! One look at one attempt: it is judged, and what follows from that is written. A turn can be repeated at any time, and
//! one that was cut short is made good by the next.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::requests::{Requests, Written};
use super::world::Snapshot;
use crate::classify::{Judgement, Policy, classify, is_over};
use crate::cluster::ClusterError;
use crate::journal::{Journal, JournalError, Ledger, LedgerError, Phase, Progress, StatusChange};
use crate::metrics::Metrics;
use crate::observe::{FirstSeen, ObservedEvent, ObservedJob, ObservedPod};
use crate::status::TaskStatus;
use crate::verdict::Verdict;

/// What a turn needs besides the attempt.
pub(super) struct Means {
    pub(super) requests: Requests,
    pub(super) journal: Arc<dyn Journal>,
    pub(super) ledger: Option<Arc<dyn Ledger>>,
    pub(super) policy: Policy,
    pub(super) metrics: Arc<Metrics>,
}

/// What is remembered of an attempt from one turn to the next.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory {
    first_seen: FirstSeen,
    /// The ledger knows of the Job.
    in_ledger: bool,
    told: Option<TaskStatus>,
    phase: Option<Phase>,
    /// The Pods were asked for after the Job had ended.
    refreshed: bool,
    /// The Job was asked for and is not there.
    vanished: bool,
    /// The verdict, once it is recorded.
    pub(super) verdict: Option<Verdict>,
}

/// What came of a turn.
#[derive(Debug, Default)]
pub(super) struct Turned {
    /// When to look again though nothing changes.
    pub(super) wake_at: Option<Timestamp>,
    /// The Pods as they are now, where they were asked for: look again with them.
    pub(super) pods: Option<Vec<ObservedPod>>,
    /// The Job, which is there although the watch has not shown it yet: look again with it.
    pub(super) job: Option<ObservedJob>,
    /// The Pods' finalizers are off, and nothing more will come.
    pub(super) finished: bool,
}

/// Why a turn came to nothing; it is to be repeated after a pause.
#[derive(Debug, thiserror::Error)]
pub(super) enum TurnError {
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Takes a turn. `drained` says that no more lines can come from the attempt's containers.
pub(super) async fn turn(
    means: &Means,
    seen: &Snapshot,
    memory: &mut Memory,
    drained: bool,
    now: Timestamp,
) -> Result<Turned, TurnError> {
    if !seen.there && memory.verdict.is_none() && !memory.vanished {
        // The watch may be behind: whether a Job is gone is too grave a word to take from it alone.
        if let Some(job) = means.requests.job(&seen.name).await? {
            return Ok(Turned { job: Some(job), ..Turned::default() });
        }
        memory.vanished = true;
    }
    memory.vanished &= !seen.there;
    if memory.first_seen.is_empty()
        && let Some(job) = &seen.job
    {
        memory.first_seen = job.first_seen.clone();
    }
    enter(means, seen, memory, now).await?;
    let judgement = judge(means, seen, memory, now).await?;
    let blind = judgement.verdict.is_some() && memory.verdict.is_none() && !seen.pods_are_current();
    if let Some(job) = seen.job.as_ref().filter(|_| blind && !memory.refreshed) {
        let pods = means.requests.pods(job).await?;
        memory.refreshed = true;
        return Ok(Turned { pods: Some(pods), ..Turned::default() });
    }
    if judgement.first_seen != memory.first_seen {
        if let Some(job) = seen.job.as_ref().filter(|_| seen.there) {
            means.requests.first_seen(job, &judgement.first_seen).await?;
        }
        memory.first_seen = judgement.first_seen.clone();
    }
    if let (Some(stop), Some(job)) = (&judgement.stop, seen.job.as_ref().filter(|_| seen.there)) {
        tracing::info!(attempt = %seen.attempt, why = %stop.verdict.evidence.summary, "ending a Job that cannot go on");
        means.requests.stop(job, stop).await?;
    }
    let wake_at = judgement.wake_at;
    match judgement.verdict.clone() {
        None => {
            tell(means, seen, memory, &judgement, now).await?;
            Ok(Turned { wake_at, ..Turned::default() })
        }
        Some(verdict) => {
            if memory.verdict.is_none() && !record(means, seen, memory, verdict, now).await? {
                // Somebody was faster: what they wrote comes by the watch, if nothing happens to it.
                return Ok(Turned { wake_at: Some(soon(now)), ..Turned::default() });
            }
            let finished = drained && release(means, seen).await?;
            let wake_at = (drained && !finished).then(|| soon(now));
            Ok(Turned { wake_at, finished, ..Turned::default() })
        }
    }
}

/// Records that the attempt has its Job. Before its Pods are let go: they are the only other witness of a Job that is gone.
async fn enter(means: &Means, seen: &Snapshot, memory: &mut Memory, now: Timestamp) -> Result<(), TurnError> {
    let (Some(ledger), Some(job), false) = (&means.ledger, &seen.job, memory.in_ledger) else { return Ok(()) };
    match ledger.created(&seen.attempt, &job.uid, now).await {
        Ok(()) => {}
        // A Job that somebody else made under the name; what is known stays.
        Err(error @ LedgerError::OtherJob { .. }) => tracing::warn!(%error, "the ledger knows another Job"),
        Err(error) => return Err(error.into()),
    }
    memory.in_ledger = true;
    Ok(())
}

/// When to try again what the watch should bring about.
fn soon(now: Timestamp) -> Timestamp {
    now.checked_add(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MAX)
}

async fn judge(means: &Means, seen: &Snapshot, memory: &Memory, now: Timestamp) -> Result<Judgement, TurnError> {
    let judge =
        |events: &[ObservedEvent]| seen.judged(events, &memory.first_seen, |seen| classify(seen, &means.policy, now));
    let judgement = judge(&[]);
    if !judgement.wants_events {
        return Ok(judgement);
    }
    let mut events = Vec::new();
    let job = seen.job.iter().map(|job| &job.uid);
    for uid in seen.pods.iter().map(|pod| &pod.uid).chain(job) {
        events.extend(means.requests.events(uid).await?);
    }
    Ok(judge(&events))
}

/// Records the verdict on the Job, then tells it: so that whoever reads it anywhere reads the same. Says whether it stands.
async fn record(
    means: &Means,
    seen: &Snapshot,
    memory: &mut Memory,
    verdict: Verdict,
    now: Timestamp,
) -> Result<bool, TurnError> {
    let mut verdict = verdict;
    match seen.job.as_ref().filter(|_| seen.there) {
        Some(job) if job.verdict.is_some() => {}
        Some(job) => match means.requests.verdict(job, &verdict).await? {
            Written::Done => {}
            Written::Outdated | Written::Gone => return Ok(false),
        },
        // Nothing bears it but the journal, which may know better than a judgement without a Job.
        None => {
            if let Some(known) = means.journal.verdict(&seen.attempt).await? {
                verdict = known;
            }
        }
    }
    let status = verdict.status();
    tracing::info!(attempt = %seen.attempt, %status, summary = %verdict.evidence.summary, "verdict");
    let change = StatusChange { attempt: seen.attempt.clone(), at: now, status, verdict: Some(verdict.clone()) };
    means.journal.status(&change).await?;
    means.metrics.judged(&verdict);
    if let Some(ended) = verdict.evidence.finished_at
        && let Ok(lag) = Duration::try_from(now.duration_since(ended))
    {
        means.metrics.watch_lag(lag);
    }
    memory.told = Some(status);
    memory.verdict = Some(verdict);
    Ok(true)
}

async fn tell(
    means: &Means,
    seen: &Snapshot,
    memory: &mut Memory,
    judgement: &Judgement,
    now: Timestamp,
) -> Result<(), TurnError> {
    // A task that has begun does not wait again, though its next Pod does.
    let waits_again = judgement.status == TaskStatus::Pending && memory.told.is_some();
    if memory.told != Some(judgement.status) && !waits_again {
        let change = StatusChange { attempt: seen.attempt.clone(), at: now, status: judgement.status, verdict: None };
        means.journal.status(&change).await?;
        memory.told = Some(judgement.status);
    }
    if memory.phase.as_ref() != Some(&judgement.phase) {
        let pod = seen.pods.iter().max_by_key(|pod| pod.created_at).map(|pod| pod.name.to_string());
        let progress = Progress { attempt: seen.attempt.clone(), at: now, phase: judgement.phase.clone(), pod };
        means.journal.progress(&progress).await?;
        memory.phase = Some(judgement.phase.clone());
    }
    Ok(())
}

/// Takes the finalizers off. Says whether none is left: a Pod that still seems to run has lines to come.
async fn release(means: &Means, seen: &Snapshot) -> Result<bool, TurnError> {
    for pod in seen.pods.iter().filter(|pod| pod.has_evidence_finalizer && !seen.is_gone(pod)) {
        if !is_over(pod) {
            return Ok(false);
        }
        if means.requests.release(pod).await? == Written::Outdated {
            return Ok(false);
        }
    }
    Ok(true)
}
