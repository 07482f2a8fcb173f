//! The task: what a queue holds and a manifest is made from.
//!
//! JSON in camelCase, published as a JSON Schema. Only `id` is required; what a task leaves open comes from
//! [`Settings`](crate::Settings).

mod container;
mod env;
mod ignored;
mod repository;
mod step;
mod typed;
mod volume;
mod workspace;

pub use container::{EnvFrom, PortSpec, Resources, Sidecar};
pub use env::{Arg, ConfigMapKey, EnvMap, EnvSource, SecretKey};
pub use ignored::{DocumentRef, Ignored};
pub use repository::{BasicAuthSecret, Credentials, Repository, SshKeySecret, TokenSecret};
pub use step::{
    CallHttp, HeaderValue, HttpMethod, InitStep, RunContainer, Sleep, WaitForHttp, WaitForService, WaitForTcp,
    WriteFile,
};
pub use typed::Typed;
pub use volume::{FileMount, VolumeMount, VolumeSource};
pub use workspace::{Retention, Workspace, WorkspaceKind};

use k8s_openapi::api::core::v1::{Affinity, Toleration};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::patch::PodPatch;
use crate::value::{
    AbsolutePath, DnsLabel, DnsSubdomain, Duration, ImageReference, LabelValue, QualifiedName, TaskId, Text, Timestamp,
    UniqueMap,
};

/// A task, as a queue, a file or an API hands it over.
///
/// ```
/// use keruta_manifest::Task;
///
/// let task = Task::from_json(r#"{"id": "task-1", "title": "Fix the login", "image": "python:3.12"}"#).unwrap();
/// assert_eq!(task.id.as_str(), "task-1");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "keruta task")]
#[non_exhaustive]
pub struct Task {
    /// Identifies the task; part of the names of its Job and claim.
    pub id: TaskId,
    /// One line that says what the task is. Passed as `KERUTA_TASK_TITLE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Text>,
    /// What is to be done, at any length. Passed as `KERUTA_TASK_DESCRIPTION`, or as a file where it is too long for an environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// The queue's priority, higher first. Passed as `KERUTA_TASK_PRIORITY`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i64>,
    /// The queue's status of the task. Passed as `KERUTA_TASK_STATUS`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<TaskStatus>,
    /// When the task was created. Passed as `KERUTA_TASK_CREATED_AT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When the task was last changed. Passed as `KERUTA_TASK_UPDATED_AT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,

    /// The task that this one continues: the child shares the workspace of its root ancestor.
    #[serde(default, alias = "parentTaskId", skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<TaskId>,
    /// The first task of the line of parents, for a child that is rendered without its ancestors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_task_id: Option<TaskId>,
    /// Which try this is, from 1. Later ones get a Job of their own. Default 1.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "crate::value::within_if_any::<1, 9999, _>"
    )]
    #[schemars(range(min = 1, max = 9999))]
    pub attempt: Option<u32>,

    /// The image of the main container. Default: `defaultImage` of the settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageReference>,
    /// The entrypoint of the main container; the image's own where absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<Arg>,
    /// The arguments of the entrypoint.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<Arg>,
    /// A shell script that is the main container's command; excludes `command` and `args`.
    ///
    /// The shell is the container's first process, which Linux ends by no SIGTERM that it does not handle: told to stop,
    /// the container runs on for its grace period. A script that is to end at once runs its work in the background and
    /// waits for it: `trap 'kill $!; wait; exit 143' TERM; work & wait $!`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<Text>,
    /// The directory in which the main container starts. Default: the workspace, where it is mounted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_dir: Option<AbsolutePath>,
    /// Environment of the main container, in this order, after keruta's own.
    #[serde(default, alias = "additionalEnv", skip_serializing_if = "EnvMap::is_empty")]
    pub env: EnvMap,
    /// ConfigMaps and Secrets whose every key becomes a variable of the main container.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env_from: Vec<EnvFrom>,
    /// Requests and limits of the main container; excludes `size`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// A size class named in the settings (`resources.sizes`); excludes `resources`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<DnsLabel>,

    /// The git repository that is checked out into the workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<Repository>,
    /// The repository's id at the keruta API, whose setup script is fetched and run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository_id: Option<LabelValue>,
    /// The document's id at the keruta API, which is fetched into `.keruta/README.md`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_id: Option<LabelValue>,
    /// Documents as the keruta API lists them; the first is taken where `documentId` is absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<DocumentRef>,
    /// Where the checkout and the task's files live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<Workspace>,

    /// What runs, in order, before the main container; wait-for steps go first of all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub init_steps: Vec<InitStep>,
    /// Containers that run beside the main container and end with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sidecars: Vec<Sidecar>,
    /// Volumes and where the main container mounts them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<VolumeMount>,
    /// Small texts that the main container finds as files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileMount>,

    /// The namespace of all objects. Default: `defaultNamespace` of the settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<DnsLabel>,
    /// The ServiceAccount that the Pod runs as; its token is not mounted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account_name: Option<DnsSubdomain>,
    /// Secrets with registry credentials.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub image_pull_secrets: Vec<DnsSubdomain>,
    /// The Pod's PriorityClass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority_class_name: Option<DnsSubdomain>,
    /// Labels that the Pod's node must have.
    #[serde(default, skip_serializing_if = "UniqueMap::<QualifiedName, LabelValue>::is_empty")]
    pub node_selector: UniqueMap<QualifiedName, LabelValue>,
    /// Taints that the Pod tolerates (core/v1 Toleration).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tolerations: Vec<Typed<Toleration>>,
    /// Where the Pod may run (core/v1 Affinity).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affinity: Option<Typed<Affinity>>,
    /// The Pod's RuntimeClass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime_class_name: Option<DnsSubdomain>,
    /// The Kueue LocalQueue in which the Job waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<LabelValue>,

    /// How long the Job may take in all, retries included. Where the agent runs the task: how long its work may take, which the agent
    /// keeps and tells; the Job's own limit then leaves room for the agent's end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<Duration>,
    /// How often a failed Pod is tried again. Default: 4.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "crate::value::within_if_any::<0, 2_147_483_647, _>"
    )]
    #[schemars(range(min = 0, max = 2_147_483_647))]
    pub backoff_limit: Option<u32>,
    /// How long a finished Job stays before Kubernetes deletes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_seconds_after_finished: Option<Duration>,

    /// A change to the Pod template, applied last and then checked again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_patch: Option<PodPatch>,

    /// The JSON Schema that an editor checks the file with; unused.
    #[serde(rename = "$schema", default, skip_serializing)]
    pub schema: Ignored,
    /// Accepted, because the keruta API returns it; unused.
    #[serde(default, skip_serializing)]
    pub agent_id: Ignored,
    /// Accepted, because the keruta API returns it; unused.
    #[serde(default, skip_serializing)]
    pub job_name: Ignored,
    /// Accepted, because the keruta API returns it; unused.
    #[serde(default, skip_serializing)]
    pub pod_name: Ignored,
    /// Accepted, because the keruta API returns it; unused.
    #[serde(default, skip_serializing)]
    pub pvc_name: Ignored,
    /// Accepted, because the keruta API returns it; unused.
    #[serde(default, skip_serializing)]
    pub logs: Ignored,
    /// Accepted, because the keruta API returns it; unused.
    #[serde(default, skip_serializing)]
    pub kubernetes_manifest: Ignored,
}

