//! What is made of it.

use jiff::Timestamp;
use keruta_manifest::task::TaskStatus;

use crate::observe::{FirstSeen, Stop};
use crate::phase::Phase;
use crate::verdict::Verdict;

/// What is made of what is seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The task's status; final where there is a verdict, and only there.
    pub status: TaskStatus,
    /// What the attempt does now.
    pub phase: Phase,
    /// How it ended: this may be recorded, and stands.
    pub verdict: Option<Verdict>,
    /// The state will not heal: end the Job for this cause. The verdict follows when the Job has ended. `None` where the Job
    /// already bears such an order.
    pub stop: Option<Stop>,
    /// The first-seen times to keep; equal to the given ones where nothing has changed.
    pub first_seen: FirstSeen,
    /// From when on the first-seen times are to be kept where they survive the judge: a state that heals soon is not worth a
    /// write. `None` where nothing lasts at the moment.
    pub note_at: Option<Timestamp>,
    /// When to judge again though nothing changes: a grace runs out then.
    pub wake_at: Option<Timestamp>,
    /// Whether only Events can tell what it waits for: list those about its Job and its newest Pod, by uid, and judge again.
    pub wants_events: bool,
}
