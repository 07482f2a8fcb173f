//! What one attempt of a task needs in the cluster: its Job, and the ConfigMap and claim that go with it.

mod order;
mod problem;
mod read;
mod strict;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, PodSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use keruta_manifest::object::Object;
use keruta_manifest::render::Rendered;
use keruta_manifest::well_known;

use crate::attempt::Attempt;
pub use order::parents;
pub use problem::{BundleProblem, BundleProblems, Located};

/// The objects of one attempt, all in its namespace.
///
/// ```
/// use keruta_manifest::lineage::Lineage;
/// use keruta_manifest::render::{RenderOptions, render};
/// use keruta_manifest::{Settings, Task};
/// use keruta_submitter::bundle::Bundle;
///
/// let task = Task::from_json(r#"{"id": "task-1", "image": "busybox", "script": "true"}"#)?;
/// let rendered = render(&task, &Settings::default(), &Lineage::of(&task), &RenderOptions::default())?;
/// let bundle = Bundle::of_rendered(rendered, "keruta-tasks")?;
/// assert_eq!(bundle.attempt.to_string(), "keruta-tasks/task-1 (attempt 1)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Bundle {
    /// Whose objects they are.
    pub attempt: Attempt,
    /// The task's files and long texts; named as the Job.
    pub config_map: Option<ConfigMap>,
    /// The workspace's claim, where the task owns it.
    pub claim: Option<PersistentVolumeClaim>,
    /// The Job.
    pub job: Job,
}

impl Bundle {
    /// The objects of a rendered task. Those without a namespace go to the one given.
    ///
    /// # Errors
    ///
    /// What keeps the objects from being one attempt's; none for what `render` makes of one task.
    pub fn of_rendered(rendered: Rendered, namespace: &str) -> Result<Self, BundleProblems> {
        let objects = rendered.objects.into_iter().enumerate().map(|(index, object)| (index + 1, part(object)));
        let mut bundles = read::group(objects, namespace, Vec::new())?;
        let Some(bundle) = bundles.pop() else {
            return Err(BundleProblems::one(1, None, BundleProblem::Empty));
        };
        Ok(bundle)
    }

    /// The attempts of a manifest stream: YAML documents, JSON, or a `List`, as `keruta-manifest render` prints them.
    /// Parents come before their children, otherwise the order is the stream's.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the stream, each with its document's number. Nothing is passed over in silence: no
    /// unknown field, no foreign kind, no object without the labels of a task.
    pub fn read_stream(text: &str, namespace: &str) -> Result<Vec<Self>, BundleProblems> {
        read::stream(text, namespace)
    }

    /// The Job's name.
    #[must_use]
    pub fn job_name(&self) -> &str {
        self.job.metadata.name.as_deref().unwrap_or_default()
    }

    /// The claims that the Job's Pod uses.
    pub fn claims_used(&self) -> impl Iterator<Item = &str> {
        claims_of(self.job.spec.as_ref().and_then(|spec| spec.template.spec.as_ref()))
    }

    /// The parent's task id, where the Job says it.
    #[must_use]
    pub fn parent(&self) -> Option<&str> {
        self.job.metadata.annotations.as_ref()?.get(well_known::PARENT).map(String::as_str)
    }

    /// The hash of what the Job does; `None` under the Kotlin preset.
    #[must_use]
    pub fn spec_hash(&self) -> Option<&str> {
        spec_hash(&self.job)
    }
}

/// The claims that a Pod uses.
pub(crate) fn claims_of(pod: Option<&PodSpec>) -> impl Iterator<Item = &str> {
    let volumes = pod.into_iter().flat_map(|pod| pod.volumes.iter().flatten());
    volumes.filter_map(|volume| volume.persistent_volume_claim.as_ref()).map(|claim| claim.claim_name.as_str())
}

/// The hash that a Job bears of what it does.
pub(crate) fn spec_hash(job: &Job) -> Option<&str> {
    job.metadata.annotations.as_ref()?.get(well_known::SPEC_HASH).map(String::as_str)
}

/// An object's `task-id` label, where it is one of keruta's.
pub(crate) fn task_label(metadata: &ObjectMeta) -> Option<&str> {
    let labels = metadata.labels.as_ref()?;
    if labels.get(well_known::APP).map(String::as_str) != Some(well_known::APP_NAME) {
        return None;
    }
    labels.get(well_known::TASK_ID).map(String::as_str).filter(|task| !task.is_empty())
}

/// An object of a kind that an attempt can have.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part {
    ConfigMap(Box<ConfigMap>),
    Claim(Box<PersistentVolumeClaim>),
    Job(Box<Job>),
}

impl Part {
    fn kind(&self) -> &'static str {
        match self {
            Self::ConfigMap(_) => "ConfigMap",
            Self::Claim(_) => "PersistentVolumeClaim",
            Self::Job(_) => "Job",
        }
    }

    fn metadata(&self) -> &ObjectMeta {
        match self {
            Self::ConfigMap(object) => &object.metadata,
            Self::Claim(object) => &object.metadata,
            Self::Job(object) => &object.metadata,
        }
    }

    fn metadata_mut(&mut self) -> &mut ObjectMeta {
        match self {
            Self::ConfigMap(object) => &mut object.metadata,
            Self::Claim(object) => &mut object.metadata,
            Self::Job(object) => &mut object.metadata,
        }
    }
}

fn part(object: Object) -> Result<Part, BundleProblem> {
    match object {
        Object::ConfigMap(object) => Ok(Part::ConfigMap(object)),
        Object::PersistentVolumeClaim(object) => Ok(Part::Claim(object)),
        Object::Job(object) => Ok(Part::Job(object)),
        other => Err(BundleProblem::ForeignKind { kind: other.kind().to_owned() }),
    }
}

#[cfg(test)]
mod tests;
