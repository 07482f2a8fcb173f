//! One look at one attempt: it is judged, and what follows from that is written. A reconciliation can be repeated at any time, and
//! one that was cut short is made good by the next.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use keruta_manifest::task::TaskStatus;

use super::cache::Tracked;
use super::events::About;
use super::requests::{Requests, Written};
use crate::classify::{Judgement, Policy, classify, is_over};
use crate::cluster::ClusterError;
use crate::journal::{Journal, JournalError, Ledger, LedgerError, Progress, StatusChange};
use crate::metrics::Metrics;
use crate::observe::{FirstSeen, ObservedEvent, ObservedJob, ObservedPod, Stop};
use crate::phase::Phase;
use crate::secrets::SecretError;
use crate::verdict::{Outcome, Verdict};

/// How long the watch of Pods has to come up with that of Jobs before it is asked: a list of one Job's Pods has the server
/// look through all of the namespace's.
const WATCH_FIRST: SignedDuration = SignedDuration::from_secs(2);

/// What a reconciliation needs besides the attempt.
pub(super) struct Context {
    pub(super) requests: Requests,
    pub(super) journal: Arc<dyn Journal>,
    pub(super) ledger: Option<Arc<dyn Ledger>>,
    pub(super) policy: Policy,
    pub(super) metrics: Arc<Metrics>,
    /// Whether nothing is to be written to the cluster.
    pub(super) read_only: bool,
}

/// What is remembered of an attempt from one reconciliation to the next.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory {
    /// The uid of the Job that all of this is about.
    job: Option<Box<str>>,
    first_seen: FirstSeen,
    /// Which Job the ledger has for the attempt; `None` where it has not been told of this one.
    recorded: Option<Recorded>,
    /// What of it stands on the Job; `None` where the Job has not been seen.
    noted: Option<FirstSeen>,
    told: Option<TaskStatus>,
    phase: Option<Phase>,
    /// When the Job had ended and its Pods seemed to run.
    behind_since: Option<Timestamp>,
    /// The Pods were asked for after the Job had ended.
    refreshed: bool,
    /// The Job was asked for and is not there.
    vanished: bool,
    /// The uids of the Pods whose finalizer is off; the watch tells of it later.
    released: Vec<Box<str>>,
    /// The verdict, once it is recorded.
    pub(super) verdict: Option<Box<Verdict>>,
}

/// Which Job the ledger has for an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Recorded {
    This,
    /// This one is a second.
    Another,
}

/// What is looked at.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) seen: Tracked,
    /// The Events about it, where they were asked for.
    pub(super) events: Option<Vec<ObservedEvent>>,
    /// No more lines can come from its containers.
    pub(super) drained: bool,
}

/// What came of a reconciliation.
#[derive(Debug, Default)]
pub(super) struct Reconciled {
    /// When to look again though nothing changes.
    pub(super) wake_at: Option<Timestamp>,
    /// The Pods as they are now, where they were asked for: look again with them.
    pub(super) pods: Option<Vec<ObservedPod>>,
    /// The Job, which is there although the watch has not shown it yet: look again with it.
    pub(super) job: Option<ObservedJob>,
    /// About what there may be Events that tell what it waits for: look again with them.
    pub(super) events: Option<About>,
    /// The Pods' finalizers are off, and nothing more will come.
    pub(super) finished: bool,
}

/// Why a reconciliation came to nothing; it is to be repeated after a pause.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReconcileError {
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Secret(#[from] SecretError),
}

