//! The controls that the level `restricted` adds.

use k8s_openapi::api::core::v1::Volume;

use super::super::finding::FindingId;
use super::super::pod::{ContainerView, PodView};
use super::super::sink::{Sink, words};
use super::super::version::KubernetesVersion;
use super::seccomp_is_confined;

pub(super) fn pod(pod: &PodView<'_>, version: KubernetesVersion, sink: &mut Sink<'_>) {
    for (index, volume) in pod.spec.volumes.iter().flatten().enumerate() {
        if !is_allowed(volume)
            && let Some(kind) = forbidden_kind(volume)
        {
            sink.add(
                FindingId::PssRestrictedVolumeTypes,
                pod.at(&format!("/spec/volumes/{index}")),
                format!("Volume \"{}\" is of the kind {}, which the level restricted does not take.", volume.name, kind),
                "Use a configMap, csi, downwardAPI, emptyDir, ephemeral, image, persistentVolumeClaim, projected or secret volume.",
            );
        }
    }
    let Some(context) = &pod.spec.security_context else { return };
    if !root_is_harmless(pod, version) {
        if context.run_as_non_root == Some(false) {
            sink.add(
                FindingId::PssRestrictedRunAsNonRoot,
                pod.at("/spec/securityContext/runAsNonRoot"),
                "The Pod allows its containers to run as root (`runAsNonRoot: false`).",
                "Set `securityContext.runAsNonRoot` to true.",
            );
        }
        if context.run_as_user == Some(0) {
            run_as_user(pod.at("/spec/securityContext/runAsUser"), "The Pod", sink);
        }
    }
    if !pod.is_windows()
        && let Some(profile) = &context.seccomp_profile
        && !seccomp_is_confined(&profile.type_)
    {
        seccomp(&profile.type_, pod.at("/spec/securityContext/seccompProfile/type"), "The Pod", sink);
    }
}

pub(super) fn container(
    pod: &PodView<'_>,
    container: &ContainerView<'_>,
    version: KubernetesVersion,
    sink: &mut Sink<'_>,
) {
    // Kubernetes refuses these three fields on Windows Pods, so that it does not ask for them there.
    if !pod.is_windows() {
        privilege_escalation(container, sink);
        capabilities(container, sink);
        container_seccomp(pod, container, sink);
    }
    if !root_is_harmless(pod, version) {
        run_as_non_root(pod, container, sink);
        if container.security_context.is_some_and(|context| context.run_as_user == Some(0)) {
            run_as_user(container.at("/securityContext/runAsUser"), &who(container), sink);
        }
    }
    if version >= KubernetesVersion::V1_35
        && let Some(kind) = container.security_context.and_then(|context| context.proc_mount.as_deref())
        && kind != "Default"
    {
        sink.add(
            FindingId::PssRestrictedProcMount,
            container.at("/securityContext/procMount"),
            format!("{} mounts /proc as \"{kind}\", without the masks that hide the node's kernel.", who(container)),
            "Remove `securityContext.procMount`.",
        );
    }
}

fn who(container: &ContainerView<'_>) -> String {
    format!("Container \"{}\"", container.name)
}

/// Since Kubernetes 1.35 a root that is nobody outside the Pod's user namespace is taken.
fn root_is_harmless(pod: &PodView<'_>, version: KubernetesVersion) -> bool {
    version >= KubernetesVersion::V1_35 && pod.in_user_namespace()
}

fn privilege_escalation(container: &ContainerView<'_>, sink: &mut Sink<'_>) {
    let set = container.security_context.and_then(|context| context.allow_privilege_escalation);
    if set != Some(false) {
        let how = if set.is_some() { "allows" } else { "does not forbid" };
        sink.add(
            FindingId::PssRestrictedPrivilegeEscalation,
            container.at("/securityContext/allowPrivilegeEscalation"),
            format!("{} {how} a process to gain more privileges than its parent.", who(container)),
            "Set `securityContext.allowPrivilegeEscalation` to false.",
        );
    }
}

fn capabilities(container: &ContainerView<'_>, sink: &mut Sink<'_>) {
    let set = container.security_context.and_then(|context| context.capabilities.as_ref());
    let dropped = set.and_then(|set| set.drop.as_deref()).unwrap_or_default();
    if !dropped.iter().any(|name| name == "ALL") {
        sink.add(
            FindingId::PssRestrictedCapabilities,
            container.at("/securityContext/capabilities/drop"),
            format!("{} does not drop all capabilities.", who(container)),
            "Set `securityContext.capabilities.drop` to [\"ALL\"].",
        );
    }
    let added = set.and_then(|set| set.add.as_deref()).unwrap_or_default();
    if added.iter().any(|name| name != "NET_BIND_SERVICE") {
        let bad = added.iter().map(String::as_str).filter(|&name| name != "NET_BIND_SERVICE");
        sink.add(
            FindingId::PssRestrictedCapabilities,
            container.at("/securityContext/capabilities/add"),
            format!("{} adds {}; only NET_BIND_SERVICE may be added.", who(container), words(bad)),
            "Remove these entries from `securityContext.capabilities.add`.",
        );
    }
}

