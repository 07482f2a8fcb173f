//! What a follower writes to the cluster, and what it asks beside its watches.

use std::sync::Arc;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Event, Pod};
use kube::api::{ListParams, Patch, PatchParams};
use serde_json::json;

use super::reconcile::ReconcileError;
use super::secrets::Secrets;
use crate::cluster::{Action, Cluster, ClusterError, FIELD_MANAGER, Verb};
use crate::observe::annotations::{EVIDENCE_FINALIZER, FIRST_SEEN, VERDICT};
use crate::observe::{FirstSeen, ObservedEvent, ObservedJob, ObservedPod, Stop};
use crate::stop;
use crate::verdict::Verdict;

/// How many Events come with one answer.
const PAGE: u32 = 500;

/// The objects of one namespace, as far as a follower needs them.
#[derive(Clone)]
pub(super) struct Requests {
    pub(super) cluster: Cluster,
    pub(super) namespace: String,
    /// What must not be in a verdict.
    pub(super) secrets: Arc<Secrets>,
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// It is done.
    Done,
    /// The object has changed since it was seen: look again.
    Outdated,
    /// The object is gone.
    Gone,
}

impl Requests {
    /// Records how an attempt ended, unless the Job has changed since it was judged: so that of two who judge at once, one
    /// records.
    pub(super) async fn verdict(&self, job: &ObservedJob, verdict: &Verdict) -> Result<Written, ClusterError> {
        // A value of plain texts and numbers is always JSON.
        let text = serde_json::to_string(verdict).unwrap_or_default();
        self.annotate(job, VERDICT, &text, Some(&job.resource_version)).await
    }

    /// Records when states that may heal were first seen.
    pub(super) async fn first_seen(&self, job: &ObservedJob, first_seen: &FirstSeen) -> Result<Written, ClusterError> {
        self.annotate(job, FIRST_SEEN, &first_seen.to_annotation(), None).await
    }

    async fn annotate(
        &self,
        job: &ObservedJob,
        key: &str,
        value: &str,
        version: Option<&str>,
    ) -> Result<Written, ClusterError> {
        // A patch that names the uid fails on another Job of that name.
        let mut patch = json!({"metadata": {"uid": job.uid, "annotations": {key: value}}});
        if let Some(version) = version {
            patch["metadata"]["resourceVersion"] = version.into();
        }
        let action = Action::on::<Job>(Verb::Patch, &self.namespace, Some(&job.name));
        let (jobs, parameters, patch) = (self.cluster.api::<Job>(&self.namespace), parameters(), Patch::Merge(&patch));
        written(self.cluster.call(action, jobs.patch_metadata(&job.name, &parameters, &patch)).await)
    }

    /// Ends a Job that cannot go on: its Pods get no successors, and its controller ends it. The order stands on it.
    pub(super) async fn stop(&self, job: &ObservedJob, stop: &Stop) -> Result<Written, ClusterError> {
        let Some(found) = self.cluster.get::<Job>(&self.namespace, &job.name).await? else { return Ok(Written::Gone) };
        // Only the state that was judged is ended.
        if found.metadata.resource_version.as_deref() != Some(&*job.resource_version) {
            return Ok(Written::Outdated);
        }
        let patch = stop::patch(&found, stop);
        written(self.cluster.merge::<Job>(&self.namespace, &job.name, &patch).await)
    }

    /// Lets a Pod go whose end has been seen.
    pub(super) async fn release(&self, pod: &ObservedPod) -> Result<Written, ClusterError> {
        // A strategic merge patch takes one finalizer from the list, whatever else is in it.
        let patch = json!({"metadata": {
            "uid": pod.uid, "$deleteFromPrimitiveList/finalizers": [EVIDENCE_FINALIZER]
        }});
        let action = Action::on::<Pod>(Verb::Patch, &self.namespace, Some(&pod.name));
        let (pods, parameters, patch) =
            (self.cluster.api::<Pod>(&self.namespace), parameters(), Patch::Strategic(&patch));
        written(self.cluster.call(action, pods.patch_metadata(&pod.name, &parameters, &patch)).await)
    }

    /// A Job as it is now; `None` where there is none, or none of keruta's.
    pub(super) async fn job(&self, name: &str) -> Result<Option<ObservedJob>, ClusterError> {
        let job = self.cluster.get::<Job>(&self.namespace, name).await?;
        Ok(job.as_ref().and_then(ObservedJob::of))
    }

    /// The Pods of a Job as they are now; of one that was never seen, by its name.
    pub(super) async fn pods(&self, name: &str, job: Option<&ObservedJob>) -> Result<Vec<ObservedPod>, ReconcileError> {
        // https://kubernetes.io/docs/reference/labels-annotations-taints/#batchkubernetesio-controller-uid
        let labels = match job {
            Some(job) => format!("batch.kubernetes.io/controller-uid={}", job.uid),
            None => format!("batch.kubernetes.io/job-name={name}"),
        };
        let pods = self.cluster.list::<Pod>(&self.namespace, &labels).await?;
        Ok(self.secrets.observe_all(pods).await?)
    }

    /// The Events of a field selector, page by page.
    pub(super) async fn events(&self, fields: &str, mut each: impl FnMut(ObservedEvent)) -> Result<(), ClusterError> {
        let events = self.cluster.api::<Event>(&self.namespace);
        let mut parameters = ListParams::default().fields(fields).limit(PAGE);
        loop {
            let action = Action::on::<Event>(Verb::List, &self.namespace, None);
            let page = self.cluster.call(action, events.list(&parameters)).await?;
            page.items.iter().map(ObservedEvent::from).for_each(&mut each);
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => parameters = parameters.continue_token(&token),
                None => return Ok(()),
            }
        }
    }
}

fn parameters() -> PatchParams {
    PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() }
}

fn written<T>(answer: Result<T, ClusterError>) -> Result<Written, ClusterError> {
    match answer {
        Ok(_) => Ok(Written::Done),
        Err(ClusterError::Conflict { .. }) => Ok(Written::Outdated),
        Err(ClusterError::NotFound { .. }) => Ok(Written::Gone),
        Err(error) => Err(error),
    }
}
