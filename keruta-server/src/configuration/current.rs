//! The settings in force.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use keruta_api::{SettingOrigin, SettingsDocument};
use keruta_manifest::Settings;
use keruta_manifest::problem::{FieldPath, Problem, Problems, Rule};
use keruta_manifest::read;
use serde_json::{Map, Value};

use crate::problem::field_problem;
use crate::store::{SetValue, StoredSettings};

/// The settings in force, and who said what of them.
#[derive(Debug, Clone)]
pub struct Current {
    /// Grows with every change.
    pub version: i64,
    /// When they last changed, and by whom; absent where nobody ever set anything.
    pub changed: Option<(Timestamp, String)>,
    /// The settings. Where something that is set is not accepted, they are what is left, and not enabled.
    pub settings: Arc<Settings>,
    /// What somebody set.
    pub set: BTreeMap<String, SetValue>,
    /// What this version of keruta does not accept of it: a newer one may have set it.
    pub problems: Vec<Problem>,
}

impl Current {
    pub(super) fn of(stored: StoredSettings) -> Self {
        let StoredSettings { version, set, changed } = stored;
        let (settings, problems) = match read::from_value::<Settings>(Value::Object(tree(&set))) {
            Ok(settings) => (settings, Vec::new()),
            Err(partial) => {
                let mut settings = partial.rest.unwrap_or_default();
                // A default may be laxer than what somebody wanted: nothing is run until a person has looked.
                settings.enabled = false;
                (settings, partial.problems.into_vec())
            }
        };
        Self { version, changed, settings: Arc::new(settings), set, problems }
    }

    /// What somebody set, as a document.
    #[must_use]
    pub fn tree(&self) -> Map<String, Value> {
        tree(&self.set)
    }

    /// All settings, as a document.
    #[must_use]
    pub fn document(&self) -> Map<String, Value> {
        document(&self.settings)
    }

    /// Who said which value, by JSON Pointer.
    #[must_use]
    pub fn origins(&self) -> BTreeMap<String, SettingOrigin> {
        self.set.values().flat_map(|set| set.origins.clone()).collect()
    }

    /// As the API gives it.
    #[must_use]
    pub fn to_api(&self) -> SettingsDocument {
        let (changed_at, changed_by) = self.changed.clone().unzip();
        SettingsDocument {
            version: self.version,
            changed_at,
            changed_by,
            settings: self.document(),
            set: self.tree(),
            origins: self.origins(),
            problems: self.problems.iter().map(field_problem).collect(),
        }
    }
}

fn tree(set: &BTreeMap<String, SetValue>) -> Map<String, Value> {
    set.iter().map(|(name, set)| (name.clone(), set.value.clone())).collect()
}

/// Reads a document that is to be set.
pub(super) fn read(tree: &Map<String, Value>) -> Result<Settings, Problems> {
    let settings: Settings = read::from_value(Value::Object(tree.clone())).map_err(|partial| partial.problems)?;
    let (document, mut lists) = (document(&settings), Vec::new());
    for (name, value) in tree {
        look_for_lists(&FieldPath::root().key(name.clone()), value, document.get(name), &mut lists);
    }
    Problems::none_of(lists)?;
    Ok(settings)
}

/// Lists in the place of objects: serde would also read an object from the list of its values, in an order that nobody knows.
fn look_for_lists(path: &FieldPath, written: &Value, read: Option<&Value>, found: &mut Vec<Problem>) {
    match (written, read) {
        (Value::Array(_), Some(Value::Object(_))) => found.push(Problem::custom(
            path.clone(),
            Rule::WrongType,
            "found a list where an object is expected",
            "give an object, in { }",
        )),
        (Value::Object(written), Some(Value::Object(read))) => {
            for (key, value) in written {
                look_for_lists(&path.key(key.clone()), value, read.get(key), found);
            }
        }
        _ => {}
    }
}

/// Settings as a document; they are made of texts, numbers and maps with texts as keys.
pub(super) fn document(settings: &Settings) -> Map<String, Value> {
    match serde_json::to_value(settings) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn current(set: &Value) -> Current {
        let set = set.as_object().unwrap().clone();
        let set = set.into_iter().map(|(name, value)| (name, SetValue { value, origins: BTreeMap::new() })).collect();
        Current::of(StoredSettings { version: 3, set, changed: None })
    }

    #[test]
    fn what_is_set_stands_over_the_defaults() {
        let current = current(&json!({"workspace": {"size": "2Gi"}, "apiTokenSecret": null}));
        assert_eq!(current.settings.workspace.size.as_str(), "2Gi");
        assert_eq!(current.settings.api_token_secret, None);
        let told = current.to_api();
        assert_eq!(told.settings["workspace"]["mountPath"], "/work");
        assert_eq!(Value::Object(told.set), json!({"workspace": {"size": "2Gi"}, "apiTokenSecret": null}));
        assert!(told.problems.is_empty());
    }

    #[test]
    fn a_list_is_no_object() {
        let tree = json!({"workspace": [], "job": [7], "resources": {"main": [], "sizes": {"big": []}}, "git": {"schemes": []}});
        let problems = read(tree.as_object().unwrap()).unwrap_err();
        let mut pointers: Vec<_> = problems.as_slice().iter().map(|problem| problem.path.pointer()).collect();
        pointers.sort();
        assert_eq!(pointers, ["/job", "/resources/main", "/resources/sizes/big", "/workspace"]);
    }

    #[test]
    fn with_something_that_is_not_accepted_nothing_is_run() {
        let current = current(&json!({"queue": "q", "security": {"profile": "paranoid"}, "newer": 1}));
        assert!(!current.settings.enabled);
        assert_eq!(current.settings.queue.as_ref().unwrap().as_str(), "q");
        let pointers: Vec<_> = current.to_api().problems.into_iter().map(|problem| problem.pointer).collect();
        assert_eq!(pointers, ["/newer", "/security/profile"]);
    }
}
