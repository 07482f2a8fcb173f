//! From a task to the objects of its attempt.

use jiff::Timestamp;
use keruta_manifest::lineage::Lineage;
use keruta_manifest::plan::Names;
use keruta_manifest::plan::origin::FieldOrigin;
use keruta_manifest::problem::{FieldPath, Problem, Problems, Rule};
use keruta_manifest::render::{RenderOptions, explain, render};
use keruta_manifest::review::Finding;
use keruta_manifest::value::TaskId;
use keruta_manifest::{Settings, Task, stream};
use keruta_submitter::bundle::{Bundle, BundleProblems};

use super::tokens::{secret_name, settings_with};
use crate::operation::TaskTokenKind;
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
    /// The Secret with a token of the attempt's own, which is to be there before its Job.
    pub token_secret: Option<String>,
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
pub fn prepare(stored: &StoredTask, settings: &Settings, tokens: TaskTokenKind) -> Result<Prepared, PrepareError> {
    let task = task_of(stored);
    let token_secret = secret_name(stored.id(), stored.attempt, settings, tokens);
    let own = token_secret.as_deref().and_then(|secret| settings_with(settings, secret));
    let settings = own.as_ref().unwrap_or(settings);
    let (rendered, origins) =
        explain(&task, settings, &Lineage::of(&task), &RenderOptions::default()).map_err(PrepareError::Invalid)?;
    let findings = rendered.findings.clone();
    let mut manifest = String::new();
    stream::write_yaml(&mut manifest, &rendered.objects)?;
    let bundle = Bundle::of_rendered(rendered, &stored.namespace).map_err(PrepareError::Bundle)?;
    Ok(Prepared { bundle, manifest, findings, token_secret, origins })
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

/// Whether a child would find the workspace that it is to share, before it is taken in: the root task makes a claim, or has made
/// one. `sent` are the manifests of the root's attempts.
///
/// # Errors
///
/// What is wrong with the child's parent.
pub fn check_workspace(
    spec: &TaskSpec,
    root: &StoredTask,
    sent: &[String],
    settings: &Settings,
) -> Result<(), Problems> {
    let mut child = spec.task().clone();
    child.namespace = root.namespace.parse().ok();
    child.root_task_id = root.id().parse().ok();
    let uses = |task: &Task| -> Option<Bundle> {
        let rendered = render(task, settings, &Lineage::of(task), &RenderOptions::default()).ok()?;
        Bundle::of_rendered(rendered, &root.namespace).ok()
    };
    // What cannot be rendered is told elsewhere.
    let Some(child) = uses(&child) else { return Ok(()) };
    let claims = |bundle: &Bundle| bundle.claim.as_ref().and_then(|claim| claim.metadata.name.clone());
    let made: Vec<String> = uses(&task_of(root))
        .as_ref()
        .and_then(claims)
        .into_iter()
        .chain(sent.iter().flat_map(|manifest| {
            let bundles = Bundle::read_stream(manifest, &root.namespace).unwrap_or_default();
            bundles.iter().filter_map(claims).collect::<Vec<_>>()
        }))
        .collect();
    let own = claims(&child);
    let missing = child.claims_used().find(|claim| {
        // A claim that is not the family's is somebody else's to make.
        let of_family = names_of(root.id(), settings).is_some_and(|names| names.claim.as_str() == *claim);
        of_family && own.as_deref() != Some(*claim) && !made.iter().any(|made| made == claim)
    });
    let Some(claim) = missing else { return Ok(()) };
    let root = root.id();
    let message = format!("the task {root} has no workspace that can be shared: it makes no claim {claim}");
    let cure = format!(
        "give {root} a workspace (workspace.kind: pvc, or a repository), or this task one of its own (workspace.kind: emptyDir)"
    );
    Err(Problem::custom(FieldPath::root().key("parentId"), Rule::Conflict, message, cure).into())
}

fn names_of(task: &str, settings: &Settings) -> Option<Names> {
    Names::new(&task.parse::<TaskId>().ok()?, 1, settings.names).ok()
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
