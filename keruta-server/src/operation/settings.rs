//! The settings themselves.

use std::collections::BTreeMap;

use keruta_api::SecretReference;
use keruta_manifest::problem::{FieldPath, Problem, Problems, Rule};
use keruta_manifest::value::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::export::ExportOption;
use super::oidc::OidcSettings;
use crate::jobs::JobName;
use crate::store::logs::ExportTarget;

const HOUR: u32 = 3600;
const DAY: u32 = 24 * HOUR;

/// How the server itself works. Every field has a default, so that `{}` is a complete document.
///
/// ```
/// use keruta_server::operation::{ServerSettings, TaskTokenKind};
///
/// let settings: ServerSettings = serde_json::from_str(r#"{"logs": {"namespaces": {"team-a": "7d", "audit": null}}}"#).unwrap();
/// assert_eq!(settings.task_tokens.kind, TaskTokenKind::Attempt);
/// assert_eq!(settings.logs.namespaces["audit"], None, "for ever");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ServerSettings {
    /// The tokens by which tasks call the API.
    pub task_tokens: TaskTokenSettings,
    /// Background jobs that differ from their defaults.
    pub background_jobs: BTreeMap<JobName, JobSettings>,
    /// Logs: how long they are kept, and where they go.
    pub logs: LogSettings,
    /// What tasks hand in.
    pub artifacts: ArtifactSettings,
    /// The audit log.
    pub audit: AuditSettings,
    /// What is left in the cluster.
    pub cleanup: ClusterCleanupSettings,
    /// Signing in by an OpenID provider; absent by passwords alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oidc: Option<OidcSettings>,
}

/// The tokens by which tasks call the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TaskTokenSettings {
    /// Whose they are.
    pub kind: TaskTokenKind,
    /// How long a token lives at most; it dies with its attempt in any case. Default 30 days.
    pub lifetime: Duration,
}

/// Whose token a task has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TaskTokenKind {
    /// One of each attempt's own, which opens its task alone, in a Secret that the server makes and deletes.
    #[default]
    Attempt,
    /// That of the Secret which the settings name (`apiTokenSecret`), the same for all.
    Shared,
}

/// What is different with a background job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct JobSettings {
    /// Whether it runs by itself. It can be run by hand all the same.
    pub enabled: bool,
    /// How long after one run the next one begins; the job's default where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<Duration>,
}

/// Logs. How long those are kept of which nothing is said here is `logRetention` of the settings for Kubernetes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LogSettings {
    /// How long those of a namespace's tasks are kept; null for ever.
    pub namespaces: BTreeMap<String, Option<Duration>>,
    /// How long those of a task are kept; null for ever. It counts before its namespace's time.
    pub tasks: BTreeMap<String, Option<Duration>>,
    /// Full pieces of this age are compressed harder. Default 1 day.
    pub archive_after: Duration,
    /// Where logs are exported to; absent nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub export: Option<LogExportSettings>,
}

/// Where logs are exported to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogExportSettings {
    /// `s3://BUCKET/PREFIX`, `gs://…`, `az://…` or `file:///DIRECTORY`.
    pub url: String,
    /// What the place needs beside it, by the names of the object store: `aws_region`, `aws_secret_access_key`. What is
    /// secret is named by where it is found, `{"env": "AWS_SECRET_ACCESS_KEY"}` or `{"file": "aws-secret"}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, ExportOption>,
    /// Full pieces of this age. Default at once.
    #[serde(default = "at_once")]
    pub after: Duration,
    /// Whether only what was exported is deleted when its time is over. Default yes.
    #[serde(default = "yes")]
    pub before_deletion: bool,
}

/// What tasks hand in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ArtifactSettings {
    /// How many bytes one may have. Default 64 MiB.
    pub max_bytes: u64,
    /// How many bytes all of a task may have. Default 512 MiB.
    pub max_total_bytes: u64,
    /// How many a task may have. Default 200.
    pub max_count: u64,
    /// How long one is kept; null as long as its task. Default null.
    pub retention: Option<Duration>,
}

