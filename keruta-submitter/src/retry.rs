//! The next attempt of a task, made from the Job of the last one: for those who have the cluster and not the task.

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{ConfigMap, Container, PodSpec, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use keruta_manifest::plan::{JobName, spec_hash};
use keruta_manifest::well_known;

use crate::attempt::Attempt;
use crate::bundle::Bundle;
use crate::observe::ObservedJob;
use crate::observe::annotations::{FIRST_SEEN, STOP, VERDICT};
use crate::stop::{BEFORE_STOP, Limits, is_tombstone};
use crate::submit::set_finalizer;

/// The variable that holds the number of the attempt, where a task has it.
const ATTEMPT_VARIABLE: &str = "KERUTA_TASK_ATTEMPT";
/// What the Job controller and older ones of it put on a Job's Pods.
/// [Source](https://kubernetes.io/docs/reference/labels-annotations-taints/#batchkubernetesiocontroller-uid).
const OF_CONTROLLER: [&str; 4] =
    ["batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name", "controller-uid", "job-name"];
/// Annotations that belong to one Job and its life.
const OF_ONE_JOB: [&str; 7] = [
    VERDICT,
    STOP,
    FIRST_SEEN,
    BEFORE_STOP,
    well_known::SPEC_HASH,
    "batch.kubernetes.io/job-tracking",
    "kubectl.kubernetes.io/last-applied-configuration",
];

/// Why there is no next attempt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RetryError {
    /// None of keruta's.
    #[error("the Job is none of keruta's")]
    Foreign,
    /// Still at work.
    #[error("{0} has not ended")]
    Running(Attempt),
    /// There is a later one.
    #[error("{0} is there already")]
    Later(Attempt),
    /// Cancelled before it started: its Job says nothing of what it was to do.
    #[error("{0} was cancelled before it started, and its Job does not say what it was to do")]
    NeverStarted(Attempt),
    /// Its files are gone.
    #[error("the ConfigMap {0}, which holds the task's files, is gone")]
    FilesGone(String),
    /// The next Job would have no valid name.
    #[error("the Job of the next attempt would have the name {0:?}, which is not valid")]
    Name(String),
}

impl RetryError {
    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> String {
        match self {
            Self::Foreign => "name a task of keruta",
            Self::Running(_) => "wait for its end, or cancel it first",
            Self::Later(_) => "retry that one",
            Self::NeverStarted(_) | Self::FilesGone(_) => {
                "submit the task itself again, with the next number as its attempt"
            }
            Self::Name(_) => "submit the task under a shorter id, or with names: hashed",
        }
        .to_owned()
    }
}

/// The next attempt after one that has ended: the same work on the same claim, under the next name.
///
/// `config_map` is the one of the Job's name, `known` are the attempts that there are (of any task).
///
/// # Errors
///
/// [`RetryError`] where the attempt still runs, a later one exists, or the Job does not hold all of it.
pub fn next_attempt<'a>(
    job: &Job,
    config_map: Option<&ConfigMap>,
    known: impl IntoIterator<Item = &'a Attempt>,
) -> Result<Bundle, RetryError> {
    let observed = ObservedJob::of(job).ok_or(RetryError::Foreign)?;
    let attempt = observed.attempt.clone();
    let is_later = |other: &&Attempt| {
        other.task == attempt.task && other.namespace == attempt.namespace && other.number > attempt.number
    };
    if let Some(later) = known.into_iter().filter(is_later).max_by_key(|other| other.number) {
        return Err(RetryError::Later(later.clone()));
    }
    // Conditions are final when every Pod has ended: two attempts must not work in one checkout.
    if !observed.is_finished() {
        return Err(RetryError::Running(attempt));
    }
    if is_tombstone(job) {
        return Err(RetryError::NeverStarted(attempt));
    }
    let next = Attempt { number: attempt.number.saturating_add(1), ..attempt.clone() };
    let old = observed.name.to_string();
    let new = next_name(&old, &next)?;
    let mut job = bare(job, &next, &new);
    let mut refers = false;
    rename_references(&mut job, &old, &new, &mut refers);
    let config_map = match config_map {
        Some(config_map) if refers => Some(bare_config_map(config_map, &next, &new)),
        None if refers => return Err(RetryError::FilesGone(old)),
        _ => None,
    };
    renumber(&mut job, next.number);
    // With the server's defaults in it, it is another hash than a rendering's; `submit` then compares what the two do.
    if let Some(hash) = spec_hash(&mut job) {
        job.metadata.annotations.get_or_insert_default().insert(well_known::SPEC_HASH.to_owned(), hash);
    }
    Ok(Bundle { attempt: next, config_map, claim: None, job })
}

