//! What is seen, put in order once.

use super::disruption;
use super::seen::Seen;
use crate::attempt::Attempt;
use crate::observe::{FirstSeen, ObservedContainer, ObservedJob, ObservedPod, PodPhase, Stop};
use crate::verdict::Cause;

/// What is seen, in order.
pub(super) struct View<'a> {
    /// Whose.
    pub(super) attempt: &'a Attempt,
    /// The Job, also where it is gone.
    pub(super) job: Option<&'a ObservedJob>,
    /// Whether it is gone.
    pub(super) gone: bool,
    /// Its Pods, the oldest first.
    pub(super) pods: Vec<&'a ObservedPod>,
    /// The order to end it.
    pub(super) stop: Option<&'a Stop>,
    first_seen: &'a FirstSeen,
}

impl<'a> View<'a> {
    pub(super) fn of(seen: &Seen<'a>) -> Self {
        let job = seen.job.or(seen.last);
        let mut pods: Vec<_> =
            seen.pods.iter().copied().filter(|pod| job.is_none_or(|job| pod.job_uid == job.uid)).collect();
        pods.sort_by(|a, b| (a.created_at, &a.name).cmp(&(b.created_at, &b.name)));
        let gone = seen.job.is_none();
        Self {
            attempt: seen.attempt,
            job,
            gone,
            pods,
            stop: job.and_then(|job| job.stop.as_deref()).or(seen.stop),
            first_seen: seen.first_seen,
        }
    }

    /// The Pod that does the work: the newest that has neither ended nor been asked to go, else the newest that has not
    /// ended, else the newest.
    pub(super) fn current(&self) -> Option<&'a ObservedPod> {
        let newest = |wanted: fn(&ObservedPod) -> bool| self.pods.iter().rev().copied().find(|pod| wanted(pod));
        newest(is_live).or_else(|| newest(|pod| !is_over(pod))).or_else(|| newest(|_| true))
    }

    /// The Pod that failed last; one whose phase may never say so counts too.
    pub(super) fn last_failed(&self) -> Option<&'a ObservedPod> {
        self.pods.iter().rev().copied().find(|pod| is_over(pod) && pod.phase != PodPhase::Succeeded)
    }

    /// What a Pod was waiting for, as far as its first-seen time tells: `ImagePull`. When a Pod is deleted, the kubelet
    /// overwrites its containers' reasons.
    pub(super) fn was_held_up_by(&self, pod: &ObservedPod) -> Option<&'a str> {
        self.first_seen.iter().find_map(|(state, _)| {
            let (cause, rest) = state.split_once('/')?;
            let held_up = rest.split('/').next() == Some(&*pod.name) && !has_started(pod);
            held_up.then_some(cause)
        })
    }

    /// Whether its Job will try no more, though it has not said so yet. A disturbed Pod may not have counted.
    pub(super) fn is_out_of_tries(&self) -> bool {
        let own = |pod: &&&ObservedPod| pod.phase == PodPhase::Failed && disruption::of(pod).is_none();
        let failed = self.pods.iter().filter(own).count();
        self.job.is_some_and(|job| failed > job.backoff_limit as usize || job.failed > job.backoff_limit)
    }

    /// How many Pods have failed: as the Job counts, or as one sees.
    pub(super) fn failed(&self) -> u32 {
        let seen = self.pods.iter().filter(|pod| pod.phase == PodPhase::Failed).count();
        self.job.map_or(0, |job| job.failed).max(u32::try_from(seen).unwrap_or(u32::MAX))
    }
}

/// Whether a Pod has neither ended nor been asked to go.
pub(super) fn is_live(pod: &ObservedPod) -> bool {
    !is_over(pod) && pod.deletion_at.is_none()
}

/// Whether nothing of a Pod runs any more, or nobody will ever tell: its node is lost, or it never had one and is to go.
///
/// Its end is then evidence, for a verdict or for none: where a newer Pod has taken its place, or a verdict is recorded, the
/// finalizer that keeps it may be removed.
#[must_use]
pub fn is_over(pod: &ObservedPod) -> bool {
    pod.phase.is_final()
        || (pod.deletion_at.is_some() && pod.node.is_none())
        || disruption::of(pod).is_some_and(|disruption| disruption.cause == Cause::NodeLost)
}

/// Whether a container of this Pod has ever started.
pub(super) fn has_started(pod: &ObservedPod) -> bool {
    pod.all_containers().any(ObservedContainer::has_started)
}
