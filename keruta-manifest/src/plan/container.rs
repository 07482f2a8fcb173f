//! Containers of a Pod.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    ConfigMapEnvSource, ConfigMapKeySelector, Container, ContainerPort, EnvFromSource, EnvVar, EnvVarSource, Lifecycle,
    ObjectFieldSelector, Probe, ResourceFieldSelector, ResourceRequirements, SecretEnvSource, SecretKeySelector,
    SecurityContext, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as ApiQuantity;

use super::expansion::escape;
use super::volume::VolumePlan;
use crate::task::{Arg, EnvFrom, EnvSource, PortSpec, Resources};
use crate::value::{
    AbsolutePath, DnsLabel, EnvName, ImageReference, QualifiedName, Quantity, RelativePath, Text, UniqueMap,
};

/// A container that runs to its end: an init step, or the common part of any other container.
///
/// Texts arrive in the container as they are given: what Kubernetes would expand is escaped, except in
/// [`Arg::Expand`] and [`EnvSource::Expand`].
///
/// ```
/// use keruta_manifest::plan::ContainerPlan;
///
/// let container = ContainerPlan::new("main".parse()?, "python:3.12".parse()?).script(&"echo $HOME".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct ContainerPlan {
    /// Boxed: it is large, and each step of the building moves it.
    pub(super) container: Box<Container>,
    pub(super) volumes: Vec<VolumePlan>,
}

impl ContainerPlan {
    /// A container that runs the image's own entrypoint.
    pub fn new(name: DnsLabel, image: ImageReference) -> Self {
        let container = Container { name: name.into(), image: Some(image.into()), ..Container::default() };
        Self { container: Box::new(container), volumes: Vec::new() }
    }

    /// The entrypoint; the image's own where there is none.
    pub fn command<'a>(mut self, words: impl IntoIterator<Item = &'a Arg>) -> Self {
        self.container.command = words_of(words);
        self
    }

    /// The arguments of the entrypoint.
    pub fn args<'a>(mut self, words: impl IntoIterator<Item = &'a Arg>) -> Self {
        self.container.args = words_of(words);
        self
    }

    /// A shell script as the command; it ends at the first command that fails (`sh -e`).
    pub fn script(mut self, script: &Text) -> Self {
        let words = ["/bin/sh", "-ec", &escape(script.as_str())].map(str::to_owned);
        self.container.command = Some(words.to_vec());
        self.container.args = None;
        self
    }

    /// `/bin/sh -c SCRIPT NAME ARGUMENT…`: a script of this crate, which Kubernetes' expansion is known to leave
    /// alone, and arguments that it must.
    pub(super) fn shell_step(mut self, script: String, name: &'static str, args: &[String]) -> Self {
        self.container.command = Some(vec!["/bin/sh".to_owned(), "-c".to_owned(), script, name.to_owned()]);
        self.container.args = (!args.is_empty()).then(|| args.iter().map(|word| escape(word).into_owned()).collect());
        self
    }

    /// The directory in which it starts.
    pub fn working_dir(mut self, path: &AbsolutePath) -> Self {
        self.container.working_dir = Some(path.into());
        self
    }

    /// Adds an environment variable, after those that are there.
    pub fn env(mut self, name: &EnvName, source: &EnvSource) -> Self {
        self.push_env(env_var(name, source));
        self
    }

    /// Adds a variable whose name is this crate's own.
    pub(super) fn literal(mut self, name: impl Into<String>, value: &str) -> Self {
        let value = Some(escape(value).into_owned());
        self.push_env(EnvVar { name: name.into(), value, value_from: None });
        self
    }

    pub(super) fn sourced(mut self, name: &'static str, source: &EnvSource) -> Self {
        self.push_env(env_var(&EnvName::constant(name), source));
        self
    }

    fn push_env(&mut self, variable: EnvVar) {
        self.container.env.get_or_insert_default().push(variable);
    }

    /// Adds every key of a ConfigMap or Secret as a variable.
    pub fn env_from(mut self, source: &EnvFrom) -> Self {
        let text = |name: &EnvName| String::from(name);
        let from = match source {
            EnvFrom::Secret { name, prefix, optional } => EnvFromSource {
                prefix: prefix.as_ref().map(text),
                secret_ref: Some(SecretEnvSource { name: name.into(), optional: *optional }),
                config_map_ref: None,
            },
            EnvFrom::ConfigMap { name, prefix, optional } => EnvFromSource {
                prefix: prefix.as_ref().map(text),
                config_map_ref: Some(ConfigMapEnvSource { name: name.into(), optional: *optional }),
                secret_ref: None,
            },
        };
        self.container.env_from.get_or_insert_default().push(from);
        self
    }

    /// Requests and limits.
    pub fn resources(mut self, resources: &Resources) -> Self {
        let amounts = |map: &UniqueMap<QualifiedName, Quantity>| -> Option<BTreeMap<String, ApiQuantity>> {
            let amounts = map.iter().map(|(name, quantity)| (name.into(), ApiQuantity(quantity.into())));
            (!map.is_empty()).then(|| amounts.collect())
        };
        let (requests, limits) = (amounts(&resources.requests), amounts(&resources.limits));
        self.container.resources =
            (requests.is_some() || limits.is_some()).then_some(ResourceRequirements { requests, limits, claims: None });
        self
    }

    /// Mounts a volume.
    pub fn mount(self, volume: &VolumePlan, path: &AbsolutePath) -> Self {
        self.mount_part(volume, path, None, false)
    }

    /// Mounts a volume or a path of it, read-only if so wished.
    pub fn mount_part(
        mut self,
        volume: &VolumePlan,
        path: &AbsolutePath,
        sub_path: Option<&RelativePath>,
        read_only: bool,
    ) -> Self {
        self.container.volume_mounts.get_or_insert_default().push(VolumeMount {
            name: volume.name().to_owned(),
            mount_path: path.into(),
            sub_path: sub_path.map(Into::into),
            read_only: read_only.then_some(true),
            ..VolumeMount::default()
        });
        self.volumes.push(volume.clone());
        self
    }

    /// The last lines of the log become the termination message where the container writes none.
    pub(super) fn logs_as_termination_message(mut self) -> Self {
        self.container.termination_message_policy = Some("FallbackToLogsOnError".to_owned());
        self
    }

    pub(super) fn security(mut self, context: Option<SecurityContext>) -> Self {
        self.container.security_context = context;
        self
    }

    pub(super) fn name(&self) -> &str {
        &self.container.name
    }
}

