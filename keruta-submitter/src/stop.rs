//! Ends an attempt: its Job if it has one, else its start.
//!
//! One merge patch writes the order on the Job and makes its controller end the Pods: no more of them (`parallelism: 0`), and
//! a deadline that is over (`activeDeadlineSeconds: 1`). Nothing is deleted, so that logs stay readable. Where there is no Job, one of the
//! attempt's name that runs nothing takes its place: whoever starts the attempt later meets it. Both writes are the API
//! server's own decision between two that come at the same time.

mod tombstone;

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use keruta_manifest::well_known;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::attempt::Attempt;
use crate::bundle::{Bundle, task_label};
use crate::cluster::{Backoff, Cluster, ClusterError, seed};
use crate::journal::{Ledger, LedgerError};
use crate::observe::annotations::STOP;
use crate::observe::{JobCondition, ObservedJob, Stop};
use crate::verdict::Verdict;
pub(crate) use tombstone::is_tombstone;

/// The Job's annotation with its limits before an order to end it, as JSON: a retry gives them back.
pub const BEFORE_STOP: &str = "keruta.dev/before-stop";

/// The label by which Kueue takes a Job into a queue, and then decides about `spec.suspend`.
const QUEUE_LABEL: &str = "kueue.x-k8s.io/queue-name";
/// How often to read the Job again that changes all the time.
const CONFLICTS: usize = 8;

/// Which Job to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopTarget {
    /// The attempt.
    pub attempt: Attempt,
    /// Its Job's name.
    pub job: String,
    /// The value of its label `task-id`: the id, or its rewritten form.
    pub task_label: String,
}

impl StopTarget {
    /// The Job of a bundle.
    #[must_use]
    pub fn of_bundle(bundle: &Bundle) -> Self {
        Self {
            attempt: bundle.attempt.clone(),
            job: bundle.job_name().to_owned(),
            task_label: task_label(&bundle.job.metadata).unwrap_or(&bundle.attempt.task).to_owned(),
        }
    }

    /// A Job of the cluster; `None` where it is none of keruta's.
    #[must_use]
    pub fn of_job(job: &Job) -> Option<Self> {
        Some(Self {
            attempt: Attempt::of_job(job)?,
            job: job.metadata.name.clone()?,
            task_label: task_label(&job.metadata)?.to_owned(),
        })
    }
}

/// What became of an order to end an attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum Stopped {
    /// The order stands on the Job, whose Pods are ending. An earlier order stays as it was.
    Stopping {
        /// The Job's uid.
        job_uid: String,
        /// The order that holds.
        stop: Box<Stop>,
    },
    /// It has ended before.
    AlreadyEnded {
        /// The recorded verdict, where there is one.
        verdict: Option<Box<Verdict>>,
        /// The Job's conditions; none where it is gone.
        conditions: Vec<JobCondition>,
    },
    /// It has no Job, and cannot get one any more.
    Tombstone {
        /// The uid of the Job that takes its place.
        job_uid: String,
    },
}

/// Why an attempt could not be ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StopError {
    /// The Job of that name is another attempt's, or none of keruta's.
    #[error("the Job {job} is not {attempt}'s")]
    NotIts {
        /// The Job.
        job: String,
        /// The attempt.
        attempt: Attempt,
    },
    /// The cluster could not be asked, or refuses.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The ledger could not be read or written.
    #[error("the ledger of submitted attempts failed")]
    Ledger(#[from] LedgerError),
}

/// What a Job's limits were before it was ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Limits {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) parallelism: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) active_deadline_seconds: Option<i64>,
}

