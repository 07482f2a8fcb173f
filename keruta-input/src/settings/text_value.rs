//! Values that come as texts (properties, environment, `--set`) and whose type only the setting knows.
//!
//! A text that looks like a number, a boolean or JSON is taken for one at first. Where the settings refuse it as
//! that, the text itself is tried.

use keruta_manifest::problem::Segment;
use serde_json::{Map, Value};

/// A value that was taken for something else than a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TextLeaf {
    /// Where it stands in the tree.
    pub(crate) path: Vec<Segment>,
    /// What was written.
    pub(crate) text: String,
}

/// What a text looks like.
pub(crate) fn guess(text: &str) -> Value {
    let looks_like_json = matches!(text, "true" | "false" | "null")
        || text.starts_with(['{', '[', '"'])
        || text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    match serde_json::from_str(text) {
        Ok(value) if looks_like_json => value,
        _ => Value::String(text.to_owned()),
    }
}

/// Puts a text into a tree, with the objects and lists that lead there.
pub(crate) fn put(tree: &mut Value, path: &[Segment], text: &str, leaves: &mut Vec<TextLeaf>) {
    let value = guess(text);
    if !value.is_string() {
        leaves.push(TextLeaf { path: path.to_vec(), text: text.to_owned() });
    }
    set(tree, path, value);
}

/// Sets the value at a path.
pub(crate) fn set(tree: &mut Value, path: &[Segment], value: Value) {
    let mut here = tree;
    for segment in path {
        here = match segment {
            Segment::Key(key) => {
                if !here.is_object() {
                    *here = Value::Object(Map::new());
                }
                let Value::Object(object) = here else { return };
                object.entry(key.clone()).or_insert(Value::Null)
            }
            Segment::Index(index) => {
                if !here.is_array() {
                    *here = Value::Array(Vec::new());
                }
                let Value::Array(items) = here else { return };
                // A list is written item by item; a gap is not filled with what nobody wrote.
                let index = (*index).min(items.len());
                if index == items.len() {
                    items.push(Value::Null);
                }
                let Some(item) = items.get_mut(index) else { return };
                item
            }
        };
    }
    *here = value;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_taken_for_what_they_look_like() {
        for (text, value) in [
            ("true", Value::Bool(true)),
            ("null", Value::Null),
            ("12", 12.into()),
            ("-1", (-1).into()),
            ("1Gi", "1Gi".into()),
            ("[\"a\"]", serde_json::json!(["a"])),
            ("{\"a\":", "{\"a\":".into()),
            ("True", "True".into()),
            ("", "".into()),
            (" 1", " 1".into()),
        ] {
            assert_eq!(guess(text), value, "{text}");
        }
    }
}
