//! The agent in the main container.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value::ImageReference;

/// The agent in the main container: whether the task's command runs under it, and what it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct AgentSettings {
    /// How the agent comes into the main container, whatever its image. Default: not at all.
    pub inject: AgentInjection,
    /// The image that has the agent as `/keruta-agent`.
    pub image: ImageReference,
    /// Where the task's log in the API comes from. Default: from the container's log, which the submitter reads. Of a task whose agent
    /// sends it the submitter reads that container's log only where the agent has sent nothing, or could not say how it ended.
    pub log_source: AgentLogSource,
}

/// How the agent comes into the main container.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AgentInjection {
    /// Not at all: the task's command is the container's first process.
    #[default]
    None,
    /// An init container copies it into a volume of the Pod.
    Copy,
    /// Its image is mounted as a volume (Kubernetes 1.35, or the feature gate `ImageVolume`): nothing is copied.
    ImageVolume,
}

/// Where the task's log in the API comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AgentLogSource {
    /// From the container's log, which the submitter reads.
    #[default]
    Cluster,
    /// From the agent, which tells standard output and error apart.
    Agent,
}

impl Default for AgentSettings {
    fn default() -> Self {
        Self {
            inject: AgentInjection::default(),
            image: ImageReference::constant("ghcr.io/keruta/keruta-agent:0.1.0"),
            log_source: AgentLogSource::default(),
        }
    }
}
