//! States that may or may not heal: how each is judged, and how long it is watched.

use keruta_manifest::settings::GraceSettings;
use keruta_manifest::value::Duration;

use crate::verdict::Cause;

/// How a state without an end is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rule {
    /// What the verdict says.
    pub(super) cause: Cause,
    /// How long it may last.
    pub(super) patience: Patience,
    /// Whether the cause lies outside of the task, so that another attempt may fare better.
    pub(super) retryable: bool,
    /// What to do about it.
    pub(super) cure: &'static str,
}

/// How long a state may last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// It does not heal.
    None,
    /// [`GraceSettings::image_pull`].
    ImagePull,
    /// [`GraceSettings::crash_loop`].
    CrashLoop,
    /// [`GraceSettings::unschedulable`].
    Unschedulable,
    /// [`GraceSettings::volume_unbound`].
    VolumeUnbound,
}

impl Patience {
    pub(super) fn length(self, grace: &GraceSettings) -> Duration {
        match self {
            Self::None => Duration::from_secs(0),
            Self::ImagePull => grace.image_pull,
            Self::CrashLoop => grace.crash_loop,
            Self::Unschedulable => grace.unschedulable,
            Self::VolumeUnbound => grace.volume_unbound,
        }
    }
}

const fn rule(cause: Cause, patience: Patience, retryable: bool, cure: &'static str) -> Rule {
    Rule { cause, patience, retryable, cure }
}

/// A container that crashes again and again. Its own fault: another attempt would do the same.
pub(super) const CRASH_LOOP: Rule = Rule {
    cause: Cause::CrashLoop,
    patience: Patience::CrashLoop,
    retryable: false,
    cure: "look at the container's log, also at that of its earlier runs",
};

/// A Pod whose node does not answer. The Job starts no other before this one has ended, which it may never.
pub(super) const NODE_LOST: Rule = Rule {
    cause: Cause::NodeLost,
    patience: Patience::Unschedulable,
    retryable: true,
    cure: "start another attempt, and look at the node",
};

/// What a waiting container's reason means; `None` for the ordinary ones, such as `ContainerCreating`.
///
/// An image that is not there, or is refused, stays so; a registry that does not answer may answer another attempt.
/// [Source](https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/images/types.go) of the reasons about images,
/// [and](https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/container/sync_result.go) of the others.
pub(super) fn of_waiting(reason: &str, message: &str) -> Option<Rule> {
    use Patience::{ImagePull, None as Now};
    Some(match reason {
        "InvalidImageName" => rule(Cause::ImagePull, Now, false, "correct the image's name"),
        "ErrImageNeverPull" => {
            rule(Cause::ImagePull, Now, false, "put the image on the node, or let its imagePullPolicy allow a pull")
        }
        "ErrImagePull"
        | "ImagePullBackOff"
        | "ImageInspectError"
        | "RegistryUnavailable"
        | "SignatureValidationFailed" => rule(Cause::ImagePull, ImagePull, !is_refused(message), pull_cure(message)),
        // These pass: a directory for a subPath while its volume is being mounted, and a kubelet that has not heard of a
        // Secret yet (measured: `failed to sync secret cache: timed out waiting for the condition`).
        "CreateContainerConfigError"
            if ["subPath", "timed out", "failed to sync"].iter().any(|part| message.contains(part)) =>
        {
            rule(Cause::CreateContainer, ImagePull, true, "look at the volume, Secret or ConfigMap that it names")
        }
        "CreateContainerConfigError" if message.contains("runAsNonRoot") => rule(
            Cause::CreateContainer,
            Now,
            false,
            "name a user that is not root (security.profile: restricted does), or take an image that has one",
        ),
        "CreateContainerConfigError" => rule(
            Cause::CreateContainer,
            Now,
            false,
            "create the Secret, ConfigMap or key that is missing, or correct the container's configuration",
        ),
        "CreateContainerError"
        | "RunContainerError"
        | "PreCreateHookError"
        | "PreStartHookError"
        | "PostStartHookError" => {
            rule(Cause::CreateContainer, ImagePull, true, "look at the container's command and at its node")
        }
        "CreatePodSandboxError" | "ConfigPodSandboxError" | "KillPodSandboxError" | "SetupNetworkError" => {
            rule(Cause::CreateContainer, ImagePull, true, "look at the node: its runtime or network does not work")
        }
        _ => return None,
    })
}

