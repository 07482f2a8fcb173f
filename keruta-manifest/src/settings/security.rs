//! The security profile of Pods.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much a Pod may do, after the Pod Security Standards.
/// [Source](https://kubernetes.io/docs/concepts/security/pod-security-standards/).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SecurityProfile {
    /// Nothing is set; the cluster's own rules decide.
    None,
    /// No privilege escalation, the runtime's seccomp profile; any user. The default.
    #[default]
    Baseline,
    /// Also a numeric user that is not root, a group for the volumes, and no capability at all.
    Restricted,
}

/// The security profile, and the user of the restricted one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct SecuritySettings {
    /// The profile of all Pods.
    pub profile: SecurityProfile,
    /// The user of the restricted profile. Default: 65532, `nonroot` of the distroless images.
    #[serde(deserialize_with = "crate::value::within::<1, 2_147_483_647, _>")]
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub run_as_user: u32,
    /// The group of the restricted profile. Default: 65532.
    #[serde(deserialize_with = "crate::value::within::<1, 2_147_483_647, _>")]
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub run_as_group: u32,
    /// The group that owns the volumes in the restricted profile. Default: 65532.
    #[serde(deserialize_with = "crate::value::within::<1, 2_147_483_647, _>")]
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub fs_group: u32,
}

impl Default for SecuritySettings {
    fn default() -> Self {
        Self { profile: SecurityProfile::default(), run_as_user: 65532, run_as_group: 65532, fs_group: 65532 }
    }
}
