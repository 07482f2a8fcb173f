//! The lines of the files.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::logs::{Cursor, Gap, Level, LogEntry, LogLine, LogSource};

/// How a cursor's line begins; no other does.
pub(super) const CURSOR: &[u8] = b"{\"cursor\":";

/// A line of a log, or a gap in it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EntryRecord<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timestamp: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    level: Option<Level>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gap: Option<Cow<'a, Gap>>,
    task_id: Cow<'a, str>,
    job_name: Cow<'a, str>,
    pub(super) pod_name: Cow<'a, str>,
    pub(super) container: Cow<'a, str>,
    attempt: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) restart: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message_base64: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    continues: bool,
}

/// How far a log is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MarkRecord {
    pub(super) cursor: Cursor,
    pub(super) pod_uid: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A batch as it stands in the file: its entries, then its cursor.
pub(super) fn batch(source: &LogSource, entries: &[LogEntry], cursor: &Cursor) -> serde_json::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for entry in entries {
        serde_json::to_writer(&mut bytes, &EntryRecord::of(source, entry))?;
        bytes.push(b'\n');
    }
    bytes.extend(cursor_line(source, cursor)?);
    Ok(bytes)
}

/// A cursor's line.
pub(super) fn cursor_line(source: &LogSource, cursor: &Cursor) -> serde_json::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(&MarkRecord { cursor: cursor.clone(), pod_uid: source.pod_uid.clone() })?;
    bytes.push(b'\n');
    Ok(bytes)
}

impl<'a> EntryRecord<'a> {
    fn of(source: &'a LogSource, entry: &'a LogEntry) -> Self {
        let mut record = Self {
            timestamp: None,
            level: None,
            gap: None,
            task_id: Cow::Borrowed(&source.attempt.task),
            job_name: Cow::Borrowed(&source.job),
            pod_name: Cow::Borrowed(&source.pod),
            container: Cow::Borrowed(&source.container),
            attempt: source.attempt.number,
            restart: source.restart,
            line: None,
            message: None,
            message_base64: None,
            continues: false,
        };
        match entry {
            LogEntry::Gap(gap) => record.gap = Some(Cow::Borrowed(gap)),
            LogEntry::Line(line) => {
                record.timestamp = Some(line.timestamp);
                record.level = Some(line.level);
                record.line = Some(line.number);
                record.continues = line.continues;
                match std::str::from_utf8(&line.message) {
                    Ok(text) => record.message = Some(Cow::Borrowed(text)),
                    Err(_) => record.message_base64 = Some(STANDARD.encode(&line.message)),
                }
            }
        }
        record
    }

    /// The entry; `None` where it is none that was written here.
    pub(super) fn entry(self) -> Option<LogEntry> {
        if let Some(gap) = self.gap {
            return Some(LogEntry::Gap(gap.into_owned()));
        }
        let message = match (self.message, self.message_base64) {
            (Some(text), _) => Bytes::from(text.into_owned()),
            (None, Some(encoded)) => Bytes::from(STANDARD.decode(encoded).ok()?),
            (None, None) => return None,
        };
        Some(LogEntry::Line(LogLine {
            number: self.line?,
            timestamp: self.timestamp?,
            level: self.level?,
            message,
            continues: self.continues,
        }))
    }
}
