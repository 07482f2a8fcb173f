//! Kubernetes' own types inside a task, with unknown fields refused.

use std::borrow::Cow;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// A Kubernetes API object as its own type; a field that the type does not have is an error, not silence.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Typed<T>(T);

impl<T> Typed<T> {
    /// The object by value.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> From<T> for Typed<T> {
    fn from(object: T) -> Self {
        Self(object)
    }
}

impl<T> Deref for Typed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Typed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let tree = Value::deserialize(deserializer)?;
        let mut unknown = None;
        let object = serde_ignored::deserialize(tree, |path| {
            unknown.get_or_insert_with(|| path.to_string());
        })
        .map_err(D::Error::custom)?;
        match unknown {
            None => Ok(Self(object)),
            Some(path) => Err(D::Error::custom(format_args!(
                "Kubernetes has no field {path:?} here [unknown-field] help: remove it or correct its name"
            ))),
        }
    }
}

impl<T> JsonSchema for Typed<T> {
    fn schema_name() -> Cow<'static, str> {
        "KubernetesObject".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // The schemas of Kubernetes' own types are Kubernetes' to publish.
        json_schema!({ "type": "object" })
    }
}
