//! `ResourceQuota` and `LimitRange`, for those who ask.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{LimitRange, LimitRangeItem, LimitRangeSpec, ResourceQuota, ResourceQuotaSpec};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::meta::{self, Part};
use super::{InstallError, InstallPlan, check};
use crate::object::Object;

/// What all tasks of one namespace may use together.
///
/// No CPU limits, on purpose: a quota on `limits.cpu` refuses every container without one, and keruta sets none.
/// A quota on requests likewise refuses containers without that request, which keruta's own always have.
///
/// ```
/// use keruta_manifest::install::{InstallPlan, Quota};
///
/// let quota = Quota { memory: Some("64Gi".to_owned()), ..Quota::default() };
/// assert!(InstallPlan::new().quota(quota).is_ok());
///
/// let quota = Quota { memory: Some("64 GB".to_owned()), ..Quota::default() };
/// let error = InstallPlan::new().quota(quota).unwrap_err();
/// assert!(error.to_string().starts_with("quota memory: `64 GB` is not a quantity"));
/// ```
///
/// <https://kubernetes.io/docs/concepts/policy/resource-quotas/>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    /// Jobs, finished ones that are not yet deleted included. Default 1000.
    pub jobs: Option<u32>,
    /// Pods that have not ended. Default 100.
    pub pods: Option<u32>,
    /// `PersistentVolumeClaims`, that is, workspaces. Default 500.
    pub claims: Option<u32>,
    /// The sizes of all claims together. Default `500Gi`.
    pub storage: Option<String>,
    /// CPU requests together. Default none: it depends on the cluster.
    pub cpu: Option<String>,
    /// Memory requests together. Default none: it depends on the cluster.
    pub memory: Option<String>,
}

impl Default for Quota {
    fn default() -> Self {
        Self {
            jobs: Some(1000),
            pods: Some(100),
            claims: Some(500),
            storage: Some("500Gi".to_owned()),
            cpu: None,
            memory: None,
        }
    }
}

impl Quota {
    pub(super) fn checked(self) -> Result<Self, InstallError> {
        Ok(Self {
            storage: optional("quota storage", self.storage)?,
            cpu: optional("quota cpu", self.cpu)?,
            memory: optional("quota memory", self.memory)?,
            ..self
        })
    }

    fn hard(&self) -> Option<BTreeMap<String, Quantity>> {
        let count = |number: Option<u32>| number.map(canonical);
        amounts([
            ("count/jobs.batch", count(self.jobs)),
            ("pods", count(self.pods)),
            ("persistentvolumeclaims", count(self.claims)),
            ("requests.storage", self.storage.clone()),
            ("requests.cpu", self.cpu.clone()),
            ("requests.memory", self.memory.clone()),
        ])
    }
}

/// What a single container or claim gets if it says nothing, and may have at most.
///
/// A default memory limit is a sharp tool: a container that requests more than it and sets no limit of its own is
/// refused. None is set unless asked for, and there is no CPU limit to set at all.
///
/// <https://kubernetes.io/docs/concepts/policy/limit-range/>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// CPU request of a container that has none. Default `100m`.
    pub default_cpu: Option<String>,
    /// Memory request of a container that has none. Default `128Mi`.
    pub default_memory: Option<String>,
    /// Memory limit of a container that has none. Default none.
    pub default_memory_limit: Option<String>,
    /// The largest memory limit of a container; a container without one is refused. Default none.
    pub max_memory: Option<String>,
    /// The largest claim. Default none.
    pub max_claim: Option<String>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            default_cpu: Some("100m".to_owned()),
            default_memory: Some("128Mi".to_owned()),
            default_memory_limit: None,
            max_memory: None,
            max_claim: None,
        }
    }
}

impl Limits {
    pub(super) fn checked(self) -> Result<Self, InstallError> {
        Ok(Self {
            default_cpu: optional("default cpu request", self.default_cpu)?,
            default_memory: optional("default memory request", self.default_memory)?,
            default_memory_limit: optional("default memory limit", self.default_memory_limit)?,
            max_memory: optional("largest memory limit", self.max_memory)?,
            max_claim: optional("largest claim", self.max_claim)?,
        })
    }

    fn items(&self) -> Vec<LimitRangeItem> {
        let container = LimitRangeItem {
            type_: "Container".to_owned(),
            default_request: amounts([("cpu", self.default_cpu.clone()), ("memory", self.default_memory.clone())]),
            default: amounts([("memory", self.default_memory_limit.clone())]),
            max: amounts([("memory", self.max_memory.clone())]),
            ..LimitRangeItem::default()
        };
        let claim = LimitRangeItem {
            type_: "PersistentVolumeClaim".to_owned(),
            max: amounts([("storage", self.max_claim.clone())]),
            ..LimitRangeItem::default()
        };
        let says_something =
            |item: &LimitRangeItem| item.default_request.is_some() || item.default.is_some() || item.max.is_some();
        [container, claim].into_iter().filter(says_something).collect()
    }
}

pub(super) fn quotas(plan: &InstallPlan) -> Vec<Object> {
    let Some(hard) = plan.quota.as_ref().and_then(Quota::hard) else { return Vec::new() };
    let quota = |namespace: &String| ResourceQuota {
        metadata: meta::namespaced(namespace, "keruta-tasks", Part::Task),
        spec: Some(ResourceQuotaSpec { hard: Some(hard.clone()), ..ResourceQuotaSpec::default() }),
        ..ResourceQuota::default()
    };
    plan.task_namespaces.iter().map(|namespace| quota(namespace).into()).collect()
}

pub(super) fn ranges(plan: &InstallPlan) -> Vec<Object> {
    let limits = plan.limits.as_ref().map(Limits::items).unwrap_or_default();
    if limits.is_empty() {
        return Vec::new();
    }
    let range = |namespace: &String| LimitRange {
        metadata: meta::namespaced(namespace, "keruta-tasks", Part::Task),
        spec: Some(LimitRangeSpec { limits: limits.clone() }),
    };
    plan.task_namespaces.iter().map(|namespace| range(namespace).into()).collect()
}

fn optional(field: &'static str, value: Option<String>) -> Result<Option<String>, InstallError> {
    value.map(|value| check::quantity(field, value)).transpose()
}

/// A count as the API server writes it back: 1000 is `1k`.
///
/// Written in any other way, every later server-side apply is refused with a conflict, and every client-side one says
/// that it changed something.
fn canonical(number: u32) -> String {
    match number {
        0 => "0".to_owned(),
        _ if number.is_multiple_of(1_000_000_000) => format!("{}G", number / 1_000_000_000),
        _ if number.is_multiple_of(1_000_000) => format!("{}M", number / 1_000_000),
        _ if number.is_multiple_of(1_000) => format!("{}k", number / 1_000),
        _ => number.to_string(),
    }
}

/// The amounts that are set; `None` if none is.
fn amounts<const N: usize>(pairs: [(&str, Option<String>); N]) -> Option<BTreeMap<String, Quantity>> {
    let set: BTreeMap<_, _> = pairs
        .into_iter()
        .filter_map(|(resource, amount)| amount.map(|amount| (resource.to_owned(), Quantity(amount))))
        .collect();
    (!set.is_empty()).then_some(set)
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn counts_are_canonical() {
        for (number, text) in
            [(0, "0"), (999, "999"), (1000, "1k"), (1500, "1500"), (12_000_000, "12M"), (4_000_000_000, "4G")]
        {
            assert_eq!(canonical(number), text);
        }
    }
}
