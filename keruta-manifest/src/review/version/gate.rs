//! Drops or refuses what a Kubernetes version does not know.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::KubernetesVersion;
use super::table::{Effect, Feature};
use crate::object::Object;
use crate::review::finding::{Finding, FindingId};
use crate::review::sink::Sink;
use crate::review::walk::{Count, Use, walk};

/// Fits objects to a Kubernetes version.
///
/// A field that the version does not know is removed, with the warning `version-field-dropped`, where the task runs
/// as meant without it; otherwise it stays, with the error `version-field-unknown`. A field that the version knows
/// but ignores until a feature gate is switched on stays, with the warning `version-field-off`. The findings are in
/// the order of the objects and of their fields.
///
/// ```
/// use keruta_manifest::object::Object;
/// use keruta_manifest::review::{gate, FindingId, KubernetesVersion};
/// use k8s_openapi::api::core::v1::{PersistentVolumeClaim, PersistentVolumeClaimSpec};
///
/// let spec = PersistentVolumeClaimSpec { volume_attributes_class_name: Some("fast".into()), ..Default::default() };
/// let mut objects = [Object::from(PersistentVolumeClaim { spec: Some(spec), ..Default::default() })];
/// assert!(gate(&mut objects, KubernetesVersion::V1_34).is_empty());
/// let found = gate(&mut objects, KubernetesVersion::V1_33);
/// assert_eq!(found[0].id, FindingId::VersionFieldOff);
/// assert_eq!(found[0].pointer, "/spec/volumeAttributesClassName");
/// ```
pub fn gate(objects: &mut [Object], version: KubernetesVersion) -> Vec<Finding> {
    let mut found = Vec::new();
    for object in objects {
        let uses = walk(object, Count::AtMost).uses;
        gate_uses(object, uses, version, &mut found);
    }
    found
}

/// Fits an object, whose gated fields are known, to a Kubernetes version.
pub(in crate::review) fn gate_uses(
    object: &mut Object,
    mut uses: Vec<Use>,
    version: KubernetesVersion,
    found: &mut Vec<Finding>,
) {
    uses.retain(|used| !used.feature.is_on(version));
    if uses.is_empty() {
        return;
    }
    let droppable: Vec<&str> = uses
        .iter()
        .filter(|used| !used.feature.is_known(version) && used.feature.effect == Effect::Drop)
        .map(|used| used.pointer.as_str())
        .collect();
    let dropped = !droppable.is_empty() && remove(object, &droppable);
    let mut sink = Sink::new(object.kind(), object.name(), found);
    for Use { feature, pointer } in uses {
        report(feature, pointer, dropped, version, &mut sink);
    }
}

fn report(feature: &Feature, pointer: String, dropped: bool, version: KubernetesVersion, sink: &mut Sink<'_>) {
    let Feature { field, since, .. } = feature;
    if feature.is_known(version) {
        let gate =
            feature.gate.map_or_else(|| "its feature gate".to_owned(), |gate| format!("the feature gate {gate}"));
        let later = match feature.on_since {
            Some(on) => format!(", or target Kubernetes {on}, where it is on by default"),
            None => String::new(),
        };
        sink.add(
            FindingId::VersionFieldOff,
            pointer,
            format!("Kubernetes {version} ignores `{field}` until {gate} is switched on in the cluster."),
            format!("Remove the field, switch {gate} on{later}."),
        );
    } else if feature.effect == Effect::Drop && dropped {
        sink.add(
            FindingId::VersionFieldDropped,
            pointer,
            format!("Kubernetes {version} does not know `{field}`, so it was left out."),
            format!("Remove the field, or target {}.", feature.versions()),
        );
    } else {
        sink.add(
            FindingId::VersionFieldUnknown,
            pointer,
            format!(
                "Kubernetes {version} does not know `{field}` (it came with {since}), and the task would not run as meant without it."
            ),
            format!("Remove the field, or target {}.", feature.versions()),
        );
    }
}

/// Removes fields by their pointers. Says whether it could: the object is left alone if it does not read back.
fn remove(object: &mut Object, pointers: &[&str]) -> bool {
    match object {
        Object::Job(job) => remove_from(&mut **job, pointers),
        Object::PersistentVolumeClaim(claim) => remove_from(&mut **claim, pointers),
        _ => false,
    }
}

