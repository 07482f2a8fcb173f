//! Label and field selectors.

use serde_json::Value;

use crate::object::text;
use crate::resource::Resource;
use crate::status::{ApiError, Result};

/// What a list or watch selects.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<(String, String, bool)>,
}

#[derive(Clone, Debug)]
enum Requirement {
    Exists(String),
    Missing(String),
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    More(String, i64),
    Less(String, i64),
}

impl Selector {
    /// Parses the two query parameters.
    pub(crate) fn parse(resource: Resource, labels: &str, fields: &str) -> Result<Self> {
        Ok(Self { labels: parse_labels(labels)?, fields: parse_fields(resource, fields)? })
    }

    pub(crate) fn matches(&self, object: &Value) -> bool {
        self.labels.iter().all(|requirement| requirement.matches(object))
            && self.fields.iter().all(|(field, value, equal)| (field_value(object, field) == *value) == *equal)
    }
}

impl Requirement {
    fn matches(&self, object: &Value) -> bool {
        let label = |key: &str| object["metadata"]["labels"].get(key).and_then(Value::as_str);
        let number = |key: &str| label(key).and_then(|value| value.parse::<i64>().ok());
        match self {
            Self::Exists(key) => label(key).is_some(),
            Self::Missing(key) => label(key).is_none(),
            Self::In(key, values) => label(key).is_some_and(|value| values.iter().any(|known| known == value)),
            Self::NotIn(key, values) => label(key).is_none_or(|value| values.iter().all(|known| known != value)),
            Self::More(key, than) => number(key).is_some_and(|value| value > *than),
            Self::Less(key, than) => number(key).is_some_and(|value| value < *than),
        }
    }
}

fn parse_labels(text: &str) -> Result<Vec<Requirement>> {
    split(text).into_iter().map(|part| requirement(part.trim())).collect()
}

/// Splits at the commas outside of parentheses.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (at, sign) in text.char_indices() {
        match sign {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts.retain(|part| !part.trim().is_empty());
    parts
}

fn requirement(part: &str) -> Result<Requirement> {
    if let Some((key, set)) = part.split_once(" notin ") {
        return Ok(Requirement::NotIn(key_of(key)?, values(set)?));
    }
    if let Some((key, set)) = part.split_once(" in ") {
        return Ok(Requirement::In(key_of(key)?, values(set)?));
    }
    if let Some((key, value)) = part.split_once("!=") {
        return Ok(Requirement::NotIn(key_of(key)?, vec![value_of(value)?]));
    }
    if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        return Ok(Requirement::In(key_of(key)?, vec![value_of(value)?]));
    }
    if let Some((key, value)) = part.split_once('>') {
        return Ok(Requirement::More(key_of(key)?, number(value)?));
    }
    if let Some((key, value)) = part.split_once('<') {
        return Ok(Requirement::Less(key_of(key)?, number(value)?));
    }
    match part.strip_prefix('!') {
        Some(key) => Ok(Requirement::Missing(key_of(key)?)),
        None => Ok(Requirement::Exists(key_of(part)?)),
    }
}

fn refused(found: &str, expected: &str) -> ApiError {
    ApiError::bad_request(format!("unable to parse requirement: found '{found}', expected: {expected}"))
}

fn legal(text: &str, extra: &str) -> bool {
    text.chars().all(|sign| sign.is_ascii_alphanumeric() || "-_.".contains(sign) || extra.contains(sign))
}

fn key_of(text: &str) -> Result<String> {
    let key = text.trim();
    if key.is_empty() || !legal(key, "/") { Err(refused(key, "identifier")) } else { Ok(key.to_owned()) }
}

fn value_of(text: &str) -> Result<String> {
    let value = text.trim();
    if legal(value, "") { Ok(value.to_owned()) } else { Err(refused(value, "identifier")) }
}

fn number(text: &str) -> Result<i64> {
    text.trim().parse().map_err(|_| refused(text, "integer"))
}

fn values(set: &str) -> Result<Vec<String>> {
    let inner = set.trim().strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    inner.ok_or_else(|| refused(set, "'('"))?.split(',').map(value_of).collect()
}

/// The field selectors of each resource, as Kubernetes' `SelectableFields` list them.
fn known_fields(resource: Resource) -> &'static [&'static str] {
    match resource {
        Resource::Pods => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
            "spec.hostNetwork",
        ],
        Resource::Events => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        Resource::Jobs => &["status.successful"],
        Resource::Namespaces => &["status.phase"],
        Resource::Secrets => &["type"],
        Resource::Nodes => &["spec.unschedulable"],
        _ => &[],
    }
}

fn parse_fields(resource: Resource, text: &str) -> Result<Vec<(String, String, bool)>> {
    let mut fields = Vec::new();
    for part in split(text) {
        let (field, value, equal) = if let Some((field, value)) = part.split_once("!=") {
            (field, value, false)
        } else if let Some((field, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
            (field, value, true)
        } else {
            return Err(ApiError::bad_request(format!("invalid selector: '{part}'; can't understand '{part}'")));
        };
        let field = field.trim();
        if !["metadata.name", "metadata.namespace"].contains(&field) && !known_fields(resource).contains(&field) {
            return Err(ApiError::bad_request(format!(
                "\"{field}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
            )));
        }
        fields.push((field.to_owned(), value.trim().to_owned(), equal));
    }
    Ok(fields)
}

fn field_value(object: &Value, field: &str) -> String {
    match field {
        "status.successful" => object["status"]["succeeded"].as_i64().unwrap_or_default().to_string(),
        "source" => text(object, "/source/component").to_owned(),
        "spec.hostNetwork" | "spec.unschedulable" => {
            crate::object::flag(object, &format!("/{}", field.replace('.', "/"))).to_string()
        }
        _ => text(object, &format!("/{}", field.replace('.', "/"))).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn matches(labels: &str, fields: &str) -> bool {
        let pod = json!({
            "metadata": {"name": "a", "labels": {"app": "keruta", "task-id": "7", "n": "5"}},
            "status": {"phase": "Running"}
        });
        Selector::parse(Resource::Pods, labels, fields).unwrap().matches(&pod)
    }

    #[test]
    fn every_form_of_a_requirement() {
        for yes in
            ["app=keruta,task-id", "app==keruta", "app in (x, keruta)", "app notin (x),!gone", "n>4,n<6", "x!=y", ""]
        {
            assert!(matches(yes, ""), "{yes}");
        }
        for no in ["app=x", "!app", "app in (x)", "app notin (keruta)", "n>5", "app!=keruta", "gone"] {
            assert!(!matches(no, ""), "{no}");
        }
    }

    #[test]
    fn fields_select_and_unknown_ones_are_refused() {
        assert!(matches("", "status.phase=Running,metadata.name!=b"));
        assert!(!matches("", "status.phase!=Running"));
        let error = Selector::parse(Resource::ConfigMaps, "", "foo=b").unwrap_err();
        assert!(error.message.starts_with("\"foo\" is not a known field selector"), "{}", error.message);
        assert_eq!(Selector::parse(Resource::Pods, "a===b", "").unwrap_err().code, 400);
    }
}
