//! Numbers with a range of their own.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::problem::{Explain, Explained, Rule};

/// A TCP or UDP port, 1 to 65535.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Port(std::num::NonZeroU16);

impl Port {
    /// The port's number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0.get()
    }
}

impl TryFrom<u64> for Port {
    type Error = RangeError;

    fn try_from(number: u64) -> Result<Self, Self::Error> {
        u16::try_from(number).ok().and_then(std::num::NonZeroU16::new).map(Self).ok_or(RangeError {
            what: "port",
            number: number.into(),
            min: 1,
            max: u16::MAX.into(),
        })
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Port {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(deserializer)?;
        u64::try_from(number)
            .map_err(|_| RangeError { what: "port", number: number.into(), min: 1, max: u16::MAX.into() })
            .and_then(Self::try_from)
            .map_err(|error| de::Error::custom(Explained(&error)))
    }
}

impl JsonSchema for Port {
    fn schema_name() -> Cow<'static, str> {
        "Port".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": u16::MAX })
    }
}

/// A number outside of its range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{number} is not a {what}, which goes from {min} to {max}")]
pub struct RangeError {
    /// What the number should be.
    pub what: &'static str,
    /// The number.
    pub number: i128,
    /// The least that is allowed.
    pub min: i128,
    /// The most that is allowed.
    pub max: i128,
}

impl Explain for RangeError {
    fn rule(&self) -> Rule {
        Rule::Range
    }

    fn cure(&self) -> String {
        format!("give a number from {} to {}", self.min, self.max)
    }
}

/// Reads a number from `MIN` to `MAX`, which the schema of the field says as well.
pub(crate) fn within<'de, const MIN: u32, const MAX: u32, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<u32, D::Error> {
    let number = i64::deserialize(deserializer)?;
    match u32::try_from(number) {
        Ok(small) if (MIN..=MAX).contains(&small) => Ok(small),
        _ => {
            let error =
                RangeError { what: "number for this field", number: number.into(), min: MIN.into(), max: MAX.into() };
            Err(de::Error::custom(Explained(&error)))
        }
    }
}

/// As [`within`], for a field that may be absent.
pub(crate) fn within_if_any<'de, const MIN: u32, const MAX: u32, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<u32>, D::Error> {
    #[derive(Deserialize)]
    struct Number<const MIN: u32, const MAX: u32>(#[serde(deserialize_with = "within::<MIN, MAX, _>")] u32);

    Option::<Number<MIN, MAX>>::deserialize(deserializer).map(|number| number.map(|number| number.0))
}
