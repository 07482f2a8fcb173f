//! A Pod, condensed.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Container, ContainerStatus, Pod, PodCondition};

use keruta_manifest::well_known::AGENT_LOG;

use super::annotations::EVIDENCE_FINALIZER;
use super::condense::{MESSAGE, head, text};
use super::container::ObservedContainer;
use super::deletion;
use crate::secrets::SecretRef;

/// What is seen of a Pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedPod {
    /// The uid of the Job that owns it: by this, and not by name or label, a Pod belongs to its Job.
    pub job_uid: Box<str>,
    /// The name of that Job: by this a Pod belongs to its attempt, also where the Job is gone and another has its name.
    pub job: Box<str>,
    /// Its name.
    pub name: Box<str>,
    /// Its uid.
    pub uid: Box<str>,
    /// Its version, by which of two states of it the newer is told.
    pub resource_version: Box<str>,
    /// The node that it was given.
    pub node: Option<Box<str>>,
    /// Its phase. It becomes final when the last container has ended, also for a Pod that is being deleted.
    pub phase: PodPhase,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// When it is to be gone, where somebody asked for its deletion: that time plus the time that its containers are given to
    /// end. Once they have ended, the kubelet sets it anew.
    pub deletion_at: Option<Timestamp>,
    /// Whether its deletion was asked for before its containers had ended, so that their end is not their own.
    pub cut_short: bool,
    /// `status.reason`: `Evicted`, `NodeLost`, `UnexpectedAdmissionError`, `OutOfcpu`, `NodeShutdown`, `Terminated`…
    pub reason: Option<Box<str>>,
    /// `status.message`.
    pub message: Option<Box<str>>,
    /// Whether it has the finalizer [`EVIDENCE_FINALIZER`], which keeps its end visible.
    pub has_evidence_finalizer: bool,
    /// The container whose log its agent sends: the annotation [`AGENT_LOG`].
    pub agent_log: Option<Box<str>>,
    /// Why it has no node, where the scheduler says so.
    pub unscheduled: Option<Box<ScheduleProblem>>,
    /// The reason of its condition `DisruptionTarget`, such as `EvictionByEvictionAPI`: it was disrupted, whatever its
    /// containers' exit codes.
    /// [Source](https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions).
    pub disruption: Option<Box<str>>,
    /// What that condition says.
    pub disruption_message: Option<Box<str>>,
    /// What of Secrets reaches its containers, where a follower reads it to redact it; else empty.
    pub secrets: Box<[SecretRef]>,
    /// Whether its containers' termination messages were left out: they may quote Secrets that were not read.
    pub withheld: bool,
    /// Its init containers, sidecars among them, in the order of their start.
    pub init: Box<[ObservedContainer]>,
    /// Its main containers, in order.
    pub containers: Box<[ObservedContainer]>,
}

/// A Pod's phase.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum PodPhase {
    /// A container has not started yet.
    #[default]
    Pending,
    /// It runs.
    Running,
    /// All main containers have ended with 0.
    Succeeded,
    /// One has not, or the Pod was put out.
    Failed,
    /// Its node does not answer.
    Unknown,
}

impl PodPhase {
    /// Whether nothing comes after it.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }
}

/// Why a Pod has no node: its condition `PodScheduled` is False.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleProblem {
    /// `Unschedulable`, `SchedulingGated`, `SchedulerError`.
    pub reason: Option<Box<str>>,
    /// What the scheduler says.
    pub message: Option<Box<str>>,
    /// Since when.
    pub since: Option<Timestamp>,
}

