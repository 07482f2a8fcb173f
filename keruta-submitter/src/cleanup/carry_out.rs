//! Does what a plan says.

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Pod};
use serde_json::json;

use super::inventory::Inventory;
use super::pods::has_finalizer;
use super::{Kind, ObjectId, Removal};
use crate::cluster::{Cluster, ClusterError};
use crate::observe::annotations::EVIDENCE_FINALIZER;

/// What became of a removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It would be done: this is a rehearsal.
    Rehearsed,
    /// There was nothing to do any more: it is gone, or another object has its name.
    Gone,
    /// A Pod or Job uses the claim since.
    InUse,
}

/// A removal that failed.
#[derive(Debug, thiserror::Error)]
#[error("{object} could not be removed: {error}")]
pub struct CleanupError {
    /// The object.
    pub object: ObjectId,
    /// Why.
    #[source]
    pub error: ClusterError,
}

/// Does one removal of a plan, to the very object that the plan names. With `rehearse` nothing is changed.
///
/// # Errors
///
/// What the cluster refuses.
pub async fn carry_out(cluster: &Cluster, removal: &Removal, rehearse: bool) -> Result<Outcome, CleanupError> {
    if rehearse {
        return Ok(Outcome::Rehearsed);
    }
    let object = &removal.object;
    let done = match object.kind {
        Kind::Pod => release(cluster, object).await,
        Kind::Job => cluster.delete::<Job>(&object.namespace, &object.name, &object.uid).await.map(deleted),
        Kind::ConfigMap => cluster.delete::<ConfigMap>(&object.namespace, &object.name, &object.uid).await.map(deleted),
        Kind::PersistentVolumeClaim => delete_claim(cluster, object).await,
    };
    match done {
        // Another object has its name.
        Err(ClusterError::Conflict { .. }) => Ok(Outcome::Gone),
        other => other.map_err(|error| CleanupError { object: object.clone(), error }),
    }
}

const fn deleted(was_there: bool) -> Outcome {
    if was_there { Outcome::Done } else { Outcome::Gone }
}

/// A claim's use is looked up again: a plan may be old. Who comes even later is kept waiting by Kubernetes' own protection
/// of claims in use, and told by `submit` that the claim is being deleted.
async fn delete_claim(cluster: &Cluster, object: &ObjectId) -> Result<Outcome, ClusterError> {
    let pods = cluster.list::<Pod>(&object.namespace, "").await?;
    let jobs = cluster.list::<Job>(&object.namespace, "").await?;
    if (Inventory { jobs, pods, ..Inventory::default() }).uses(&object.name) {
        return Ok(Outcome::InUse);
    }
    let name = &object.name;
    cluster.delete::<PersistentVolumeClaim>(&object.namespace, name, &object.uid).await.map(deleted)
}

/// Takes the finalizer off a Pod, and leaves others in place.
async fn release(cluster: &Cluster, object: &ObjectId) -> Result<Outcome, ClusterError> {
    let Some(pod) = cluster.get::<Pod>(&object.namespace, &object.name).await? else { return Ok(Outcome::Gone) };
    if pod.metadata.uid.as_deref() != Some(object.uid.as_str()) || !has_finalizer(&pod) {
        return Ok(Outcome::Gone);
    }
    let others: Vec<&String> =
        pod.metadata.finalizers.iter().flatten().filter(|name| *name != EVIDENCE_FINALIZER).collect();
    let patch = json!({"metadata": {
        "uid": object.uid, "resourceVersion": pod.metadata.resource_version, "finalizers": others,
    }});
    match cluster.merge::<Pod>(&object.namespace, &object.name, &patch).await {
        Ok(_) => Ok(Outcome::Done),
        Err(ClusterError::NotFound { .. }) => Ok(Outcome::Gone),
        Err(error) => Err(error),
    }
}
