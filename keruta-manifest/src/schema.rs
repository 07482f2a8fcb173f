//! JSON Schemas of the inputs and of the report, from the Rust types.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::Value;

use crate::review::Finding;
use crate::settings::Settings;
use crate::task::Task;

/// The schema of a task file.
#[must_use]
pub fn task() -> Value {
    of::<Task>()
}

/// The schema of a settings file.
#[must_use]
pub fn settings() -> Value {
    of::<Settings>()
}

/// The schema of a list of findings.
#[must_use]
pub fn report() -> Value {
    of::<Vec<Finding>>()
}

fn of<T: JsonSchema>() -> Value {
    let schema: Schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    schema.to_value()
}
