//! A Job, condensed.

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::{Job, JobCondition as Condition};

use super::annotations::{self, FIRST_SEEN, MalformedAnnotation, STOP, VERDICT};
use super::condense::{MESSAGE, head, text};
use super::first_seen::FirstSeen;
use super::stop::Stop;
use crate::attempt::Attempt;
use crate::verdict::Verdict;

/// The label by which Kueue takes a Job into a queue.
/// [Source](https://kueue.sigs.k8s.io/docs/tasks/run/jobs/).
const QUEUE_LABEL: &str = "kueue.x-k8s.io/queue-name";

/// What is seen of a Job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedJob {
    /// Whose Job it is.
    pub attempt: Attempt,
    /// Its name.
    pub name: Box<str>,
    /// Its uid.
    pub uid: Box<str>,
    /// Its version, by which a write can ask that it has not changed since.
    pub resource_version: Box<str>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// When its controller first took it up; set anew when a suspended Job is resumed.
    pub started_at: Option<Timestamp>,
    /// When its controller counted it complete.
    pub completed_at: Option<Timestamp>,
    /// When somebody asked for its deletion.
    pub deletion_at: Option<Timestamp>,
    /// Whether `spec.suspend` is set.
    pub suspended: bool,
    /// Whether it has a queue label of Kueue, which then decides about `spec.suspend`.
    pub queued: bool,
    /// Pods that have not ended: `status.active`.
    pub active: u32,
    /// Pods that ended well, as the controller counts.
    pub succeeded: u32,
    /// Pods that failed, as the controller counts; without those that its `podFailurePolicy` ignores.
    pub failed: u32,
    /// Pods that have ended and that its controller is about to count: it writes again at once.
    pub uncounted: u32,
    /// How often a failed Pod is tried again.
    pub backoff_limit: u32,
    /// How many seconds it may take.
    pub active_deadline_seconds: Option<u32>,
    /// The conditions that are true and matter.
    pub conditions: Box<[JobCondition]>,
    /// The claims that its Pods mount.
    pub claims: Box<[Box<str>]>,
    /// The recorded verdict.
    pub verdict: Option<Box<Verdict>>,
    /// The order to end it.
    pub stop: Option<Box<Stop>>,
    /// The recorded first-seen times; empty where none are.
    pub first_seen: FirstSeen,
    /// Annotations of keruta that could not be read.
    pub malformed: Box<[MalformedAnnotation]>,
}

/// A condition of a Job that is true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobCondition {
    /// Which one.
    pub kind: JobConditionKind,
    /// Kubernetes' reason, such as `BackoffLimitExceeded`.
    pub reason: Option<Box<str>>,
    /// What it says.
    pub message: Option<Box<str>>,
    /// When it became true.
    pub at: Option<Timestamp>,
}

/// The conditions that matter.
/// [Source](https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-termination-and-cleanup).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobConditionKind {
    /// It has succeeded, and all its Pods have ended. Final.
    Complete,
    /// It has failed, and all its Pods have ended. Final.
    Failed,
    /// It will be `Complete` when its Pods have ended.
    SuccessCriteriaMet,
    /// It will be `Failed` when its Pods have ended.
    FailureTarget,
    /// It is suspended.
    Suspended,
}

impl ObservedJob {
    /// What matters of a Job; `None` where it is none of keruta's (see [`Attempt::of_job`]), or has no name or uid.
    #[must_use]
    pub fn of(job: &Job) -> Option<Self> {
        let metadata = &job.metadata;
        let spec = job.spec.as_ref();
        let status = job.status.as_ref();
        let annotation = |name: &str| metadata.annotations.as_ref()?.get(name).map(String::as_str);
        let count = |number: Option<i32>| number.map_or(0, |number| u32::try_from(number).unwrap_or(0));
        let volumes = spec.and_then(|spec| spec.template.spec.as_ref()?.volumes.as_deref()).unwrap_or_default();
        let mut malformed = Vec::new();
        Some(Self {
            attempt: Attempt::of_job(job)?,
            name: metadata.name.as_deref()?.into(),
            uid: metadata.uid.as_deref()?.into(),
            resource_version: metadata.resource_version.as_deref().unwrap_or_default().into(),
            created_at: metadata.creation_timestamp.as_ref().map(|at| at.0),
            started_at: status.and_then(|status| status.start_time.as_ref()).map(|at| at.0),
            completed_at: status.and_then(|status| status.completion_time.as_ref()).map(|at| at.0),
            deletion_at: metadata.deletion_timestamp.as_ref().map(|at| at.0),
            suspended: spec.and_then(|spec| spec.suspend).unwrap_or(false),
            queued: metadata.labels.as_ref().is_some_and(|labels| labels.contains_key(QUEUE_LABEL)),
            active: count(status.and_then(|status| status.active)),
            succeeded: count(status.and_then(|status| status.succeeded)),
            failed: count(status.and_then(|status| status.failed)),
            uncounted: status.and_then(|status| status.uncounted_terminated_pods.as_ref()).map_or(0, |uncounted| {
                let pods = [&uncounted.failed, &uncounted.succeeded].map(|pods| pods.as_ref().map_or(0, Vec::len));
                u32::try_from(pods.iter().sum::<usize>()).unwrap_or(u32::MAX)
            }),
            // 6 is what the API server fills in.
            backoff_limit: spec.and_then(|spec| spec.backoff_limit).map_or(6, |limit| count(Some(limit))),
            active_deadline_seconds: spec
                .and_then(|spec| spec.active_deadline_seconds)
                .and_then(|seconds| u32::try_from(seconds).ok()),
            conditions: status.and_then(|status| status.conditions.as_deref()).map(conditions).unwrap_or_default(),
            claims: volumes
                .iter()
                .filter_map(|volume| Some(volume.persistent_volume_claim.as_ref()?.claim_name.as_str().into()))
                .collect(),
            verdict: annotations::read(VERDICT, annotation(VERDICT), &mut malformed),
            stop: annotations::read(STOP, annotation(STOP), &mut malformed),
            first_seen: annotations::read(FIRST_SEEN, annotation(FIRST_SEEN), &mut malformed).unwrap_or_default(),
            malformed: malformed.into(),
        })
    }

    /// This condition, where it is true.
    #[must_use]
    pub fn condition(&self, kind: JobConditionKind) -> Option<&JobCondition> {
        self.conditions.iter().find(|condition| condition.kind == kind)
    }

    /// Whether its controller has done with it: `Complete` or `Failed`.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.conditions
            .iter()
            .any(|condition| matches!(condition.kind, JobConditionKind::Complete | JobConditionKind::Failed))
    }
}

fn conditions(conditions: &[Condition]) -> Box<[JobCondition]> {
    let condense = |condition: &Condition| {
        let kind = match condition.type_.as_str() {
            "Complete" => JobConditionKind::Complete,
            "Failed" => JobConditionKind::Failed,
            "SuccessCriteriaMet" => JobConditionKind::SuccessCriteriaMet,
            "FailureTarget" => JobConditionKind::FailureTarget,
            "Suspended" => JobConditionKind::Suspended,
            _ => return None,
        };
        (condition.status == "True").then(|| JobCondition {
            kind,
            reason: text(condition.reason.as_deref()),
            message: head(condition.message.as_deref(), MESSAGE),
            at: condition.last_transition_time.as_ref().map(|at| at.0),
        })
    };
    conditions.iter().filter_map(condense).collect()
}
