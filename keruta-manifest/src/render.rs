//! The whole way in one place: task, settings and lineage in, objects and findings out.
//!
//! ```
//! use keruta_manifest::lineage::Lineage;
//! use keruta_manifest::render::{RenderOptions, render};
//! use keruta_manifest::{Settings, Task, stream};
//!
//! let task = Task::from_json(r#"{"id": "task-1", "image": "python:3.12", "script": "python -m pytest"}"#)?;
//! let rendered = render(&task, &Settings::default(), &Lineage::of(&task), &RenderOptions::default())?;
//! let mut manifest = String::new();
//! stream::write_yaml(&mut manifest, &rendered.objects)?;
//! assert!(manifest.contains("name: keruta-job-task-1"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod patched;

use k8s_openapi::api::batch::v1::Job;

use crate::lineage::Lineage;
use crate::object::Object;
use crate::plan::origin::{FieldOrigin, Origins};
use crate::plan::{Plan, resolve, spec_hash};
use crate::problem::Problems;
use crate::review::{self, Finding, FindingId, KubernetesVersion, ObjectRef, PodSecurityLevel, SharedClaim};
use crate::settings::{Preset, SecurityProfile, Settings};
use crate::task::Task;
use crate::well_known::SPEC_HASH;

/// What the objects are made for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RenderOptions {
    /// The cluster's version; the newest that is known by default.
    pub kubernetes_version: KubernetesVersion,
}

impl RenderOptions {
    /// Options for a version of Kubernetes.
    #[must_use]
    pub const fn new(kubernetes_version: KubernetesVersion) -> Self {
        Self { kubernetes_version }
    }
}

/// The objects of one task, in the order in which they are to be applied, and what is to be known about them.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    /// ConfigMap, PersistentVolumeClaim, Job: those that there are.
    pub objects: Vec<Object>,
    /// What the review found.
    pub findings: Vec<Finding>,
}

/// Renders a task.
///
/// # Errors
///
/// Every problem that the task, the settings or the two together have, and every patch that does not apply.
pub fn render(
    task: &Task,
    settings: &Settings,
    lineage: &Lineage,
    options: &RenderOptions,
) -> Result<Rendered, Problems> {
    rendered(task, settings, lineage, options, &mut Origins::default())
}

/// Renders a task and tells where each field comes from.
///
/// # Errors
///
/// As [`render`].
pub fn explain(
    task: &Task,
    settings: &Settings,
    lineage: &Lineage,
    options: &RenderOptions,
) -> Result<(Rendered, Vec<FieldOrigin>), Problems> {
    let mut origins = Origins::kept();
    let rendered = rendered(task, settings, lineage, options, &mut origins)?;
    Ok((rendered, origins.into_vec()))
}

fn rendered(
    task: &Task,
    settings: &Settings,
    lineage: &Lineage,
    options: &RenderOptions,
    origins: &mut Origins,
) -> Result<Rendered, Problems> {
    let Plan { config_map, claim, mut job, shared_claims, can_be_retried } = resolve(task, settings, lineage, origins)?;
    patched::apply(&mut job, task, settings, origins)?;
    let kotlin = settings.preset == Preset::Kotlin;
    if !kotlin {
        annotate(&mut job, origins);
    }
    let mut objects: Vec<Object> = Vec::with_capacity(3);
    objects.extend(config_map.map(Object::from));
    objects.extend(claim.map(Object::from));
    objects.push(job.into());

    let mut findings = review::gate_and_review(&mut objects, &review_options(settings, options, &shared_claims));
    if let Some(Object::Job(job)) = objects.last() {
        findings.extend(on_the_task(
            task,
            lineage,
            can_be_retried,
            &ObjectRef { kind: "Job".to_owned(), name: job.metadata.name.clone().unwrap_or_default() },
        ));
    }
    Ok(Rendered { objects, findings })
}

/// Notes the hash of what the Job does.
fn annotate(job: &mut Job, origins: &mut Origins) {
    if let Some(hash) = spec_hash::spec_hash(job) {
        job.metadata.annotations.get_or_insert_default().insert(SPEC_HASH.to_owned(), hash);
        let pointer = || format!("/metadata/annotations/{}", SPEC_HASH.replace('/', "~1"));
        let rule = "SHA-256 of the Job's spec without the task's status and time of change";
        origins.note("Job", || (pointer(), crate::plan::origin::Origin::BuiltIn { rule }));
    }
}

fn review_options<'a>(settings: &Settings, options: &RenderOptions, claims: &'a [SharedClaim]) -> review::Options<'a> {
    let pod_security = match settings.security.profile {
        // The Kotlin function sets no security at all; its output is what it is.
        _ if settings.preset == Preset::Kotlin => None,
        SecurityProfile::None => None,
        SecurityProfile::Baseline => Some(PodSecurityLevel::Baseline),
        SecurityProfile::Restricted => Some(PodSecurityLevel::Restricted),
    };
    review::Options { pod_security, version: options.kubernetes_version, claims }
}

/// What the objects themselves do not show.
fn on_the_task(task: &Task, lineage: &Lineage, can_be_retried: bool, job: &ObjectRef) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Lineage::Assumed { parent } = lineage {
        let message = format!(
            "nothing is known of the ancestors of the parent {parent}: it is taken for the owner of the workspace; \
             if it is a child itself, the claim does not exist"
        );
        let cure =
            "render parent and child together, give the child its rootTaskId, or name the parents with --lineage";
        findings.push(Finding::new(FindingId::LineageAssumed, job.clone(), "", message, cure));
    }
    if !can_be_retried && task.attempt.unwrap_or(1) == 1 {
        let message = "the task id is so long that the Job of a second attempt would have no valid name";
        let cure = "shorten the id, or let settings rewrite ids (names: hashed)";
        findings.push(Finding::new(FindingId::NameLeavesNoRetry, job.clone(), "/metadata/name", message, cure));
    }
    findings
}
