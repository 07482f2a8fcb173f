//! A Pod template as the checks see it: ordinary, init and ephemeral containers through one view.

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{
    ContainerPort, EnvFromSource, EnvVar, Lifecycle, PodSpec, Probe, ResourceRequirements, SecurityContext,
    VolumeDevice, VolumeMount,
};

use crate::object::Object;

/// Which list of the Pod a container stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    Init,
    Main,
    Ephemeral,
}

impl List {
    const fn field(self) -> &'static str {
        match self {
            Self::Init => "initContainers",
            Self::Main => "containers",
            Self::Ephemeral => "ephemeralContainers",
        }
    }
}

/// A container of any list, by reference.
#[derive(Clone, Copy)]
pub(super) struct ContainerView<'a> {
    pub(super) list: List,
    pub(super) index: usize,
    base: &'a str,
    pub(super) name: &'a str,
    pub(super) image: Option<&'a str>,
    pub(super) image_pull_policy: Option<&'a str>,
    pub(super) command: &'a [String],
    pub(super) args: &'a [String],
    pub(super) env: &'a [EnvVar],
    pub(super) env_from: &'a [EnvFromSource],
    pub(super) lifecycle: Option<&'a Lifecycle>,
    pub(super) liveness_probe: Option<&'a Probe>,
    pub(super) readiness_probe: Option<&'a Probe>,
    pub(super) startup_probe: Option<&'a Probe>,
    pub(super) ports: &'a [ContainerPort],
    pub(super) resources: Option<&'a ResourceRequirements>,
    pub(super) restart_policy: Option<&'a str>,
    pub(super) security_context: Option<&'a SecurityContext>,
    pub(super) termination_message_policy: Option<&'a str>,
    pub(super) volume_devices: &'a [VolumeDevice],
    pub(super) volume_mounts: &'a [VolumeMount],
}

impl ContainerView<'_> {
    /// The pointer to a place below the container; `below` begins with a slash or is empty.
    pub(super) fn at(&self, below: &str) -> String {
        format!("{}/spec/{}/{}{below}", self.base, self.list.field(), self.index)
    }

    /// A native sidecar: an init container that keeps running beside the main one.
    pub(super) fn is_sidecar(&self) -> bool {
        self.list == List::Init && self.restart_policy == Some("Always")
    }

    /// The three probes with their field names.
    pub(super) fn probes(&self) -> [(&'static str, Option<&Probe>); 3] {
        [
            ("livenessProbe", self.liveness_probe),
            ("readinessProbe", self.readiness_probe),
            ("startupProbe", self.startup_probe),
        ]
    }
}

macro_rules! view {
    ($container:expr, $base:expr, $list:expr, $index:expr) => {{
        let container = $container;
        ContainerView {
            list: $list,
            index: $index,
            base: $base,
            name: &container.name,
            image: container.image.as_deref(),
            image_pull_policy: container.image_pull_policy.as_deref(),
            command: container.command.as_deref().unwrap_or_default(),
            args: container.args.as_deref().unwrap_or_default(),
            env: container.env.as_deref().unwrap_or_default(),
            env_from: container.env_from.as_deref().unwrap_or_default(),
            lifecycle: container.lifecycle.as_ref(),
            liveness_probe: container.liveness_probe.as_ref(),
            readiness_probe: container.readiness_probe.as_ref(),
            startup_probe: container.startup_probe.as_ref(),
            ports: container.ports.as_deref().unwrap_or_default(),
            resources: container.resources.as_ref(),
            restart_policy: container.restart_policy.as_deref(),
            security_context: container.security_context.as_ref(),
            termination_message_policy: container.termination_message_policy.as_deref(),
            volume_devices: container.volume_devices.as_deref().unwrap_or_default(),
            volume_mounts: container.volume_mounts.as_deref().unwrap_or_default(),
        }
    }};
}

/// A Pod template by reference: its spec, its metadata and the pointer to it.
#[derive(Clone, Copy)]
pub(super) struct PodView<'a> {
    base: &'a str,
    pub(super) annotations: Option<&'a BTreeMap<String, String>>,
    pub(super) labels: Option<&'a BTreeMap<String, String>>,
    pub(super) spec: &'a PodSpec,
}

impl<'a> PodView<'a> {
    pub(super) const fn new(
        base: &'a str,
        annotations: Option<&'a BTreeMap<String, String>>,
        spec: &'a PodSpec,
    ) -> Self {
        Self { base, annotations, labels: None, spec }
    }

    /// The Pod template of an object, if it has one.
    pub(super) fn of(object: &'a Object) -> Option<Self> {
        match object {
            Object::Job(job) => Self::of_job(job),
            _ => None,
        }
    }

    /// The Pod template of a Job, if it has a spec.
    pub(super) fn of_job(job: &'a Job) -> Option<Self> {
        let template = &job.spec.as_ref()?.template;
        let metadata = template.metadata.as_ref();
        Some(Self {
            base: "/spec/template",
            annotations: metadata.and_then(|m| m.annotations.as_ref()),
            labels: metadata.and_then(|m| m.labels.as_ref()),
            spec: template.spec.as_ref()?,
        })
    }

    /// The pointer to a place below the template; `below` begins with a slash or is empty.
    pub(super) fn at(&self, below: &str) -> String {
        format!("{}{below}", self.base)
    }

    /// Every container: init containers, then ordinary ones, then ephemeral ones.
    pub(super) fn containers(&self) -> impl Iterator<Item = ContainerView<'a>> + use<'a> {
        let Self { base, spec, .. } = *self;
        let init = spec.init_containers.as_deref().unwrap_or_default();
        let ephemeral = spec.ephemeral_containers.as_deref().unwrap_or_default();
        let init = init.iter().enumerate().map(move |(i, c)| view!(c, base, List::Init, i));
        let main = spec.containers.iter().enumerate().map(move |(i, c)| view!(c, base, List::Main, i));
        let ephemeral = ephemeral.iter().enumerate().map(move |(i, c)| view!(c, base, List::Ephemeral, i));
        init.chain(main).chain(ephemeral)
    }

    pub(super) fn is_windows(&self) -> bool {
        self.spec.os.as_ref().is_some_and(|os| os.name == "windows")
    }

    /// `hostUsers: false`: the Pod has a user namespace of its own.
    pub(super) fn in_user_namespace(&self) -> bool {
        self.spec.host_users == Some(false)
    }
}
