//! The workspace: the volume that holds the checkout and is every container's working directory.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value::{AbsolutePath, AccessMode, DnsLabel, DnsSubdomain, Duration, Quantity};

/// The workspace of a task; what is left open comes from the settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Workspace {
    /// What kind of volume it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<WorkspaceKind>,
    /// Its size; for an emptyDir its limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Quantity>,
    /// The claim's access mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_mode: Option<AccessMode>,
    /// The claim's storage class; the cluster's default where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<DnsSubdomain>,
    /// The claim's name, where it is not to be `git-repo-pvc-<task id>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim_name: Option<DnsSubdomain>,
    /// The volume's name in the Pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume_name: Option<DnsLabel>,
    /// Where it is mounted in every container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mount_path: Option<AbsolutePath>,
    /// What becomes of the claim after the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
    /// Whether several tasks may write to the claim at the same time (it is meant to be shared).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared: Option<bool>,
}

/// What kind of volume a workspace is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum WorkspaceKind {
    /// A PersistentVolumeClaim that outlives the Pod and is shared with child tasks.
    Pvc,
    /// A directory on the node that ends with the Pod.
    EmptyDir,
    /// A claim that is made for the Pod and ends with it.
    Ephemeral,
}

/// What becomes of a claim after its task.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Retention {
    /// It stays; the default.
    #[default]
    Keep,
    /// It goes when the task is deleted.
    DeleteWithTask,
    /// It goes so long after the task ended: `{"after": "72h"}`.
    After(Duration),
}
