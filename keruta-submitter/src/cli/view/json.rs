//! For programs: what happens as JSON, a document at the end or an object a line. The shapes are part of the contract and
//! stand in the README.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use keruta_input::failure::Failure;
use keruta_input::terminal::{Stdout, Talk};
use keruta_submitter::logs::{LogEntry, LogSource};
use keruta_submitter::{Attempt, Verdict};
use serde_json::{Map, Value, json};

use super::event::{Ended, Event, Fate};
use super::screen::Show;

/// One document at the end.
pub(super) struct Document {
    talk: Talk,
    logs: Vec<Value>,
}

impl Document {
    pub(super) const fn new(talk: Talk) -> Self {
        Self { talk, logs: Vec::new() }
    }
}

/// One object a line.
pub(super) struct Lines(pub(super) Talk);

impl Show for Document {
    fn show(&mut self, event: Event, stdout: &mut Stdout) -> Result<(), Failure> {
        match event {
            Event::Log { source, entries } => {
                self.logs.extend(entries.iter().map(|entry| log_value(&source, entry)));
                Ok(())
            }
            Event::Results(results) => {
                let mut document = json!({"tasks": results.iter().map(result).collect::<Vec<_>>()});
                if !self.logs.is_empty() {
                    document["logs"] = std::mem::take(&mut self.logs).into();
                }
                stdout.write(&format!("{document:#}\n"))
            }
            Event::Message(message) => {
                self.talk.message(&message);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl Show for Lines {
    fn show(&mut self, event: Event, stdout: &mut Stdout) -> Result<(), Failure> {
        if let Event::Message(message) = &event {
            self.0.message(message);
        }
        let mut lines = String::new();
        for value in values(event) {
            lines.push_str(&value.to_string());
            lines.push('\n');
        }
        if lines.is_empty() { Ok(()) } else { stdout.write(&lines) }
    }
}

fn values(event: Event) -> Vec<Value> {
    match event {
        Event::Submitted { attempt, job, created } => {
            vec![typed("submitted", &attempt, json!({"at": Timestamp::now(), "job": job, "created": created}))]
        }
        Event::Status(change) => {
            let mut more = json!({"at": change.at, "status": change.status});
            if let Some(verdict) = &change.verdict {
                more["verdict"] = verdict_value(verdict);
            }
            vec![typed("status", &change.attempt, more)]
        }
        Event::Progress(progress) => {
            let mut more = serde_json::to_value(&progress.phase).unwrap_or_default();
            more["at"] = json!(progress.at);
            if let Some(pod) = progress.pod {
                more["pod"] = pod.into();
            }
            vec![typed("progress", &progress.attempt, more)]
        }
        Event::Log { source, entries } => entries.iter().map(|entry| log_value(&source, entry)).collect(),
        Event::Results(results) => {
            let typed = |ended: &Ended| {
                let mut value = result(ended);
                value["type"] = "result".into();
                value
            };
            results.iter().map(typed).collect()
        }
        // A task's last lines may come after its verdict, and its result is to be the last of it; messages are for people.
        Event::Ended(_) | Event::Message(_) => Vec::new(),
    }
}

/// An object of a kind, about an attempt.
fn typed(kind: &str, attempt: &Attempt, more: Value) -> Value {
    let mut value = Map::new();
    value.insert("type".to_owned(), kind.into());
    value.insert("namespace".to_owned(), attempt.namespace.as_str().into());
    value.insert("task".to_owned(), attempt.task.as_str().into());
    value.insert("attempt".to_owned(), attempt.number.into());
    if let Value::Object(more) = more {
        value.extend(more);
    }
    value.into()
}

/// An entry of a log.
pub(crate) fn log_value(source: &LogSource, entry: &LogEntry) -> Value {
    let mut more = json!({
        "job": source.job, "pod": source.pod, "container": source.container, "restart": source.restart,
    });
    match entry {
        LogEntry::Line(line) => {
            more["timestamp"] = json!(line.timestamp);
            more["level"] = json!(line.level);
            more["line"] = line.number.into();
            match std::str::from_utf8(&line.message) {
                Ok(text) => more["message"] = text.into(),
                Err(_) => more["messageBase64"] = STANDARD.encode(&line.message).into(),
            }
            if line.continues {
                more["continues"] = true.into();
            }
            typed("log", &source.attempt, more)
        }
        LogEntry::Gap(gap) => {
            more["gap"] = json!(gap);
            typed("gap", &source.attempt, more)
        }
    }
}

/// A verdict: `outcome`, `cause` where it failed, `retryable`, `evidence`.
pub(crate) fn verdict_value(verdict: &Verdict) -> Value {
    let mut value = serde_json::to_value(verdict).unwrap_or_default();
    // The recorded form nests the cause in the outcome.
    if let keruta_submitter::Outcome::Failed(cause) = verdict.outcome {
        value["outcome"] = "Failed".into();
        value["cause"] = json!(cause);
    }
    value
}

fn result(ended: &Ended) -> Value {
    let mut value = json!({
        "namespace": ended.attempt.namespace,
        "task": ended.attempt.task,
        "attempt": ended.attempt.number,
        "job": ended.job,
        "status": ended.word(),
    });
    if let Some(took) = ended.took {
        value["seconds"] = json!((took.as_secs_f64() * 10.0).round() / 10.0);
    }
    match &ended.fate {
        Fate::Judged(verdict) => value["verdict"] = verdict_value(verdict),
        Fate::Refused { why, cure } => {
            value["error"] = why.as_str().into();
            value["cure"] = cure.as_str().into();
        }
        Fate::Skipped(why) => value["error"] = why.as_str().into(),
        Fate::Submitted | Fate::Left => {}
    }
    value
}
