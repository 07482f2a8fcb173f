//! Volumes of a Pod.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{
    ConfigMapVolumeSource, EmptyDirVolumeSource, EphemeralVolumeSource, ImageVolumeSource, KeyToPath,
    PersistentVolumeClaimVolumeSource, SecretVolumeSource, Volume,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as ApiQuantity;

use super::pvc::PvcPlan;
use crate::task::VolumeSource;
use crate::value::{ConfigKey, DnsLabel, DnsSubdomain, ImageReference, Quantity, RelativePath};

/// A volume that containers can mount.
///
/// A mount carries its volume with it, so that no container can mount one that the Pod does not have. The volume itself
/// is shared: it has a field for every kind that Kubernetes knows, and copies would be most of the work of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct VolumePlan(Arc<Volume>);

impl VolumePlan {
    fn named(name: &DnsLabel) -> Volume {
        Volume { name: name.into(), ..Volume::default() }
    }

    /// A PersistentVolumeClaim.
    #[must_use]
    pub fn claim(name: &DnsLabel, claim: &DnsSubdomain) -> Self {
        let source = PersistentVolumeClaimVolumeSource { claim_name: claim.into(), read_only: None };
        Self(Arc::new(Volume { persistent_volume_claim: Some(source), ..Self::named(name) }))
    }

    /// A directory on the node that ends with the Pod; in memory if so wished.
    #[must_use]
    pub fn empty_dir(name: &DnsLabel, size_limit: Option<&Quantity>, in_memory: bool) -> Self {
        let source = EmptyDirVolumeSource {
            medium: in_memory.then(|| "Memory".to_owned()),
            size_limit: size_limit.map(|limit| ApiQuantity(limit.into())),
            ..EmptyDirVolumeSource::default()
        };
        Self(Arc::new(Volume { empty_dir: Some(source), ..Self::named(name) }))
    }

    /// A claim that is made for the Pod and ends with it; only the plan's spec and labels count.
    #[must_use]
    pub fn ephemeral(name: &DnsLabel, claim: PvcPlan) -> Self {
        let source = EphemeralVolumeSource { volume_claim_template: Some(claim.into_template()) };
        Self(Arc::new(Volume { ephemeral: Some(source), ..Self::named(name) }))
    }

    /// Keys of a ConfigMap as files, all of them where `items` is empty.
    #[must_use]
    pub fn config_map(name: &DnsLabel, config_map: &str, items: Vec<KeyToPath>, optional: Option<bool>) -> Self {
        let source = ConfigMapVolumeSource {
            name: config_map.to_owned(),
            items: (!items.is_empty()).then_some(items),
            optional,
            ..ConfigMapVolumeSource::default()
        };
        Self(Arc::new(Volume { config_map: Some(source), ..Self::named(name) }))
    }

    /// Keys of a Secret as files, all of them where `items` is empty.
    #[must_use]
    pub fn secret(name: &DnsLabel, secret: &DnsSubdomain, items: Vec<KeyToPath>, optional: Option<bool>) -> Self {
        let source = SecretVolumeSource {
            secret_name: Some(secret.into()),
            items: (!items.is_empty()).then_some(items),
            optional,
            ..SecretVolumeSource::default()
        };
        Self(Arc::new(Volume { secret: Some(source), ..Self::named(name) }))
    }

    /// The files of a container image.
    #[must_use]
    pub fn image(name: &DnsLabel, reference: &ImageReference) -> Self {
        let source = ImageVolumeSource { reference: Some(reference.into()), pull_policy: None };
        Self(Arc::new(Volume { image: Some(source), ..Self::named(name) }))
    }

    /// A volume as a task describes it.
    #[must_use]
    pub fn from_source(name: &DnsLabel, source: &VolumeSource) -> Self {
        match source {
            VolumeSource::Pvc { claim_name } => Self::claim(name, claim_name),
            VolumeSource::ConfigMap { name: config_map, items, optional } => {
                Self::config_map(name, config_map.as_str(), key_to_path(items), *optional)
            }
            VolumeSource::Secret { name: secret, items, optional } => {
                Self::secret(name, secret, key_to_path(items), *optional)
            }
            VolumeSource::EmptyDir { in_memory, size_limit } => Self::empty_dir(name, size_limit.as_ref(), *in_memory),
            VolumeSource::Ephemeral { size, access_mode, storage_class } => {
                let claim = PvcPlan::new(DnsSubdomain::constant("template"), size.clone(), *access_mode);
                Self::ephemeral(name, claim.storage_class(storage_class.clone()))
            }
            VolumeSource::Image { reference } => Self::image(name, reference),
        }
    }

    /// The volume's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    pub(super) fn into_volume(self) -> Volume {
        Arc::unwrap_or_clone(self.0)
    }
}

fn key_to_path(items: &BTreeMap<ConfigKey, RelativePath>) -> Vec<KeyToPath> {
    let item = |(key, path): (&ConfigKey, &RelativePath)| KeyToPath {
        key: key.into(),
        path: path.into(),
        ..KeyToPath::default()
    };
    items.iter().map(item).collect()
}
