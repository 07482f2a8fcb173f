//! Pods that only this crate's finalizer keeps: what a follower left that did not come back.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use keruta_manifest::value::Duration;

use super::inventory::{Inventory, id};
use super::jobs::ended_at;
use super::{Kind, Removal, Retention, Why, is_over};
use crate::bundle::task_label;
use crate::observe::annotations::EVIDENCE_FINALIZER;

/// A namespace that is being deleted waits for its Pods before anything else of it goes. A follower that is there has judged
/// and let them go within seconds.
const OF_A_NAMESPACE: Duration = Duration::from_secs(60);

pub(super) fn plan(inventory: &Inventory, retention: &Retention, now: Timestamp) -> Vec<Removal> {
    let kept = inventory.pods.iter().filter(|pod| task_label(&pod.metadata).is_some() && has_finalizer(pod));
    kept.filter_map(|pod| removal(pod, inventory, retention, now)).collect()
}

fn removal(pod: &Pod, inventory: &Inventory, retention: &Retention, now: Timestamp) -> Option<Removal> {
    let metadata = &pod.metadata;
    let object = id(Kind::Pod, metadata)?;
    let deleted_at = metadata.deletion_timestamp.as_ref().map(|at| at.0);
    if inventory.namespace_goes && deleted_at.is_some_and(|at| is_over(at, OF_A_NAMESPACE, now)) {
        return Some(Removal { object, why: Why::NamespaceGoes });
    }
    let owner = metadata.owner_references.iter().flatten().find(|owner| owner.kind == "Job");
    let job = owner.and_then(|owner| {
        inventory.own_jobs().find(|(_, observed)| *observed.uid == *owner.uid).map(|(_, observed)| observed)
    });
    match job {
        None => {
            // Whoever deleted the Job had its Pods deleted too: a follower has had that long to look.
            let since = metadata.deletion_timestamp.as_ref().or(metadata.creation_timestamp.as_ref())?.0;
            // A Job that is not keruta's by its labels may own it all the same.
            let is_owned = owner.is_some_and(|owner| {
                inventory.jobs.iter().any(|job| job.metadata.uid.as_deref() == Some(owner.uid.as_str()))
            });
            (!is_owned && is_over(since, retention.evidence, now))
                .then_some(Removal { object, why: Why::EvidenceOfNone })
        }
        Some(job) => {
            let ended_at = ended_at(&job)?;
            (job.verdict.is_some() && is_over(ended_at, retention.evidence, now))
                .then_some(Removal { object, why: Why::EvidenceUsed })
        }
    }
}

pub(super) fn has_finalizer(pod: &Pod) -> bool {
    pod.metadata.finalizers.iter().flatten().any(|name| name == EVIDENCE_FINALIZER)
}
