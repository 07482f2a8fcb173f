//! Points in time.

use super::name::cut;
use crate::problem::{Explain, Rule};

text_value! {
    /// A point in time, RFC 3339; without an offset it is read as UTC, as the keruta API writes it.
    ///
    /// ```
    /// use keruta_manifest::value::Timestamp;
    /// let created: Timestamp = "2025-06-01T09:30:00".parse().unwrap();
    /// assert_eq!(created.to_utc(), "2025-06-01T09:30:00Z");
    /// assert!("yesterday".parse::<Timestamp>().is_err());
    /// ```
    Timestamp, error = TimestampError, check = check, expected = "a time (RFC 3339)",
    schema = { "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?([Zz]|[+-][0-9]{2}:?[0-9]{2})?$" },
}

impl Timestamp {
    /// The time in UTC, ISO 8601 with a `Z`.
    #[must_use]
    pub fn to_utc(&self) -> String {
        // A value that was constructed has passed `parse`; the text itself is the fallback that is never taken.
        parse(self.as_str()).map_or_else(|_| self.as_str().to_owned(), |time| time.to_string())
    }
}

/// A text that is no point in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a point in time")]
pub struct TimestampError(String);

impl Explain for TimestampError {
    fn rule(&self) -> Rule {
        Rule::Timestamp
    }

    fn cure(&self) -> String {
        "write it as RFC 3339, for example 2025-06-01T09:30:00Z".to_owned()
    }
}

fn check(text: &str) -> Result<(), TimestampError> {
    parse(text).map(|_| ())
}

fn parse(text: &str) -> Result<jiff::Timestamp, TimestampError> {
    let wrong = || TimestampError(cut(text));
    // jiff also takes a bare date, an ISO week and an RFC 9557 zone annotation; RFC 3339 has none of them.
    if !text.contains(':') || text.contains('[') {
        return Err(wrong());
    }
    text.parse::<jiff::Timestamp>().or_else(|_| {
        let local: jiff::civil::DateTime = text.parse().map_err(|_| wrong())?;
        jiff::tz::TimeZone::UTC.to_timestamp(local).map_err(|_| wrong())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_taken_into_account_and_none_means_utc() {
        for (text, utc) in [
            ("2024-01-01T09:00:00+09:00", "2024-01-01T00:00:00Z"),
            ("2024-01-01T00:00:00.123456Z", "2024-01-01T00:00:00.123456Z"),
            ("2024-01-01T00:00:00.5", "2024-01-01T00:00:00.5Z"),
            ("2024-01-01T00:00", "2024-01-01T00:00:00Z"),
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_utc(), utc, "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "now", "2024-01-01", "2024-13-01T00:00:00Z", "2024-01-01T25:00:00", "1700000000"] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }
}