/// Reconciles one attempt.
pub(super) async fn reconcile(
    context: &Context,
    Look { seen, events, drained }: &Look,
    memory: &mut Memory,
    now: Timestamp,
) -> Result<Reconciled, ReconcileError> {
    if let Some(job) = &seen.job
        && memory.job.as_ref() != Some(&job.uid)
    {
        if memory.job.is_some() {
            tracing::warn!(attempt = %seen.attempt, job = %seen.name, "another Job has taken the name");
        }
        *memory = Memory { job: Some(job.uid.clone()), ..Memory::default() };
    }
    if !seen.there && memory.verdict.is_none() && !memory.vanished {
        // The watch may be behind: whether a Job is gone is too grave a word to take from it alone.
        if let Some(job) = context.requests.job(&seen.name).await? {
            return Ok(Reconciled { job: Some(job), ..Reconciled::default() });
        }
        memory.vanished = true;
    }
    memory.vanished &= !seen.there;
    if memory.noted.is_none()
        && let Some(job) = &seen.job
    {
        memory.first_seen = job.first_seen.clone();
        memory.noted = Some(job.first_seen.clone());
    }
    enter(context, seen, memory, now).await?;
    let about = events.as_deref().unwrap_or_default();
    let judgement = seen.judged(about, &memory.first_seen, |seen| classify(seen, &context.policy, now));
    if judgement.verdict.is_some() && memory.verdict.is_none() && !seen.pods_are_current() && !memory.refreshed {
        let due = later(*memory.behind_since.get_or_insert(now), WATCH_FIRST);
        if seen.there && now < due {
            return Ok(Reconciled { wake_at: Some(due), ..Reconciled::default() });
        }
        let pods = context.requests.pods(&seen.name, seen.job.as_ref()).await?;
        memory.refreshed = true;
        return Ok(Reconciled { pods: Some(pods), ..Reconciled::default() });
    }
    let note_at = note(context, seen, memory, &judgement, now).await?;
    let stop = match &judgement.stop {
        None => cancelled_before(context, seen, memory, &judgement, now).await?,
        stop => stop.clone(),
    };
    if let (Some(stop), Some(job), false) = (&stop, seen.job.as_ref().filter(|_| seen.there), context.read_only) {
        tracing::info!(attempt = %seen.attempt, why = %stop.verdict.evidence.summary, "ending a Job that cannot go on");
        context.requests.stop(job, stop).await?;
    }
    let wake_at = judgement.wake_at.into_iter().chain(note_at).min();
    match judgement.verdict.clone() {
        None => {
            tell(context, seen, memory, &judgement, now).await?;
            // They tell only why a Job is to be ended.
            let wanted = judgement.wants_events && events.is_none() && !context.read_only;
            let events = About::of(seen).filter(|_| wanted);
            Ok(Reconciled { wake_at, events, ..Reconciled::default() })
        }
        Some(verdict) => {
            if memory.verdict.is_none() && !record(context, seen, memory, verdict, now).await? {
                // Somebody was faster: what they wrote comes by the watch, if nothing happens to it.
                return Ok(Reconciled { wake_at: Some(soon(now)), ..Reconciled::default() });
            }
            let finished = *drained && (context.read_only || release(context, seen, memory).await?);
            let wake_at = (*drained && !finished).then(|| soon(now));
            Ok(Reconciled { wake_at, finished, ..Reconciled::default() })
        }
    }
}

/// Records that the attempt has its Job. Before its Pods are let go: they are the only other witness of a Job that is gone.
async fn enter(context: &Context, seen: &Tracked, memory: &mut Memory, now: Timestamp) -> Result<(), ReconcileError> {
    let uid = seen.job.as_ref().map(|job| &job.uid).or_else(|| seen.pods.first().map(|pod| &pod.job_uid));
    let (Some(ledger), Some(uid), None) = (&context.ledger, uid, memory.recorded) else { return Ok(()) };
    memory.recorded = Some(match ledger.created(&seen.attempt, uid, now).await {
        Ok(()) => Recorded::This,
        // A Job that somebody else made under the name; what is known stays.
        Err(error @ LedgerError::OtherJob { .. }) => {
            tracing::warn!(%error, "the ledger knows another Job");
            Recorded::Another
        }
        Err(error) => return Err(error.into()),
    });
    Ok(())
}

/// The order to end a second Job of an attempt that was cancelled: a cancel wins over a start that comes later, also where
/// somebody has deleted the Job that told of it.
async fn cancelled_before(
    context: &Context,
    seen: &Tracked,
    memory: &Memory,
    judgement: &Judgement,
    now: Timestamp,
) -> Result<Option<Stop>, ReconcileError> {
    let runs = seen.there && seen.job.as_ref().is_some_and(|job| job.stop.is_none());
    if memory.recorded != Some(Recorded::Another) || !runs || judgement.verdict.is_some() {
        return Ok(None);
    }
    let verdict = context.journal.verdict(&seen.attempt).await?;
    let verdict = verdict.filter(|verdict| verdict.outcome == Outcome::Cancelled);
    Ok(verdict.map(|verdict| Stop { verdict, at: now, by: "keruta-submitter".to_owned() }))
}

