//! Strategic merge patch, for the lists that keruta's objects have.
//!
//! Known are maps, `$patch: delete` and `$patch: replace`, lists merged by the keys below, the set of finalizers and
//! `$deleteFromPrimitiveList`. `$setElementOrder` and `$retainKeys` are ignored; other lists are replaced, as
//! Kubernetes does with lists that have no merge key.

use serde_json::{Map, Value};

/// The key that tells an element of a merged list, by the list's name (`patchMergeKey` in Kubernetes' types).
fn merge_key(list: &str) -> Option<&'static str> {
    match list {
        "conditions" => Some("type"),
        "containers" | "initContainers" | "ephemeralContainers" | "env" | "volumes" | "imagePullSecrets" => {
            Some("name")
        }
        "ownerReferences" => Some("uid"),
        "volumeMounts" => Some("mountPath"),
        _ => None,
    }
}

/// Merges `patch` into `target`.
pub(crate) fn strategic(target: &mut Value, patch: Value) {
    let Value::Object(mut patch) = patch else {
        *target = patch;
        return;
    };
    if patch.get("$patch").and_then(Value::as_str) == Some("replace") {
        patch.remove("$patch");
        *target = Value::Object(patch);
        return;
    }
    let target = crate::object::object(target);
    for (key, value) in patch {
        if let Some(list) = key.strip_prefix("$deleteFromPrimitiveList/") {
            if let Some(Value::Array(known)) = target.get_mut(list) {
                known.retain(|item| !value.as_array().is_some_and(|gone| gone.contains(item)));
            }
        } else if key.starts_with('$') {
            // Order and retained keys matter to clients that this server does not have.
        } else {
            member(target, key, value);
        }
    }
}

fn member(target: &mut Map<String, Value>, key: String, value: Value) {
    match value {
        Value::Null => {
            target.remove(&key);
        }
        Value::Object(_) => strategic(target.entry(key).or_insert(Value::Null), value),
        Value::Array(items) if key == "finalizers" => {
            let known = target.entry(key).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(known) = known {
                for item in items {
                    if !known.contains(&item) {
                        known.push(item);
                    }
                }
            }
        }
        Value::Array(items) => match (merge_key(&key), target.get_mut(&key)) {
            (Some(merge_key), Some(Value::Array(known))) => merge_list(known, items, merge_key),
            _ => {
                target.insert(key, Value::Array(items));
            }
        },
        value => {
            target.insert(key, value);
        }
    }
}

fn merge_list(known: &mut Vec<Value>, items: Vec<Value>, merge_key: &str) {
    for item in items {
        let at = known.iter().position(|known| known[merge_key] == item[merge_key]);
        match (at, item["$patch"].as_str()) {
            (Some(at), Some("delete")) => {
                known.remove(at);
            }
            (None, Some("delete")) => {}
            (Some(at), _) => strategic(&mut known[at], item),
            (None, _) => known.push(item),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn merges_as_kubectl_patch_does() {
        let mut pod = json!({
            "metadata": {"labels": {"a": "1", "b": "2"}, "finalizers": ["x", "y"]},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]}
        });
        strategic(
            &mut pod,
            json!({
                "metadata": {"labels": {"a": null, "c": "3"}, "finalizers": ["z"], "$deleteFromPrimitiveList/finalizers": ["x"]},
                "status": {"conditions": [{"type": "Ready", "status": "False"}, {"type": "New"}]}
            }),
        );
        assert_eq!(pod["metadata"]["labels"], json!({"b": "2", "c": "3"}));
        let mut finalizers = crate::object::finalizers(&pod);
        finalizers.sort();
        assert_eq!(finalizers, ["y", "z"]);
        assert_eq!(pod["status"]["conditions"], json!([{"type": "Ready", "status": "False"}, {"type": "New"}]));
    }
}
