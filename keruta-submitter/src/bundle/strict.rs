//! A JSON value as a Kubernetes object, with nothing lost: the Kubernetes types ignore fields that they do not know.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::problem::BundleProblem;

/// The object, or every field that it does not have.
pub(super) fn typed<K: DeserializeOwned + Serialize>(value: &Value) -> Result<K, Vec<BundleProblem>> {
    let wrong = |error: serde_json::Error| vec![BundleProblem::Type { why: error.to_string() }];
    let object = K::deserialize(value).map_err(wrong)?;
    let kept = serde_json::to_value(&object).map_err(wrong)?;
    let mut lost = Vec::new();
    compare(value, &kept, "", &mut lost);
    if lost.is_empty() {
        return Ok(object);
    }
    Err(lost.into_iter().map(|path| BundleProblem::UnknownField { path }).collect())
}

/// Collects the paths that are in `before` and not in `after`. A null says nothing, so it may go.
fn compare(before: &Value, after: &Value, path: &str, lost: &mut Vec<String>) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            for (key, value) in before.iter().filter(|(_, value)| !value.is_null()) {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                match after.get(key) {
                    Some(kept) => compare(value, kept, &path, lost),
                    None => lost.push(path),
                }
            }
        }
        (Value::Array(before), Value::Array(after)) => {
            for (index, (before, after)) in before.iter().zip(after).enumerate() {
                compare(before, after, &format!("{path}[{index}]"), lost);
            }
        }
        _ => {}
    }
}