/// When to try again what the watch should bring about.
fn soon(now: Timestamp) -> Timestamp {
    later(now, SignedDuration::from_secs(1))
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// Keeps the first-seen times, on the Job too where they have mattered for long enough; says when they will have.
async fn note(
    context: &Context,
    seen: &Tracked,
    memory: &mut Memory,
    judgement: &Judgement,
    now: Timestamp,
) -> Result<Option<Timestamp>, ReconcileError> {
    memory.first_seen = judgement.first_seen.clone();
    let Some(job) = seen.job.as_ref().filter(|_| seen.there && !context.read_only) else { return Ok(None) };
    let noted = memory.noted.as_ref().filter(|noted| !noted.is_empty());
    if noted.map_or(memory.first_seen.is_empty(), |noted| *noted == memory.first_seen) {
        return Ok(None);
    }
    // What stands there already is kept true at once.
    match judgement.note_at {
        None if noted.is_none() => Ok(None),
        Some(at) if noted.is_none() && at > now => Ok(Some(at)),
        _ => {
            context.requests.first_seen(job, &memory.first_seen).await?;
            memory.noted = Some(memory.first_seen.clone());
            Ok(None)
        }
    }
}

/// Records the verdict on the Job, then tells it: so that whoever reads it anywhere reads the same. Says whether it stands.
async fn record(
    context: &Context,
    seen: &Tracked,
    memory: &mut Memory,
    verdict: Verdict,
    now: Timestamp,
) -> Result<bool, ReconcileError> {
    let job = seen.job.as_ref().filter(|_| seen.there);
    let mut verdict = verdict;
    let is_new = job.is_none_or(|job| job.verdict.is_none());
    if is_new {
        // The journal outlives Jobs: what was told of the attempt holds, also of one whose Job is gone, or is a second one.
        if let Some(known) = context.journal.verdict(&seen.attempt).await? {
            verdict = known;
        }
        if let Some(job) = job
            && !context.read_only
            && context.requests.verdict(job, &verdict).await? != Written::Done
        {
            return Ok(false);
        }
    }
    let status = verdict.status();
    let change = StatusChange { attempt: seen.attempt.clone(), at: now, status, verdict: Some(verdict.clone()) };
    context.journal.status(&change).await?;
    if is_new {
        tracing::info!(attempt = %seen.attempt, %status, summary = %verdict.evidence.summary, "verdict");
        context.metrics.judged(&verdict);
        let lag = verdict.evidence.finished_at.map(|ended| Duration::try_from(now.duration_since(ended)));
        if let Some(Ok(lag)) = lag {
            context.metrics.watch_lag(lag);
        }
    } else {
        // Somebody judged it before: after a start, these are all that ever ended.
        tracing::debug!(attempt = %seen.attempt, %status, summary = %verdict.evidence.summary, "verdict found");
    }
    memory.told = Some(status);
    memory.verdict = Some(Box::new(verdict));
    Ok(true)
}

async fn tell(
    context: &Context,
    seen: &Tracked,
    memory: &mut Memory,
    judgement: &Judgement,
    now: Timestamp,
) -> Result<(), ReconcileError> {
    // A task that has begun does not wait again, though its next Pod does.
    let waits_again = judgement.status == TaskStatus::Pending && memory.told.is_some();
    if memory.told != Some(judgement.status) && !waits_again {
        let change = StatusChange { attempt: seen.attempt.clone(), at: now, status: judgement.status, verdict: None };
        context.journal.status(&change).await?;
        memory.told = Some(judgement.status);
    }
    if memory.phase.as_ref() != Some(&judgement.phase) {
        let pod = seen.pods.iter().max_by_key(|pod| pod.created_at).map(|pod| pod.name.to_string());
        let progress = Progress { attempt: seen.attempt.clone(), at: now, phase: judgement.phase.clone(), pod };
        context.journal.progress(&progress).await?;
        memory.phase = Some(judgement.phase.clone());
    }
    Ok(())
}

/// Takes the finalizers off, each once. Says whether none is left: a Pod that still seems to run has lines to come.
async fn release(context: &Context, seen: &Tracked, memory: &mut Memory) -> Result<bool, ReconcileError> {
    for pod in seen.pods.iter().filter(|pod| pod.has_evidence_finalizer && !seen.is_gone(pod)) {
        if !is_over(pod) {
            return Ok(false);
        }
        if memory.released.contains(&pod.uid) {
            continue;
        }
        if context.requests.release(pod).await? == Written::Outdated {
            return Ok(false);
        }
        memory.released.push(pod.uid.clone());
    }
    Ok(true)
}
