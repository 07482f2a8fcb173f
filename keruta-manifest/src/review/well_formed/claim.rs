//! Claims of persistent volumes.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::super::finding::FindingId;
use super::super::quantity::nanos;
use super::super::sink::{Sink, short};
use super::names::is_subdomain;

const MODES: [&str; 4] = ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"];

pub(super) fn check(claim: &PersistentVolumeClaim, sink: &mut Sink<'_>) {
    let Some(spec) = &claim.spec else { return };
    let mut add =
        |pointer: &str, message: String, cure: &str| sink.add(FindingId::InvalidClaim, pointer, message, cure);
    let modes = spec.access_modes.as_deref().unwrap_or_default();
    if modes.is_empty() {
        add("/spec/accessModes", "The claim has no access mode.".into(), "Add one, for example ReadWriteOnce.");
    }
    if let Some(mode) = modes.iter().find(|mode| !MODES.contains(&mode.as_str())) {
        add(
            "/spec/accessModes",
            format!("\"{}\" is not an access mode.", short(mode)),
            "Write one of ReadWriteOnce, ReadOnlyMany, ReadWriteMany, ReadWriteOncePod.",
        );
    }
    if modes.len() > 1 && modes.iter().any(|mode| mode == "ReadWriteOncePod") {
        add(
            "/spec/accessModes",
            "ReadWriteOncePod cannot stand beside another access mode.".into(),
            "Keep ReadWriteOncePod alone, or remove it.",
        );
    }
    let resources = spec.resources.as_ref();
    let request = size(resources.and_then(|resources| resources.requests.as_ref()));
    let limit = size(resources.and_then(|resources| resources.limits.as_ref()));
    match request {
        None => {
            add("/spec/resources/requests", "The claim requests no storage.".into(), "Add `storage`, for example 1Gi.");
        }
        Some(text) if nanos(text).is_none_or(|size| size <= 0) => add(
            "/spec/resources/requests/storage",
            format!("\"{}\" is not a size.", short(text)),
            "Write a number with a unit, for example 1Gi.",
        ),
        Some(_) => {}
    }
    if let (Some(request), Some(limit)) = (request, limit)
        && let (Some(requested), Some(limited)) = (nanos(request), nanos(limit))
        && requested > limited
    {
        add(
            "/spec/resources/requests/storage",
            format!("The claim requests {request}, more than its limit {limit}."),
            "Raise the limit, or lower the request.",
        );
    }
    if let Some(class) = spec.storage_class_name.as_deref().filter(|class| !class.is_empty() && !is_subdomain(class)) {
        add(
            "/spec/storageClassName",
            format!("\"{}\" is not a name of a storage class.", short(class)),
            "Name a storage class of the cluster, or leave it out for the default.",
        );
    }
    if let Some(mode) = spec.volume_mode.as_deref().filter(|mode| !matches!(*mode, "Filesystem" | "Block")) {
        add("/spec/volumeMode", format!("\"{}\" is not a volume mode.", short(mode)), "Write Filesystem or Block.");
    }
}

fn size(quantities: Option<&BTreeMap<String, Quantity>>) -> Option<&str> {
    quantities?.get("storage").map(|quantity| quantity.0.as_str())
}
