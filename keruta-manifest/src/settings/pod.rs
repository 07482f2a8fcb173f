//! Defaults of the Pod.

use k8s_openapi::api::core::v1::{Affinity, Toleration};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::task::Typed;
use crate::value::{DnsLabel, DnsSubdomain, Duration, LabelValue, QualifiedName, Text, UniqueMap};

/// Defaults of the Pod; what a task names itself wins, maps are joined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct PodSettings {
    /// The main container's name. Default: `main`.
    pub container_name: DnsLabel,
    /// More labels of the Pod.
    pub labels: UniqueMap<QualifiedName, LabelValue>,
    /// More annotations of the Pod.
    pub annotations: UniqueMap<QualifiedName, Text>,
    /// The ServiceAccount that the Pod runs as; its token is not mounted.
    pub service_account_name: Option<DnsSubdomain>,
    /// Secrets with registry credentials.
    pub image_pull_secrets: Vec<DnsSubdomain>,
    /// The Pod's PriorityClass.
    pub priority_class_name: Option<DnsSubdomain>,
    /// Labels that the Pod's node must have.
    pub node_selector: UniqueMap<QualifiedName, LabelValue>,
    /// Taints that the Pod tolerates (core/v1 Toleration).
    pub tolerations: Vec<Typed<Toleration>>,
    /// Where the Pod may run (core/v1 Affinity).
    pub affinity: Option<Typed<Affinity>>,
    /// The Pod's RuntimeClass.
    pub runtime_class_name: Option<DnsSubdomain>,
    /// How long a Pod has to end after it was told to. Default: Kubernetes' 30 seconds.
    pub termination_grace_period_seconds: Option<Duration>,
}

impl Default for PodSettings {
    fn default() -> Self {
        Self {
            container_name: DnsLabel::constant("main"),
            labels: UniqueMap::default(),
            annotations: UniqueMap::default(),
            service_account_name: None,
            image_pull_secrets: Vec::new(),
            priority_class_name: None,
            node_selector: UniqueMap::default(),
            tolerations: Vec::new(),
            affinity: None,
            runtime_class_name: None,
            termination_grace_period_seconds: None,
        }
    }
}
