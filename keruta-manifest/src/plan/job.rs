//! The Job of a task.

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::{
    Job, JobSpec, PodFailurePolicy, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyOnPodConditionsPattern,
    PodFailurePolicyRule,
};
use k8s_openapi::api::core::v1::{
    Affinity, Container, LocalObjectReference, PodSecurityContext, PodSpec, PodTemplateSpec, Toleration, Volume,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::container::{ContainerPlan, ProbedContainer};
use super::names::JobName;
use super::volume::VolumePlan;
use crate::problem::{FieldPath, Problem, Problems, Rule};
use crate::value::{DnsLabel, DnsSubdomain, Duration, LabelValue, QualifiedName};

/// A Job that Kubernetes accepts: one Pod, `restartPolicy: Never`.
///
/// ```
/// use keruta_manifest::plan::{ContainerPlan, JobPlan, VolumePlan};
///
/// let work = VolumePlan::claim(&"work".parse()?, &"git-repo-pvc-1".parse()?);
/// let main = ContainerPlan::new("main".parse()?, "python:3.12".parse()?).mount(&work, &"/work".parse()?);
/// let job = JobPlan::builder("keruta-job-1".parse()?, main).backoff_limit(4).build()?.into_job();
/// assert_eq!(job.spec.unwrap().template.spec.unwrap().volumes.unwrap()[0].name, "work");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct JobPlan(Job);

impl JobPlan {
    /// Starts a plan with the Job's name and its main container.
    pub fn builder(name: JobName, main: impl Into<ProbedContainer>) -> JobPlanBuilder {
        let mut pod = PodSpec { restart_policy: Some("Never".to_owned()), ..PodSpec::default() };
        let ProbedContainer(ContainerPlan { container, volumes }) = main.into();
        pod.containers.push(*container);
        JobPlanBuilder(Box::new(Parts {
            metadata: ObjectMeta { name: Some(name.into()), ..ObjectMeta::default() },
            spec: JobSpec::default(),
            pod_metadata: ObjectMeta::default(),
            pod,
            main_volumes: volumes,
            volumes: Vec::new(),
        }))
    }

    /// The Kubernetes object.
    #[must_use]
    pub fn into_job(self) -> Job {
        self.0
    }
}

/// A [`JobPlan`] in the making.
#[derive(Debug, Clone)]
#[must_use]
pub struct JobPlanBuilder(Box<Parts>);

/// Boxed, because a Pod has a field for everything that Kubernetes knows, and each step of the building moves it.
#[derive(Debug, Clone)]
struct Parts {
    metadata: ObjectMeta,
    spec: JobSpec,
    pod_metadata: ObjectMeta,
    pod: PodSpec,
    main_volumes: Vec<VolumePlan>,
    volumes: Vec<VolumePlan>,
}

impl JobPlanBuilder {
    /// The namespace; kubectl's context decides where absent.
    pub fn namespace(mut self, namespace: Option<DnsLabel>) -> Self {
        self.0.metadata.namespace = namespace.map(Into::into);
        self
    }

    /// Adds a label to the Job and its Pod.
    pub fn label(mut self, key: QualifiedName, value: LabelValue) -> Self {
        let (key, value) = (String::from(key), String::from(value));
        self.0.metadata.labels.get_or_insert_default().insert(key.clone(), value.clone());
        self.0.pod_metadata.labels.get_or_insert_default().insert(key, value);
        self
    }

    /// Adds a label to the Job alone.
    pub fn job_label(mut self, key: QualifiedName, value: LabelValue) -> Self {
        self.0.metadata.labels.get_or_insert_default().insert(key.into(), value.into());
        self
    }

    /// Adds a label to the Pod alone.
    pub fn pod_label(mut self, key: QualifiedName, value: LabelValue) -> Self {
        self.0.pod_metadata.labels.get_or_insert_default().insert(key.into(), value.into());
        self
    }

    /// Adds an annotation to the Job.
    pub fn annotation(mut self, key: QualifiedName, value: impl Into<String>) -> Self {
        self.0.metadata.annotations.get_or_insert_default().insert(key.into(), value.into());
        self
    }

    /// Adds an annotation to the Pod.
    pub fn pod_annotation(mut self, key: QualifiedName, value: impl Into<String>) -> Self {
        self.0.pod_metadata.annotations.get_or_insert_default().insert(key.into(), value.into());
        self
    }

    /// How often a failed Pod is tried again.
    pub fn backoff_limit(mut self, limit: u32) -> Self {
        self.0.spec.backoff_limit = Some(i32::try_from(limit).unwrap_or(i32::MAX));
        self
    }

    /// How long the Job may take in all, retries included.
    pub fn active_deadline(mut self, deadline: Option<Duration>) -> Self {
        self.0.spec.active_deadline_seconds = deadline.map(|deadline| deadline.as_secs().into());
        self
    }

    /// How long the finished Job stays.
    pub fn ttl_after_finished(mut self, ttl: Option<Duration>) -> Self {
        self.0.spec.ttl_seconds_after_finished = ttl.map(|ttl| i32::try_from(ttl.as_secs()).unwrap_or(i32::MAX));
        self
    }

    /// Disruptions do not count as failures. [Source](https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy).
    pub fn ignore_disruptions(self) -> Self {
        self.failure_rule(PodFailurePolicyRule {
            action: "Ignore".to_owned(),
            on_pod_conditions: Some(vec![PodFailurePolicyOnPodConditionsPattern {
                type_: "DisruptionTarget".to_owned(),
                // Written out: what the API server would fill in anyway keeps `diff` quiet. Required by older types.
                status: "True".to_owned().into(),
            }]),
            on_exit_codes: None,
        })
    }

    /// One of these exit codes of a container ends the Job at once.
    pub fn fail_on_exit_codes(self, container: &str, codes: &[i32]) -> Self {
        self.failure_rule(PodFailurePolicyRule {
            action: "FailJob".to_owned(),
            on_exit_codes: Some(PodFailurePolicyOnExitCodesRequirement {
                container_name: Some(container.to_owned()),
                operator: "In".to_owned(),
                values: codes.to_vec(),
            }),
            on_pod_conditions: None,
        })
    }

    fn failure_rule(mut self, rule: PodFailurePolicyRule) -> Self {
        self.0.spec.pod_failure_policy.get_or_insert_with(|| PodFailurePolicy { rules: Vec::new() }).rules.push(rule);
        self
    }

    /// Adds an init container, after those that are there.
    pub fn init(mut self, ContainerPlan { container, volumes }: ContainerPlan) -> Self {
        self.0.pod.init_containers.get_or_insert_default().push(*container);
        self.0.volumes.extend(volumes);
        self
    }

    /// Adds a sidecar: an init container with `restartPolicy: Always`.
    pub fn sidecar(mut self, ProbedContainer(plan): ProbedContainer) -> Self {
        let container = Container { restart_policy: Some("Always".to_owned()), ..*plan.container };
        self.0.pod.init_containers.get_or_insert_default().push(container);
        self.0.volumes.extend(plan.volumes);
        self
    }

    /// Whether the Pod gets its ServiceAccount's token.
    pub const fn automount_service_account_token(mut self, automount: bool) -> Self {
        self.0.pod.automount_service_account_token = Some(automount);
        self
    }

    /// The ServiceAccount that the Pod runs as.
    pub fn service_account(mut self, name: Option<DnsSubdomain>) -> Self {
        self.0.pod.service_account_name = name.map(Into::into);
        self
    }

    /// Secrets with registry credentials.
    pub fn image_pull_secrets(mut self, names: &[DnsSubdomain]) -> Self {
        let reference = |name: &DnsSubdomain| LocalObjectReference { name: name.into() };
        self.0.pod.image_pull_secrets = (!names.is_empty()).then(|| names.iter().map(reference).collect());
        self
    }

    /// The Pod's PriorityClass.
    pub fn priority_class(mut self, name: Option<DnsSubdomain>) -> Self {
        self.0.pod.priority_class_name = name.map(Into::into);
        self
    }

    /// The Pod's RuntimeClass.
    pub fn runtime_class(mut self, name: Option<DnsSubdomain>) -> Self {
        self.0.pod.runtime_class_name = name.map(Into::into);
        self
    }

    /// Labels that the Pod's node must have.
    pub fn node_selector(mut self, labels: BTreeMap<String, String>) -> Self {
        self.0.pod.node_selector = (!labels.is_empty()).then_some(labels);
        self
    }

    /// Taints that the Pod tolerates.
    pub fn tolerations(mut self, tolerations: Vec<Toleration>) -> Self {
        self.0.pod.tolerations = (!tolerations.is_empty()).then_some(tolerations);
        self
    }

    /// Where the Pod may run.
    pub fn affinity(mut self, affinity: Option<Affinity>) -> Self {
        self.0.pod.affinity = affinity;
        self
    }

    /// How long the Pod has to end after it was told to.
    pub fn termination_grace_period(mut self, period: Option<Duration>) -> Self {
        self.0.pod.termination_grace_period_seconds = period.map(|period| period.as_secs().into());
        self
    }

    pub(super) fn pod_security(mut self, context: Option<PodSecurityContext>) -> Self {
        self.0.pod.security_context = context;
        self
    }

    /// The finished plan.
    ///
    /// # Errors
    ///
    /// A container, variable, mount path or volume name that is there twice (the same volume twice is one volume).
    pub fn build(self) -> Result<JobPlan, Problems> {
        let Parts { metadata, mut spec, pod_metadata, mut pod, main_volumes, volumes } = *self.0;
        let mut problems = Vec::new();
        unique_containers(&pod, &mut problems);
        let volumes = joined_volumes(volumes.into_iter().chain(main_volumes), &mut problems);
        pod.volumes = (!volumes.is_empty()).then_some(volumes);
        Problems::none_of(problems)?;
        let pod_metadata = (pod_metadata != ObjectMeta::default()).then_some(pod_metadata);
        spec.template = PodTemplateSpec { metadata: pod_metadata, spec: Some(pod) };
        Ok(JobPlan(Job { metadata, spec: Some(spec), status: None }))
    }
}

/// Looks for what is there twice in the containers of a Pod.
fn unique_containers(pod: &PodSpec, problems: &mut Vec<Problem>) {
    let mut twice = |what: String| {
        let cure = "give each a name of its own";
        problems.push(Problem::custom(FieldPath::root(), Rule::Unique, what, cure));
    };
    let containers = || pod.init_containers.iter().flatten().chain(&pod.containers);
    for name in repeated(containers().map(|container| container.name.as_str())) {
        twice(format!("two containers have the name {name:?}"));
    }
    for container in containers() {
        for name in repeated(container.env.iter().flatten().map(|variable| variable.name.as_str())) {
            twice(format!("the container {:?} has the variable {name} twice", container.name));
        }
        for path in repeated(container.volume_mounts.iter().flatten().map(|mount| mount.mount_path.as_str())) {
            twice(format!("the container {:?} has two mounts at {path}", container.name));
        }
    }
}

/// The names that stand there more than once, each once.
fn repeated<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    let mut repeated: Vec<&str> =
        names.windows(2).filter_map(|pair| if let &[a, b] = pair { (a == b).then_some(a) } else { None }).collect();
    repeated.dedup();
    repeated
}

/// The volumes of all mounts, each once, in the order of their first mount.
fn joined_volumes(volumes: impl Iterator<Item = VolumePlan>, problems: &mut Vec<Problem>) -> Vec<Volume> {
    let mut joined: Vec<VolumePlan> = Vec::new();
    for volume in volumes {
        match joined.iter().find(|known| known.name() == volume.name()) {
            None => joined.push(volume),
            Some(known) if *known == volume => {}
            Some(known) => problems.push(Problem::custom(
                FieldPath::root(),
                Rule::Unique,
                format!("two different volumes have the name {:?}", known.name()),
                "give each volume a name of its own",
            )),
        }
    }
    joined.into_iter().map(VolumePlan::into_volume).collect()
}
