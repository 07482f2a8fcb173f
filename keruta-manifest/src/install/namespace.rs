//! Namespaces, and the Pod Security Standards that they enforce.

use std::fmt;
use std::str::FromStr;

use k8s_openapi::api::core::v1::Namespace;

use super::InstallPlan;
use super::meta::{self, Part};
use crate::object::Object;

/// A level of the [Pod Security Standards](https://kubernetes.io/docs/concepts/security/pod-security-standards/).
///
/// ```
/// use keruta_manifest::install::PodSecurity;
///
/// assert_eq!(PodSecurity::default(), PodSecurity::Baseline);
/// assert_eq!("restricted".parse(), Ok(PodSecurity::Restricted));
/// assert_eq!("none".parse(), Ok(PodSecurity::Privileged));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum PodSecurity {
    /// Nothing is forbidden.
    Privileged,
    /// Known privilege escalations are forbidden.
    #[default]
    Baseline,
    /// Baseline, and hardened: not root, no capabilities, a seccomp profile.
    Restricted,
}

impl PodSecurity {
    /// The level as Kubernetes writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Privileged => "privileged",
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
        }
    }
}

impl fmt::Display for PodSecurity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for PodSecurity {
    type Err = UnknownPodSecurity;

    /// Kubernetes' names, and `none` for `privileged` as keruta's own settings have it.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "privileged" | "none" => Ok(Self::Privileged),
            "baseline" => Ok(Self::Baseline),
            "restricted" => Ok(Self::Restricted),
            _ => Err(UnknownPodSecurity { name: name.to_owned() }),
        }
    }
}

/// A name that is no Pod Security level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown Pod Security level `{name}`: the levels are restricted, baseline, privileged (or none)")]
pub struct UnknownPodSecurity {
    name: String,
}

/// The version of the Pod Security Standards that a namespace holds its Pods to.
///
/// A pinned version keeps a cluster upgrade from refusing Pods that ran the day before. A pin newer than the cluster
/// reads as the cluster's latest.
///
/// ```
/// use keruta_manifest::install::PodSecurityVersion;
///
/// assert_eq!("1.34".parse(), Ok(PodSecurityVersion::V1(34)));
/// assert_eq!(PodSecurityVersion::V1(34).to_string(), "v1.34");
/// assert_eq!("latest".parse(), Ok(PodSecurityVersion::Latest));
/// assert!("1.34.2".parse::<PodSecurityVersion>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PodSecurityVersion {
    /// Kubernetes 1.x, by its minor version.
    V1(u16),
    /// Whatever the cluster's own version has.
    Latest,
}

impl Default for PodSecurityVersion {
    /// The newest that this library knows: 1.37.
    fn default() -> Self {
        Self::V1(37)
    }
}

impl fmt::Display for PodSecurityVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V1(minor) => write!(f, "v1.{minor}"),
            Self::Latest => f.write_str("latest"),
        }
    }
}

impl FromStr for PodSecurityVersion {
    type Err = UnknownPodSecurityVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "latest" {
            return Ok(Self::Latest);
        }
        text.strip_prefix('v')
            .unwrap_or(text)
            .strip_prefix("1.")
            .and_then(|minor| minor.parse().ok().filter(|number: &u16| number.to_string() == minor))
            .map(Self::V1)
            .ok_or_else(|| UnknownPodSecurityVersion { text: text.to_owned() })
    }
}

/// A text that is no version of the Pod Security Standards.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no version of the Pod Security Standards: write `latest` or a minor version such as `1.34`")]
pub struct UnknownPodSecurityVersion {
    text: String,
}

pub(super) fn objects(plan: &InstallPlan) -> Vec<Object> {
    // Where both are one namespace, tasks decide about its level: the stricter one would refuse them.
    let system = (!plan.task_namespaces.contains(&plan.system_namespace)).then_some((
        &plan.system_namespace,
        Part::System,
        PodSecurity::Restricted,
    ));
    let tasks = plan.task_namespaces.iter().map(|name| (name, Part::Task, plan.pod_security));
    system
        .into_iter()
        .chain(tasks)
        .filter(|(name, ..)| *name != "default")
        .map(|(name, part, level)| namespace(name, part, level, plan.pod_security_version).into())
        .collect()
}

/// All three modes, at one level.
///
/// `enforce` looks at Pods only: a Job whose template breaks the level is accepted, and then its Pods never come.
/// `warn` and `audit` look at the Job itself, so that the one who creates it is told.
/// <https://kubernetes.io/docs/concepts/security/pod-security-admission/#workload-resources-and-pod-templates>
fn namespace(name: &str, part: Part, level: PodSecurity, version: PodSecurityVersion) -> Namespace {
    let mut metadata = meta::cluster_scoped(name, part);
    let labels = metadata.labels.get_or_insert_default();
    for mode in ["enforce", "audit", "warn"] {
        labels.insert(format!("pod-security.kubernetes.io/{mode}"), level.to_string());
        labels.insert(format!("pod-security.kubernetes.io/{mode}-version"), version.to_string());
    }
    Namespace { metadata, ..Namespace::default() }
}
