//! Environment variables: their names, their sources, and references of one to another.

use k8s_openapi::api::core::v1::{EnvVar, EnvVarSource};

use super::super::finding::FindingId;
use super::super::pod::ContainerView;
use super::super::sink::{Sink, short};
use super::names::is_env_name;
use crate::script;

pub(super) fn check(container: &ContainerView<'_>, sink: &mut Sink<'_>) {
    for (index, env) in container.env.iter().enumerate() {
        if !is_env_name(&env.name) {
            sink.add(
                FindingId::InvalidEnvName,
                container.at(&format!("/env/{index}/name")),
                format!("\"{}\" is not a name of an environment variable.", short(&env.name)),
                "Use printable ASCII characters without `=`, best only letters, digits and `_`.",
            );
        }
        if let Some(wrong) = wrong_source(env) {
            sink.add(
                FindingId::InvalidEnvSource,
                container.at(&format!("/env/{index}")),
                format!("The variable \"{}\" {wrong}.", short(&env.name)),
                "Give it either a value or one complete source.",
            );
        }
        if let Some(value) = &env.value {
            let known = container.env.get(..index).unwrap_or_default();
            references(container, value, known, || format!("/env/{index}/value"), sink);
        }
    }
    for (index, from) in container.env_from.iter().enumerate() {
        let map = from.config_map_ref.as_ref().map(|map| map.name.as_str());
        let secret = from.secret_ref.as_ref().map(|secret| secret.name.as_str());
        let wrong = match (map, secret) {
            (None, None) => "has no source",
            (Some(_), Some(_)) => "has several sources",
            (Some(""), _) | (_, Some("")) => "names no object",
            _ => continue,
        };
        sink.add(
            FindingId::InvalidEnvSource,
            container.at(&format!("/envFrom/{index}")),
            format!("The entry {wrong}."),
            "Name one ConfigMap or one Secret.",
        );
    }
    for (field, words) in [("command", container.command), ("args", container.args)] {
        for (index, word) in words.iter().enumerate() {
            references(container, word, container.env, || format!("/{field}/{index}"), sink);
        }
    }
}

fn wrong_source(env: &EnvVar) -> Option<&'static str> {
    let from = env.value_from.as_ref()?;
    if env.value.as_deref().is_some_and(|value| !value.is_empty()) {
        return Some("has a value and a source");
    }
    let EnvVarSource {
        config_map_key_ref: map,
        field_ref: field,
        resource_field_ref: resource,
        secret_key_ref: secret,
        ..
    } = from;
    match [map.is_some(), field.is_some(), resource.is_some(), secret.is_some()].into_iter().filter(|&set| set).count()
    {
        // A source that these types do not know (`fileKeyRef`) is the version gate's matter.
        0 | 1 => {}
        _ => return Some("has several sources"),
    }
    if map.as_ref().is_some_and(|map| map.name.is_empty() || map.key.is_empty()) {
        return Some("names no ConfigMap or no key of it");
    }
    if secret.as_ref().is_some_and(|secret| secret.name.is_empty() || secret.key.is_empty()) {
        return Some("names no Secret or no key of it");
    }
    if field.as_ref().is_some_and(|field| !is_pod_field(&field.field_path)) {
        return Some("names a field that Pods do not offer to their environment");
    }
    let offered = |resource: &str| {
        let name = resource.strip_prefix("limits.").or_else(|| resource.strip_prefix("requests.")).unwrap_or_default();
        matches!(name, "cpu" | "memory" | "ephemeral-storage") || name.starts_with("hugepages-")
    };
    if resource.as_ref().is_some_and(|resource| !offered(&resource.resource)) {
        return Some("names a resource that containers do not offer to their environment");
    }
    None
}

/// What the downward API offers to environments (`validEnvDownwardAPIFieldPathExpressions`).
fn is_pod_field(path: &str) -> bool {
    matches!(
        path,
        "metadata.name"
            | "metadata.namespace"
            | "metadata.uid"
            | "spec.nodeName"
            | "spec.serviceAccountName"
            | "status.hostIP"
            | "status.hostIPs"
            | "status.podIP"
            | "status.podIPs"
    ) || ["metadata.labels['", "metadata.annotations['"]
        .iter()
        .any(|prefix| path.strip_prefix(prefix).is_some_and(|key| key.len() > 2 && key.ends_with("']")))
}

/// Finds `$(NAME)` that will not be expanded. Kubernetes leaves it as it is, which is what a shell script wants
/// (`$(date)`), so that only names in capitals count.
fn references(
    container: &ContainerView<'_>,
    text: &str,
    known: &[EnvVar],
    below: impl Fn() -> String,
    sink: &mut Sink<'_>,
) {
    // Variables of ConfigMaps and Secrets are not known here.
    if !container.env_from.is_empty() || script::known(text).is_some() || !text.contains("$(") {
        return;
    }
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        rest = rest.get(dollar + 1..).unwrap_or_default();
        if let Some(after) = rest.strip_prefix('$') {
            rest = after;
        } else if let Some(after) = rest.strip_prefix('(') {
            let Some(end) = after.find(')') else { return };
            let (name, after) = after.split_at(end);
            rest = after;
            if looks_like_variable(name) && !is_service_variable(name) && !known.iter().any(|env| env.name == name) {
                let why = if container.env.iter().any(|env| env.name == name) {
                    "is defined only later in the list"
                } else {
                    "is not defined in the container"
                };
                sink.add(
                    FindingId::UndefinedEnvReference,
                    container.at(&below()),
                    format!("\"$({name})\" stays as it is, because {name} {why}."),
                    "Define the variable before it is used, or write `$$(` for a literal text.",
                );
            }
        }
    }
}

fn looks_like_variable(name: &str) -> bool {
    name.bytes().next().is_some_and(|byte| byte.is_ascii_uppercase() || byte == b'_')
        && name.len() <= 100
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Kubernetes adds variables for each Service of the namespace.
fn is_service_variable(name: &str) -> bool {
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name.ends_with("_PORT")
        || name.contains("_PORT_")
}