fn remove_from<T: Serialize + DeserializeOwned>(object: &mut T, pointers: &[&str]) -> bool {
    let Ok(mut value) = serde_json::to_value(&*object) else { return false };
    for pointer in pointers {
        if let Some((parent, field)) = pointer.rsplit_once('/')
            && let Some(Value::Object(fields)) = value.pointer_mut(parent)
        {
            fields.remove(field);
        }
    }
    let Ok(changed) = serde_json::from_value(value) else { return false };
    *object = changed;
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn job(pod: &Value) -> Object {
        let mut spec = json!({"containers": [{"name": "main", "image": "i"}]});
        json_patch::merge(&mut spec, pod);
        let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"},
            "spec": {"template": {"spec": spec}}});
        Object::from(serde_json::from_value::<k8s_openapi::api::batch::v1::Job>(job).unwrap())
    }

    fn ids(found: &[Finding]) -> Vec<(&str, &str)> {
        found.iter().map(|finding| (finding.id.as_str(), finding.pointer.as_str())).collect()
    }

    #[test]
    fn an_unknown_harmless_field_is_dropped() {
        let pod = json!({"evictionResponders": [{"name": "a.io/b", "priority": 1}]});
        let mut objects = [job(&pod)];
        let found = gate(&mut objects, KubernetesVersion::V1_36);
        assert_eq!(ids(&found), [("version-field-dropped", "/spec/template/spec/evictionResponders")]);
        assert_eq!(objects[0], job(&json!({})));
        assert!(gate(&mut objects, KubernetesVersion::V1_36).is_empty());

        let mut objects = [job(&pod)];
        let found = gate(&mut objects, KubernetesVersion::V1_37);
        assert_eq!(ids(&found), [("version-field-off", "/spec/template/spec/evictionResponders")]);
        assert_eq!(objects[0], job(&pod));
    }

    #[test]
    fn an_unknown_needed_field_is_refused_and_stays() {
        let pod = json!({"containers": [{"name": "main", "image": "i",
            "env": [{"name": "A", "valueFrom": {"fileKeyRef": {"volumeName": "v", "path": "p", "key": "k"}}}]}]});
        let pointer = "/spec/template/spec/containers/0/env/0/valueFrom/fileKeyRef";
        for (version, expected) in [
            (KubernetesVersion::V1_33, Some("version-field-unknown")),
            (KubernetesVersion::V1_34, Some("version-field-off")),
            (KubernetesVersion::V1_35, None),
            (KubernetesVersion::V1_37, None),
        ] {
            let mut objects = [job(&pod)];
            let found = gate(&mut objects, version);
            assert_eq!(ids(&found), expected.map(|id| (id, pointer)).into_iter().collect::<Vec<_>>(), "{version}");
            assert_eq!(objects[0], job(&pod));
        }
    }

    #[test]
    fn only_the_field_of_the_right_type_counts() {
        let pod = json!({"containers": [{"name": "main", "image": "i", "ports": [{"containerPort": 80, "protocol": "TCP"}],
            "securityContext": {"seLinuxOptions": {"user": "u"}}}],
            "volumes": [{"name": "v", "secret": {"secretName": "s", "items": [{"key": "k", "path": "p", "mode": 256}]}}]});
        assert_eq!(gate(&mut [job(&pod)], KubernetesVersion::V1_33), []);
    }

    #[test]
    fn several_fields_of_one_object() {
        let pod = json!({"schedulingGroup": {"podGroupName": "g"}, "hostnameOverride": "h",
            "evictionResponders": [{"name": "a.io/b", "priority": 1}]});
        let mut objects = [job(&pod)];
        let found = gate(&mut objects, KubernetesVersion::V1_33);
        assert_eq!(
            ids(&found),
            [
                ("version-field-dropped", "/spec/template/spec/evictionResponders"),
                ("version-field-unknown", "/spec/template/spec/hostnameOverride"),
                ("version-field-dropped", "/spec/template/spec/schedulingGroup"),
            ]
        );
        assert_eq!(objects[0], job(&json!({"hostnameOverride": "h"})));
    }
}
