//! What the API server fills into new objects.

use serde_json::{Value, json};

use crate::object::{default, map, text};
use crate::resource::Resource;

/// Fills the defaults of a new object. Its `metadata.name` and `metadata.uid` are set already.
pub(crate) fn fill(resource: Resource, value: &mut Value) {
    match resource {
        Resource::Jobs => job(value),
        Resource::Pods => {
            pod_spec(&mut value["spec"]);
            default(value, "status", || json!({"phase": "Pending", "qosClass": "BestEffort"}));
            default(&mut value["spec"], "restartPolicy", || json!("Always"));
            default(&mut value["spec"], "enableServiceLinks", || json!(true));
            default(&mut value["spec"], "serviceAccountName", || json!("default"));
            default(&mut value["spec"], "preemptionPolicy", || json!("PreemptLowerPriority"));
            default(&mut value["spec"], "priority", || json!(0));
            default(&mut value["spec"], "tolerations", || {
                json!([
                    {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
                    {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
                ])
            });
        }
        Resource::PersistentVolumeClaims => {
            map(value, "metadata").entry("finalizers").or_insert_with(|| json!(["kubernetes.io/pvc-protection"]));
            default(&mut value["spec"], "volumeMode", || json!("Filesystem"));
            value["status"] = json!({"phase": "Pending"});
        }
        Resource::Namespaces => {
            let name = value["metadata"]["name"].clone();
            map(&mut value["metadata"], "labels").insert("kubernetes.io/metadata.name".to_owned(), name);
            default(value, "spec", || json!({"finalizers": ["kubernetes"]}));
            value["status"] = json!({"phase": "Active"});
        }
        Resource::Secrets => default(value, "type", || json!("Opaque")),
        Resource::ResourceQuotas => default(value, "status", || json!({})),
        Resource::StorageClasses => {
            default(value, "reclaimPolicy", || json!("Delete"));
            default(value, "volumeBindingMode", || json!("Immediate"));
        }
        _ => {}
    }
}

/// Defaults and generated labels of a Job (`pkg/registry/batch/job/strategy.go`, `pkg/apis/batch/v1/defaults.go`).
fn job(value: &mut Value) {
    let (name, uid) = (text(value, "/metadata/name").to_owned(), text(value, "/metadata/uid").to_owned());
    let unlabelled = value["metadata"]["labels"].as_object().is_none_or(serde_json::Map::is_empty);
    let spec = &mut value["spec"];
    default(spec, "parallelism", || json!(1));
    default(spec, "completions", || json!(1));
    default(spec, "completionMode", || json!("NonIndexed"));
    default(spec, "backoffLimit", || json!(6));
    default(spec, "suspend", || json!(false));
    default(spec, "manualSelector", || json!(false));
    let failure_policy = spec["podFailurePolicy"].is_object();
    default(spec, "podReplacementPolicy", || json!(if failure_policy { "Failed" } else { "TerminatingOrFailed" }));
    if let Some(rules) = spec.pointer_mut("/podFailurePolicy/rules").and_then(Value::as_array_mut) {
        for condition in rules.iter_mut().filter_map(|rule| rule["onPodConditions"].as_array_mut()).flatten() {
            default(condition, "status", || json!("True"));
        }
    }
    spec["selector"] = json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}});
    let template = map(spec, "template").entry("metadata").or_insert_with(|| json!({}));
    let labels = map(template, "labels");
    for (key, label) in [
        ("batch.kubernetes.io/controller-uid", &uid),
        ("batch.kubernetes.io/job-name", &name),
        ("controller-uid", &uid),
        ("job-name", &name),
    ] {
        labels.insert(key.to_owned(), json!(label));
    }
    // Without labels of its own a Job takes those of its template.
    if unlabelled {
        let labels = value["spec"]["template"]["metadata"]["labels"].clone();
        value["metadata"]["labels"] = labels;
    }
    pod_spec(&mut value["spec"]["template"]["spec"]);
    value["status"] = json!({});
}

fn pod_spec(spec: &mut Value) {
    default(spec, "terminationGracePeriodSeconds", || json!(30));
    default(spec, "dnsPolicy", || json!("ClusterFirst"));
    default(spec, "securityContext", || json!({}));
    default(spec, "schedulerName", || json!("default-scheduler"));
    for list in ["initContainers", "containers"] {
        for container in spec[list].as_array_mut().into_iter().flatten() {
            let image = text(container, "/image").to_owned();
            default(container, "resources", || json!({}));
            default(container, "terminationMessagePath", || json!("/dev/termination-log"));
            default(container, "terminationMessagePolicy", || json!("File"));
            default(container, "imagePullPolicy", || json!(if latest(&image) { "Always" } else { "IfNotPresent" }));
            default_field_refs(container);
        }
    }
    if spec["initContainers"].is_null() {
        crate::object::object(spec).remove("initContainers");
    }
    if spec["containers"].is_null() {
        crate::object::object(spec).remove("containers");
    }
}

fn default_field_refs(container: &mut Value) {
    for variable in container["env"].as_array_mut().into_iter().flatten() {
        if let Some(reference) = variable.pointer_mut("/valueFrom/fieldRef") {
            default(reference, "apiVersion", || json!("v1"));
        }
    }
    if container["env"].is_null() {
        crate::object::object(container).remove("env");
    }
}

/// Whether an image has no tag or digest, or the tag `latest`.
fn latest(image: &str) -> bool {
    if image.contains('@') {
        return false;
    }
    let name = image.rsplit('/').next().unwrap_or(image);
    name.split_once(':').is_none_or(|(_, tag)| tag == "latest")
}
