//! The manifests that exist: in a file, or as a cluster gives them.

use std::io::Read;
use std::path::Path;

use keruta_input::diagnostic::Diagnostic;
use keruta_input::failure::Failure;
use keruta_input::locate::Format;
use keruta_input::place::{Origin, Source};
use keruta_manifest::problem::{FieldPath, Position, Problem, Rule};
use serde::Deserialize;
use serde_json::{Map, Value};

/// What only a cluster writes into metadata.
const OF_THE_CLUSTER: [&str; 8] = [
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "managedFields",
    "selfLink",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
];
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The objects of a file.
pub(super) struct Existing {
    /// The file's name.
    pub(super) name: String,
    objects: Vec<Value>,
}

impl Existing {
    /// Reads YAML documents or JSON; a `List` counts as its items.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let stdin = path.as_os_str() == "-";
        let name = if stdin { "<stdin>".to_owned() } else { path.display().to_string() };
        let mut bytes = Vec::new();
        let read = if stdin {
            std::io::stdin().lock().read_to_end(&mut bytes).map(|_| ())
        } else {
            std::fs::read(path).map(|read| bytes = read)
        };
        read.map_err(|error| Failure::read(name.as_str(), error))?;
        let text = String::from_utf8(bytes).map_err(|error| Failure::not_text(&name, &error.utf8_error()))?;
        let mut objects = Vec::new();
        for document in serde_yaml::Deserializer::from_str(&text) {
            let value = Value::deserialize(document).map_err(|error| not_yaml(&name, &text, &error))?;
            add(value, &mut objects);
        }
        Ok(Self { name, objects })
    }

    /// The object of the same kind, namespace and name; one without a namespace may be in any.
    pub(super) fn find(&self, wanted: &Value) -> Option<&Value> {
        let text = |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let same = |object: &Value, pointer| text(object, pointer) == text(wanted, pointer);
        let alike = |object: &&Value| same(object, "/kind") && same(object, "/metadata/name");
        let namespace = "/metadata/namespace";
        self.objects.iter().filter(alike).find(|object| same(object, namespace)).or_else(|| {
            let open = |object: &&Value| text(object, namespace).is_none() || text(wanted, namespace).is_none();
            self.objects.iter().filter(alike).find(open)
        })
    }
}

fn add(value: Value, objects: &mut Vec<Value>) {
    match value {
        Value::Null => {}
        Value::Array(items) => {
            for item in items {
                add(item, objects);
            }
        }
        Value::Object(mut object) if object.get("kind").is_some_and(|kind| kind == "List") => {
            if let Some(Value::Array(items)) = object.remove("items") {
                for item in items {
                    add(item, objects);
                }
            }
        }
        object => objects.push(object),
    }
}

fn not_yaml(name: &str, text: &str, error: &serde_yaml::Error) -> Failure {
    let words = error.to_string();
    let words = words.rfind(" at line ").map_or(words.as_str(), |end| &words[..end]);
    let message = format!("is not YAML: {words}");
    let mut problem = Problem::custom(FieldPath::root(), Rule::Syntax, message, "mend the syntax at this place");
    problem.position = error.location().map(|at| Position { line: at.line(), column: at.column() });
    let source = Source { origin: Origin::File(name.into()), text, format: Format::Yaml, line: 1, before: 0 };
    Failure::Invalid(vec![Diagnostic::in_source(&problem, &source)])
}

/// The existing object as it was written: as kubectl noted it, or else without what the cluster added.
pub(super) fn comparable(old: &Value, new: &Value) -> Value {
    let is_live = old.pointer("/metadata/uid").is_some() || old.pointer("/metadata/resourceVersion").is_some();
    let annotations = old.pointer("/metadata/annotations").and_then(Value::as_object);
    let applied = annotations.and_then(|annotations| annotations.get(LAST_APPLIED)).and_then(Value::as_str);
    let mut written = match applied.and_then(|applied| serde_json::from_str(applied).ok()) {
        Some(written) => written,
        None if is_live => only_named(old, new),
        None => old.clone(),
    };
    if let Some(object) = written.as_object_mut() {
        object.remove("status");
        if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
            tidy(metadata, new);
        }
    }
    written
}

fn tidy(metadata: &mut Map<String, Value>, new: &Value) {
    metadata.retain(|field, _| !OF_THE_CLUSTER.contains(&field.as_str()));
    // A manifest without a namespace goes to the one at hand.
    if new.pointer("/metadata/namespace").is_none() {
        metadata.remove("namespace");
    }
    if let Some(Value::Object(annotations)) = metadata.get_mut("annotations") {
        annotations.remove(LAST_APPLIED);
        if annotations.is_empty() {
            metadata.remove("annotations");
        }
    }
}

/// The parts of a live object that the manifest names: the rest is the API server's defaults.
fn only_named(old: &Value, new: &Value) -> Value {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => old
            .iter()
            .filter_map(|(key, value)| Some((key.clone(), only_named(value, new.get(key)?))))
            .collect::<Map<_, _>>()
            .into(),
        (Value::Array(old), Value::Array(new)) => old
            .iter()
            .enumerate()
            .map(|(index, value)| new.get(index).map_or_else(|| value.clone(), |new| only_named(value, new)))
            .collect(),
        _ => old.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_cluster_adds_is_no_difference() {
        let new = json!({"kind": "Job", "metadata": {"name": "a"}, "spec": {"x": [{"a": 1}]}});
        let live = json!({
            "kind": "Job",
            "metadata": {"name": "a", "namespace": "default", "uid": "u", "annotations": {"z": "1"}},
            "spec": {"x": [{"a": 1, "default": true}], "y": 2},
            "status": {"active": 1},
        });
        assert_eq!(comparable(&live, &new), new);
        let mut applied = live;
        applied["metadata"]["annotations"] = json!({LAST_APPLIED: new.to_string()});
        assert_eq!(comparable(&applied, &new), new);
    }

    #[test]
    fn in_a_file_everything_counts() {
        let new = json!({"kind": "Job", "metadata": {"name": "a"}, "spec": {}});
        let file = json!({"kind": "Job", "metadata": {"name": "a"}, "spec": {"x": 1}});
        assert_eq!(comparable(&file, &new), file);
    }
}
