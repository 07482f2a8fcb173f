//! Quotas: counts of objects, and sums of what Pods and claims ask for.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::object::{list, text};
use crate::resource::Resource;
use crate::status::{ApiError, Result};
use crate::store::{Key, Store};

/// The quotas that oblige every container to say what it asks for.
const COMPUTE: [&str; 6] = ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];

/// Refuses an object that would exceed a quota of its namespace.
pub(crate) fn admit(store: &Store, key: &Key, value: &Value) -> Result<()> {
    for quota in store.all(Resource::ResourceQuotas, Some(&key.namespace)) {
        let Some(hard) = quota.value["spec"]["hard"].as_object() else { continue };
        let (mut requested, mut used, mut limited) = (Vec::new(), Vec::new(), Vec::new());
        for (name, limit) in hard {
            let Some(ask) = amount(key.resource, value, name) else { continue };
            if ask == 0 && key.resource == Resource::Pods && COMPUTE.contains(&name.as_str()) {
                let containers: Vec<&str> =
                    list(value, "/spec/containers").iter().map(|container| text(container, "/name")).collect();
                let why = format!("failed quota: {}: must specify {name} for: {}", quota.name(), containers.join(","));
                return Err(ApiError::forbidden(key.resource, &key.name, &why));
            }
            let taken = sum(store, &key.namespace, name);
            let limit_text = limit.as_str().map_or_else(|| limit.to_string(), ToOwned::to_owned);
            if taken + ask > quantity(&limit_text) {
                requested.push(format!("{name}={}", shown(ask)));
                used.push(format!("{name}={}", shown(taken)));
                limited.push(format!("{name}={limit_text}"));
            }
        }
        if !requested.is_empty() {
            let why = format!(
                "exceeded quota: {}, requested: {}, used: {}, limited: {}",
                quota.name(),
                requested.join(","),
                used.join(","),
                limited.join(",")
            );
            return Err(ApiError::forbidden(key.resource, &key.name, &why));
        }
    }
    Ok(())
}

/// `status` of a quota: its limits and what is used of them.
pub(crate) fn status(store: &Store, quota: &Value) -> Value {
    let hard = quota["spec"]["hard"].clone();
    let used: BTreeMap<&String, String> = hard
        .as_object()
        .into_iter()
        .flat_map(|hard| hard.keys())
        .map(|name| (name, shown(sum(store, text(quota, "/metadata/namespace"), name))))
        .collect();
    serde_json::json!({"hard": hard, "used": used})
}

fn sum(store: &Store, namespace: &str, name: &str) -> i64 {
    [Resource::Pods, Resource::Jobs, Resource::PersistentVolumeClaims, Resource::ConfigMaps, Resource::Secrets]
        .into_iter()
        .filter(|resource| counts(*resource, name))
        .flat_map(|resource| store.all(resource, Some(namespace)).into_iter().map(move |object| (resource, object)))
        .filter_map(|(resource, object)| amount(resource, &object.value, name))
        .sum()
}

/// Whether a quota of this name is about this resource.
fn counts(resource: Resource, name: &str) -> bool {
    if let Some(counted) = name.strip_prefix("count/") {
        return counted == resource.to_string();
    }
    match name {
        "requests.storage" => resource == Resource::PersistentVolumeClaims,
        "cpu" | "memory" => resource == Resource::Pods,
        _ if name.starts_with("requests.") || name.starts_with("limits.") => resource == Resource::Pods,
        _ => name == resource.plural(),
    }
}

/// How much an object takes of a quota, in thousandths; `None` where it takes nothing of it.
fn amount(resource: Resource, value: &Value, name: &str) -> Option<i64> {
    if !counts(resource, name) {
        return None;
    }
    let ended = matches!(text(value, "/status/phase"), "Succeeded" | "Failed");
    if resource == Resource::Pods && ended && !name.starts_with("count/") {
        return None;
    }
    if name == "requests.storage" {
        return Some(quantity(text(value, "/spec/resources/requests/storage")));
    }
    if name.starts_with("count/") || name == resource.plural() {
        return Some(1000);
    }
    let (part, what) = name.split_once('.').unwrap_or(("requests", name));
    let containers = list(value, "/spec/containers").iter();
    Some(containers.map(|container| quantity(text(&container["resources"][part], &format!("/{what}")))).sum())
}

/// A quantity in thousandths: `500m`, `2`, `1Gi`. What is none reads as zero.
fn quantity(text: &str) -> i64 {
    let digits = text.trim_end_matches(|sign: char| sign.is_ascii_alphabetic());
    let scale: i64 = match &text[digits.len()..] {
        "m" => 1,
        "k" => 1_000_000,
        "M" => 1_000_000_000,
        "G" => 1_000_000_000_000,
        "Ki" => 1000 << 10,
        "Mi" => 1000 << 20,
        "Gi" => 1000 << 30,
        "Ti" => 1000 << 40,
        _ => 1000,
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let part: i64 = format!("{part:0<3}").get(..3).and_then(|part| part.parse().ok()).unwrap_or_default();
    whole.parse::<i64>().unwrap_or_default().saturating_mul(scale) + part.saturating_mul(scale) / 1000
}

fn shown(thousandths: i64) -> String {
    for (unit, name) in [(1000_i64 << 30, "Gi"), (1000 << 20, "Mi"), (1000 << 10, "Ki"), (1000, "")] {
        if thousandths >= unit && thousandths % unit == 0 {
            return format!("{}{name}", thousandths / unit);
        }
    }
    if thousandths == 0 { "0".to_owned() } else { format!("{thousandths}m") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities() {
        for (text, thousandths, again) in
            [("1", 1000, "1"), ("500m", 500, "500m"), ("1.5", 1500, "1500m"), ("1Gi", 1000 << 30, "1Gi"), ("0", 0, "0")]
        {
            assert_eq!((quantity(text), shown(thousandths)), (thousandths, again.to_owned()), "{text}");
        }
    }
}
