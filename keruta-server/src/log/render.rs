//! Entries as text and as JSON.

use std::io::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use keruta_submitter::logs::LogSource;

use super::{Entry, timestamp};

/// Writes the entries of logs as JSON objects ([`keruta_api::LogRecord`]) or as text.
///
/// ```
/// use keruta_server::log::{Entry, Renderer};
/// use keruta_submitter::{Attempt, logs::{Level, LogSource}};
///
/// let attempt = Attempt { namespace: "tasks".into(), task: "task-1".into(), number: 1 };
/// let (job, pod) = ("keruta-job-task-1".into(), "keruta-job-task-1-x7k2p".into());
/// let source = LogSource { attempt, job, pod, pod_uid: "1".into(), container: "main".into(), restart: 0 };
/// let entry = Entry { number: 1, time: 0, level: Level::Info, message: b"hi", continues: false, gap: false };
/// let mut out = Vec::new();
/// Renderer::default().text(&mut out, &source, &entry);
/// assert_eq!(out, b"1970-01-01T00:00:00.000000000Z INFO  [main] hi\n");
/// ```
#[derive(Debug, Default)]
pub struct Renderer {
    /// The last time's second, and its text up to the point.
    second: Option<(i64, String)>,
    /// The last log, and what each of its records begins with.
    head: Option<(i64, Vec<u8>)>,
    scratch: String,
}

/// The parts of a log's records that are the same in each.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    task_id: &'a str,
    attempt: u32,
    job: &'a str,
    pod: &'a str,
    container: &'a str,
    source: i64,
}

impl Renderer {
    /// Writes an entry as a JSON object, without a line feed. `log` is the log's number.
    ///
    /// All of it is text that JSON escapes: a line cannot end the object that it stands in.
    pub fn json(&mut self, out: &mut Vec<u8>, log: i64, source: &LogSource, entry: &Entry<'_>) {
        out.extend_from_slice(b"{\"timestamp\":\"");
        self.time(out, entry.time);
        out.extend_from_slice(b"\",\"level\":\"");
        out.extend_from_slice(entry.level.as_str().as_bytes());
        out.extend_from_slice(b"\",");
        out.extend_from_slice(self.head(log, source));
        let _ = write!(out, ",\"line\":{},\"message\":", entry.number);
        if let Some(gap) = entry.to_gap() {
            string(out, "");
            out.extend_from_slice(b",\"gap\":");
            string(out, &gap.reason);
        } else {
            if let Ok(text) = std::str::from_utf8(entry.message) {
                string(out, text);
            } else {
                string(out, &String::from_utf8_lossy(entry.message));
                out.extend_from_slice(b",\"messageBase64\":\"");
                self.scratch.clear();
                BASE64_STANDARD.encode_string(entry.message, &mut self.scratch);
                out.extend_from_slice(self.scratch.as_bytes());
                out.push(b'"');
            }
            if entry.continues {
                out.extend_from_slice(b",\"continues\":true");
            }
        }
        out.push(b'}');
    }

    /// Writes an entry as a line of text: time, level, container, message. The message's bytes are as they were.
    pub fn text(&mut self, out: &mut Vec<u8>, source: &LogSource, entry: &Entry<'_>) {
        self.time(out, entry.time);
        let _ = write!(out, " {:5} [{}] ", entry.level.as_str(), source.container);
        match entry.to_gap() {
            Some(gap) => {
                let _ = write!(out, "-- lines may be missing here: {} --", gap.reason);
            }
            None => out.extend_from_slice(entry.message),
        }
        out.push(b'\n');
    }

    /// Writes an entry's message alone; of a line in pieces, without a line feed before its end.
    pub fn raw(out: &mut Vec<u8>, entry: &Entry<'_>) {
        if !entry.gap {
            out.extend_from_slice(entry.message);
            if !entry.continues {
                out.push(b'\n');
            }
        }
    }

