//! Every check by its stable name, in one table, so that documentation and SARIF rules are made from it.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Severity;

const PSS: &str = "https://kubernetes.io/docs/concepts/security/pod-security-standards/";
const STORAGE: &str = "https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes";
const IMAGES: &str = "https://kubernetes.io/docs/concepts/containers/images/";
const SECRETS: &str = "https://kubernetes.io/docs/concepts/security/secrets-good-practices/";
const NAMES: &str = "https://kubernetes.io/docs/concepts/overview/working-with-objects/names/";
const LABELS: &str = "https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/";
const ANNOTATIONS: &str = "https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/";
const POD: &str = "https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/";
const JOB: &str = "https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/";
const PVC: &str =
    "https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/persistent-volume-claim-v1/";
const CONFIG_MAP: &str = "https://kubernetes.io/docs/concepts/configuration/configmap/";
const INIT: &str = "https://kubernetes.io/docs/concepts/workloads/pods/init-containers/";
const QUANTITY: &str = "https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/";
const RESOURCES: &str = "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/";
const ENV: &str =
    "https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/";
const EXECVE: &str = "https://man7.org/linux/man-pages/man2/execve.2.html";
const ETCD: &str = "https://etcd.io/docs/latest/dev-guide/limit/";
const APPLY: &str = "https://kubernetes.io/docs/reference/using-api/server-side-apply/";
const FAILURE_POLICY: &str = "https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy";
const GATES: &str = "https://kubernetes.io/docs/reference/command-line-tools-reference/feature-gates/";

macro_rules! finding_ids {
    ($($(#[doc = $doc:literal])+ $variant:ident = $id:literal, $severity:ident, $reference:expr;)+) => {
        /// The stable name of a check.
        ///
        /// Its text (kebab case) is part of semantic versioning: tools filter and baseline by it.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
        )]
        #[serde(rename_all = "kebab-case")]
        #[non_exhaustive]
        #[allow(clippy::doc_markdown, reason = "the texts are shown to people too")]
        pub enum FindingId {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl FindingId {
            /// Every check there is, in the order of the documentation.
            #[must_use]
            pub const fn all() -> &'static [Self] {
                &[$(Self::$variant,)+]
            }

            /// The text of the name, for example `image-tag-latest`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $id,)+ }
            }

            /// How much a finding of this check matters.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)+ }
            }

            /// What the check looks for, in one or two sentences.
            #[must_use]
            pub fn description(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_start(),)+ }
            }

            /// Where the rule is published.
            #[must_use]
            pub const fn reference(self) -> &'static str {
                match self { $(Self::$variant => $reference,)+ }
            }
        }
    };
}

