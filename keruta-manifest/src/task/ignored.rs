//! Fields that the keruta API returns and a manifest does not need.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};

use crate::value::LabelValue;

/// A value that is accepted and forgotten.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ignored;

impl<'de> Deserialize<'de> for Ignored {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

impl JsonSchema for Ignored {
    fn schema_name() -> Cow<'static, str> {
        "Ignored".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!(true)
    }
}

/// A document in the list that the keruta API returns: its id, or an object with an `id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum DocumentRef {
    /// The id alone.
    Id(LabelValue),
    /// The document, of which only the id matters here.
    Document {
        /// The document's id.
        id: LabelValue,
    },
}

impl DocumentRef {
    /// The document's id.
    #[must_use]
    pub const fn id(&self) -> &LabelValue {
        match self {
            Self::Id(id) | Self::Document { id } => id,
        }
    }
}
