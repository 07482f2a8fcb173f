//! The bytes depend on what the input says, not on how it is written or when.

use keruta_manifest::stream;
use proptest::prelude::*;
use serde_json::Value;

use crate::tasks::{rendered, settings, task};

fn bytes(task: &Value, settings: &Value) -> Option<String> {
    let (_, rendered) = rendered(task, settings)?;
    let mut yaml = String::new();
    stream::write_yaml(&mut yaml, &rendered.objects).unwrap();
    Some(yaml)
}

/// The same document with the fields of each object the other way round, but not those of `env`, whose order counts.
fn reversed(value: &Value, key: &str) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| (key.clone(), reversed(value, key)));
            if key == "env" { fields.collect() } else { Value::Object(fields.rev().collect()) }
        }
        Value::Array(items) => items.iter().map(|item| reversed(item, "")).collect(),
        other => other.clone(),
    }
}

/// As text, because a tree may sort its keys.
fn written(value: &Value, backwards: bool) -> String {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<String> = fields
                .iter()
                .map(|(key, value)| {
                    format!("{}:{}", Value::from(key.as_str()), written(value, backwards && key != "env"))
                })
                .collect();
            if backwards {
                fields.reverse();
            }
            format!("{{{}}}", fields.join(" ,\n\t"))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(|item| written(item, backwards)).collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

proptest! {
    #![proptest_config(crate::tasks::cases(300))]

    #[test]
    fn the_same_input_gives_the_same_bytes(task in task(), settings in settings()) {
        prop_assert_eq!(bytes(&task, &settings), bytes(&task, &settings));
    }

    #[test]
    fn the_order_of_keys_does_not_matter(task in task(), settings in settings()) {
        prop_assert_eq!(bytes(&task, &settings), bytes(&reversed(&task, ""), &reversed(&settings, "")));
        let parsed = |text: String| keruta_manifest::Task::from_json(&text).ok();
        prop_assert_eq!(parsed(written(&task, false)), parsed(written(&task, true)));
    }
}
