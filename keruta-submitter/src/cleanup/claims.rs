//! Claims, by the retention that their annotation tells.

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use keruta_manifest::value::Duration;
use keruta_manifest::well_known;

use super::inventory::{Inventory, id, job_uses};
use super::jobs::ended_at;
use super::{Kind, Removal, Retention, Why, is_over};
use crate::bundle::task_label;

/// What becomes of a claim; one without the annotation, or with another text in it, stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimRule {
    /// It goes with its task.
    WithTask,
    /// It goes so long after its task's end.
    After(Duration),
}

impl ClaimRule {
    /// What a claim's annotation says; `None` where it stays.
    #[must_use]
    pub fn of(claim: &PersistentVolumeClaim) -> Option<Self> {
        let text = claim.metadata.annotations.as_ref()?.get(well_known::RETENTION)?;
        match text.as_str() {
            "delete-with-task" => Some(Self::WithTask),
            text => text.strip_prefix("after ")?.trim().parse().ok().map(Self::After),
        }
    }
}

pub(super) fn plan(inventory: &Inventory, removals: &[Removal], retention: &Retention, now: Timestamp) -> Vec<Removal> {
    inventory.claims.iter().filter_map(|claim| removal(claim, inventory, removals, retention, now)).collect()
}

/// Whether a claim waits for a time after this Job's end, which only the Job tells.
pub(super) fn wants(inventory: &Inventory, job: &Job, ended_at: Timestamp, now: Timestamp) -> bool {
    inventory.claims.iter().any(|claim| {
        let waits = matches!(ClaimRule::of(claim), Some(ClaimRule::After(kept)) if !is_over(ended_at, kept, now));
        waits && claim.metadata.name.as_deref().is_some_and(|name| job_uses(job, name))
    })
}

fn removal(
    claim: &PersistentVolumeClaim,
    inventory: &Inventory,
    removals: &[Removal],
    retention: &Retention,
    now: Timestamp,
) -> Option<Removal> {
    let metadata = &claim.metadata;
    let task = task_label(metadata)?;
    let rule = ClaimRule::of(claim)?;
    let name = metadata.name.as_deref()?;
    let created = metadata.creation_timestamp.as_ref()?.0;
    // A claim is made before its Job.
    if metadata.deletion_timestamp.is_some() || !is_over(created, retention.orphans, now) || inventory.uses(name) {
        return None;
    }
    let why = match rule {
        ClaimRule::WithTask => {
            let goes = |uid: &str| {
                removals.iter().any(|removal| removal.object.kind == Kind::Job && removal.object.uid == uid)
            };
            let stays = inventory.own_jobs().any(|(job, observed)| {
                (task_label(&job.metadata) == Some(task) || job_uses(job, name)) && !goes(&observed.uid)
            });
            (!stays).then_some(Why::WithTask)?
        }
        ClaimRule::After(kept) => {
            let ends = inventory
                .own_jobs()
                .filter(|(job, _)| task_label(&job.metadata) == Some(task) || job_uses(job, name))
                .filter_map(|(_, observed)| ended_at(&observed));
            let since = ends.max().unwrap_or(created);
            is_over(since, kept, now).then_some(Why::After { since, kept })?
        }
    };
    Some(Removal { object: id(Kind::PersistentVolumeClaim, metadata)?, why })
}
