//! Settings from the environment: `KERUTA_DEFAULT_IMAGE`, and `KERUTA_WORKSPACE__SIZE` for `workspace.size`.
//!
//! Many other programs of keruta have variables with the same beginning, so only names of settings are taken; a
//! name that is nearly one is told.

use keruta_manifest::problem::Segment;
use serde_json::Value;

use super::layers::{Layer, Written};
use super::text_value;
use crate::known::Known;

/// How the names of all variables begin.
const PREFIX: &str = "KERUTA_";

/// Variables of keruta that are no settings, so that none of them is taken for a misspelt one: what a task's
/// container is given (`KERUTA_TASK_…`, the API) and what the programs read beside their settings.
const OTHERS: [&str; 11] = [
    "TASK_",
    "TEST_",
    "API_TOKEN",
    "API_ENDPOINT",
    "REPOSITORY_ID",
    "DOCUMENT_ID",
    "SETTINGS",
    "LOG",
    "AGENT_",
    "STATE_DIR",
    "REDACT_",
];

/// The variables that are settings, in the order of their names, and warnings about those that nearly are.
pub(crate) fn layers(variables: impl Iterator<Item = (String, String)>) -> (Vec<Layer>, Vec<String>) {
    let mut ours: Vec<(String, String)> = variables.filter(|(name, _)| name.starts_with(PREFIX)).collect();
    ours.retain(|(name, _)| name.as_str() != super::FILES_VARIABLE);
    if ours.is_empty() {
        return (Vec::new(), Vec::new());
    }
    ours.sort();
    let known = Known::settings();
    let (mut layers, mut warnings) = (Vec::new(), Vec::new());
    for (name, value) in ours {
        let bare = &name[PREFIX.len()..];
        let written: Vec<Segment> = bare.split("__").map(|part| Segment::Key(part.to_owned())).collect();
        let path = known.respell(&written);
        if matches!(path.first(), Some(Segment::Key(first)) if known.has(first)) {
            // An empty variable is the shell's way to unset one.
            if !value.is_empty() {
                let (mut tree, mut leaves) = (Value::Null, Vec::new());
                text_value::put(&mut tree, &lower_unknown(path, &written), &value, &mut leaves);
                layers.push(Layer { value: tree, leaves, written: Written::Variable { name, value } });
            }
        } else if let Some(near) = nearest(bare, &known) {
            warnings.push(format!("the variable {name} is no setting and is not used; did you mean {PREFIX}{near}?"));
        }
    }
    (layers, warnings)
}

/// A name that the settings do not have is shown in their spelling, as far as a variable tells it.
fn lower_unknown(path: Vec<Segment>, written: &[Segment]) -> Vec<Segment> {
    path.into_iter()
        .zip(written)
        .map(|(segment, written)| match &segment {
            Segment::Key(name) if segment == *written => Segment::Key(camel(name)),
            _ => segment,
        })
        .collect()
}

/// `DEFAULT_IMAGE` as `defaultImage`.
fn camel(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut upper = false;
    for character in name.chars() {
        if character == '_' {
            upper = true;
        } else if std::mem::take(&mut upper) {
            camel.push(character.to_ascii_uppercase());
        } else {
            camel.push(character.to_ascii_lowercase());
        }
    }
    camel
}

fn nearest(name: &str, known: &Known) -> Option<String> {
    if OTHERS.iter().any(|other| name == *other || (other.ends_with('_') && name.starts_with(other))) {
        return None;
    }
    let (head, rest) = name.split_once("__").map_or((name, None), |(head, rest)| (head, Some(rest)));
    let distance = |candidate: &str| strsim::damerau_levenshtein(head, candidate);
    let near = known.variables().min_by_key(|candidate| distance(candidate))?;
    let is_near = distance(&near) <= (head.len() / 4).clamp(1, 3);
    is_near.then(|| rest.map_or_else(|| near.clone(), |rest| format!("{near}__{rest}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> (Vec<Value>, Vec<String>) {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let (layers, warnings) = layers(pairs);
        (layers.into_iter().map(|layer| layer.value).collect(), warnings)
    }

    #[test]
    fn only_names_of_settings_are_taken() {
        let (values, warnings) = read(&[
            ("KERUTA_WORKSPACE__SIZE", "2Gi"),
            ("KERUTA_DEFAULT_IMAGE", "a:1"),
            ("KERUTA_JOB__BACKOFF_LIMIT", "3"),
            ("KERUTA_TASK_METADATA_CONFIG_MAP", "m"),
            ("KERUTA_POD__LABELS", r#"{"a.b/c": "d"}"#),
            ("KERUTA_QUEUE", ""),
            ("KERUTA_TASK_TITLE", "x"),
            ("KERUTA_API_TOKEN", "x"),
            ("KERUTA_TEST_KUBECONFIG", "x"),
            ("KERUTA_SERVER_PORT", "80"),
            ("HOME", "/"),
        ]);
        assert_eq!(
            values,
            [
                serde_json::json!({"defaultImage": "a:1"}),
                serde_json::json!({"job": {"backoffLimit": 3}}),
                serde_json::json!({"pod": {"labels": {"a.b/c": "d"}}}),
                serde_json::json!({"taskMetadataConfigMap": "m"}),
                serde_json::json!({"workspace": {"size": "2Gi"}}),
            ]
        );
        assert_eq!(warnings, [""; 0]);
    }

    #[test]
    fn a_near_miss_is_told() {
        let (values, warnings) = read(&[("KERUTA_DEFUALT_IMAGE", "a:1"), ("KERUTA_WORKSPACES__SIZE", "1Gi")]);
        assert!(values.is_empty());
        assert!(warnings[0].contains("KERUTA_DEFAULT_IMAGE") && warnings[1].contains("KERUTA_WORKSPACE__SIZE"));
    }

    #[test]
    fn an_unknown_field_of_a_known_part_is_left_for_the_reader_to_refuse() {
        let (values, _) = read(&[("KERUTA_WORKSPACE__SIZE_LIMIT", "x")]);
        assert_eq!(values, [serde_json::json!({"workspace": {"sizeLimit": "x"}})]);
    }
}
