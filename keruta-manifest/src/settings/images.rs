//! Images of keruta's own steps.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value::ImageReference;

/// Images of keruta's own steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct ImageSettings {
    /// Has git and a shell.
    pub git: ImageReference,
    /// Has curl and a shell.
    pub curl: ImageReference,
    /// Has a shell, `nslookup` and `nc`.
    pub wait: ImageReference,
}

impl Default for ImageSettings {
    fn default() -> Self {
        Self {
            git: ImageReference::constant("alpine/git:v2.49.1"),
            curl: ImageReference::constant("curlimages/curl:8.17.0"),
            wait: ImageReference::constant("busybox:1.37"),
        }
    }
}