impl Task {
    /// A task of which only the id is known.
    #[must_use]
    pub fn new(id: TaskId) -> Self {
        Self {
            id,
            title: None,
            description: None,
            priority: None,
            status: None,
            created_at: None,
            updated_at: None,
            parent_id: None,
            root_task_id: None,
            attempt: None,
            image: None,
            command: Vec::new(),
            args: Vec::new(),
            script: None,
            working_dir: None,
            env: EnvMap::default(),
            env_from: Vec::new(),
            resources: None,
            size: None,
            repository: None,
            repository_id: None,
            document_id: None,
            documents: Vec::new(),
            workspace: None,
            init_steps: Vec::new(),
            sidecars: Vec::new(),
            volumes: Vec::new(),
            files: Vec::new(),
            namespace: None,
            service_account_name: None,
            image_pull_secrets: Vec::new(),
            priority_class_name: None,
            node_selector: UniqueMap::default(),
            tolerations: Vec::new(),
            affinity: None,
            runtime_class_name: None,
            queue: None,
            timeout_seconds: None,
            backoff_limit: None,
            ttl_seconds_after_finished: None,
            pod_patch: None,
            schema: Ignored,
            agent_id: Ignored,
            job_name: Ignored,
            pod_name: Ignored,
            pvc_name: Ignored,
            logs: Ignored,
            kubernetes_manifest: Ignored,
        }
    }

    /// Reads a task from JSON.
    ///
    /// # Errors
    ///
    /// Every problem of the text: syntax, unknown and missing fields, and each value that breaks its rule.
    pub fn from_json(text: &str) -> Result<Self, crate::problem::Problems> {
        crate::read::from_json(text).map_err(|partial| partial.problems)
    }

    /// The id of the document to fetch: `documentId`, else the first of `documents`.
    #[must_use]
    pub fn document(&self) -> Option<&LabelValue> {
        self.document_id.as_ref().or_else(|| self.documents.first().map(DocumentRef::id))
    }
}

/// Where a task stands in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TaskStatus {
    /// Not started.
    Pending,
    /// Running.
    InProgress,
    /// Running, and waiting for a person.
    WaitingForInput,
    /// Ended well.
    Completed,
    /// Ended badly.
    Failed,
    /// Ended by a person.
    Cancelled,
}

impl TaskStatus {
    /// Whether nothing comes after it.
    ///
    /// ```
    /// use keruta_manifest::task::TaskStatus;
    /// assert!(TaskStatus::Failed.is_final() && !TaskStatus::WaitingForInput.is_final());
    /// ```
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// The word that the queue and `KERUTA_TASK_STATUS` use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::InProgress => "IN_PROGRESS",
            Self::WaitingForInput => "WAITING_FOR_INPUT",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
        }
    }
}

impl std::fmt::Display for TaskStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}
