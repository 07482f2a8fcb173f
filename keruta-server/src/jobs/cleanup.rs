//! What nobody needs any more in the cluster, of tasks that are still there.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use keruta_manifest::plan::Names;
use keruta_manifest::settings::NamePolicy;
use keruta_manifest::value::TaskId;
use keruta_submitter::cleanup::{
    ClaimRule, Inventory, Kind, Outcome, Removal, Retention, Why, carry_out, claim_of, is_over, of_claim, plan,
};
use keruta_submitter::cluster::Cluster;
use serde_json::{Value, json};

use super::{JobError, Jobs};
use crate::operation::ServerSettings;
use crate::store::logs::Progress;
use crate::store::{Epoch, StoreError};

impl Jobs {
    /// Goes through the namespaces of all tasks. What fails in one does not keep the others from being cleaned up.
    pub(super) async fn clean_up(
        &self,
        epoch: Epoch,
        cluster: &Cluster,
        operation: &ServerSettings,
        progress: &Progress,
    ) -> Result<Value, JobError> {
        let namespaces = self.store.namespaces().await?;
        let retention = Retention::default()
            .jobs(operation.cleanup.jobs)
            .orphans(operation.cleanup.orphans)
            .evidence(operation.cleanup.orphans);
        let (mut done, mut of, mut failed, mut first) = (BTreeMap::<String, u64>::new(), 0_u64, 0_u64, None);
        for (index, namespace) in namespaces.iter().enumerate() {
            progress.set(index as u64, namespaces.len() as u64);
            self.store.check_epoch(epoch).await?;
            let inventory = match Inventory::list(cluster, namespace).await {
                Ok(inventory) => inventory,
                Err(error) => {
                    (of, failed) = (of + 1, failed + 1);
                    first.get_or_insert(error.to_string());
                    continue;
                }
            };
            let now = Timestamp::now();
            // Claims are the store's to judge: it knows which tasks there are, also of those that have no Job any more.
            let mut removals = plan(&inventory, &retention, now);
            removals.retain(|removal| removal.object.kind != Kind::PersistentVolumeClaim);
            removals.extend(self.claims(namespace, &inventory, &retention, now).await?);
            for removal in removals {
                of += 1;
                match carry_out(cluster, &removal, false).await {
                    Ok(Outcome::Done) => *done.entry(removal.object.kind.to_string()).or_default() += 1,
                    Ok(_) => {}
                    Err(error) => {
                        failed += 1;
                        first.get_or_insert(error.to_string());
                    }
                }
            }
        }
        progress.set(namespaces.len() as u64, namespaces.len() as u64);
        match first {
            Some(first) => Err(JobError::Some { failed, of, first }),
            None => Ok(json!({"namespaces": namespaces.len(), "deleted": done})),
        }
    }

    /// The workspaces of tasks that are there whose time after their family's end is over. The next attempt of a root task makes
    /// a new one.
    async fn claims(
        &self,
        namespace: &str,
        inventory: &Inventory,
        retention: &Retention,
        now: Timestamp,
    ) -> Result<Vec<Removal>, StoreError> {
        let mut found = Vec::new();
        let timed = inventory.claims.iter().filter(|claim| matches!(ClaimRule::of(claim), Some(ClaimRule::After(_))));
        let timed: Vec<&str> = timed.filter_map(|claim| claim.metadata.name.as_deref()).collect();
        if timed.is_empty() {
            return Ok(found);
        }
        let mut owners: HashMap<String, (String, String)> = HashMap::new();
        for root in self.store.roots(namespace).await? {
            for names in names(&root) {
                owners.insert(names.claim.to_string(), (root.clone(), names.label.to_string()));
            }
        }
        for name in timed {
            let Some((root, label)) = owners.get(name) else { continue };
            let Some((claim, Some(ClaimRule::After(kept)))) = claim_of(inventory, name, label) else { continue };
            let family = self.store.family(root, namespace).await?;
            let Some(since) = family.finished_at.filter(|_| !family.is_open) else { continue };
            let made = claim.metadata.creation_timestamp.as_ref().map(|at| at.0);
            // One that was just made belongs to an attempt that is about to begin.
            let is_old = made.is_some_and(|made| is_over(made, retention.orphans, now));
            if is_old && is_over(since, kept, now) && !inventory.uses(name) {
                found.extend(of_claim(claim, Why::After { since, kept }));
            }
        }
        Ok(found)
    }
}

/// The names that a task's objects can have, under each policy.
fn names(task: &str) -> Vec<Names> {
    let Ok(id) = task.parse::<TaskId>() else { return Vec::new() };
    let of = |policy| Names::new(&id, 1, policy).ok();
    [NamePolicy::Strict, NamePolicy::Hashed].into_iter().filter_map(of).collect()
}