/// Whether a registry has answered, and said no.
fn is_refused(message: &str) -> bool {
    const SAID: [&str; 7] = [
        "not found",
        "denied",
        "unauthorized",
        "forbidden",
        "manifest unknown",
        "no match for platform",
        "does not exist",
    ];
    let message = message.to_ascii_lowercase();
    SAID.iter().any(|said| message.contains(said))
}

fn pull_cure(message: &str) -> &'static str {
    let message = message.to_ascii_lowercase();
    if ["denied", "unauthorized", "forbidden"].iter().any(|said| message.contains(said)) {
        "give the Pod an imagePullSecret that may pull the image, or correct its name"
    } else if is_refused(&message) {
        "correct the image's name or tag, or push it"
    } else {
        "look whether the node reaches the registry, and whether the image exists"
    }
}

/// What the scheduler's message means.
///
/// A claim that is not bound shows as an unschedulable Pod. The cluster may have room for another attempt later.
/// [Source](https://github.com/kubernetes/kubernetes/blob/master/pkg/scheduler/framework/plugins/volumebinding/binder.go).
pub(super) fn of_unscheduled(message: &str) -> Rule {
    const ABOUT_VOLUMES: [&str; 5] = [
        "unbound immediate PersistentVolumeClaims",
        "persistentvolumeclaim \"",
        "persistent volumes to bind",
        "unbound PersistentVolumeClaims",
        "bound to non-existent persistentvolume",
    ];
    if ABOUT_VOLUMES.iter().any(|part| message.contains(part)) {
        let cure = if message.contains("persistentvolumeclaim \"") {
            "create the claim: a task that owns it does so when it is submitted"
        } else {
            "look at the claim: its storage class has to exist and its provisioner to answer"
        };
        return Rule { cause: Cause::VolumeUnbound, patience: Patience::VolumeUnbound, retryable: true, cure };
    }
    Rule {
        cause: Cause::Unschedulable,
        patience: Patience::Unschedulable,
        retryable: true,
        cure: "ask for less, or give the cluster a node that fits",
    }
}

/// What an Event about a Pod means, whose status tells nothing.
pub(super) fn of_pod_event(reason: &str, message: &str) -> Option<Rule> {
    use Patience::{ImagePull, VolumeUnbound};
    Some(match reason {
        // `MountVolume.SetUp failed for volume "x" : secret "y" not found`; it may come a moment later.
        "FailedMount" if message.contains("not found") || message.contains("non-existent config key") => {
            rule(Cause::CreateContainer, ImagePull, false, "create the Secret, ConfigMap or key that the volume shows")
        }
        "FailedMount" | "FailedAttachVolume" | "FailedMapVolume" => rule(
            Cause::VolumeUnbound,
            VolumeUnbound,
            true,
            "look whether another node still holds the volume, and at its storage driver",
        ),
        "FailedCreatePodSandBox" => {
            rule(Cause::CreateContainer, ImagePull, true, "look at the node: its runtime or network does not work")
        }
        _ => return None,
    })
}

/// What an Event about a Job means, that has no Pods: their creation was refused.
pub(super) fn of_job_event(reason: &str, message: &str) -> Option<Rule> {
    (reason == "FailedCreate").then(|| of_refusal(message))
}

fn of_refusal(message: &str) -> Rule {
    use Patience::{ImagePull, None as Now, Unschedulable};
    let says = |parts: &[&str]| parts.iter().any(|part| message.contains(part));
    if says(&["exceeded quota", "failed quota"]) {
        // "failed quota: … must specify limits.cpu" does not heal, an exceeded quota may.
        let (patience, retryable) = if says(&["must specify"]) { (Now, false) } else { (Unschedulable, true) };
        let cure = "ask for less, wait for others to end, or raise the quota";
        return rule(Cause::QuotaExceeded, patience, retryable, cure);
    }
    if says(&["violates PodSecurity"]) {
        let cure = "render with the security profile that the namespace enforces, or lower what it enforces";
        return rule(Cause::Rejected, Now, false, cure);
    }
    if says(&["failed calling webhook", "timeout", "timed out", "etcdserver", "Internal error"]) {
        return rule(Cause::Rejected, Unschedulable, true, "look at the admission webhook: it does not answer");
    }
    if says(&["serviceaccount \""]) {
        return rule(Cause::Rejected, ImagePull, false, "create the ServiceAccount, or name one that exists");
    }
    rule(Cause::Rejected, ImagePull, false, "change what was refused, or the policy that refuses it")
}
