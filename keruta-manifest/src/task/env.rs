//! Environment variables and arguments.

use std::fmt;
use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::problem::Explained;
use crate::value::{ConfigKey, DnsSubdomain, EnvName, Text, UniqueMap};

/// Environment variables in their order.
pub type EnvMap = UniqueMap<EnvName, EnvSource>;

/// A key of a Secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecretKey {
    /// The Secret's name, in the task's namespace.
    pub name: DnsSubdomain,
    /// The key in it.
    pub key: ConfigKey,
    /// Whether the container starts where the Secret or key is not there. Default: no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optional: Option<bool>,
}

/// A key of a ConfigMap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConfigMapKey {
    /// The ConfigMap's name, in the task's namespace.
    pub name: DnsSubdomain,
    /// The key in it.
    pub key: ConfigKey,
    /// Whether the container starts where the ConfigMap or key is not there. Default: no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optional: Option<bool>,
}

/// Where a variable's value comes from.
///
/// In JSON a text is a literal, which arrives in the container as it is, `$(NAME)` included; an object with one of
/// the keys names another source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum EnvSource {
    /// A key of a Secret.
    Secret(SecretKey),
    /// A key of a ConfigMap.
    ConfigMap(ConfigMapKey),
    /// A field of the Pod, for example `status.podIP`.
    Field(Text),
    /// A resource of the container itself, for example `limits.cpu`.
    Resource(Text),
    /// A text in which Kubernetes expands `$(NAME)` of earlier variables.
    Expand(Text),
    /// A literal; Kubernetes' `$(NAME)` expansion does not touch it.
    #[serde(untagged)]
    Literal(Text),
}

/// One word of a command line: a text, which arrives as it is, or `{"expand": "$(NAME)"}`, in which Kubernetes puts
/// the container's variables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Arg {
    /// A text in which Kubernetes expands `$(NAME)`.
    Expand(Text),
    /// A literal; Kubernetes' `$(NAME)` expansion does not touch it.
    #[serde(untagged)]
    Literal(Text),
}

impl<'de> Deserialize<'de> for EnvSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        enum Source {
            Secret(SecretKey),
            ConfigMap(ConfigMapKey),
            Field(Text),
            Resource(Text),
            Expand(Text),
        }

        impl From<Source> for EnvSource {
            fn from(source: Source) -> Self {
                match source {
                    Source::Secret(key) => Self::Secret(key),
                    Source::ConfigMap(key) => Self::ConfigMap(key),
                    Source::Field(path) => Self::Field(path),
                    Source::Resource(name) => Self::Resource(name),
                    Source::Expand(text) => Self::Expand(text),
                }
            }
        }

        let expected = "a text, or an object with secret, configMap, field, resource or expand";
        deserializer.deserialize_any(TextOr::<Self, Source> { expected, literal: Self::Literal, source: PhantomData })
    }
}

impl<'de> Deserialize<'de> for Arg {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        enum Source {
            Expand(Text),
        }

        impl From<Source> for Arg {
            fn from(Source::Expand(text): Source) -> Self {
                Self::Expand(text)
            }
        }

        let expected = "a text, or {\"expand\": \"$(NAME)\"}";
        deserializer.deserialize_any(TextOr::<Self, Source> { expected, literal: Self::Literal, source: PhantomData })
    }
}

/// Reads a text as a literal and an object as another source. serde's own `untagged` would lose the place and the
/// reason of an error.
struct TextOr<T, S> {
    expected: &'static str,
    literal: fn(Text) -> T,
    source: PhantomData<S>,
}

impl<'de, T, S: Deserialize<'de> + Into<T>> Visitor<'de> for TextOr<T, S> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map(self.literal).map_err(|error| E::custom(Explained(&error)))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        S::deserialize(de::value::MapAccessDeserializer::new(map)).map(Into::into)
    }
}