/// Ends an attempt. Calling it again changes nothing; the first order holds.
///
/// # Errors
///
/// [`StopError::NotIts`] where the name is another's; what the cluster or the ledger refuse.
pub async fn stop(
    cluster: &Cluster,
    ledger: &dyn Ledger,
    target: &StopTarget,
    stop: &Stop,
    backoff: Backoff,
    now: Timestamp,
) -> Result<Stopped, StopError> {
    let namespace = &target.attempt.namespace;
    let seed = seed(&target.job);
    let mut last = None;
    for _ in 0..CONFLICTS {
        // The ledger first: a Job that is recorded only after the look for it is one that begins just now.
        let recorded = ledger.lookup(&target.attempt).await?.and_then(|known| known.job_uid);
        let get = || cluster.get::<Job>(namespace, &target.job);
        let Some(job) = backoff.retry(seed, get).await? else {
            if recorded.is_some() {
                return Ok(Stopped::AlreadyEnded { verdict: None, conditions: Vec::new() });
            }
            ledger.intend(&target.attempt, now).await?;
            let grave = tombstone::job(target, stop);
            match backoff.retry(seed, || cluster.create(namespace, &grave)).await {
                Ok(job) => {
                    let job_uid = job.metadata.uid.unwrap_or_default();
                    match ledger.created(&target.attempt, &job_uid, now).await {
                        Ok(()) => return Ok(Stopped::Tombstone { job_uid }),
                        Err(LedgerError::OtherJob { .. }) => return vain(cluster, target, &job_uid, backoff).await,
                        Err(error) => return Err(error.into()),
                    }
                }
                // It started after all.
                Err(error @ ClusterError::AlreadyExists { .. }) => last = Some(error),
                Err(error) => return Err(error.into()),
            }
            continue;
        };
        let observed = ObservedJob::of(&job).filter(|observed| observed.attempt == target.attempt);
        let Some(observed) = observed else {
            return Err(StopError::NotIts { job: target.job.clone(), attempt: target.attempt.clone() });
        };
        if is_tombstone(&job) && recorded.is_some_and(|uid| *uid != *observed.uid) {
            return vain(cluster, target, &observed.uid, backoff).await;
        }
        if let Some(answer) = answered(&job, &observed) {
            return Ok(answer);
        }
        let order = patch(&job, stop);
        match backoff.retry(seed, || cluster.merge::<Job>(namespace, &target.job, &order)).await {
            Ok(job) => {
                let job_uid = job.metadata.uid.unwrap_or_default();
                return Ok(Stopped::Stopping { job_uid, stop: stop.clone().into() });
            }
            // Changed or gone since it was read.
            Err(error @ (ClusterError::Conflict { .. } | ClusterError::NotFound { .. })) => last = Some(error),
            Err(error) => return Err(error.into()),
        }
    }
    Err(last.map_or_else(
        || StopError::NotIts { job: target.job.clone(), attempt: target.attempt.clone() },
        StopError::Cluster,
    ))
}

/// Takes a Job away again that stands for a start, where the attempt had a Job after all: it was gone when it was looked for.
async fn vain(cluster: &Cluster, target: &StopTarget, uid: &str, backoff: Backoff) -> Result<Stopped, StopError> {
    let delete = || cluster.delete::<Job>(&target.attempt.namespace, &target.job, uid);
    backoff.retry(seed(&target.job), delete).await?;
    Ok(Stopped::AlreadyEnded { verdict: None, conditions: Vec::new() })
}

/// What there is to say of a Job that needs no order.
fn answered(job: &Job, observed: &ObservedJob) -> Option<Stopped> {
    let job_uid = observed.uid.to_string();
    if let Some(stop) = &observed.stop {
        if is_tombstone(job) {
            return Some(Stopped::Tombstone { job_uid });
        }
        if !observed.is_finished() && observed.verdict.is_none() {
            return Some(Stopped::Stopping { job_uid, stop: stop.clone() });
        }
    }
    (observed.is_finished() || observed.verdict.is_some())
        .then(|| Stopped::AlreadyEnded { verdict: observed.verdict.clone(), conditions: observed.conditions.to_vec() })
}

/// The one patch. It holds for the Job as it was read: another order that came first makes it a conflict.
pub(crate) fn patch(job: &Job, stop: &Stop) -> Value {
    let spec = job.spec.as_ref();
    let before = Limits {
        parallelism: spec.and_then(|spec| spec.parallelism),
        active_deadline_seconds: spec.and_then(|spec| spec.active_deadline_seconds),
    };
    let mut limits = Map::new();
    limits.insert("parallelism".to_owned(), json!(0));
    limits.insert("activeDeadlineSeconds".to_owned(), json!(1));
    let queued = job.metadata.labels.as_ref().is_some_and(|labels| labels.contains_key(QUEUE_LABEL));
    if !queued {
        // A suspended Job has no deadline.
        limits.insert("suspend".to_owned(), json!(false));
    }
    json!({
        "metadata": {
            "uid": job.metadata.uid,
            "resourceVersion": job.metadata.resource_version,
            "annotations": {STOP: text(stop), BEFORE_STOP: text(&before)},
        },
        "spec": limits,
    })
}

/// Compact JSON; these types have no form that JSON lacks.
fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The labels of a task's object.
fn labels(task: &str) -> std::collections::BTreeMap<String, String> {
    [
        (well_known::APP, well_known::APP_NAME),
        (well_known::TASK_ID, task),
        (well_known::MANAGED_BY, well_known::APP_NAME),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into()
}

#[cfg(test)]
mod tests;
