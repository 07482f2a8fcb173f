//! Lengths of time.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use jiff::{Span, SpanRelativeTo};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::name::cut;
use crate::problem::{Explain, Explained, Rule};

/// A length of time in whole seconds, at most 2³¹ − 1 of them (68 years), what Kubernetes' fields hold.
///
/// Written as text with units (`90s`, `5m`, `1h30m`, `30d`) or as a number of seconds.
///
/// ```
/// use keruta_manifest::value::Duration;
/// assert_eq!("1h30m".parse::<Duration>().unwrap().as_secs(), 5400);
/// assert_eq!("30d".parse::<Duration>().unwrap().to_string(), "720h");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(u32);

const MAX: u32 = i32::MAX as u32;

impl Duration {
    /// So many seconds; the most that fits where there are too many.
    #[must_use]
    pub const fn from_secs(seconds: u32) -> Self {
        Self(if seconds > MAX { MAX } else { seconds })
    }

    /// The length in seconds.
    #[must_use]
    pub const fn as_secs(self) -> u32 {
        self.0
    }
}

impl FromStr for Duration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(seconds) = text.parse::<u64>() {
            return from_seconds(seconds);
        }
        let wrong = || DurationError::Form(cut(text));
        let span: Span = text.parse().map_err(|_| wrong())?;
        let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
        if length.subsec_nanos() != 0 {
            return Err(DurationError::Fraction(cut(text)));
        }
        from_seconds(u64::try_from(length.as_secs()).map_err(|_| DurationError::Negative(cut(text)))?)
    }
}

fn from_seconds(seconds: u64) -> Result<Duration, DurationError> {
    match u32::try_from(seconds) {
        Ok(seconds) if seconds <= MAX => Ok(Duration(seconds)),
        _ => Err(DurationError::TooLong(seconds)),
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hours, minutes, seconds) = (self.0 / 3600, self.0 / 60 % 60, self.0 % 60);
        if hours > 0 {
            write!(f, "{hours}h")?;
        }
        if minutes > 0 {
            write!(f, "{minutes}m")?;
        }
        if seconds > 0 || self.0 == 0 {
            write!(f, "{seconds}s")?;
        }
        Ok(())
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Duration;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration such as \"5m\", or seconds")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
                text.parse().map_err(|error| E::custom(Explained(&error)))
            }

            fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Duration, E> {
                from_seconds(seconds).map_err(|error| E::custom(Explained(&error)))
            }

            fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Duration, E> {
                match u64::try_from(seconds) {
                    Ok(seconds) => self.visit_u64(seconds),
                    Err(_) => Err(E::custom(Explained(&DurationError::Negative(seconds.to_string())))),
                }
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for Duration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A length of time: a text such as 90s, 5m, 1h30m or 30d, or a number of seconds.",
            "anyOf": [
                { "type": "string", "minLength": 1 },
                { "type": "integer", "minimum": 0, "maximum": MAX },
            ],
        })
    }
}

/// Why a text is not a length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DurationError {
    /// No number with a unit.
    #[error("{0:?} is not a length of time")]
    Form(String),
    /// Below zero.
    #[error("{0:?} is negative")]
    Negative(String),
    /// Parts of a second.
    #[error("{0:?} is not a whole number of seconds")]
    Fraction(String),
    /// More than 2³¹ − 1 seconds.
    #[error("{0} seconds are more than the {MAX} that Kubernetes can hold")]
    TooLong(u64),
}

impl Explain for DurationError {
    fn rule(&self) -> Rule {
        Rule::Duration
    }

    fn cure(&self) -> String {
        "write a number with units, for example \"90s\", \"5m\", \"1h30m\" or \"30d\"".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_add_up() {
        for (text, seconds) in [
            ("0", 0),
            ("0s", 0),
            ("90", 90),
            ("90s", 90),
            ("5m", 300),
            ("1h30m", 5400),
            ("30d", 2_592_000),
            ("1h 1s", 3601),
        ] {
            assert_eq!(text.parse::<Duration>().unwrap().as_secs(), seconds, "{text}");
        }
    }

    #[test]
    fn what_is_no_whole_positive_number_of_seconds_is_refused() {
        for text in ["", "m", "-5m", "1500ms", "1 fortnight", "99999999999", "9999999h", "1mo", "1y"] {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
    }

    #[test]
    fn display_reads_back() {
        for seconds in [0, 1, 60, 61, 3600, 3661, MAX] {
            let duration = Duration::from_secs(seconds);
            assert_eq!(duration.to_string().parse::<Duration>().unwrap(), duration);
        }
    }
}
