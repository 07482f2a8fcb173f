//! Whether a Pod was deleted before or after its containers had ended.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Pod;

use super::pod::ObservedPod;

/// How long after the end of a Pod that is being deleted the kubelet may take to say that nothing of it is left, where
/// nothing better is known: it unmounts its volumes first.
const CLEANUP: SignedDuration = SignedDuration::from_secs(60);

/// Whether the deletion of this Pod was asked for before its containers had ended.
///
/// The generation tells that the kubelet knew when it told of the end: a deletion counts it up (measured on 1.36;
/// [KEP-5067](https://github.com/kubernetes/enhancements/issues/5067), from 1.34 by default). Before, only times do, of the
/// API server's clock and of the node's: a deletion first gives the containers time to end, and `deletionTimestamp` less
/// `deletionGracePeriodSeconds` is when it was asked for. When they have ended, the kubelet deletes the Pod with a grace of 0,
/// and the timestamp then only says when that was; a finalizer keeps such a Pod. So does a deletion of a Pod that has ended by
/// itself leave a grace of 0.
pub(super) fn cut_short(pod: &Pod, observed: &ObservedPod) -> bool {
    let Some(deletion_at) = observed.deletion_at else { return false };
    let Some(ended_at) = ended_at(observed) else { return true };
    let told_at = pod.status.as_ref().and_then(|status| status.observed_generation);
    if let (Some(generation), Some(told_at)) = (pod.metadata.generation, told_at) {
        return told_at >= generation;
    }
    // The API gives whole seconds. In the same second a container that ends at once on SIGTERM is by far likelier than one
    // that ended by itself, so that second counts as before.
    match pod.metadata.deletion_grace_period_seconds {
        Some(grace) if grace > 0 => {
            deletion_at.checked_sub(SignedDuration::from_secs(grace)).is_ok_and(|requested_at| requested_at <= ended_at)
        }
        _ => deletion_at.checked_sub(CLEANUP).is_ok_and(|about| about <= ended_at),
    }
}

/// When the last main container ended, or the step that failed; `None` where one has not ended.
fn ended_at(pod: &ObservedPod) -> Option<Timestamp> {
    let end = |container: &super::ObservedContainer| container.termination()?.finished_at;
    let failed = |container: &&super::ObservedContainer| {
        !container.sidecar && container.termination().is_some_and(|end| !end.succeeded())
    };
    if let Some(step) = pod.init.iter().find(failed) {
        return end(step);
    }
    pod.containers
        .iter()
        .map(end)
        .try_fold(None, |last: Option<Timestamp>, at| at.map(|at| Some(last.map_or(at, |last| last.max(at)))))?
}
