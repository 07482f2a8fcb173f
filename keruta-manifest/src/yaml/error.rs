//! What cannot be written so that every reader reads it back alike.

use std::fmt::Display;

/// Why a value could not be written as YAML.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum YamlError {
    /// A map has a key that is not a string; JSON, which kubectl turns YAML into, knows no other.
    #[error("a map key must be a string, not {found}")]
    KeyNotString {
        /// What stood in the key's place, such as `an integer`.
        found: &'static str,
    },
    /// A float is infinite or not a number, which JSON cannot hold.
    #[error("{value} is not a finite number")]
    NotFinite {
        /// The float.
        value: f64,
    },
    /// An integer fits neither `i64` nor `u64`; readers would turn it into an inexact float.
    #[error("the integer {digits} does not fit into 64 bits")]
    IntegerTooLarge {
        /// The integer in decimal.
        digits: String,
    },
    /// Raw bytes, for which JSON has no form; encode them as text first.
    #[error("raw bytes ({len} of them) cannot be written; encode them as text first")]
    Bytes {
        /// How many bytes there were.
        len: usize,
    },
    /// Maps and lists are nested deeper than readers follow.
    #[error("maps and lists are nested deeper than {limit} levels")]
    TooDeep {
        /// How many levels are allowed.
        limit: usize,
    },
    /// A `Serialize` implementation handed over a map's value before its key.
    #[error("a map's value came before its key")]
    ValueWithoutKey,
    /// A `Serialize` implementation failed with a message of its own.
    #[error("{0}")]
    Custom(String),
}

impl serde::ser::Error for YamlError {
    fn custom<T: Display>(message: T) -> Self {
        Self::Custom(message.to_string())
    }
}
