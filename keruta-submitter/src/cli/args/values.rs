//! Words that flags take.

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

use clap::ValueEnum;
use jiff::{SignedDuration, Timestamp};
use keruta_submitter::logs::Level;

/// How what happens is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    Human,
    /// One JSON document
    Json,
    /// One JSON object a line
    Ndjson,
}

/// How what was found is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Table {
    /// For people
    Human,
    /// One JSON document
    Json,
}

/// How the version is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum VersionOutput {
    /// Text
    Text,
    /// JSON
    Json,
}

/// How the program's own log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    #[default]
    Human,
    /// One JSON object a line
    Json,
}

/// How grave a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LevelArg {
    /// For those who look for a fault
    Debug,
    /// The ordinary course
    Info,
    /// Something is odd
    Warn,
    /// Something failed
    Error,
}

impl From<LevelArg> for Level {
    fn from(level: LevelArg) -> Self {
        match level {
            LevelArg::Debug => Self::Debug,
            LevelArg::Info => Self::Info,
            LevelArg::Warn => Self::Warn,
            LevelArg::Error => Self::Error,
        }
    }
}

/// A time, told as such or by how long ago it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ago {
    /// So long ago.
    Before(SignedDuration),
    /// Then.
    At(Timestamp),
}

impl Ago {
    /// The time, seen from `now`.
    pub(crate) fn from(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Before(by) => now.checked_sub(by).unwrap_or(Timestamp::MIN),
            Self::At(at) => at,
        }
    }
}

impl FromStr for Ago {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(by) = text.parse::<keruta_manifest::value::Duration>() {
            return Ok(Self::Before(SignedDuration::from_secs(by.as_secs().into())));
        }
        let wrong = |_| "write a time such as 10m or 2h, or 2026-01-31T12:00:00Z".to_owned();
        text.parse().map(Self::At).map_err(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_two_ways() {
        let now: Timestamp = "2026-01-31T12:00:00Z".parse().unwrap();
        let from = |text: &str| text.parse::<Ago>().map(|ago| ago.from(now).to_string());
        assert_eq!(from("10m").unwrap(), "2026-01-31T11:50:00Z");
        assert_eq!(from("2026-01-01T00:00:00+01:00").unwrap(), "2025-12-31T23:00:00Z");
        assert!(from("yesterday").unwrap_err().contains("10m"));
    }
}

/// Where statuses and logs are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum JournalPlace {
    /// A directory.
    Directory(PathBuf),
    /// A keruta server, by its address.
    Server(String),
}

impl FromStr for JournalPlace {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let is_address = ["http://", "https://"].iter().any(|scheme| text.starts_with(scheme));
        Ok(if is_address { Self::Server(text.to_owned()) } else { Self::Directory(text.into()) })
    }
}
