//! Tasks that are in the cluster: their Jobs and Pods, and what is made of them.

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use keruta_manifest::well_known;
use keruta_submitter::Attempt;
use keruta_submitter::classify::{Judgement, Policy, Seen, classify};
use keruta_submitter::cluster::{Cluster, ClusterError};
use keruta_submitter::observe::{ObservedJob, ObservedPod};

use super::super::exit::Exit;
use super::super::failure::Failure;

/// All of keruta's objects.
fn all() -> String {
    format!("{}={},{}", well_known::APP, well_known::APP_NAME, well_known::TASK_ID)
}

/// The objects of one task, if its id is its label; where ids are rewritten it is not.
fn of(task: &str) -> Option<String> {
    let is_label = task.len() <= 63
        && task.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        && task.starts_with(|first: char| first.is_ascii_alphanumeric())
        && task.ends_with(|last: char| last.is_ascii_alphanumeric());
    is_label.then(|| format!("{}={},{}={task}", well_known::APP, well_known::APP_NAME, well_known::TASK_ID))
}

/// The Jobs of a task, the latest attempt last.
pub(super) async fn jobs(cluster: &Cluster, task: &str) -> Result<Vec<Job>, ClusterError> {
    let namespace = cluster.namespace();
    let mut found = Vec::new();
    if let Some(labels) = of(task) {
        found = cluster.list::<Job>(namespace, &labels).await?;
    }
    let is_its = |job: &Job| Attempt::of_job(job).is_some_and(|attempt| attempt.task == task);
    if !found.iter().any(is_its) {
        found = cluster.list::<Job>(namespace, &all()).await?;
    }
    found.retain(is_its);
    found.sort_by_key(|job| Attempt::of_job(job).map(|attempt| attempt.number));
    Ok(found)
}

/// All Jobs of the namespace, by task and attempt.
pub(super) async fn all_jobs(cluster: &Cluster) -> Result<Vec<Job>, ClusterError> {
    let mut found = cluster.list::<Job>(cluster.namespace(), &all()).await?;
    found.retain(|job| Attempt::of_job(job).is_some());
    found.sort_by_cached_key(Attempt::of_job);
    Ok(found)
}

/// The Pods of a Job, or of all Jobs.
pub(super) async fn pods(cluster: &Cluster, job: Option<&Job>) -> Result<Vec<Pod>, ClusterError> {
    let label = job.and_then(|job| job.metadata.labels.as_ref()?.get(well_known::TASK_ID).cloned());
    let labels = label.and_then(|label| of(&label)).unwrap_or_else(all);
    let mut found = cluster.list::<Pod>(cluster.namespace(), &labels).await?;
    if let Some(uid) = job.and_then(|job| job.metadata.uid.as_deref()) {
        found.retain(|pod| pod.metadata.owner_references.iter().flatten().any(|owner| owner.uid == uid));
    }
    Ok(found)
}

/// What a Job and its Pods show now.
pub(super) fn judge(job: &ObservedJob, pods: &[ObservedPod], policy: &Policy, now: Timestamp) -> Judgement {
    let pods: Vec<&ObservedPod> = pods.iter().filter(|pod| pod.job_uid == job.uid).collect();
    let seen = Seen {
        attempt: &job.attempt,
        job: Some(job),
        last: None,
        stop: None,
        pods: &pods,
        events: &[],
        first_seen: &job.first_seen,
        changed_at: now,
    };
    classify(&seen, policy, now)
}

/// A task that is not there.
pub(super) fn nothing(task: &str, cluster: &Cluster) -> Failure {
    let namespace = cluster.namespace();
    let cure = format!(
        "look at those that there are: keruta-submitter status -n {namespace}; or name another namespace with -n"
    );
    Failure::because(format!("the namespace {namespace} has no Job of the task {task:?}"), cure, Exit::Cluster)
}
