//! The volumes of a Pod.

use k8s_openapi::api::core::v1::Volume;

use super::super::finding::FindingId;
use super::super::pod::PodView;
use super::super::quantity::nanos;
use super::super::sink::{Sink, short};
use super::names::is_label;

pub(super) fn check(pod: &PodView<'_>, sink: &mut Sink<'_>) {
    let volumes = pod.spec.volumes.as_deref().unwrap_or_default();
    for (index, volume) in volumes.iter().enumerate() {
        let name = short(&volume.name);
        if !is_label(&volume.name) {
            sink.add(
                FindingId::InvalidVolumeName,
                pod.at(&format!("/spec/volumes/{index}/name")),
                format!("\"{name}\" is not a name of a volume: it must be a DNS label of at most 63 characters."),
                "Use `a` to `z`, `0` to `9` and `-`, with a letter or digit at both ends.",
            );
        }
        if volumes.iter().take(index).any(|earlier| earlier.name == volume.name) {
            sink.add(
                FindingId::DuplicateVolumeName,
                pod.at(&format!("/spec/volumes/{index}/name")),
                format!("Another volume of the Pod is called \"{name}\" too."),
                "Give every volume a name of its own.",
            );
        }
        if let Some(wrong) = source(volume) {
            sink.add(
                FindingId::InvalidVolumeSource,
                pod.at(&format!("/spec/volumes/{index}")),
                format!("The volume \"{name}\" {wrong}."),
                "Give the volume exactly one complete source.",
            );
        }
        if let Some(limit) = volume.empty_dir.as_ref().and_then(|dir| dir.size_limit.as_ref())
            && nanos(&limit.0).is_none_or(|limit| limit < 0)
        {
            sink.add(
                FindingId::InvalidQuantity,
                pod.at(&format!("/spec/volumes/{index}/emptyDir/sizeLimit")),
                format!("\"{}\" is not a size.", short(&limit.0)),
                "Write a number with a unit, for example 1Gi.",
            );
        }
    }
}

fn source(volume: &Volume) -> Option<&'static str> {
    let sources = [
        volume.config_map.is_some(),
        volume.csi.is_some(),
        volume.downward_api.is_some(),
        volume.empty_dir.is_some(),
        volume.ephemeral.is_some(),
        volume.host_path.is_some(),
        volume.image.is_some(),
        volume.nfs.is_some(),
        volume.persistent_volume_claim.is_some(),
        volume.projected.is_some(),
        volume.secret.is_some(),
        volume.iscsi.is_some(),
        volume.fc.is_some(),
        volume.git_repo.is_some(),
        volume.cephfs.is_some(),
        volume.rbd.is_some(),
        volume.glusterfs.is_some(),
        volume.cinder.is_some(),
        volume.flex_volume.is_some(),
        volume.flocker.is_some(),
        volume.azure_disk.is_some(),
        volume.azure_file.is_some(),
        volume.aws_elastic_block_store.is_some(),
        volume.gce_persistent_disk.is_some(),
        volume.photon_persistent_disk.is_some(),
        volume.portworx_volume.is_some(),
        volume.quobyte.is_some(),
        volume.scale_io.is_some(),
        volume.storageos.is_some(),
        volume.vsphere_volume.is_some(),
    ];
    match sources.into_iter().filter(|&set| set).count() {
        // Without a source, Kubernetes makes an emptyDir.
        0 | 1 => {}
        _ => return Some("has several sources"),
    }
    if volume.persistent_volume_claim.as_ref().is_some_and(|claim| claim.claim_name.is_empty()) {
        return Some("names no claim");
    }
    if volume.config_map.as_ref().is_some_and(|map| map.name.is_empty()) {
        return Some("names no ConfigMap");
    }
    if volume.secret.as_ref().is_some_and(|secret| secret.secret_name.as_deref().unwrap_or_default().is_empty()) {
        return Some("names no Secret");
    }
    if volume.host_path.as_ref().is_some_and(|path| path.path.is_empty()) {
        return Some("names no path of the node");
    }
    None
}
