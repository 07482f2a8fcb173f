//! Which fields of Jobs, their Pods and claims came with which version of Kubernetes, as data.
//!
//! The first versions come from comparing the published API schemas of 1.33 to 1.37; whether a version has a field
//! switched on comes from the [feature gate reference][gates] and Kubernetes' own list of versioned feature gates.
//!
//! [gates]: https://kubernetes.io/docs/reference/command-line-tools-reference/feature-gates/

use super::KubernetesVersion::{self, V1_33, V1_34, V1_35, V1_36, V1_37};

/// What becomes of a field in a manifest for a version that does not know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It is left out: the task runs as meant without it.
    Drop,
    /// It is refused: without it the task would run otherwise than meant.
    Refuse,
}

/// A field of the Kubernetes API that not every supported version knows and honours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feature {
    /// The API type that has the field, for example `PodSpec`.
    pub owner: &'static str,
    /// The field, for example `hostnameOverride`.
    pub field: &'static str,
    /// The feature gate that switches it on, where the reference names one.
    pub gate: Option<&'static str>,
    /// The first version that knows it (1.33 stands for that version or an older one).
    pub since: KubernetesVersion,
    /// The last version that knows it, if it was taken away again.
    pub until: Option<KubernetesVersion>,
    /// The first version that has it switched on by default; none if no version has.
    pub on_since: Option<KubernetesVersion>,
    /// What becomes of it in older versions.
    pub effect: Effect,
}

impl Feature {
    /// Whether a version's API has the field.
    #[must_use]
    pub fn is_known(&self, version: KubernetesVersion) -> bool {
        version >= self.since && self.until.is_none_or(|until| version <= until)
    }

    /// Whether a version honours the field without a feature gate being switched on.
    #[must_use]
    pub fn is_on(&self, version: KubernetesVersion) -> bool {
        self.is_known(version) && self.on_since.is_some_and(|on| version >= on)
    }

    /// The versions that know the field, as words.
    pub(super) fn versions(&self) -> String {
        match self.until {
            None => format!("Kubernetes {} or later", self.since),
            Some(until) if until == self.since => format!("Kubernetes {until}"),
            Some(until) => format!("Kubernetes {} to {until}", self.since),
        }
    }

    /// The entry of a field, if it has one. Asked for every field of every object, so it turns most away at once.
    pub(in crate::review) fn of(owner: &str, field: &str) -> Option<&'static Self> {
        let first = *field.as_bytes().first()?;
        if LENGTHS[usize::from(first)] & 1_u32.checked_shl(u32::try_from(field.len()).ok()?)? == 0 {
            return None;
        }
        TABLE.iter().find(|feature| feature.field == field && feature.owner == owner)
    }
}

/// Every field that some supported version does not know or does not honour by default.
#[must_use]
pub fn features() -> &'static [Feature] {
    TABLE
}

const fn entry(
    owner: &'static str,
    field: &'static str,
    gate: &'static str,
    since: KubernetesVersion,
    on_since: Option<KubernetesVersion>,
    effect: Effect,
) -> Feature {
    let gate = if gate.is_empty() { None } else { Some(gate) };
    Feature { owner, field, gate, since, until: None, on_since, effect }
}

const USER: &str = "AtomicWriteVolumeUserFields";

