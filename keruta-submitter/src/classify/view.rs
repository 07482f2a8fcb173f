//! What is seen, put in order once.

use super::disruption;
use super::seen::Seen;
use crate::observe::{ObservedContainer, ObservedJob, ObservedPod, PodPhase, Stop};
use crate::verdict::Cause;

/// What is seen, in order.
pub(super) struct View<'a> {
    /// The Job, also where it is gone.
    pub(super) job: Option<&'a ObservedJob>,
    /// Whether it is gone.
    pub(super) gone: bool,
    /// Its Pods, the oldest first.
    pub(super) pods: Vec<&'a ObservedPod>,
    /// The order to end it.
    pub(super) stop: Option<&'a Stop>,
}

impl<'a> View<'a> {
    pub(super) fn of(seen: &Seen<'a>) -> Self {
        let job = seen.job.or(seen.last);
        let mut pods: Vec<_> =
            seen.pods.iter().copied().filter(|pod| job.is_none_or(|job| pod.job_uid == job.uid)).collect();
        pods.sort_by(|a, b| (a.created_at, &a.name).cmp(&(b.created_at, &b.name)));
        Self { job, gone: seen.job.is_none(), pods, stop: job.and_then(|job| job.stop.as_deref()).or(seen.stop) }
    }

    /// The Pod that does the work: the newest that has neither ended nor been asked to go, else the newest that has not
    /// ended, else the newest.
    pub(super) fn current(&self) -> Option<&'a ObservedPod> {
        let newest = |wanted: fn(&ObservedPod) -> bool| self.pods.iter().rev().copied().find(|pod| wanted(pod));
        newest(is_live).or_else(|| newest(|pod| !is_over(pod))).or_else(|| newest(|_| true))
    }

    /// The Pod that failed last.
    pub(super) fn last_failed(&self) -> Option<&'a ObservedPod> {
        self.pods.iter().rev().copied().find(|pod| pod.phase == PodPhase::Failed)
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

/// Whether nothing of a Pod runs any more, or nobody will ever tell: its node is lost, or it never had one.
pub(super) fn is_over(pod: &ObservedPod) -> bool {
    pod.phase.is_final()
        || (pod.deletion_at.is_some() && pod.node.is_none())
        || disruption::of(pod).is_some_and(|disruption| disruption.cause == Cause::NodeLost)
}

/// Whether a container of this Pod has ever started.
pub(super) fn has_started(pod: &ObservedPod) -> bool {
    pod.all_containers().any(ObservedContainer::has_started)
}