finding_ids! {
    /// Baseline: `securityContext.windowsOptions.hostProcess` is true.
    PssBaselineHostProcess = "pss-baseline-host-process", Error, PSS;
    /// Baseline: the Pod shares the node's network, process or IPC namespace.
    PssBaselineHostNamespaces = "pss-baseline-host-namespaces", Error, PSS;
    /// Baseline: a container is privileged.
    PssBaselinePrivileged = "pss-baseline-privileged", Error, PSS;
    /// Baseline: a container adds a capability beyond the default set.
    PssBaselineCapabilities = "pss-baseline-capabilities", Error, PSS;
    /// Baseline: a volume is a directory of the node.
    PssBaselineHostPath = "pss-baseline-host-path", Error, PSS;
    /// Baseline: a container takes a port of the node.
    PssBaselineHostPorts = "pss-baseline-host-ports", Error, PSS;
    /// Baseline (Kubernetes 1.34 and later): a probe or lifecycle hook names a host.
    PssBaselineHostProbes = "pss-baseline-host-probes", Error, PSS;
    /// Baseline: an AppArmor profile other than the runtime's default or one of the node.
    PssBaselineAppArmor = "pss-baseline-app-armor", Error, PSS;
    /// Baseline: an SELinux type that is not one of the container types, or a user or role.
    PssBaselineSelinux = "pss-baseline-selinux", Error, PSS;
    /// Baseline: `/proc` is not masked.
    PssBaselineProcMount = "pss-baseline-proc-mount", Error, PSS;
    /// Baseline: seccomp is switched off.
    PssBaselineSeccomp = "pss-baseline-seccomp", Error, PSS;
    /// Baseline: a kernel setting outside the safe set.
    PssBaselineSysctls = "pss-baseline-sysctls", Error, PSS;
    /// Restricted: a volume of a kind that is not in the allowed list.
    PssRestrictedVolumeTypes = "pss-restricted-volume-types", Error, PSS;
    /// Restricted: privilege escalation is not switched off.
    PssRestrictedPrivilegeEscalation = "pss-restricted-privilege-escalation", Error, PSS;
    /// Restricted: running as root is not forbidden.
    PssRestrictedRunAsNonRoot = "pss-restricted-run-as-non-root", Error, PSS;
    /// Restricted: the user is 0.
    PssRestrictedRunAsUser = "pss-restricted-run-as-user", Error, PSS;
    /// Restricted: no seccomp profile is set, or it is switched off.
    PssRestrictedSeccomp = "pss-restricted-seccomp", Error, PSS;
    /// Restricted: not all capabilities are dropped, or one other than `NET_BIND_SERVICE` is added.
    PssRestrictedCapabilities = "pss-restricted-capabilities", Error, PSS;
    /// Restricted (Kubernetes 1.35 and later): `/proc` is not masked, even in a user namespace.
    PssRestrictedProcMount = "pss-restricted-proc-mount", Error, PSS;

    /// The object is larger than the store behind the API server takes, about 1.5 MiB.
    SizeObject = "size-object", Error, ETCD;
    /// `kubectl apply` keeps a copy of the object in an annotation, and that copy does not fit.
    SizeApplyAnnotation = "size-apply-annotation", Warning, APPLY;
    /// The annotations of one object are more than 256 KiB together.
    SizeAnnotations = "size-annotations", Error, ANNOTATIONS;
    /// One environment variable is longer than the kernel takes (131,072 bytes with its name).
    SizeEnvString = "size-env-string", Error, EXECVE;
    /// One word of a command line is longer than the kernel takes (131,072 bytes).
    SizeArgument = "size-argument", Error, EXECVE;
    /// Environment and command line together come near the kernel's limit of 2 MiB.
    SizeExecTotal = "size-exec-total", Warning, EXECVE;
    /// The data of a ConfigMap or Secret is more than 1 MiB.
    SizeConfigData = "size-config-data", Error, CONFIG_MAP;

    /// Several Pods write to a `ReadWriteOnce` claim and nothing keeps them on one node.
    StorageRwoSeveralWriters = "storage-rwo-several-writers", Warning, STORAGE;
    /// A `ReadWriteOncePod` claim is shared: the second Pod waits until the first is gone.
    StorageRwopShared = "storage-rwop-shared", Error, STORAGE;
    /// One Pod mounts two claims that each tie it to a node or a zone.
    StorageTwoRwoClaims = "storage-two-rwo-claims", Warning, STORAGE;
    /// Several tasks may write to a `ReadWriteMany` claim at once, and nobody agreed to that.
    StorageRwxSeveralWriters = "storage-rwx-several-writers", Warning, STORAGE;

    /// An image without tag or digest, which means `latest`.
    ImageTagMissing = "image-tag-missing", Warning, IMAGES;
    /// An image with the tag `latest`.
    ImageTagLatest = "image-tag-latest", Warning, IMAGES;
    /// An image with a tag but no digest: the tag can be moved to another image.
    ImageTagMutable = "image-tag-mutable", Note, IMAGES;
    /// A moving tag together with a pull policy that keeps an old image on the node.
    ImagePullPolicy = "image-pull-policy", Warning, IMAGES;

    /// An environment variable holds what looks like a secret, as plain text.
    SecretInEnv = "secret-in-env", Warning, SECRETS;
    /// A command line holds what looks like a secret.
    SecretInCommand = "secret-in-command", Warning, SECRETS;
    /// A ConfigMap holds what looks like a secret.
    SecretInConfigMap = "secret-in-config-map", Warning, SECRETS;
    /// An annotation holds what looks like a secret.
    SecretInAnnotation = "secret-in-annotation", Warning, SECRETS;

    /// The object's name is not one that Kubernetes takes.
    InvalidObjectName = "invalid-object-name", Error, NAMES;
    /// A label's key or value is not one that Kubernetes takes.
    InvalidLabel = "invalid-label", Error, LABELS;
    /// An annotation's key is not one that Kubernetes takes.
    InvalidAnnotation = "invalid-annotation", Error, ANNOTATIONS;
    /// A key of a ConfigMap is not one that Kubernetes takes.
    InvalidDataKey = "invalid-data-key", Error, CONFIG_MAP;
    /// The Pod has no container.
    MissingContainers = "missing-containers", Error, POD;
    /// A container's name is not a DNS label.
    InvalidContainerName = "invalid-container-name", Error, POD;
    /// Two containers of one Pod have the same name.
    DuplicateContainerName = "duplicate-container-name", Error, POD;
    /// A container without an image.
    MissingImage = "missing-image", Error, IMAGES;
    /// An image reference that no container runtime can read.
    InvalidImage = "invalid-image", Error, IMAGES;
    /// The name of an environment variable is empty or holds `=` or a character that is not printable ASCII.
    InvalidEnvName = "invalid-env-name", Error, POD;
    /// An environment variable with several sources, an empty one, or a field that Pods do not offer.
    InvalidEnvSource = "invalid-env-source", Error, POD;
    /// `$(NAME)` names a variable that the container does not have at that place, so the text stays as it is.
    UndefinedEnvReference = "undefined-env-reference", Warning, ENV;
    /// A volume's name is not a DNS label.
    InvalidVolumeName = "invalid-volume-name", Error, POD;
    /// Two volumes of one Pod have the same name.
    DuplicateVolumeName = "duplicate-volume-name", Error, POD;
    /// A volume with several sources, or with a source that lacks its name.
    InvalidVolumeSource = "invalid-volume-source", Error, POD;
    /// A container mounts a volume that the Pod does not have.
    UnknownVolume = "unknown-volume", Error, POD;
    /// A container mounts two volumes at the same path.
    DuplicateMountPath = "duplicate-mount-path", Error, POD;
    /// A mount path that is empty or holds a colon, or a sub-path that leaves its volume.
    InvalidMountPath = "invalid-mount-path", Error, POD;
    /// A port, its name or its protocol is not one that Kubernetes takes, or is taken twice.
    InvalidPort = "invalid-port", Error, POD;
    /// A quantity that Kubernetes cannot read, or a negative one.
    InvalidQuantity = "invalid-quantity", Error, QUANTITY;
    /// A container requests more of a resource than its limit.
    RequestAboveLimit = "request-above-limit", Error, RESOURCES;
    /// An ordinary init container with a probe or lifecycle hook.
    InitContainerLifecycle = "init-container-lifecycle", Error, INIT;
    /// A probe or lifecycle hook without a handler, with several, or with numbers out of range.
    InvalidProbe = "invalid-probe", Error, POD;
    /// A restart policy that a Job, or a container of one, cannot have.
    InvalidRestartPolicy = "invalid-restart-policy", Error, JOB;
    /// A Pod failure policy that Kubernetes refuses.
    InvalidFailurePolicy = "invalid-failure-policy", Error, FAILURE_POLICY;
    /// A number or setting of the Job that Kubernetes refuses.
    InvalidJobField = "invalid-job-field", Error, JOB;
    /// A setting of the Pod or a container that Kubernetes refuses.
    InvalidPodField = "invalid-pod-field", Error, POD;
    /// A setting of the claim that Kubernetes refuses.
    InvalidClaim = "invalid-claim", Error, PVC;

    /// The Pod template of an existing Job would change.
    ImmutableJobTemplate = "immutable-job-template", Error, JOB;
    /// A field of an existing Job would change that is fixed at its creation.
    ImmutableJobField = "immutable-job-field", Error, JOB;
    /// A field of an existing claim would change that is fixed at its creation.
    ImmutableClaim = "immutable-claim", Error, PVC;
    /// An existing claim would become smaller.
    ClaimShrunk = "claim-shrunk", Error, PVC;
    /// An existing ConfigMap or Secret marked immutable would change.
    ImmutableData = "immutable-data", Error, CONFIG_MAP;
    /// The two manifests are of different objects.
    DifferentObject = "different-object", Error, NAMES;

    /// A field that the wanted Kubernetes version does not know was left out.
    VersionFieldDropped = "version-field-dropped", Warning, GATES;
    /// A field that the wanted Kubernetes version does not know, and without which the task would not run as meant.
    VersionFieldUnknown = "version-field-unknown", Error, GATES;
    /// A field that the wanted Kubernetes version knows, but ignores until a feature gate is switched on.
    VersionFieldOff = "version-field-off", Warning, GATES;

    /// A child was rendered without its ancestors, so that its parent was taken for the owner of the workspace.
    LineageAssumed = "lineage-assumed", Warning, STORAGE;
    /// A task id so long that the Job of a second attempt would have no valid name.
    NameLeavesNoRetry = "name-leaves-no-retry", Warning, NAMES;
}

impl fmt::Display for FindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that is not the name of a check.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no check is called {0:?}")]
pub struct UnknownFindingId(String);

impl FromStr for FindingId {
    type Err = UnknownFindingId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::all().iter().copied().find(|id| id.as_str() == text).ok_or_else(|| UnknownFindingId(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_agree_with_serde() {
        let mut seen = std::collections::BTreeSet::new();
        for &id in FindingId::all() {
            assert!(seen.insert(id.as_str()), "{id} twice");
            assert_eq!(serde_json::to_value(id).unwrap(), serde_json::Value::from(id.as_str()));
            assert_eq!(id.as_str().parse::<FindingId>().unwrap(), id);
            assert!(id.reference().starts_with("https://"));
            assert!(id.description().ends_with('.'), "{id}");
        }
        assert!("nope".parse::<FindingId>().is_err());
    }
}
