//! The Kubernetes versions that manifests are made for, and the gate for fields that a version does not know.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod gate;
mod table;

pub use gate::gate;
pub(super) use gate::gate_uses;
pub use table::{Effect, Feature, features};

macro_rules! versions {
    ($($variant:ident = $text:literal),+ $(,)?) => {
        /// A minor version of Kubernetes that manifests can be made for.
        ///
        /// ```
        /// use keruta_manifest::review::KubernetesVersion;
        ///
        /// assert_eq!("v1.34.2".parse(), Ok(KubernetesVersion::V1_34));
        /// assert_eq!(KubernetesVersion::default().to_string(), "1.37");
        /// assert!("1.2".parse::<KubernetesVersion>().is_err());
        /// ```
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
        )]
        #[non_exhaustive]
        pub enum KubernetesVersion {
            $(#[doc = concat!("Kubernetes ", $text, ".")] #[serde(rename = $text)] $variant,)+
        }

        impl KubernetesVersion {
            /// Every version, oldest first.
            #[must_use]
            pub const fn all() -> &'static [Self] {
                &[$(Self::$variant,)+]
            }

            /// The version as text, for example `1.34`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }
    };
}

versions! {
    V1_33 = "1.33",
    V1_34 = "1.34",
    V1_35 = "1.35",
    V1_36 = "1.36",
    V1_37 = "1.37",
}

impl Default for KubernetesVersion {
    /// The newest version.
    fn default() -> Self {
        Self::V1_37
    }
}

impl fmt::Display for KubernetesVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that is not a Kubernetes version which manifests can be made for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a known Kubernetes version: write one of 1.33, 1.34, 1.35, 1.36, 1.37")]
pub struct UnknownKubernetesVersion(String);

impl FromStr for KubernetesVersion {
    type Err = UnknownKubernetesVersion;

    /// Reads `1.34`, also as `v1.34`, with a patch version, or as a provider writes it (`v1.34.1-gke.100`, `1.34+`).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = text.strip_prefix('v').unwrap_or(text);
        Self::all()
            .iter()
            .copied()
            .find(|version| {
                plain.strip_prefix(version.as_str()).is_some_and(|rest| {
                    rest.is_empty()
                        || rest == "+"
                        || (rest.starts_with('.') && rest[1..].starts_with(|c: char| c.is_ascii_digit()))
                })
            })
            .ok_or_else(|| UnknownKubernetesVersion(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes() {
        for &version in KubernetesVersion::all() {
            assert_eq!(version.to_string().parse(), Ok(version));
            assert_eq!(serde_json::to_value(version).unwrap(), serde_json::Value::from(version.as_str()));
        }
        for (text, version) in [
            ("v1.34", KubernetesVersion::V1_34),
            ("1.35.0", KubernetesVersion::V1_35),
            ("v1.36.1-gke.100", KubernetesVersion::V1_36),
            ("1.33+", KubernetesVersion::V1_33),
        ] {
            assert_eq!(text.parse(), Ok(version), "{text}");
        }
        for text in ["", "1", "1.3", "1.32", "1.38", "1.340", "1.34.", "1.34-x", "2.34", " 1.34"] {
            assert!(text.parse::<KubernetesVersion>().is_err(), "{text}");
        }
        assert_eq!(KubernetesVersion::all().last(), Some(&KubernetesVersion::default()));
    }
}
