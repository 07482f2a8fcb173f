//! The Pod Security Standards, control by control.
//!
//! The rules are those of the [published page][page] and of the checks that the API server's Pod Security
//! admission runs (`k8s.io/pod-security-admission`, `policy/check_*.go`), in the form that they have in Kubernetes
//! 1.33 to 1.37. At the level `restricted` a stricter check takes the place of the baseline one of the same
//! control, as it does there.
//!
//! [page]: https://kubernetes.io/docs/concepts/security/pod-security-standards/

mod baseline;
mod restricted;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use k8s_openapi::api::core::v1::PodSpec;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::finding::{Finding, ObjectRef};
use super::pod::PodView;
use super::sink::Sink;
use super::version::KubernetesVersion;

/// How strict the namespace is that the Pod runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PodSecurityLevel {
    /// Prevents known ways out of the container.
    Baseline,
    /// Baseline, and the current practice of hardening Pods.
    Restricted,
}

impl PodSecurityLevel {
    /// The level as namespaces are labelled with it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
        }
    }
}

impl fmt::Display for PodSecurityLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that is neither `baseline` nor `restricted`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a Pod Security level to check: write baseline or restricted")]
pub struct UnknownPodSecurityLevel(String);

impl FromStr for PodSecurityLevel {
    type Err = UnknownPodSecurityLevel;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "baseline" => Ok(Self::Baseline),
            "restricted" => Ok(Self::Restricted),
            _ => Err(UnknownPodSecurityLevel(text.to_owned())),
        }
    }
}

/// What a namespace of this level would refuse in a Pod: one finding for each violated control and container.
///
/// `annotations` are the Pod's own (the old annotations for `AppArmor` are a control), `object` and `base` say what the
/// findings point into: for a Job the base is `/spec/template`, for a bare Pod it is empty.
///
/// ```
/// use keruta_manifest::review::{check_pod_security, KubernetesVersion, ObjectRef, PodSecurityLevel};
/// use k8s_openapi::api::core::v1::{Container, PodSpec};
///
/// let spec = PodSpec {
///     host_network: Some(true),
///     containers: vec![Container { name: "main".into(), ..Container::default() }],
///     ..PodSpec::default()
/// };
/// let pod = ObjectRef { kind: "Pod".into(), name: "p".into() };
/// let found =
///     check_pod_security(&spec, None, PodSecurityLevel::Baseline, KubernetesVersion::default(), &pod, "");
/// assert_eq!(found.len(), 1);
/// assert_eq!(found[0].id.as_str(), "pss-baseline-host-namespaces");
/// assert_eq!(found[0].pointer, "/spec/hostNetwork");
/// ```
#[must_use]
pub fn check_pod_security(
    spec: &PodSpec,
    annotations: Option<&BTreeMap<String, String>>,
    level: PodSecurityLevel,
    version: KubernetesVersion,
    object: &ObjectRef,
    base: &str,
) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut sink = Sink::new(&object.kind, &object.name, &mut found);
    check(&PodView::new(base, annotations, spec), level, version, &mut sink);
    found.sort();
    found
}

pub(super) fn check(pod: &PodView<'_>, level: PodSecurityLevel, version: KubernetesVersion, sink: &mut Sink<'_>) {
    baseline::pod(pod, level, version, sink);
    if level == PodSecurityLevel::Restricted {
        restricted::pod(pod, version, sink);
    }
    for container in pod.containers() {
        baseline::container(pod, &container, level, version, sink);
        if level == PodSecurityLevel::Restricted {
            restricted::container(pod, &container, version, sink);
        }
    }
}

/// Whether a seccomp profile type is one that both levels take.
fn seccomp_is_confined(kind: &str) -> bool {
    matches!(kind, "RuntimeDefault" | "Localhost")
}

#[cfg(test)]
mod tests;
