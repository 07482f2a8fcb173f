//! JSON Schemas of the inputs and of the findings, from the Rust types.

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use crate::review::Finding;
use crate::settings::Settings;
use crate::task::Task;

/// Other names under which a field of a task is read, which a schema from the types does not show.
const ALIASES: [(&str, &str); 2] = [("parentTaskId", "parentId"), ("additionalEnv", "env")];

/// The schema of a task file.
#[must_use]
pub fn task() -> Value {
    let mut schema = of::<Task>();
    for (alias, field) in ALIASES {
        let mut other = schema["properties"][field].clone();
        other["description"] = format!("Another name of `{field}`.").into();
        schema["properties"][alias] = other;
    }
    // One of the two names, not both.
    let both = |(alias, field): (&str, &str)| json!({ "not": { "required": [alias, field] } });
    schema["allOf"] = ALIASES.map(both).as_slice().into();
    schema
}

/// The schema of a settings file.
#[must_use]
pub fn settings() -> Value {
    of::<Settings>()
}

/// The schema of a list of findings.
#[must_use]
pub fn findings() -> Value {
    of::<Vec<Finding>>()
}

fn of<T: JsonSchema>() -> Value {
    let mut schema: Schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    RecursiveTransform(without_examples).transform(&mut schema);
    schema.to_value()
}

/// The types' documentation ends in examples in Rust, which say nothing to the writer of a file.
fn without_examples(schema: &mut Schema) {
    let description = schema.get("description").and_then(Value::as_str);
    if let Some((text, _)) = description.and_then(|text| text.split_once("\n\n```")) {
        let text = text.to_owned();
        schema.insert("description".to_owned(), text.into());
    }
}