    /// `2026-11-30T10:00:00.123456789Z`.
    fn time(&mut self, out: &mut Vec<u8>, nanoseconds: i64) {
        const BILLION: i64 = 1_000_000_000;
        let (second, fraction) = (nanoseconds.div_euclid(BILLION), nanoseconds.rem_euclid(BILLION));
        if self.second.as_ref().is_none_or(|(known, _)| *known != second) {
            let mut text = Timestamp::from_second(second).unwrap_or_else(|_| timestamp(nanoseconds)).to_string();
            text.truncate(text.len().saturating_sub(1));
            self.second = Some((second, text));
        }
        let text = self.second.as_ref().map_or("", |(_, text)| text);
        out.extend_from_slice(text.as_bytes());
        let _ = write!(out, ".{fraction:09}Z");
    }

    fn head(&mut self, log: i64, source: &LogSource) -> &[u8] {
        if self.head.as_ref().is_none_or(|(known, _)| *known != log) {
            let head = Head {
                task_id: &source.attempt.task,
                attempt: source.attempt.number,
                job: &source.job,
                pod: &source.pod,
                container: &source.container,
                source: log,
            };
            // Only texts and numbers, which have a JSON.
            self.head = Some((log, serde_json::to_vec(&head).unwrap_or_default()));
        }
        let head = self.head.as_ref().map_or(&[][..], |(_, head)| head);
        // Without its braces.
        head.get(1..head.len().saturating_sub(1)).unwrap_or_default()
    }
}

fn string(out: &mut Vec<u8>, text: &str) {
    // Writing to memory does not fail.
    let _ = serde_json::to_writer(out, text);
}

#[cfg(test)]
mod tests {
    use keruta_api::{LogLevel, LogRecord};
    use keruta_submitter::Attempt;
    use keruta_submitter::logs::Level;
    use proptest::prelude::*;

    use super::*;

    fn source() -> LogSource {
        LogSource {
            attempt: Attempt { namespace: "tasks".into(), task: "task-1".into(), number: 2 },
            job: "keruta-job-task-1-attempt-2".into(),
            pod: "keruta-job-task-1-attempt-2-\"x\"".into(),
            pod_uid: "7".into(),
            container: "main".into(),
            restart: 0,
        }
    }

    proptest! {
        #[test]
        fn a_record_is_one_line_of_json(message: Vec<u8>, time: i64, number: u32, continues: bool) {
            let entry =
                Entry { number: number.into(), time, level: Level::Warn, message: &message, continues, gap: false };
            let mut out = Vec::new();
            let mut renderer = Renderer::default();
            renderer.json(&mut out, 3, &source(), &entry);
            prop_assert!(!out.iter().any(|byte| *byte < b' '));
            let record: LogRecord = serde_json::from_slice(&out).unwrap();
            prop_assert_eq!(record.timestamp, timestamp(time));
            prop_assert_eq!((record.level, record.line, record.source), (LogLevel::Warn, number.into(), 3));
            prop_assert_eq!((record.pod, record.continues), (source().pod, continues));
            let exact = record.message_base64.map_or(record.message.into_bytes(), |text| BASE64_STANDARD.decode(text).unwrap());
            prop_assert_eq!(exact, message);
        }
    }

    #[test]
    fn a_gap_says_why() {
        let message = br#"{"reason":"the file was rotated away"}"#;
        let entry = Entry { number: 4, time: 0, level: Level::Warn, message, continues: false, gap: true };
        let (mut json, mut text, mut raw) = (Vec::new(), Vec::new(), Vec::new());
        let mut renderer = Renderer::default();
        renderer.json(&mut json, 3, &source(), &entry);
        renderer.text(&mut text, &source(), &entry);
        Renderer::raw(&mut raw, &entry);
        let record: LogRecord = serde_json::from_slice(&json).unwrap();
        assert_eq!((record.gap.as_deref(), record.message.as_str()), (Some("the file was rotated away"), ""));
        assert!(
            String::from_utf8(text).unwrap().ends_with("-- lines may be missing here: the file was rotated away --\n")
        );
        assert!(raw.is_empty());
    }
}