/// The audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AuditSettings {
    /// How long an entry is kept; null for ever. Default 1 year.
    pub retention: Option<Duration>,
}

/// What is left in the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ClusterCleanupSettings {
    /// How long a Job stays after its end; null as long as Kubernetes keeps it (`ttlSecondsAfterFinished`). Default null.
    pub jobs: Option<Duration>,
    /// How long a ConfigMap may be without its Job, and how long a Pod is kept for evidence that nobody wants. Default 1 h.
    pub orphans: Duration,
}

impl Default for TaskTokenSettings {
    fn default() -> Self {
        Self { kind: TaskTokenKind::default(), lifetime: Duration::from_secs(30 * DAY) }
    }
}

impl Default for JobSettings {
    fn default() -> Self {
        Self { enabled: true, every: None }
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        let (namespaces, tasks) = Default::default();
        Self { namespaces, tasks, archive_after: Duration::from_secs(DAY), export: None }
    }
}

impl Default for ArtifactSettings {
    fn default() -> Self {
        Self { max_bytes: 64 << 20, max_total_bytes: 512 << 20, max_count: 200, retention: None }
    }
}

impl Default for AuditSettings {
    fn default() -> Self {
        Self { retention: Some(Duration::from_secs(365 * DAY)) }
    }
}

impl Default for ClusterCleanupSettings {
    fn default() -> Self {
        Self { jobs: None, orphans: Duration::from_secs(HOUR) }
    }
}

const fn at_once() -> Duration {
    Duration::from_secs(0)
}

const fn yes() -> bool {
    true
}

impl ServerSettings {
    /// The secrets that they name.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretReference> {
        let options = self.logs.export.iter().flat_map(|export| export.options.values());
        let options = options.filter_map(|option| match option {
            ExportOption::Secret(reference) => Some(reference),
            ExportOption::Plain(_) => None,
        });
        options.chain(self.oidc.iter().filter_map(|oidc| oidc.client_secret.as_ref()))
    }

    /// As a document: they are made of texts, numbers and maps with texts as keys.
    #[must_use]
    pub fn document(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(fields)) => fields,
            _ => Map::new(),
        }
    }

    /// Their JSON Schema (2020-12), for forms.
    #[must_use]
    pub fn schema() -> Value {
        schemars::schema_for!(Self).into()
    }

    /// What cannot be seen field by field.
    ///
    /// # Errors
    ///
    /// Every problem.
    pub fn check(&self) -> Result<(), Problems> {
        let mut wrong = Vec::new();
        for (name, job) in &self.background_jobs {
            if job.every.is_some_and(|every| every.as_secs() == 0) {
                let path = FieldPath::root().key("backgroundJobs").key(name.as_str()).key("every");
                let cure = "name the pause between two runs, for example 1h";
                wrong.push(Problem::custom(path, Rule::Range, "a job cannot run without a pause", cure));
            }
        }
        if self.task_tokens.lifetime.as_secs() < 60 {
            let path = FieldPath::root().key("taskTokens").key("lifetime");
            let cure = "write a longer time than any attempt takes; a token ends with its attempt anyway";
            wrong.push(Problem::custom(path, Rule::Range, "no attempt can work within less than a minute", cure));
        }
        if let Some(export) = &self.logs.export {
            let path = FieldPath::root().key("logs").key("export");
            if let Err(why) = ExportTarget::check_url(&export.url) {
                let cure = "write s3://BUCKET/PREFIX, gs://…, az://… or file:///DIRECTORY";
                wrong.push(Problem::custom(path.clone().key("url"), Rule::Text, why, cure));
            }
            for (name, option) in &export.options {
                if let Err(problem) = option.check(name) {
                    let path = path.clone().key("options").key(name.as_str());
                    wrong.push(Problem::custom(path, Rule::Text, problem.to_string(), problem.cure()));
                }
            }
        }
        if let Some(oidc) = &self.oidc {
            oidc.check(&FieldPath::root().key("oidc"), &mut wrong);
        }
        Problems::none_of(wrong)
    }
}
