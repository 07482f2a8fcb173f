//! From a task to the objects of its attempt.

use jiff::Timestamp;
use keruta_manifest::lineage::Lineage;
use keruta_manifest::plan::origin::FieldOrigin;
use keruta_manifest::problem::Problems;
use keruta_manifest::render::{RenderOptions, explain, render};
use keruta_manifest::review::Finding;
use keruta_manifest::value::TaskId;
use keruta_manifest::{Settings, Task, stream};
use keruta_submitter::bundle::{Bundle, BundleProblems};

use crate::task::{StoredTask, TaskSpec};

/// What is sent to the cluster for an attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// The objects.
    pub bundle: Bundle,
    /// The objects as a YAML stream.
    pub manifest: String,
    /// What the review found.
    pub findings: Vec<Finding>,
    /// Where each field of the objects comes from; of a field that is not here, what is said of the one above it.
    pub origins: Vec<FieldOrigin>,
}

/// Why a task has no objects.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// The task and the settings together cannot be rendered.
    #[error("{0}")]
    Invalid(Problems),
    /// What was rendered is not one attempt's.
    #[error("{0}")]
    Bundle(BundleProblems),
    /// The manifest could not be written.
    #[error("the manifest could not be written: {0}")]
    Write(#[from] keruta_manifest::yaml::YamlError),
}

/// Renders the present attempt of a task, as it would be sent now.
///
/// # Errors
///
/// Every problem that the task and the settings have together.
pub fn prepare(stored: &StoredTask, settings: &Settings) -> Result<Prepared, PrepareError> {
    let task = task_of(stored);
    let (rendered, origins) =
        explain(&task, settings, &Lineage::of(&task), &RenderOptions::default()).map_err(PrepareError::Invalid)?;
    let findings = rendered.findings.clone();
    let mut manifest = String::new();
    stream::write_yaml(&mut manifest, &rendered.objects)?;
    let bundle = Bundle::of_rendered(rendered, &stored.namespace).map_err(PrepareError::Bundle)?;
    Ok(Prepared { bundle, manifest, findings, origins })
}

/// Whether a task could be rendered as its first attempt, before it is taken in.
///
/// # Errors
///
/// Every problem that the task and the settings have together.
pub fn check(spec: &TaskSpec, namespace: &str, settings: &Settings) -> Result<(), Problems> {
    let mut task = spec.task().clone();
    if task.namespace.is_none() {
        task.namespace = namespace.parse().ok();
    }
    render(&task, settings, &Lineage::of(&task), &RenderOptions::default()).map(drop)
}

/// The task with what the server knows of it.
fn task_of(stored: &StoredTask) -> Task {
    let mut task = stored.spec.task().clone();
    task.namespace = stored.namespace.parse().ok();
    task.attempt = Some(stored.attempt);
    task.status = Some(keruta_manifest::task::TaskStatus::Pending);
    task.created_at = time(stored.created_at);
    task.updated_at = time(stored.updated_at);
    if task.parent_id.is_some() {
        task.root_task_id = stored.root_id.parse::<TaskId>().ok();
    }
    task
}

fn time(at: Timestamp) -> Option<keruta_manifest::value::Timestamp> {
    at.to_string().parse().ok()
}
