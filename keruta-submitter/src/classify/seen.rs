//! What is judged, and how patiently.

use jiff::Timestamp;
use keruta_manifest::settings::GraceSettings;
use keruta_manifest::value::Duration;

use crate::attempt::Attempt;
use crate::observe::{FirstSeen, ObservedEvent, ObservedJob, ObservedPod, Stop};

/// What is seen of an attempt at one moment.
///
/// Job and Pods must come from lists that are both complete: before the first list of Pods has arrived, a Job looks as if
/// it had none.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// Whose.
    pub attempt: &'a Attempt,
    /// Its Job; `None` where there was one and it is gone.
    pub job: Option<&'a ObservedJob>,
    /// The Job as it was last seen, where it is gone; `None` where it never was.
    pub last: Option<&'a ObservedJob>,
    /// The order to end it, where the caller knows one that the Job does not bear (yet, or any more).
    pub stop: Option<&'a Stop>,
    /// The Pods of its Job, in any order; those of another Job are left out of account.
    pub pods: &'a [&'a ObservedPod],
    /// Events about its Job and Pods, where they were asked for.
    pub events: &'a [ObservedEvent],
    /// The first-seen times as they were last judged, or as they stand on the Job.
    pub first_seen: &'a FirstSeen,
    /// When the caller, by the clock of `now`, last saw its Job or Pods change: from this and not from the cluster's times
    /// one knows that it is stuck, since clocks differ.
    pub changed_at: Timestamp,
}

/// How patiently an attempt is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// How long states that may heal are watched.
    pub grace: GraceSettings,
    /// How long a Job may be without Pods, or a Pod without a started container, before Events are asked for the reason.
    pub stuck_after: Duration,
}

impl Default for Policy {
    /// The default graces, and 10 seconds before Events are asked for.
    fn default() -> Self {
        Self { grace: GraceSettings::default(), stuck_after: Duration::from_secs(10) }
    }
}
