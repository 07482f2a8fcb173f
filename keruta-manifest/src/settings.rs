//! Settings: what a task leaves open.
//!
//! Every field has a default, so that `{}` is a complete document. Where they come from (files, environment,
//! flags, a database) is the caller's affair.

mod agent;
mod images;
mod job;
mod pod;
mod resources;
mod security;
mod workspace;

pub use agent::{AgentInjection, AgentLogSource, AgentSettings};
pub use images::ImageSettings;
pub use job::{GraceSettings, JobSettings};
pub use pod::PodSettings;
pub use resources::ResourceSettings;
pub use security::{SecurityProfile, SecuritySettings};
pub use workspace::{GitSettings, WorkspaceDefault, WorkspaceSettings};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::patch::PodPatch;
use crate::task::{Ignored, SecretKey};
use crate::value::{ConfigKey, DnsLabel, DnsSubdomain, Duration, HttpUrl, ImageReference, LabelValue, Text};

/// Everything that a task may leave open.
///
/// ```
/// use keruta_manifest::Settings;
///
/// let settings = Settings::from_json(r#"{"defaultImage": "ghcr.io/acme/agent:1.4"}"#).unwrap();
/// assert_eq!(settings.job.backoff_limit, 4);
/// assert_eq!(settings.workspace.mount_path.as_str(), "/work");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(title = "keruta settings")]
#[non_exhaustive]
pub struct Settings {
    /// Whether tasks are run on Kubernetes at all; rendering does not ask.
    pub enabled: bool,
    /// The kubeconfig that a submitter uses outside of a cluster.
    pub config_path: Option<Text>,
    /// Whether a submitter runs inside the cluster that it submits to.
    pub in_cluster: bool,
    /// The namespace of tasks that name none; absent leaves it to kubectl's context.
    pub default_namespace: Option<DnsLabel>,
    /// The image of tasks that name none.
    pub default_image: Option<ImageReference>,
    /// The namespace in which keruta itself runs.
    pub processor_namespace: Option<DnsLabel>,

    /// What is built: keruta's own Job, or the one of the first (Kotlin) generator.
    pub preset: Preset,
    /// How names are made from task ids.
    pub names: NamePolicy,

    /// The keruta API as a Pod reaches it.
    pub api_url: HttpUrl,
    /// The Secret with the API's token; null gives the task none. Optional by default, so that tasks start where there is no API.
    pub api_token_secret: Option<SecretKey>,
    /// A ConfigMap with the keys `repositoryId` and `documentId`; without it they are literals.
    pub task_metadata_config_map: Option<DnsSubdomain>,

    /// Whether the setup step runs where a task has a repository or ids at the API. Default: yes.
    pub setup: bool,

    /// The agent in the main container.
    pub agent: AgentSettings,
    /// The workspace's defaults.
    pub workspace: WorkspaceSettings,
    /// How repositories are reached.
    pub git: GitSettings,
    /// Images of keruta's own steps.
    pub images: ImageSettings,
    /// Requests and limits.
    pub resources: ResourceSettings,
    /// The security profile.
    pub security: SecuritySettings,
    /// The Job's limits.
    pub job: JobSettings,
    /// Defaults of the Pod.
    pub pod: PodSettings,
    /// The Kueue LocalQueue of tasks that name none.
    pub queue: Option<LabelValue>,
    /// A change to every Pod template, applied before the task's own.
    pub pod_patch: Option<PodPatch>,

    /// How long a state that may heal is watched before the task has failed.
    pub grace: GraceSettings,
    /// How long logs are kept. Default: 30 days.
    pub log_retention: Duration,

    /// The JSON Schema that an editor checks the file with; unused.
    #[serde(rename = "$schema", skip_serializing)]
    pub schema: Ignored,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            enabled: true,
            config_path: None,
            in_cluster: false,
            default_namespace: None,
            default_image: None,
            processor_namespace: None,
            preset: Preset::default(),
            names: NamePolicy::default(),
            api_url: HttpUrl::constant("http://keruta-api.keruta.svc.cluster.local"),
            api_token_secret: Some(SecretKey {
                name: DnsSubdomain::constant("keruta-api-token"),
                key: ConfigKey::constant("token"),
                optional: Some(true),
            }),
            task_metadata_config_map: None,
            setup: true,
            agent: AgentSettings::default(),
            workspace: WorkspaceSettings::default(),
            git: GitSettings::default(),
            images: ImageSettings::default(),
            resources: ResourceSettings::default(),
            security: SecuritySettings::default(),
            job: JobSettings::default(),
            pod: PodSettings::default(),
            queue: None,
            pod_patch: None,
            grace: GraceSettings::default(),
            log_retention: Duration::from_secs(30 * 24 * 3600),
            schema: Ignored,
        }
    }
}

impl Settings {
    /// Reads settings from JSON; what is absent has its default.
    ///
    /// # Errors
    ///
    /// Every problem of the text.
    pub fn from_json(text: &str) -> Result<Self, crate::problem::Problems> {
        crate::read::from_json(text).map_err(|partial| partial.problems)
    }
}

/// What is built from a task.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// keruta's own Job.
    #[default]
    Keruta,
    /// The claim and Job of the Kotlin function `generateJobWithPvcYaml`, object for object.
    Kotlin,
}

/// How names are made from task ids.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NamePolicy {
    /// The id itself is part of every name; an id that cannot be is an error.
    #[default]
    Strict,
    /// The id is rewritten (lower case, replaced characters, cut) and followed by a hash of the whole, so that every id
    /// has a valid name of its own.
    Hashed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid_and_read_back() {
        let text = serde_json::to_string(&Settings::default()).unwrap();
        assert_eq!(Settings::from_json(&text).unwrap(), Settings::default());
        assert_eq!(Settings::from_json("{}").unwrap(), Settings::default());
    }
}
