//! What there is in a namespace.

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, PersistentVolumeClaim, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use keruta_manifest::well_known;
use kube::Api;

use super::{Kind, ObjectId};
use crate::bundle::claims_of;
use crate::cluster::{Action, Cluster, ClusterError, Verb};
use crate::observe::ObservedJob;

/// What there is in one namespace. Jobs and Pods must be all that there are, also those that are not keruta's: any of them may
/// use a claim.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Inventory {
    /// All Jobs.
    pub jobs: Vec<Job>,
    /// All Pods.
    pub pods: Vec<Pod>,
    /// ConfigMaps, at least those with the label `app=keruta`.
    pub config_maps: Vec<ConfigMap>,
    /// Claims, at least those with the label `app=keruta`.
    pub claims: Vec<PersistentVolumeClaim>,
    /// Whether the namespace is being deleted; `false` also where one may not look.
    pub namespace_goes: bool,
}

impl Inventory {
    /// Lists a namespace. The claims come first: whoever starts to use one later is seen.
    ///
    /// # Errors
    ///
    /// What the cluster answers: on anything that is missing no plan may be built.
    pub async fn list(cluster: &Cluster, namespace: &str) -> Result<Self, ClusterError> {
        let ours = format!("{}={},{}", well_known::APP, well_known::APP_NAME, well_known::TASK_ID);
        let claims = cluster.list(namespace, &ours).await?;
        let config_maps = cluster.list(namespace, &ours).await?;
        let pods = cluster.list(namespace, "").await?;
        let jobs = cluster.list(namespace, "").await?;
        let namespace_goes = goes(cluster, namespace).await?;
        Ok(Self { jobs, pods, config_maps, claims, namespace_goes })
    }

    /// keruta's Jobs, with what is seen of them.
    pub(super) fn own_jobs(&self) -> impl Iterator<Item = (&Job, ObservedJob)> {
        self.jobs.iter().filter_map(|job| ObservedJob::of(job).map(|observed| (job, observed)))
    }

    /// Whether a Pod that has not ended, or a Job that has not, uses a claim.
    pub(super) fn uses(&self, claim: &str) -> bool {
        let by_pod = self.pods.iter().any(|pod| {
            let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
            !matches!(phase, Some("Succeeded" | "Failed")) && claims_of(pod.spec.as_ref()).any(|used| used == claim)
        });
        by_pod || self.jobs.iter().any(|job| !has_ended(job) && job_uses(job, claim))
    }
}

async fn goes(cluster: &Cluster, namespace: &str) -> Result<bool, ClusterError> {
    let namespaces: Api<Namespace> = Api::all(cluster.client().clone());
    let action = Action {
        verb: Verb::Get,
        group: String::new(),
        resource: "namespaces".to_owned(),
        namespace: String::new(),
        name: Some(namespace.to_owned()),
    };
    match cluster.call(action, namespaces.get_metadata_opt(namespace)).await {
        Ok(found) => Ok(found.is_some_and(|found| found.metadata.deletion_timestamp.is_some())),
        Err(ClusterError::Forbidden { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

pub(super) fn job_uses(job: &Job, claim: &str) -> bool {
    claims_of(job.spec.as_ref().and_then(|spec| spec.template.spec.as_ref())).any(|used| used == claim)
}

/// Whether its controller has done with a Job, whoever's it is.
pub(super) fn has_ended(job: &Job) -> bool {
    let conditions = job.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions
        .into_iter()
        .flatten()
        .any(|condition| matches!(condition.type_.as_str(), "Complete" | "Failed") && condition.status == "True")
}

/// An object's id; `None` where the cluster has not named it, or it is being deleted.
pub(super) fn id(kind: Kind, metadata: &ObjectMeta) -> Option<ObjectId> {
    Some(ObjectId {
        kind,
        namespace: metadata.namespace.clone()?,
        name: metadata.name.clone()?,
        uid: metadata.uid.clone()?,
    })
}