/// A container that may be probed and have hooks: the main one or a sidecar.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct ProbedContainer(pub(super) ContainerPlan);

impl From<ContainerPlan> for ProbedContainer {
    fn from(container: ContainerPlan) -> Self {
        Self(container)
    }
}

impl ProbedContainer {
    /// Ports that it listens on.
    pub fn ports(mut self, ports: &[PortSpec]) -> Self {
        let port = |port: &PortSpec| ContainerPort {
            name: port.name.as_ref().map(Into::into),
            container_port: port.container_port.get().into(),
            ..ContainerPort::default()
        };
        self.0.container.ports = (!ports.is_empty()).then(|| ports.iter().map(port).collect());
        self
    }

    /// Until it succeeds, later containers wait.
    pub fn startup_probe(mut self, probe: Option<Probe>) -> Self {
        self.0.container.startup_probe = probe;
        self
    }

    /// Whether the container is ready.
    pub fn readiness_probe(mut self, probe: Option<Probe>) -> Self {
        self.0.container.readiness_probe = probe;
        self
    }

    /// The container is restarted where it fails.
    pub fn liveness_probe(mut self, probe: Option<Probe>) -> Self {
        self.0.container.liveness_probe = probe;
        self
    }

    /// Hooks after the start and before the end.
    pub fn lifecycle(mut self, lifecycle: Option<Lifecycle>) -> Self {
        self.0.container.lifecycle = lifecycle;
        self
    }
}

fn words_of<'a>(words: impl IntoIterator<Item = &'a Arg>) -> Option<Vec<String>> {
    let words: Vec<String> = words.into_iter().map(text_of).collect();
    (!words.is_empty()).then_some(words)
}

/// An argument as the manifest has it.
fn text_of(arg: &Arg) -> String {
    match arg {
        Arg::Literal(text) => escape(text.as_str()).into_owned(),
        Arg::Expand(text) => text.into(),
    }
}

fn env_var(name: &EnvName, source: &EnvSource) -> EnvVar {
    let from = |value_from: EnvVarSource| EnvVar { name: name.into(), value: None, value_from: Some(value_from) };
    match source {
        EnvSource::Literal(text) => {
            EnvVar { name: name.into(), value: Some(escape(text.as_str()).into_owned()), value_from: None }
        }
        EnvSource::Expand(text) => EnvVar { name: name.into(), value: Some(text.into()), value_from: None },
        EnvSource::Secret(secret) => from(EnvVarSource {
            secret_key_ref: Some(SecretKeySelector {
                name: (&secret.name).into(),
                key: (&secret.key).into(),
                optional: secret.optional,
            }),
            ..EnvVarSource::default()
        }),
        EnvSource::ConfigMap(map) => from(EnvVarSource {
            config_map_key_ref: Some(ConfigMapKeySelector {
                name: (&map.name).into(),
                key: (&map.key).into(),
                optional: map.optional,
            }),
            ..EnvVarSource::default()
        }),
        EnvSource::Field(path) => from(EnvVarSource {
            field_ref: Some(ObjectFieldSelector { field_path: path.into(), api_version: None }),
            ..EnvVarSource::default()
        }),
        EnvSource::Resource(resource) => from(EnvVarSource {
            resource_field_ref: Some(ResourceFieldSelector {
                resource: resource.into(),
                ..ResourceFieldSelector::default()
            }),
            ..EnvVarSource::default()
        }),
    }
}