fn run_as_non_root(pod: &PodView<'_>, container: &ContainerView<'_>, sink: &mut Sink<'_>) {
    let own = container.security_context.and_then(|context| context.run_as_non_root);
    let inherited = pod.spec.security_context.as_ref().and_then(|context| context.run_as_non_root);
    let message = match (own, inherited) {
        (Some(true), _) | (None, Some(true)) => return,
        (Some(false), _) => format!("{} may run as root (`runAsNonRoot: false`).", who(container)),
        (None, _) => format!("Neither {} nor the Pod forbids running as root.", who(container)),
    };
    sink.add(
        FindingId::PssRestrictedRunAsNonRoot,
        container.at("/securityContext/runAsNonRoot"),
        message,
        "Set `securityContext.runAsNonRoot` to true in the Pod or in the container, and use an image (or a `runAsUser`) with a numeric user other than 0.",
    );
}

fn run_as_user(pointer: String, who: &str, sink: &mut Sink<'_>) {
    sink.add(
        FindingId::PssRestrictedRunAsUser,
        pointer,
        format!("{who} runs as user 0, which is root."),
        "Set `securityContext.runAsUser` to another number, for example 65532, or remove it.",
    );
}

fn container_seccomp(pod: &PodView<'_>, container: &ContainerView<'_>, sink: &mut Sink<'_>) {
    let own = container.security_context.and_then(|context| context.seccomp_profile.as_ref());
    if let Some(profile) = own {
        if !seccomp_is_confined(&profile.type_) {
            seccomp(&profile.type_, container.at("/securityContext/seccompProfile/type"), &who(container), sink);
        }
        return;
    }
    let inherited = pod.spec.security_context.as_ref().and_then(|context| context.seccomp_profile.as_ref());
    if !inherited.is_some_and(|profile| seccomp_is_confined(&profile.type_)) {
        sink.add(
            FindingId::PssRestrictedSeccomp,
            container.at("/securityContext/seccompProfile"),
            format!("Neither {} nor the Pod sets a seccomp profile that confines it.", who(container)),
            "Set `securityContext.seccompProfile.type` to RuntimeDefault in the Pod.",
        );
    }
}

fn seccomp(kind: &str, pointer: String, who: &str, sink: &mut Sink<'_>) {
    sink.add(
        FindingId::PssRestrictedSeccomp,
        pointer,
        format!("{who} sets the seccomp profile \"{kind}\"."),
        "Set `seccompProfile.type` to RuntimeDefault or Localhost.",
    );
}

fn is_allowed(volume: &Volume) -> bool {
    volume.config_map.is_some()
        || volume.csi.is_some()
        || volume.downward_api.is_some()
        || volume.empty_dir.is_some()
        || volume.ephemeral.is_some()
        || volume.image.is_some()
        || volume.persistent_volume_claim.is_some()
        || volume.projected.is_some()
        || volume.secret.is_some()
}

/// The field that a volume of a forbidden kind is written with. One without any is an emptyDir.
fn forbidden_kind(volume: &Volume) -> Option<&'static str> {
    let kinds = [
        ("hostPath", volume.host_path.is_some()),
        ("gcePersistentDisk", volume.gce_persistent_disk.is_some()),
        ("awsElasticBlockStore", volume.aws_elastic_block_store.is_some()),
        ("gitRepo", volume.git_repo.is_some()),
        ("nfs", volume.nfs.is_some()),
        ("iscsi", volume.iscsi.is_some()),
        ("glusterfs", volume.glusterfs.is_some()),
        ("rbd", volume.rbd.is_some()),
        ("flexVolume", volume.flex_volume.is_some()),
        ("cinder", volume.cinder.is_some()),
        ("cephfs", volume.cephfs.is_some()),
        ("flocker", volume.flocker.is_some()),
        ("fc", volume.fc.is_some()),
        ("azureFile", volume.azure_file.is_some()),
        ("vsphereVolume", volume.vsphere_volume.is_some()),
        ("quobyte", volume.quobyte.is_some()),
        ("azureDisk", volume.azure_disk.is_some()),
        ("portworxVolume", volume.portworx_volume.is_some()),
        ("photonPersistentDisk", volume.photon_persistent_disk.is_some()),
        ("scaleIO", volume.scale_io.is_some()),
        ("storageos", volume.storageos.is_some()),
    ];
    kinds.into_iter().find(|(_, set)| *set).map(|(field, _)| field)
}
