//! What is left of one task that its owner has deleted.

use k8s_openapi::api::core::v1::PersistentVolumeClaim;

use super::inventory::{Inventory, id};
use super::pods::has_finalizer;
use super::{ClaimRule, Kind, Removal, Why};
use crate::bundle::task_label;

/// The objects of a task that is deleted, but for its claim: its Jobs (which take their Pods with them), its ConfigMaps, and the
/// finalizers of its Pods. `label` is what its objects bear as `task-id`, `task` its whole id. Pure.
///
/// Unlike [`plan`](super::plan), this waits for nothing: whoever calls it knows that nobody wants the task any more.
#[must_use]
pub fn of_deleted_task(inventory: &Inventory, task: &str, label: &str) -> Vec<Removal> {
    let why = || Why::TaskDeleted { task: task.to_owned() };
    let mut found = Vec::new();
    let jobs = inventory.own_jobs().filter(|(_, observed)| observed.attempt.task == task);
    let going: Vec<_> = jobs.map(|(job, _)| job).collect();
    for job in &going {
        let deleted = job.metadata.deletion_timestamp.is_some();
        found.extend(id(Kind::Job, &job.metadata).filter(|_| !deleted).map(|object| Removal { object, why: why() }));
    }
    for config_map in &inventory.config_maps {
        let metadata = &config_map.metadata;
        let is_its = metadata.labels.as_ref().is_some_and(super::jobs::is_managed)
            && task_label(metadata) == Some(label)
            // Where labels hold rewritten ids, two tasks may share one; a Job of its name tells whose it is.
            && !inventory.jobs.iter().any(|job| {
                job.metadata.name == metadata.name && !going.iter().any(|own| own.metadata.uid == job.metadata.uid)
            });
        if is_its && metadata.deletion_timestamp.is_none() {
            found.extend(id(Kind::ConfigMap, metadata).map(|object| Removal { object, why: why() }));
        }
    }
    for pod in inventory.pods.iter().filter(|pod| has_finalizer(pod)) {
        let owner = pod.metadata.owner_references.iter().flatten().find(|owner| owner.kind == "Job");
        let of_going =
            owner.is_some_and(|owner| going.iter().any(|job| job.metadata.uid.as_deref() == Some(owner.uid.as_str())));
        let orphaned = owner.is_some_and(|owner| {
            !inventory.jobs.iter().any(|job| job.metadata.uid.as_deref() == Some(owner.uid.as_str()))
        });
        if of_going || (orphaned && task_label(&pod.metadata) == Some(label)) {
            found.extend(id(Kind::Pod, &pod.metadata).map(|object| Removal { object, why: why() }));
        }
    }
    found.sort_by(|left, right| left.object.cmp(&right.object));
    found
}

/// The claim of a name that a task of this label made, with what its retention says; `None` where there is none, or it is being
/// deleted.
#[must_use]
pub fn claim_of<'a>(
    inventory: &'a Inventory,
    name: &str,
    label: &str,
) -> Option<(&'a PersistentVolumeClaim, Option<ClaimRule>)> {
    let claim = inventory.claims.iter().find(|claim| claim.metadata.name.as_deref() == Some(name))?;
    let is_its = task_label(&claim.metadata) == Some(label) && claim.metadata.deletion_timestamp.is_none();
    is_its.then(|| (claim, ClaimRule::of(claim)))
}

/// The removal of a claim whose time is over.
#[must_use]
pub fn of_claim(claim: &PersistentVolumeClaim, why: Why) -> Option<Removal> {
    Some(Removal { object: id(Kind::PersistentVolumeClaim, &claim.metadata)?, why })
}
