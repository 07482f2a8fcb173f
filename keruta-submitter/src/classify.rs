//! What became of a task: a pure function of what is seen of it.
//!
//! The rules, in order:
//!
//! 1. A verdict that stands on the Job is the verdict.
//! 2. A Job that is complete or has failed gives one: by the Pod that succeeded or failed last, not by counts of Pods.
//! 3. So does a Job that was deleted, once its Pods have ended.
//! 4. A state without an end is watched for a grace, or not at all where it cannot heal. Then the Job is to be stopped for
//!    that cause, and rule 2 gives the verdict when it has ended.
//!
//! An order to stop gives the verdict only where it is what ended the Job.

mod culprit;
mod disruption;
mod ending;
mod evidence;
mod exit_code;
mod judgement;
mod phase;
mod receipt;
mod rule;
mod seen;
mod stuck;
mod view;

use jiff::{SignedDuration, Timestamp};
use keruta_manifest::value::Duration;

pub use judgement::Judgement;
pub use seen::{Policy, Seen};
pub use view::is_over;

use crate::observe::{PodPhase, Stop};
use crate::phase::Phase;
use crate::verdict::Verdict;
use view::View;

/// Who gives the order to stop a Job whose state does not heal.
const BY: &str = "keruta-submitter";

/// How long after Events have told nothing they are asked for again.
const ASK_AGAIN: Duration = Duration::from_secs(30);

/// After such a part of its grace a state's first-seen time is worth a write: whoever begins anew before that gives the state
/// so much more time.
const NOTED: u32 = 10;

/// Judges what is seen of an attempt. Pure: the same arguments give the same judgement.
///
/// Feeding [`Judgement::first_seen`] back with the same `now` changes nothing more.
///
/// ```
/// use keruta_submitter::classify::{Policy, Seen, classify};
/// use keruta_submitter::observe::{FirstSeen, ObservedJob};
/// use keruta_submitter::{Outcome, TaskStatus};
///
/// let job: k8s_openapi::api::batch::v1::Job = serde_json::from_value(serde_json::json!({
///     "metadata": {"name": "keruta-job-a", "uid": "1", "labels": {"app": "keruta", "task-id": "a"}},
///     "status": {"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]},
/// }))?;
/// let job = ObservedJob::of(&job).expect("one of keruta's");
/// let now = "2026-01-01T00:00:00Z".parse()?;
/// let seen = Seen {
///     attempt: &job.attempt,
///     job: Some(&job),
///     last: None,
///     stop: None,
///     pods: &[],
///     events: &[],
///     first_seen: &FirstSeen::default(),
///     changed_at: now,
/// };
/// let judgement = classify(&seen, &Policy::default(), now);
/// assert_eq!(judgement.status, TaskStatus::Completed);
/// assert_eq!(judgement.verdict.expect("the Job is complete").outcome, Outcome::Completed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn classify(seen: &Seen<'_>, policy: &Policy, now: Timestamp) -> Judgement {
    let view = View::of(seen);
    let verdict = ending::verdict(&view);
    let mut judgement = Judgement {
        status: verdict.as_ref().map_or_else(|| phase::status(&view), Verdict::status),
        phase: if verdict.is_some() { Phase::Ending } else { phase::phase(&view) },
        verdict,
        stop: None,
        first_seen: seen.first_seen.clone(),
        note_at: None,
        wake_at: None,
        wants_events: false,
    };
    let suspended = view.job.is_some_and(|job| job.suspended);
    if judgement.verdict.is_some() || suspended || phase::is_ending(&view) {
        return judgement;
    }
    let mut worst: Option<(Timestamp, Stop)> = None;
    for trouble in stuck::troubles(&view, seen.events, &mut judgement.first_seen) {
        let grace = trouble.rule.patience.length(&policy.grace);
        // What does not heal needs no first-seen time.
        let since = if grace.as_secs() == 0 { now } else { judgement.first_seen.note(&trouble.key, now) };
        let due = later(since, grace);
        if grace.as_secs() > 0 {
            let note_at = later(since, Duration::from_secs(grace.as_secs() / NOTED));
            judgement.note_at = Some(earlier(judgement.note_at, note_at));
        }
        if due > now {
            judgement.wake_at = Some(earlier(judgement.wake_at, due));
        } else if trouble.acute && worst.as_ref().is_none_or(|(first, _)| due < *first) {
            worst = Some((due, Stop { verdict: trouble.verdict(since), at: now, by: BY.to_owned() }));
        }
    }
    if let Some((_, stop)) = worst {
        judgement.stop = Some(stop);
        judgement.wake_at = None;
        return judgement;
    }
    if needs_events(&view) {
        let due = later(seen.changed_at, policy.stuck_after);
        judgement.wants_events = due <= now;
        let again = if due <= now { later(now, ASK_AGAIN) } else { due };
        judgement.wake_at = Some(earlier(judgement.wake_at, again));
    }
    judgement
}

/// Whether what it waits for shows in Events only, should it wait for long.
fn needs_events(view: &View<'_>) -> bool {
    match view.pods.iter().rev().find(|pod| view::is_live(pod)) {
        Some(pod) => stuck::waits_without_a_word(pod),
        // Of a Job that its controller has not taken up yet there is nothing to tell: a cluster with much to do.
        None => {
            view.job.is_some_and(|job| job.started_at.is_some())
                && view.pods.iter().all(|pod| view::is_over(pod) && pod.phase != PodPhase::Succeeded)
        }
    }
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(i64::from(by.as_secs()))).unwrap_or(Timestamp::MAX)
}

fn earlier(known: Option<Timestamp>, other: Timestamp) -> Timestamp {
    known.map_or(other, |known| known.min(other))
}
