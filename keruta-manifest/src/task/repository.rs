//! The repository that is checked out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value::{AccessMode, ConfigKey, DnsSubdomain, GitRef, GitUrl, Quantity, RelativePath, Text};

/// A git repository and how it is checked out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Repository {
    /// Where it is cloned from.
    pub url: GitUrl,
    /// The branch, tag or full commit SHA. Default: the remote's HEAD.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub git_ref: Option<GitRef>,
    /// How many commits of history; 0 for all. Default: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<u32>,
    /// Whether only the wanted branch is fetched. Default: yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub single_branch: Option<bool>,
    /// Whether submodules are checked out, recursively. Default: no.
    #[serde(default)]
    pub submodules: bool,
    /// Whether git-lfs objects are fetched; the git image must have git-lfs. Default: no.
    #[serde(default)]
    pub lfs: bool,
    /// Directories of a sparse checkout (cone mode); all where empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sparse: Vec<RelativePath>,
    /// Directory below the workspace that holds the checkout. Default: the workspace itself. The main container starts in
    /// the workspace all the same; `workingDir` says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<RelativePath>,
    /// How git proves who it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<Credentials>,
    /// Whether the workspace is a claim (true) or an emptyDir (false).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_pvc: Option<bool>,
    /// Size of the claim; `workspace.size` says the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pvc_storage_size: Option<Quantity>,
    /// Access mode of the claim; `workspace.accessMode` says the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pvc_access_mode: Option<AccessMode>,
    /// Storage class of the claim; `workspace.storageClass` says the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pvc_storage_class: Option<DnsSubdomain>,
}

impl Repository {
    /// The repository at `url` with every default.
    #[must_use]
    pub fn new(url: GitUrl) -> Self {
        Self {
            url,
            git_ref: None,
            depth: None,
            single_branch: None,
            submodules: false,
            lfs: false,
            sparse: Vec::new(),
            path: None,
            credentials: None,
            use_pvc: None,
            pvc_storage_size: None,
            pvc_access_mode: None,
            pvc_storage_class: None,
        }
    }
}

/// A Secret that git uses. It is mounted in the git step alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Credentials {
    /// An SSH key with the hosts that are trusted.
    SshKeySecret(SshKeySecret),
    /// A user name and a password.
    BasicAuthSecret(BasicAuthSecret),
    /// An access token.
    TokenSecret(TokenSecret),
}

/// A Secret of type `kubernetes.io/ssh-auth` with a `known_hosts` beside the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SshKeySecret {
    /// The Secret's name.
    pub name: DnsSubdomain,
    /// The key that holds the private key. Default: `ssh-privatekey`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<ConfigKey>,
    /// The key that holds the trusted hosts. Default: `known_hosts`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_hosts_key: Option<ConfigKey>,
}

/// A Secret of type `kubernetes.io/basic-auth`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BasicAuthSecret {
    /// The Secret's name.
    pub name: DnsSubdomain,
    /// The key that holds the user name. Default: `username`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username_key: Option<ConfigKey>,
    /// The key that holds the password. Default: `password`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_key: Option<ConfigKey>,
}

/// A Secret with an access token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TokenSecret {
    /// The Secret's name.
    pub name: DnsSubdomain,
    /// The key that holds the token. Default: `token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<ConfigKey>,
    /// The user name that goes with the token. Default: `x-access-token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<Text>,
}
