//! What a submitter has read, checked.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use keruta_api::{CapturedEntry, CapturedLine, CapturedLog, FieldProblem, LogLevel};
use keruta_submitter::logs::{Cursor, Gap, Level, LogEntry, LogLine};
use serde_json::Value;

use crate::http::ApiError;
use crate::log::{nanoseconds, timestamp};
use crate::problem::field;

/// How many wrong entries are told of.
const TOLD: usize = 20;
const WHAT: &str = "report of a submitter";

/// The entries and the cursor of a batch.
pub(super) fn read(batch: CapturedLog) -> Result<(Vec<LogEntry>, Cursor), ApiError> {
    is_object("/cursor", Some(&batch.cursor))?;
    let cursor: Cursor = serde_json::from_value(batch.cursor).map_err(|error| {
        ApiError::field(WHAT, "/cursor", error.to_string(), "send the cursor as the submitter has it")
    })?;
    let (mut entries, mut wrong, mut last) = (Vec::with_capacity(batch.entries.len()), Vec::new(), 0);
    for (index, entry) in batch.entries.into_iter().enumerate() {
        match of(&format!("/entries/{index}"), entry, &mut last) {
            Ok(entry) => entries.push(entry),
            Err(problem) => wrong.push(problem),
        }
        if wrong.len() == TOLD {
            break;
        }
    }
    if wrong.is_empty() && (cursor.lines < last.saturating_sub(1) || i64::try_from(cursor.lines).is_err()) {
        let detail = format!("is the place behind line {}, and the last entry is of line {last}", cursor.lines);
        wrong.push(field("/cursor/lines", detail, Some("send the place behind the entries".to_owned())));
    }
    if wrong.is_empty() { Ok((entries, cursor)) } else { Err(ApiError::Invalid { what: WHAT, errors: wrong }) }
}

fn of(pointer: &str, entry: CapturedEntry, last: &mut u64) -> Result<LogEntry, FieldProblem> {
    match entry {
        CapturedEntry::Line(line) => {
            let at = |name: &str| format!("{pointer}/line/{name}");
            let numbered = (*last).max(1)..=i64::MAX.cast_unsigned();
            if !numbered.contains(&line.number) {
                let detail = format!("{} is not the number of a line behind line {last}", line.number);
                return Err(field(&at("number"), detail, Some("lines are counted from 1".to_owned())));
            }
            *last = line.number;
            stored(&at("timestamp"), line.timestamp)?;
            let message = message(&line, &at)?;
            let level = match line.level {
                LogLevel::Debug => Level::Debug,
                LogLevel::Info => Level::Info,
                LogLevel::Warn => Level::Warn,
                LogLevel::Error => Level::Error,
            };
            let CapturedLine { number, timestamp, continues, .. } = line;
            Ok(LogEntry::Line(LogLine { number, timestamp, level, message: message.into(), continues }))
        }
        CapturedEntry::Gap(gap) => {
            for (name, time) in [("after", gap.after), ("before", gap.before)] {
                time.map_or(Ok(()), |time| stored(&format!("{pointer}/gap/{name}"), time))?;
            }
            Ok(LogEntry::Gap(Gap { after: gap.after, before: gap.before, reason: gap.reason }))
        }
    }
}

fn message(line: &CapturedLine, at: &impl Fn(&str) -> String) -> Result<Vec<u8>, FieldProblem> {
    match (&line.message, &line.message_base64) {
        (Some(text), None) => Ok(text.clone().into_bytes()),
        (None, Some(text)) => STANDARD.decode(text).map_err(|error| {
            field(&at("messageBase64"), format!("is no base64: {error}"), Some("pad it as RFC 4648 says".to_owned()))
        }),
        _ => {
            let cure = "send message, or messageBase64".to_owned();
            Err(field(&at("message"), "a line has one of message and messageBase64", Some(cure)))
        }
    }
}

/// The store keeps nanoseconds in 64 bits.
fn stored(pointer: &str, time: Timestamp) -> Result<(), FieldProblem> {
    if timestamp(nanoseconds(time)) == time {
        return Ok(());
    }
    Err(field(pointer, "is not between 1677 and 2262", Some("send the time at which it was seen".to_owned())))
}

pub(super) fn is_storable(pointer: &str, time: Timestamp) -> Result<(), ApiError> {
    stored(pointer, time).map_err(|problem| ApiError::Invalid { what: WHAT, errors: vec![problem] })
}

pub(super) fn is_object(pointer: &str, value: Option<&Value>) -> Result<(), ApiError> {
    match value {
        Some(value) if !value.is_object() => {
            Err(ApiError::field(WHAT, pointer, "is no object", "send it as the submitter has it"))
        }
        _ => Ok(()),
    }
}
