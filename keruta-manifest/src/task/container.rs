//! What all containers of a task have in common, and the sidecars.

use k8s_openapi::api::core::v1::{Lifecycle, Probe};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Arg, EnvMap, Typed, VolumeMount};
use crate::value::{
    AbsolutePath, DnsLabel, DnsSubdomain, EnvName, ImageReference, Port, QualifiedName, Quantity, Text, UniqueMap,
};

/// Every key of a ConfigMap or Secret as a variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub enum EnvFrom {
    /// All keys of a Secret.
    Secret {
        /// The Secret's name.
        name: DnsSubdomain,
        /// Put in front of each key.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        prefix: Option<EnvName>,
        /// Whether the container starts where it is not there. Default: no.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        optional: Option<bool>,
    },
    /// All keys of a ConfigMap.
    ConfigMap {
        /// The ConfigMap's name.
        name: DnsSubdomain,
        /// Put in front of each key.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        prefix: Option<EnvName>,
        /// Whether the container starts where it is not there. Default: no.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        optional: Option<bool>,
    },
}

/// Requests and limits of a container.
/// [Source](https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Resources {
    /// What the scheduler sets aside, by resource name: `cpu`, `memory`, `ephemeral-storage`, `example.com/gpu`.
    #[serde(default, skip_serializing_if = "UniqueMap::<QualifiedName, Quantity>::is_empty")]
    pub requests: UniqueMap<QualifiedName, Quantity>,
    /// What the container may not exceed.
    #[serde(default, skip_serializing_if = "UniqueMap::<QualifiedName, Quantity>::is_empty")]
    pub limits: UniqueMap<QualifiedName, Quantity>,
}

/// A port that a container listens on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PortSpec {
    /// The port's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<DnsLabel>,
    /// The port's number.
    pub container_port: Port,
}

/// A container that starts before the main one, runs beside it and is ended after it: an init container with
/// `restartPolicy: Always`.
/// [Source](https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sidecar {
    /// The container's name.
    pub name: DnsLabel,
    /// Its image.
    pub image: ImageReference,
    /// Its entrypoint; the image's own where absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<Arg>,
    /// Its arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<Arg>,
    /// A shell script instead of `command` and `args`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<Text>,
    /// Its working directory. Default: the workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_dir: Option<AbsolutePath>,
    /// Its environment.
    #[serde(default, skip_serializing_if = "EnvMap::is_empty")]
    pub env: EnvMap,
    /// ConfigMaps and Secrets whose every key becomes a variable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env_from: Vec<EnvFrom>,
    /// Ports that it listens on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<PortSpec>,
    /// Its requests and limits. Default: those of the settings' init steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// Volumes of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<VolumeMount>,
    /// Until it succeeds, the main container waits (core/v1 Probe).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub startup_probe: Option<Typed<Probe>>,
    /// Whether it is ready (core/v1 Probe).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readiness_probe: Option<Typed<Probe>>,
    /// Restarted where it fails (core/v1 Probe).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub liveness_probe: Option<Typed<Probe>>,
    /// Hooks (core/v1 Lifecycle).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle: Option<Typed<Lifecycle>>,
}