/// `keruta-job-x` → `keruta-job-x-attempt-2` → `keruta-job-x-attempt-3`.
fn next_name(name: &str, next: &Attempt) -> Result<String, RetryError> {
    let base = name.strip_suffix(&format!("-attempt-{}", next.number - 1)).unwrap_or(name);
    let new = format!("{base}-attempt-{}", next.number);
    if new.parse::<JobName>().is_ok() { Ok(new) } else { Err(RetryError::Name(new)) }
}

/// The Job without what the cluster and this crate put on it.
fn bare(job: &Job, next: &Attempt, name: &str) -> Job {
    let mut annotations = job.metadata.annotations.clone().unwrap_or_default();
    let limits = annotations.get(BEFORE_STOP).and_then(|text| serde_json::from_str::<Limits>(text).ok());
    annotations.retain(|key, _| !OF_ONE_JOB.contains(&key.as_str()));
    annotations.insert(well_known::ATTEMPT.to_owned(), next.number.to_string());
    let spec = job.spec.clone().map(|spec| bare_spec(spec, limits));
    let metadata = ObjectMeta {
        name: Some(name.to_owned()),
        namespace: Some(next.namespace.clone()),
        labels: without_controller(job.metadata.labels.clone()),
        annotations: Some(annotations),
        ..ObjectMeta::default()
    };
    let mut job = Job { metadata, spec, status: None };
    set_finalizer(&mut job, false);
    job
}

fn bare_spec(spec: JobSpec, limits: Option<Limits>) -> JobSpec {
    let mut spec = JobSpec {
        // The server makes a selector of its own; Kueue and people suspend.
        selector: None,
        manual_selector: None,
        suspend: None,
        template: PodTemplateSpec {
            metadata: spec.template.metadata.map(|metadata| ObjectMeta {
                labels: without_controller(metadata.labels),
                annotations: metadata.annotations,
                finalizers: metadata.finalizers,
                ..ObjectMeta::default()
            }),
            spec: spec.template.spec,
        },
        ..spec
    };
    // An order to end the Job overwrote them.
    if let Some(limits) = limits {
        spec.parallelism = limits.parallelism;
        spec.active_deadline_seconds = limits.active_deadline_seconds;
    }
    spec
}

fn without_controller(labels: Option<BTreeMap<String, String>>) -> Option<BTreeMap<String, String>> {
    let mut labels = labels?;
    labels.retain(|key, _| !OF_CONTROLLER.contains(&key.as_str()));
    (!labels.is_empty()).then_some(labels)
}

fn bare_config_map(config_map: &ConfigMap, next: &Attempt, name: &str) -> ConfigMap {
    ConfigMap {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some(next.namespace.clone()),
            labels: config_map.metadata.labels.clone(),
            ..ObjectMeta::default()
        },
        ..config_map.clone()
    }
}

fn pod(job: &mut Job) -> Option<&mut PodSpec> {
    job.spec.as_mut()?.template.spec.as_mut()
}

fn containers(pod: &mut PodSpec) -> impl Iterator<Item = &mut Container> {
    pod.init_containers.iter_mut().flatten().chain(&mut pod.containers)
}

/// Every place of a Pod that names a ConfigMap.
fn rename_references(job: &mut Job, old: &str, new: &str, found: &mut bool) {
    let Some(pod) = pod(job) else { return };
    let mut rename = |name: &mut String| {
        if name == old {
            new.clone_into(name);
            *found = true;
        }
    };
    for volume in pod.volumes.iter_mut().flatten() {
        if let Some(source) = &mut volume.config_map {
            rename(&mut source.name);
        }
        let projected = volume.projected.iter_mut().flat_map(|projected| projected.sources.iter_mut().flatten());
        projected.filter_map(|source| source.config_map.as_mut()).for_each(|source| rename(&mut source.name));
    }
    for container in containers(pod) {
        let from = container.env_from.iter_mut().flatten().filter_map(|from| from.config_map_ref.as_mut());
        from.for_each(|source| rename(&mut source.name));
        let keys = container.env.iter_mut().flatten().filter_map(|variable| variable.value_from.as_mut());
        keys.filter_map(|from| from.config_map_key_ref.as_mut()).for_each(|key| rename(&mut key.name));
    }
}

/// The number in the variables that hold it.
fn renumber(job: &mut Job, number: u32) {
    let Some(pod) = pod(job) else { return };
    let variables = containers(pod).flat_map(|container| container.env.iter_mut().flatten());
    for variable in variables.filter(|variable| variable.name == ATTEMPT_VARIABLE && variable.value.is_some()) {
        variable.value = Some(number.to_string());
    }
}

#[cfg(test)]
mod tests;
