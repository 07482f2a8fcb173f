//! The claim of a workspace.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    PersistentVolumeClaim, PersistentVolumeClaimSpec, PersistentVolumeClaimTemplate, VolumeResourceRequirements,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as ApiQuantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::value::{AccessMode, DnsLabel, DnsSubdomain, LabelValue, QualifiedName, Quantity};

/// A PersistentVolumeClaim.
///
/// ```
/// use keruta_manifest::plan::PvcPlan;
/// use keruta_manifest::value::AccessMode;
///
/// let claim = PvcPlan::new("git-repo-pvc-task-1".parse()?, "1Gi".parse()?, AccessMode::ReadWriteOnce)
///     .label("app".parse()?, "keruta".parse()?)
///     .into_claim();
/// assert_eq!(claim.metadata.name.as_deref(), Some("git-repo-pvc-task-1"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct PvcPlan {
    metadata: ObjectMeta,
    spec: PersistentVolumeClaimSpec,
}

impl PvcPlan {
    /// A claim of so much storage.
    pub fn new(name: DnsSubdomain, size: Quantity, access_mode: AccessMode) -> Self {
        let requests = BTreeMap::from([("storage".to_owned(), ApiQuantity(size.into()))]);
        Self {
            metadata: ObjectMeta { name: Some(name.into()), ..ObjectMeta::default() },
            spec: PersistentVolumeClaimSpec {
                access_modes: Some(vec![access_mode.as_str().to_owned()]),
                resources: Some(VolumeResourceRequirements { requests: Some(requests), limits: None }),
                ..PersistentVolumeClaimSpec::default()
            },
        }
    }

    /// The claim's namespace; kubectl's context decides where absent.
    pub fn namespace(mut self, namespace: Option<DnsLabel>) -> Self {
        self.metadata.namespace = namespace.map(Into::into);
        self
    }

    /// The storage class; the cluster's default where absent.
    pub fn storage_class(mut self, class: Option<DnsSubdomain>) -> Self {
        self.spec.storage_class_name = class.map(Into::into);
        self
    }

    /// Adds a label.
    pub fn label(mut self, key: QualifiedName, value: LabelValue) -> Self {
        self.metadata.labels.get_or_insert_default().insert(key.into(), value.into());
        self
    }

    /// Adds an annotation.
    pub fn annotation(mut self, key: QualifiedName, value: impl Into<String>) -> Self {
        self.metadata.annotations.get_or_insert_default().insert(key.into(), value.into());
        self
    }

    /// The Kubernetes object.
    #[must_use]
    pub fn into_claim(self) -> PersistentVolumeClaim {
        PersistentVolumeClaim { metadata: self.metadata, spec: Some(self.spec), status: None }
    }

    /// The same claim as a Pod's template, which has no name of its own.
    pub(super) fn into_template(self) -> PersistentVolumeClaimTemplate {
        let metadata = ObjectMeta { name: None, namespace: None, ..self.metadata };
        let metadata = (metadata != ObjectMeta::default()).then_some(metadata);
        PersistentVolumeClaimTemplate { metadata, spec: self.spec }
    }
}
