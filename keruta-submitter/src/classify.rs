//! What became of a task: a pure function of what is seen of it.

mod judgement;
mod seen;

pub use judgement::Judgement;
pub use seen::{Policy, Seen};

use jiff::Timestamp;

use crate::journal::Phase;
use crate::status::TaskStatus;

/// Judges what is seen of an attempt. Pure: the same arguments give the same judgement.
///
/// Feeding [`Judgement::first_seen`] back with the same `now` changes nothing more.
#[must_use]
pub fn classify(seen: &Seen<'_>, policy: &Policy, now: Timestamp) -> Judgement {
    let _ = (policy, now);
    let verdict = seen.job.and_then(|job| job.verdict.as_deref().cloned());
    Judgement {
        status: verdict.as_ref().map_or(TaskStatus::Pending, crate::verdict::Verdict::status),
        phase: Phase::Scheduling { reason: None },
        verdict,
        stop: None,
        first_seen: seen.first_seen.clone(),
        wake_at: None,
        wants_events: false,
    }
}
