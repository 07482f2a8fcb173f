//! What the API server refuses of an object, for the fields that keruta's manifests use.

use serde_json::Value;

use crate::name::{label_problem, label_value_problem, subdomain_problem};
use crate::object::{int, list, text};
use crate::resource::Resource;
use crate::status::{ApiError, Cause, Result};

/// Checks a new object.
pub(crate) fn create(resource: Resource, value: &Value) -> Result<()> {
    let mut causes = metadata(resource, value);
    match resource {
        Resource::Jobs => job(value, &mut causes),
        Resource::Pods => pod_spec(&value["spec"], "spec", &mut causes),
        Resource::PersistentVolumeClaims => claim(value, &mut causes),
        _ => {}
    }
    told(resource, value, &causes)
}

/// Checks the new state of a known object.
pub(crate) fn update(resource: Resource, old: &Value, new: &Value) -> Result<()> {
    let mut causes = metadata(resource, new);
    match resource {
        Resource::Jobs => job_update(old, new, &mut causes),
        Resource::PersistentVolumeClaims if spec_without(old, &["resources"]) != spec_without(new, &["resources"]) => {
            causes.push(Cause::forbidden(
                "spec",
                "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
            ));
        }
        Resource::Pods => {
            let changeable = ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "nodeName"];
            let rest = |pod: &Value| {
                let mut spec = spec_without(pod, &changeable);
                for list in ["initContainers", "containers"] {
                    for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                        container["image"] = Value::Null;
                    }
                }
                spec
            };
            if rest(old) != rest(new) {
                causes.push(Cause::forbidden(
                    "spec",
                    "pod updates may not change fields other than `spec.containers[*].image`,\
                     `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to \
                     existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was \
                     previously negative)",
                ));
            }
        }
        Resource::ConfigMaps if old["immutable"] == true && old["data"] != new["data"] => {
            causes.push(Cause::forbidden("data", "field is immutable when `immutable` is set"));
        }
        _ => {}
    }
    if crate::object::deleting(old) {
        let known = crate::object::finalizers(old);
        let added: Vec<String> =
            crate::object::finalizers(new).into_iter().filter(|finalizer| !known.contains(finalizer)).collect();
        if !added.is_empty() {
            let why = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers {added:?}"
            );
            causes.push(Cause::forbidden("metadata.finalizers", &why));
        }
    }
    told(resource, new, &causes)
}