impl ObservedPod {
    /// What matters of a Pod; `None` where no Job owns it, or it has no name or uid.
    #[must_use]
    pub fn of(pod: &Pod) -> Option<Self> {
        let metadata = &pod.metadata;
        let owner = metadata.owner_references.iter().flatten().find(|owner| {
            owner.kind == "Job" && owner.api_version.starts_with("batch/") && owner.controller.unwrap_or(false)
        })?;
        let spec = pod.spec.as_ref();
        let status = pod.status.as_ref();
        let condition = |kind: &str, value: &str| -> Option<&PodCondition> {
            let conditions = status?.conditions.as_deref().unwrap_or_default();
            conditions.iter().find(|condition| condition.type_ == kind && condition.status == value)
        };
        let disruption = condition("DisruptionTarget", "True");
        let mut observed = Self {
            job_uid: owner.uid.as_str().into(),
            job: owner.name.as_str().into(),
            name: metadata.name.as_deref()?.into(),
            uid: metadata.uid.as_deref()?.into(),
            resource_version: metadata.resource_version.as_deref().unwrap_or_default().into(),
            node: text(spec.and_then(|spec| spec.node_name.as_deref())),
            phase: phase(status.and_then(|status| status.phase.as_deref())),
            created_at: metadata.creation_timestamp.as_ref().map(|at| at.0),
            deletion_at: metadata.deletion_timestamp.as_ref().map(|at| at.0),
            cut_short: false,
            reason: text(status.and_then(|status| status.reason.as_deref())),
            message: head(status.and_then(|status| status.message.as_deref()), MESSAGE),
            has_evidence_finalizer: metadata.finalizers.iter().flatten().any(|name| name == EVIDENCE_FINALIZER),
            agent_log: text(metadata.annotations.as_ref().and_then(|all| all.get(AGENT_LOG)).map(String::as_str)),
            unscheduled: condition("PodScheduled", "False").map(|condition| {
                Box::new(ScheduleProblem {
                    reason: text(condition.reason.as_deref()),
                    message: head(condition.message.as_deref(), MESSAGE),
                    since: condition.last_transition_time.as_ref().map(|at| at.0),
                })
            }),
            disruption: disruption.map(|condition| condition.reason.as_deref().unwrap_or_default().into()),
            disruption_message: head(disruption.and_then(|condition| condition.message.as_deref()), MESSAGE),
            secrets: Box::default(),
            withheld: false,
            init: containers(
                spec.and_then(|spec| spec.init_containers.as_deref()),
                status.and_then(|status| status.init_container_statuses.as_deref()),
                true,
            ),
            containers: containers(
                spec.map(|spec| spec.containers.as_slice()),
                status.and_then(|status| status.container_statuses.as_deref()),
                false,
            ),
        };
        observed.cut_short = deletion::cut_short(pod, &observed);
        Some(observed)
    }

    /// This Pod, with what was known of it before: how it ended is not changed by a deletion that comes later.
    ///
    /// Kubernetes before 1.34 does not tell the two apart in the Pod itself, so a watch should pass the last known state.
    #[must_use]
    pub fn after(mut self, previous: &Self) -> Self {
        if self.uid == previous.uid && (previous.phase.is_final() || previous.cut_short) {
            self.cut_short = previous.cut_short;
        }
        self
    }

    /// What the agent says of the end of a main container, where it had one.
    #[must_use]
    pub fn receipt(&self) -> Option<&keruta_api::Receipt> {
        self.containers.iter().find_map(|container| container.termination()?.receipt.as_deref())
    }

    /// All its containers: init containers in order, then the main ones.
    pub fn all_containers(&self) -> impl Iterator<Item = &ObservedContainer> {
        self.init.iter().chain(&self.containers)
    }
}

fn phase(name: Option<&str>) -> PodPhase {
    match name {
        Some("Running") => PodPhase::Running,
        Some("Succeeded") => PodPhase::Succeeded,
        Some("Failed") => PodPhase::Failed,
        Some("Unknown") => PodPhase::Unknown,
        _ => PodPhase::Pending,
    }
}

fn containers(
    specified: Option<&[Container]>,
    statuses: Option<&[ContainerStatus]>,
    init: bool,
) -> Box<[ObservedContainer]> {
    let statuses = statuses.unwrap_or_default();
    let status = |name: &str| statuses.iter().find(|status| status.name == name);
    let specified = specified.unwrap_or_default();
    specified.iter().map(|container| ObservedContainer::new(container, status(&container.name), init)).collect()
}
