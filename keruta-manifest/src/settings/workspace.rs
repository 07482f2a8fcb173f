//! The workspace's and git's defaults.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::task::Retention;
use crate::value::{AbsolutePath, AccessMode, DnsLabel, DnsSubdomain, GitScheme, Quantity};

/// What kind of volume a workspace is where the task does not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum WorkspaceDefault {
    /// A claim for a task with a repository or a parent, an emptyDir for any other. The default.
    #[default]
    Auto,
    /// Always a claim.
    Pvc,
    /// Always an emptyDir.
    EmptyDir,
    /// Always a claim that ends with the Pod.
    Ephemeral,
}

/// The workspace's defaults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct WorkspaceSettings {
    /// What kind of volume it is.
    pub kind: WorkspaceDefault,
    /// The claim's size. Default: 1Gi.
    pub size: Quantity,
    /// The claim's access mode. Default: ReadWriteOnce.
    pub access_mode: AccessMode,
    /// The claim's storage class; the cluster's default where absent.
    pub storage_class: Option<DnsSubdomain>,
    /// How much an emptyDir may hold; no limit where absent.
    pub empty_dir_size_limit: Option<Quantity>,
    /// The volume's name in the Pod. Default: `work-volume`.
    pub volume_name: DnsLabel,
    /// Where it is mounted in every container. Default: `/work`.
    pub mount_path: AbsolutePath,
    /// What becomes of a claim after its task. Default: it stays.
    pub retention: Retention,
    /// Whether a child's Pod must run on the node of another Pod with the same claim, as ReadWriteOnce needs. Default: yes.
    pub share_node: bool,
}

impl Default for WorkspaceSettings {
    fn default() -> Self {
        Self {
            kind: WorkspaceDefault::default(),
            size: Quantity::constant("1Gi"),
            access_mode: AccessMode::default(),
            storage_class: None,
            empty_dir_size_limit: None,
            volume_name: DnsLabel::constant("work-volume"),
            mount_path: AbsolutePath::constant("/work"),
            retention: Retention::default(),
            share_node: true,
        }
    }
}

/// How repositories are reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct GitSettings {
    /// The schemes that a repository's URL may have. Default: https and ssh.
    pub schemes: Vec<GitScheme>,
    /// How many commits of history a clone has where the task does not say; 0 for all. Default: 1.
    pub depth: u32,
    /// How often a network failure is tried again. Default: 5.
    #[serde(deserialize_with = "crate::value::within::<0, 100, _>")]
    #[schemars(range(min = 0, max = 100))]
    pub retries: u32,
}

impl Default for GitSettings {
    fn default() -> Self {
        Self { schemes: vec![GitScheme::Https, GitScheme::Ssh], depth: 1, retries: 5 }
    }
}
