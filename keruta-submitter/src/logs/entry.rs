//! What a log is made of.

use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::attempt::Attempt;

/// One run of one container: what has a log of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LogSource {
    /// Whose container.
    pub attempt: Attempt,
    /// The Job's name.
    pub job: String,
    /// The Pod's name.
    pub pod: String,
    /// The Pod's uid: a later Pod may bear the same name.
    pub pod_uid: String,
    /// The container's name.
    pub container: String,
    /// How often the container was started again in its Pod; 0 for its first run.
    pub restart: u32,
}

/// A piece of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogEntry {
    /// A line.
    Line(LogLine),
    /// Lines that are lost.
    Gap(Gap),
}

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Counted from 1 in each source.
    pub number: u64,
    /// When the container runtime read it, to the nanosecond.
    pub timestamp: Timestamp,
    /// How grave it is.
    pub level: Level,
    /// The line as the container wrote it, without its line feed; not always UTF-8.
    pub message: Bytes,
    /// Whether the line is so long that it goes on in the next entry, which has the same number.
    pub continues: bool,
}

/// Lines that are lost: between these two times there may have been more than the log has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Gap {
    /// The last line before it; `None` at the beginning of a log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Timestamp>,
    /// The first line behind it; `None` at the end of a log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Timestamp>,
    /// Why, in one sentence for a person.
    pub reason: String,
}

/// How grave a line is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// For those who look for a fault.
    Debug,
    /// The ordinary course; also where a line does not say.
    #[default]
    Info,
    /// Something is odd.
    Warn,
    /// Something failed.
    Error,
}

impl Level {
    /// The name on the wire: `WARN`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
