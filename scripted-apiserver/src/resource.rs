//! The kinds of objects that the server knows.

use std::fmt;

/// A resource of the API, as its path names it.
#[allow(clippy::enum_variant_names, reason = "Kubernetes' own names")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Resource {
    Namespaces,
    Nodes,
    Pods,
    ConfigMaps,
    Secrets,
    Events,
    PersistentVolumeClaims,
    ResourceQuotas,
    ServiceAccounts,
    Jobs,
    Leases,
    StorageClasses,
}

/// Every resource, in the order of [`Resource`].
pub(crate) const ALL: [Resource; 12] = [
    Resource::Namespaces,
    Resource::Nodes,
    Resource::Pods,
    Resource::ConfigMaps,
    Resource::Secrets,
    Resource::Events,
    Resource::PersistentVolumeClaims,
    Resource::ResourceQuotas,
    Resource::ServiceAccounts,
    Resource::Jobs,
    Resource::Leases,
    Resource::StorageClasses,
];

impl Resource {
    /// The row in a table of all resources.
    pub(crate) fn index(self) -> usize {
        self as usize
    }

    /// API group (empty for the core group), plural, kind, and whether objects live in a namespace.
    fn facts(self) -> (&'static str, &'static str, &'static str, bool) {
        match self {
            Self::Namespaces => ("", "namespaces", "Namespace", false),
            Self::Nodes => ("", "nodes", "Node", false),
            Self::Pods => ("", "pods", "Pod", true),
            Self::ConfigMaps => ("", "configmaps", "ConfigMap", true),
            Self::Secrets => ("", "secrets", "Secret", true),
            Self::Events => ("", "events", "Event", true),
            Self::PersistentVolumeClaims => ("", "persistentvolumeclaims", "PersistentVolumeClaim", true),
            Self::ResourceQuotas => ("", "resourcequotas", "ResourceQuota", true),
            Self::ServiceAccounts => ("", "serviceaccounts", "ServiceAccount", true),
            Self::Jobs => ("batch", "jobs", "Job", true),
            Self::Leases => ("coordination.k8s.io", "leases", "Lease", true),
            Self::StorageClasses => ("storage.k8s.io", "storageclasses", "StorageClass", false),
        }
    }

    pub(crate) fn group(self) -> &'static str {
        self.facts().0
    }

    pub(crate) fn plural(self) -> &'static str {
        self.facts().1
    }

    pub(crate) fn kind(self) -> &'static str {
        self.facts().2
    }

    pub(crate) fn namespaced(self) -> bool {
        self.facts().3
    }

    /// `v1` or `batch/v1`.
    pub(crate) fn api_version(self) -> String {
        if self.group().is_empty() { "v1".to_owned() } else { format!("{}/v1", self.group()) }
    }

    /// Whether `spec` is counted by `metadata.generation`.
    pub(crate) fn has_generation(self) -> bool {
        matches!(self, Self::Jobs | Self::Pods)
    }

    /// Whether a plain write ignores `status`, which has an endpoint of its own.
    pub(crate) fn has_status(self) -> bool {
        matches!(
            self,
            Self::Jobs
                | Self::Pods
                | Self::PersistentVolumeClaims
                | Self::ResourceQuotas
                | Self::Nodes
                | Self::Namespaces
        )
    }

    pub(crate) fn of_path(group: &str, plural: &str) -> Option<Self> {
        ALL.into_iter().find(|resource| resource.group() == group && resource.plural() == plural)
    }
}

/// `jobs.batch`, `pods`: how messages name it.
impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.plural())?;
        if self.group().is_empty() { Ok(()) } else { write!(f, ".{}", self.group()) }
    }
}
