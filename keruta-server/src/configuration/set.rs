//! What is set, value by value: who set it, and what a change changes. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use keruta_api::SettingOrigin;
use keruta_manifest::problem::FieldPath;
use serde_json::{Map, Value};

use crate::store::SetValue;

/// What is different in `after`, by the names of the fields at the top. Values that stay keep who set them.
pub(super) fn changes(
    before: &BTreeMap<String, SetValue>,
    after: Map<String, Value>,
    by: &str,
    at: Timestamp,
) -> BTreeMap<String, Option<SetValue>> {
    let mut changes: BTreeMap<String, Option<SetValue>> =
        before.keys().filter(|name| !after.contains_key(*name)).map(|name| (name.clone(), None)).collect();
    for (name, value) in after {
        let old = before.get(&name);
        if old.is_some_and(|old| old.value == value) {
            continue;
        }
        let origins = leaves(&name, &value)
            .map(|(path, leaf)| {
                let pointer = path.pointer();
                let stays = old.filter(|old| leaf_at(old, &name, &path) == Some(leaf));
                let origin = stays.and_then(|old| old.origins.get(&pointer)).cloned();
                let origin = origin.unwrap_or_else(|| SettingOrigin { by: by.to_owned(), at, from: None });
                (pointer, origin)
            })
            .collect();
        changes.insert(name, Some(SetValue { value, origins }));
    }
    changes
}

/// The values in a field at the top: what is no object, and empty objects.
pub(super) fn leaves<'v>(name: &str, value: &'v Value) -> impl Iterator<Item = (FieldPath, &'v Value)> + use<'v> {
    let mut found = Vec::new();
    collect(FieldPath::root().key(name), value, &mut found);
    found.into_iter()
}

fn collect<'v>(path: FieldPath, value: &'v Value, found: &mut Vec<(FieldPath, &'v Value)>) {
    match value {
        Value::Object(object) if !object.is_empty() => {
            for (key, value) in object {
                collect(path.key(key.clone()), value, found);
            }
        }
        leaf => found.push((path, leaf)),
    }
}

fn leaf_at<'v>(set: &'v SetValue, name: &str, path: &FieldPath) -> Option<&'v Value> {
    leaves(name, &set.value).find(|(other, _)| other == path).map(|(_, leaf)| leaf)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn fields(value: Value) -> Map<String, Value> {
        let Value::Object(fields) = value else { panic!("{value}") };
        fields
    }

    fn applied(before: &BTreeMap<String, SetValue>, after: Value, by: &str, second: i64) -> BTreeMap<String, SetValue> {
        let mut set = before.clone();
        for (name, change) in changes(before, fields(after), by, at(second)) {
            match change {
                Some(new) => set.insert(name, new),
                None => set.remove(&name),
            };
        }
        set
    }

    fn authors(set: &BTreeMap<String, SetValue>) -> Vec<(String, String)> {
        set.values()
            .flat_map(|set| set.origins.iter().map(|(path, origin)| (path.clone(), origin.by.clone())))
            .collect()
    }

    #[test]
    fn only_what_changes_has_a_new_author() {
        let first = applied(
            &BTreeMap::new(),
            json!({"queue": "q", "pod": {"labels": {"a/b": "1", "c": "2"}, "tolerations": []}, "workspace": {"size": "1Gi"}}),
            "keruta",
            0,
        );
        let second = applied(
            &first,
            json!({"pod": {"labels": {"a/b": "1", "c": "3"}, "tolerations": []}, "workspace": {"size": "1Gi"}, "podPatch": {}}),
            "user/ada",
            1,
        );
        let expected = [
            ("/pod/labels/a~1b", "keruta"),
            ("/pod/labels/c", "user/ada"),
            ("/pod/tolerations", "keruta"),
            ("/podPatch", "user/ada"),
            ("/workspace/size", "keruta"),
        ];
        assert_eq!(authors(&second), expected.map(|(path, by)| (path.to_owned(), by.to_owned())));
    }

    #[test]
    fn what_stays_is_no_change() {
        let set = applied(&BTreeMap::new(), json!({"queue": "q", "apiTokenSecret": null}), "keruta", 0);
        assert!(changes(&set, fields(json!({"queue": "q", "apiTokenSecret": null})), "x", at(1)).is_empty());
        let gone = changes(&set, fields(json!({"queue": "q"})), "x", at(1));
        assert_eq!(gone, BTreeMap::from([("apiTokenSecret".to_owned(), None)]));
    }
}