const TABLE: &[Feature] = &[
    // Known to all, but not on everywhere.
    entry(
        "PersistentVolumeClaimSpec",
        "volumeAttributesClassName",
        "VolumeAttributesClass",
        V1_33,
        Some(V1_34),
        Effect::Drop,
    ),
    entry("PodSpec", "resources", "PodLevelResources", V1_33, Some(V1_34), Effect::Refuse),
    entry("PodSpec", "resourceClaims", "DynamicResourceAllocation", V1_33, Some(V1_34), Effect::Refuse),
    entry("Volume", "image", "ImageVolume", V1_33, Some(V1_35), Effect::Refuse),
    entry("VolumeProjection", "clusterTrustBundle", "ClusterTrustBundleProjection", V1_33, Some(V1_37), Effect::Refuse),
    entry("Lifecycle", "stopSignal", "ContainerStopSignals", V1_33, None, Effect::Drop),
    // 1.34
    entry("EnvVarSource", "fileKeyRef", "EnvFiles", V1_34, Some(V1_35), Effect::Refuse),
    entry("Container", "restartPolicyRules", "ContainerRestartRules", V1_34, Some(V1_35), Effect::Refuse),
    entry("PodSpec", "hostnameOverride", "HostnameOverride", V1_34, Some(V1_35), Effect::Refuse),
    entry("VolumeProjection", "podCertificate", "PodCertificateRequest", V1_34, Some(V1_37), Effect::Refuse),
    // 1.35
    Feature { until: Some(V1_35), ..entry("PodSpec", "workloadRef", "GenericWorkload", V1_35, None, Effect::Drop) },
    entry("PodCertificateProjection", "userAnnotations", "PodCertificateRequest", V1_35, Some(V1_37), Effect::Refuse),
    // 1.36
    entry("PodSpec", "schedulingGroup", "GenericWorkload", V1_36, None, Effect::Drop),
    // 1.37
    entry("JobSpec", "scheduling", "WorkloadWithJob", V1_37, None, Effect::Drop),
    entry("PodSpec", "evictionResponders", "EvictionRequestAPI", V1_37, None, Effect::Drop),
    entry("VolumeMount", "bindMountOptions", "VolumeBindMountOptions", V1_37, None, Effect::Refuse),
    entry("EmptyDirVolumeSource", "mode", "EmptyDirVolumeMode", V1_37, None, Effect::Refuse),
    entry("HTTPGetAction", "protocol", "", V1_37, None, Effect::Refuse),
    entry("GRPCAction", "mode", "", V1_37, None, Effect::Refuse),
    entry("ConfigMapVolumeSource", "defaultUser", USER, V1_37, None, Effect::Refuse),
    entry("DownwardAPIVolumeSource", "defaultUser", USER, V1_37, None, Effect::Refuse),
    entry("ProjectedVolumeSource", "defaultUser", USER, V1_37, None, Effect::Refuse),
    entry("SecretVolumeSource", "defaultUser", USER, V1_37, None, Effect::Refuse),
    entry("KeyToPath", "user", USER, V1_37, None, Effect::Refuse),
    entry("DownwardAPIVolumeFile", "user", USER, V1_37, None, Effect::Refuse),
    entry("ClusterTrustBundleProjection", "user", USER, V1_37, None, Effect::Refuse),
    entry("PodCertificateProjection", "user", USER, V1_37, None, Effect::Refuse),
    entry("ServiceAccountTokenProjection", "user", USER, V1_37, None, Effect::Refuse),
];

/// For each first byte, the lengths of the field names in the table that begin with it, as bits.
static LENGTHS: [u32; 256] = lengths();

const fn lengths() -> [u32; 256] {
    let mut lengths = [0; 256];
    let mut index = 0;
    while index < TABLE.len() {
        let field = TABLE[index].field.as_bytes();
        lengths[field[0] as usize] |= 1 << field.len();
        index += 1;
    }
    lengths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_found_and_consistent() {
        for feature in features() {
            assert_eq!(Feature::of(feature.owner, feature.field), Some(feature));
            assert!(feature.on_since.is_none_or(|on| on >= feature.since), "{feature:?}");
            assert!(
                KubernetesVersion::all().iter().any(|&version| !feature.is_on(version)),
                "{feature:?} is on everywhere: remove it"
            );
        }
        assert_eq!(Feature::of("Container", "name"), None);
        assert_eq!(Feature::of("ContainerPort", "protocol"), None);
        assert_eq!(Feature::of("Container", ""), None);
        assert_eq!(Feature::of("Container", &"m".repeat(40)), None);
    }

    #[test]
    fn a_field_that_was_taken_away_is_known_between() {
        let workload = Feature::of("PodSpec", "workloadRef").unwrap();
        let known: Vec<_> = KubernetesVersion::all().iter().filter(|&&version| workload.is_known(version)).collect();
        assert_eq!(known, [&V1_35]);
        assert_eq!(workload.versions(), "Kubernetes 1.35");
    }
}
