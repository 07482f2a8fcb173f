//! Extra volumes and files.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value::{
    AbsolutePath, AccessMode, ConfigKey, DnsLabel, DnsSubdomain, ImageReference, Quantity, RelativePath, Text,
};

/// A volume and where it is mounted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VolumeMount {
    /// The volume's name in the Pod; the same name with the same source is the same volume.
    pub name: DnsLabel,
    /// Where it is mounted.
    pub mount_path: AbsolutePath,
    /// Only this path of the volume is mounted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_path: Option<RelativePath>,
    /// Whether it is mounted read-only. Default: no.
    #[serde(default)]
    pub read_only: bool,
    /// What the volume is.
    pub source: VolumeSource,
}

/// What a volume is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub enum VolumeSource {
    /// A PersistentVolumeClaim that exists.
    Pvc {
        /// The claim's name.
        claim_name: DnsSubdomain,
    },
    /// A ConfigMap that exists.
    ConfigMap {
        /// Its name.
        name: DnsSubdomain,
        /// Which keys become which files; all where empty.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        items: BTreeMap<ConfigKey, RelativePath>,
        /// Whether the Pod starts where it is not there. Default: no.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        optional: Option<bool>,
    },
    /// A Secret that exists.
    Secret {
        /// Its name.
        name: DnsSubdomain,
        /// Which keys become which files; all where empty.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        items: BTreeMap<ConfigKey, RelativePath>,
        /// Whether the Pod starts where it is not there. Default: no.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        optional: Option<bool>,
    },
    /// A directory on the node that ends with the Pod.
    EmptyDir {
        /// Whether it is kept in memory. Default: no.
        #[serde(default)]
        in_memory: bool,
        /// How much it may hold.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size_limit: Option<Quantity>,
    },
    /// A claim that is made for the Pod and ends with it.
    Ephemeral {
        /// Its size.
        size: Quantity,
        /// Its access mode. Default: ReadWriteOnce.
        #[serde(default)]
        access_mode: AccessMode,
        /// Its storage class; the cluster's default where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        storage_class: Option<DnsSubdomain>,
    },
    /// The files of a container image, read-only (KEP-4639; on by default from Kubernetes 1.35).
    Image {
        /// The image.
        reference: ImageReference,
    },
}

/// A small text that the main container finds as a file, from the ConfigMap that goes with the Job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FileMount {
    /// Where the file is.
    pub path: AbsolutePath,
    /// What it holds.
    pub content: Text,
    /// Whether it may be executed. Default: no.
    #[serde(default)]
    pub executable: bool,
}
