//! The ConfigMap and the claims of an attempt.

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::Resource;
use serde_json::json;

use super::Submission;
use super::error::SubmitError;
use crate::bundle::{Bundle, task_label};
use crate::cluster::{ClusterError, Object};

/// An object that this call created, to be taken back where the Job is refused.
#[derive(Debug, Clone)]
pub(super) enum Made {
    ConfigMap { name: String, uid: String },
    Claim { name: String, uid: String },
}

impl Submission<'_> {
    /// The ConfigMap: created, or there already with the same content.
    pub(super) async fn config_map(&mut self, wanted: &ConfigMap) -> Result<(), SubmitError> {
        let name = wanted.metadata.name.clone().unwrap_or_default();
        match self.create(wanted).await {
            Ok(created) => {
                self.made.push(Made::ConfigMap { name, uid: uid_of(&created.metadata) });
                Ok(())
            }
            Err(ClusterError::AlreadyExists { .. }) => match self.get::<ConfigMap>(&name).await? {
                Some(existing) => self.same_config_map(&existing, wanted, name).await,
                // It went away in between: the next call makes it.
                None => Err(SubmitError::Conflict {
                    object: format!("ConfigMap {name}"),
                    differences: vec!["it was there and was deleted just now; submit again".to_owned()],
                }),
            },
            Err(error) => Err(self.refused(error).await),
        }
    }

    async fn same_config_map(&self, existing: &ConfigMap, wanted: &ConfigMap, name: String) -> Result<(), SubmitError> {
        let mut differences = Vec::new();
        if task_label(&existing.metadata) != task_label(&wanted.metadata) {
            differences.push("it is not this task's".to_owned());
        }
        let keys = existing.data.iter().flatten().chain(wanted.data.iter().flatten()).map(|(key, _)| key);
        let of = |map: &ConfigMap, key: &str| map.data.as_ref().and_then(|data| data.get(key)).cloned();
        let mut changed: Vec<&String> = keys.filter(|key| of(existing, key) != of(wanted, key)).collect();
        changed.dedup();
        differences.extend(changed.into_iter().map(|key| format!("the text {key:?} differs")));
        if existing.binary_data != wanted.binary_data {
            differences.push("its binary data differ".to_owned());
        }
        if !differences.is_empty() {
            return Err(SubmitError::Conflict { object: format!("ConfigMap {name}"), differences });
        }
        // Owned by a Job that is gone, it is about to be deleted, and says that the attempt had a Job.
        let owner = existing.metadata.owner_references.iter().flatten().find(|owner| owner.kind == "Job");
        if let Some(owner) = owner
            && self.get::<Job>(&owner.name).await?.is_none_or(|job| job.metadata.uid.as_ref() != Some(&owner.uid))
        {
            let by = format!("its ConfigMap belonged to the Job with uid {}", owner.uid);
            return Err(self.left_behind(&owner.uid, by).await);
        }
        Ok(())
    }

    /// The task's own claim, created or there already; and every other that the Pod mounts, which must be there.
    pub(super) async fn claims(&mut self, bundle: &Bundle) -> Result<(), SubmitError> {
        let own = bundle.claim.as_ref().and_then(|claim| claim.metadata.name.as_deref());
        let others: Vec<&str> = bundle.claims_used().filter(|claim| Some(*claim) != own).collect();
        for claim in others {
            match self.get::<PersistentVolumeClaim>(claim).await? {
                None => return Err(SubmitError::ClaimMissing { claim: claim.to_owned() }),
                Some(existing) => is_staying(&existing)?,
            }
        }
        match &bundle.claim {
            Some(claim) => self.claim(claim).await,
            None => Ok(()),
        }
    }

    async fn claim(&mut self, wanted: &PersistentVolumeClaim) -> Result<(), SubmitError> {
        let name = wanted.metadata.name.clone().unwrap_or_default();
        match self.create(wanted).await {
            Ok(created) => {
                self.made.push(Made::Claim { name, uid: uid_of(&created.metadata) });
                Ok(())
            }
            Err(ClusterError::AlreadyExists { .. }) => {
                let Some(existing) = self.get::<PersistentVolumeClaim>(&name).await? else {
                    return Err(SubmitError::ClaimTerminating { claim: name });
                };
                is_staying(&existing)?;
                if task_label(&existing.metadata) == task_label(&wanted.metadata) {
                    return Ok(());
                }
                let whose = task_label(&existing.metadata)
                    .map_or_else(|| "it is none of keruta's".to_owned(), |task| format!("it is the task {task}'s"));
                Err(SubmitError::Conflict { object: format!("PersistentVolumeClaim {name}"), differences: vec![whose] })
            }
            Err(error) => Err(self.refused(error).await),
        }
    }

    /// Makes the Job the owner of its ConfigMap, so that the two go together; `wanted_again` says whether it is to be made
    /// where it is not there. A failure is told and no more: what has no
    /// owner is found by a later cleanup.
    pub(super) async fn own(&self, wanted: &ConfigMap, job: &Job, wanted_again: bool) {
        let name = wanted.metadata.name.clone().unwrap_or_default();
        let owner = OwnerReference {
            api_version: Job::api_version(&()).into_owned(),
            kind: Job::kind(&()).into_owned(),
            name: job.metadata.name.clone().unwrap_or_default(),
            uid: uid_of(&job.metadata),
            // Both absent: with blockOwnerDeletion the right to change the Job's finalizers would be needed.
            block_owner_deletion: None,
            controller: None,
        };
        let patch = json!({"metadata": {"ownerReferences": [owner]}});
        let attempt = &self.bundle.attempt;
        let patched = self
            .options
            .backoff
            .retry(self.seed, || self.cluster.merge::<ConfigMap>(&attempt.namespace, &name, &patch))
            .await;
        let result = match patched {
            Err(ClusterError::NotFound { .. }) if !wanted_again => return,
            // Another call that was refused took back what it had made.
            Err(ClusterError::NotFound { .. }) => {
                let mut again = wanted.clone();
                again.metadata.owner_references = Some(vec![owner]);
                self.create(&again).await
            }
            other => other,
        };
        if let Err(error) = result {
            tracing::warn!(%attempt, config_map = name, %error, "the ConfigMap could not be given to its Job");
        }
    }

    /// Takes back what this call made, and says what.
    pub(super) async fn take_back(&mut self) -> Vec<String> {
        let mut removed = Vec::new();
        for made in std::mem::take(&mut self.made).into_iter().rev() {
            let (kind, name, result) = match made {
                Made::ConfigMap { name, uid } => {
                    ("ConfigMap", name.clone(), self.delete::<ConfigMap>(&name, &uid).await)
                }
                Made::Claim { name, uid } => {
                    ("PersistentVolumeClaim", name.clone(), self.delete::<PersistentVolumeClaim>(&name, &uid).await)
                }
            };
            match result {
                Ok(_) => removed.push(format!("{kind} {name}")),
                Err(error) => tracing::warn!(kind, name, %error, "left behind; a later cleanup finds it"),
            }
        }
        removed
    }

    async fn delete<K: Object>(&self, name: &str, uid: &str) -> Result<bool, ClusterError> {
        let namespace = &self.bundle.attempt.namespace;
        self.options.backoff.retry(self.seed, || self.cluster.delete::<K>(namespace, name, uid)).await
    }
}

/// A claim that is being deleted takes no new Pod.
fn is_staying(claim: &PersistentVolumeClaim) -> Result<(), SubmitError> {
    match claim.metadata.deletion_timestamp {
        None => Ok(()),
        Some(_) => Err(SubmitError::ClaimTerminating { claim: claim.metadata.name.clone().unwrap_or_default() }),
    }
}

pub(super) fn uid_of(metadata: &ObjectMeta) -> String {
    metadata.uid.clone().unwrap_or_default()
}