fn told(resource: Resource, value: &Value, causes: &[Cause]) -> Result<()> {
    if causes.is_empty() {
        return Ok(());
    }
    Err(ApiError::invalid(resource, text(value, "/metadata/name"), causes))
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

fn metadata(resource: Resource, value: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let name = text(value, "/metadata/name");
    let problem = match resource {
        Resource::Namespaces => label_problem(name),
        _ => subdomain_problem(name),
    };
    if let Some(problem) = problem {
        causes.push(Cause::invalid("metadata.name", &quoted(name), &problem));
    }
    labels(&value["metadata"]["labels"], "metadata.labels", &mut causes);
    if let Some(annotations) = value["metadata"]["annotations"].as_object() {
        let size: usize = annotations.iter().map(|(key, value)| key.len() + value.as_str().map_or(0, str::len)).sum();
        if size > 262_144 {
            causes.push(Cause {
                field: "metadata.annotations".to_owned(),
                reason: "FieldValueTooLong",
                message: "Too long: may not be more than 262144 bytes".to_owned(),
            });
        }
    }
    causes
}

fn labels(labels: &Value, field: &str, causes: &mut Vec<Cause>) {
    for value in labels.as_object().into_iter().flat_map(|labels| labels.values()) {
        let value = value.as_str().unwrap_or_default();
        if let Some(problem) = label_value_problem(value) {
            causes.push(Cause::invalid(field, &quoted(value), &problem));
        }
    }
}

fn job(value: &Value, causes: &mut Vec<Cause>) {
    let template = &value["spec"]["template"];
    labels(&template["metadata"]["labels"], "spec.template.labels", causes);
    failure_policy(value, causes);
    pod_spec(&template["spec"], "spec.template.spec", causes);
    match text(template, "/spec/restartPolicy") {
        "OnFailure" if value["spec"]["podFailurePolicy"].is_object() => causes.push(Cause::invalid(
            "spec.template.spec.restartPolicy",
            "\"OnFailure\"",
            "only \"Never\" is supported when podFailurePolicy is specified",
        )),
        "Never" | "OnFailure" => {}
        "" => {
            causes.push(Cause::required("spec.template.spec.restartPolicy", "valid values: \"OnFailure\", \"Never\""));
        }
        other => causes.push(Cause {
            field: "spec.template.spec.restartPolicy".to_owned(),
            reason: "FieldValueNotSupported",
            message: format!("Unsupported value: \"{other}\": supported values: \"OnFailure\", \"Never\""),
        }),
    }
    numbers(value, causes);
    replacement(value, causes);
}

fn numbers(value: &Value, causes: &mut Vec<Cause>) {
    for field in ["parallelism", "completions", "backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished"] {
        if let Some(number) = int(&value["spec"], &format!("/{field}"))
            && number < 0
        {
            let why = "must be greater than or equal to 0";
            causes.push(Cause::invalid(&format!("spec.{field}"), &number.to_string(), why));
        }
    }
}

/// [Source](https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/batch/validation/validation.go).
fn failure_policy(value: &Value, causes: &mut Vec<Cause>) {
    let spec = &value["spec"]["template"]["spec"];
    let is_there = |name: &str| {
        ["/initContainers", "/containers"]
            .iter()
            .any(|kind| list(spec, kind).iter().any(|it| text(it, "/name") == name))
    };
    for (index, rule) in list(value, "/spec/podFailurePolicy/rules").iter().enumerate() {
        let name = text(rule, "/onExitCodes/containerName");
        if !name.is_empty() && !is_there(name) {
            let field = format!("spec.podFailurePolicy.rules[{index}].onExitCodes.containerName");
            let why = "must be one of the container or initContainer names in the pod template";
            causes.push(Cause::invalid(&field, &quoted(name), why));
        }
    }
}

fn replacement(value: &Value, causes: &mut Vec<Cause>) {
    let policy = text(value, "/spec/podReplacementPolicy");
    if value["spec"]["podFailurePolicy"].is_object() && policy == "TerminatingOrFailed" {
        causes.push(Cause {
            field: "spec.podReplacementPolicy".to_owned(),
            reason: "FieldValueNotSupported",
            message: format!("Unsupported value: \"{policy}\": supported values: \"Failed\""),
        });
    }
}

fn pod_spec(spec: &Value, field: &str, causes: &mut Vec<Cause>) {
    if list(spec, "/containers").is_empty() {
        causes.push(Cause::required(&format!("{field}.containers"), ""));
    }
    for kind in ["initContainers", "containers"] {
        for (index, container) in list(spec, &format!("/{kind}")).iter().enumerate() {
            let at = format!("{field}.{kind}[{index}]");
            match text(container, "/name") {
                "" => causes.push(Cause::required(&format!("{at}.name"), "")),
                name => {
                    if let Some(problem) = label_problem(name) {
                        causes.push(Cause::invalid(&format!("{at}.name"), &quoted(name), &problem));
                    }
                }
            }
            if text(container, "/image").is_empty() {
                causes.push(Cause::required(&format!("{at}.image"), ""));
            }
            for (mount_index, mount) in list(container, "/volumeMounts").iter().enumerate() {
                let name = text(mount, "/name");
                if !list(spec, "/volumes").iter().any(|volume| text(volume, "/name") == name) {
                    causes.push(Cause {
                        field: format!("{at}.volumeMounts[{mount_index}].name"),
                        reason: "FieldValueNotFound",
                        message: format!("Not found: \"{name}\""),
                    });
                }
            }
        }
    }
}

fn claim(value: &Value, causes: &mut Vec<Cause>) {
    if list(value, "/spec/accessModes").is_empty() {
        causes.push(Cause::required("spec.accessModes", "at least 1 access mode is required"));
    }
    if text(value, "/spec/resources/requests/storage").is_empty() {
        causes.push(Cause::required("spec.resources[storage]", ""));
    }
}

/// The fields of a Job that cannot change (`ValidateJobUpdate`): a suspended one may change parts of its template.
fn job_update(old: &Value, new: &Value, causes: &mut Vec<Cause>) {
    let mut template = new["spec"]["template"].clone();
    let suspended = old["spec"]["suspend"] == true || new["spec"]["suspend"] == true;
    if suspended {
        for (part, keys) in [
            ("metadata", ["annotations", "labels"].as_slice()),
            ("spec", &["nodeSelector", "tolerations", "affinity", "schedulingGates"]),
        ] {
            for key in keys {
                match old["spec"]["template"][part].get(*key) {
                    Some(value) => template[part][*key] = value.clone(),
                    None => {
                        crate::object::map(&mut template, part).remove(*key);
                    }
                }
            }
        }
    }
    if old["spec"]["template"] != template {
        let dump = new["spec"]["template"].to_string();
        causes.push(Cause::invalid("spec.template", &dump, "field is immutable"));
    }
    for field in [
        "completions",
        "selector",
        "podFailurePolicy",
        "completionMode",
        "backoffLimitPerIndex",
        "managedBy",
        "successPolicy",
    ] {
        if old["spec"][field] != new["spec"][field] {
            let value = new["spec"][field].to_string();
            causes.push(Cause::invalid(&format!("spec.{field}"), &value, "field is immutable"));
        }
    }
    numbers(new, causes);
    replacement(new, causes);
}

fn spec_without(value: &Value, fields: &[&str]) -> Value {
    let mut spec = value["spec"].clone();
    if let Some(spec) = spec.as_object_mut() {
        for field in fields {
            spec.remove(*field);
        }
    }
    spec
}
