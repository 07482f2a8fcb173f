//! Access modes of a claim.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::name::cut;
use crate::problem::{Explain, Rule};

/// How many nodes or Pods may mount a claim, and how.
/// [Source](https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum AccessMode {
    /// Read and write by the Pods of one node; the default.
    #[default]
    ReadWriteOnce,
    /// Read only, by any number of nodes.
    ReadOnlyMany,
    /// Read and write, by any number of nodes.
    ReadWriteMany,
    /// Read and write by one Pod alone.
    ReadWriteOncePod,
}

impl AccessMode {
    /// The mode's name in a manifest.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadWriteOnce => "ReadWriteOnce",
            Self::ReadOnlyMany => "ReadOnlyMany",
            Self::ReadWriteMany => "ReadWriteMany",
            Self::ReadWriteOncePod => "ReadWriteOncePod",
        }
    }
}

impl fmt::Display for AccessMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for AccessMode {
    type Err = AccessModeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::ReadWriteOnce, Self::ReadOnlyMany, Self::ReadWriteMany, Self::ReadWriteOncePod]
            .into_iter()
            .find(|mode| mode.as_str() == text)
            .ok_or_else(|| AccessModeError(cut(text)))
    }
}

/// A text that is no access mode.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an access mode")]
pub struct AccessModeError(String);

impl Explain for AccessModeError {
    fn rule(&self) -> Rule {
        Rule::AccessMode
    }

    fn cure(&self) -> String {
        "use ReadWriteOnce, ReadOnlyMany, ReadWriteMany or ReadWriteOncePod".to_owned()
    }
}
