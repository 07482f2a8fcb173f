//! Ended Jobs, and ConfigMaps without one.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use keruta_manifest::well_known;

use super::claims;
use super::inventory::{Inventory, id};
use super::{Kind, Removal, Retention, Why, is_over};
use crate::bundle::task_label;
use crate::observe::annotations::EVIDENCE_FINALIZER;
use crate::observe::{JobConditionKind, ObservedJob};

/// Ended Jobs whose time is over.
pub(super) fn plan(inventory: &Inventory, retention: &Retention, now: Timestamp) -> Vec<Removal> {
    let Some(kept) = retention.jobs else { return Vec::new() };
    let removal = |(job, observed): (&Job, ObservedJob)| {
        let ended_at = ended_at(&observed)?;
        let due = is_over(ended_at, kept, now) && observed.deletion_at.is_none();
        // A follower that is away may still want to judge it.
        let judged = observed.verdict.is_some() || !is_followed(job) || is_over(ended_at, retention.evidence, now);
        (due && judged && !claims::wants(inventory, job, ended_at, now)).then_some(())?;
        Some(Removal { object: id(Kind::Job, &job.metadata)?, why: Why::Ended { ended_at, kept } })
    };
    inventory.own_jobs().filter_map(removal).collect()
}

/// When a Job came to its end; `None` if it has not.
pub(super) fn ended_at(job: &ObservedJob) -> Option<Timestamp> {
    let of = |kind| job.condition(kind).map(|condition| condition.at);
    let at = of(JobConditionKind::Complete).or_else(|| of(JobConditionKind::Failed))?;
    at.or(job.completed_at).or(job.created_at)
}

/// Whether labels say that keruta manages the object.
pub(super) fn is_managed(labels: &BTreeMap<String, String>) -> bool {
    labels.get(well_known::MANAGED_BY).map(String::as_str) == Some(well_known::APP_NAME)
}

fn is_followed(job: &Job) -> bool {
    let template = job.spec.as_ref().and_then(|spec| spec.template.metadata.as_ref());
    let finalizers = template.and_then(|metadata| metadata.finalizers.as_ref());
    finalizers.into_iter().flatten().any(|name| name == EVIDENCE_FINALIZER)
}

/// ConfigMaps whose Job is not there, or goes and does not own them. An ended Job's stays: a retry needs it.
pub(super) fn config_maps(
    inventory: &Inventory,
    removals: &[Removal],
    retention: &Retention,
    now: Timestamp,
) -> Vec<Removal> {
    let mut found = Vec::new();
    for config_map in &inventory.config_maps {
        let metadata = &config_map.metadata;
        // What a person made for a task has not this label.
        if task_label(metadata).is_none() || !metadata.labels.as_ref().is_some_and(is_managed) {
            continue;
        }
        let is_new = metadata.creation_timestamp.as_ref().is_none_or(|at| !is_over(at.0, retention.orphans, now));
        let Some(object) = id(Kind::ConfigMap, metadata).filter(|_| metadata.deletion_timestamp.is_none()) else {
            continue;
        };
        // Kubernetes deletes it with its owner.
        let owners = metadata.owner_references.iter().flatten();
        if owners.clone().next().is_some() {
            continue;
        }
        let job = inventory.jobs.iter().find(|job| job.metadata.name == metadata.name);
        let goes = |job: &Job| {
            removals.iter().any(|removal| {
                removal.object.kind == Kind::Job && Some(&removal.object.uid) == job.metadata.uid.as_ref()
            })
        };
        match job {
            None if !is_new => found.push(Removal { object, why: Why::NoJob }),
            Some(job) if goes(job) => found.push(Removal { object, why: Why::JobGoes }),
            _ => {}
        }
    }
    found
}
