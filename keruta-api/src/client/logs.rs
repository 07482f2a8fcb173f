//! Logs: sent by agents, read, followed.

use bytes::Bytes;
use http::{Method, header};

use super::follow::LogFollow;
use super::request::Ask;
use super::{Client, ClientError};
use crate::wire::{self, query};
use crate::{LogAppended, LogLine, LogPage};

/// Which log lines belong to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogPlace {
    /// The attempt, from 1.
    pub attempt: u32,
    /// The container, or what else the agent calls its log.
    pub container: String,
    /// The Pod.
    pub pod: Option<String>,
    /// The Pod's uid.
    pub pod_uid: Option<String>,
    /// The Job.
    pub job: Option<String>,
    /// How often the container was started again in its Pod.
    pub restart: u32,
}

/// Which lines of a log are read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogReading {
    /// Of this attempt.
    pub attempt: Option<u32>,
    /// Of this container.
    pub container: Option<String>,
    /// `WARN` for it and what is graver.
    pub level: Option<String>,
    /// That contain this text.
    pub text: Option<String>,
    /// The last lines, so many of them.
    pub tail: Option<u32>,
    /// At most so many lines.
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl LogReading {
    pub(super) fn query(&self, more: &[(&str, Option<String>)]) -> String {
        let mut parameters = vec![
            ("attempt", self.attempt.map(|attempt| attempt.to_string())),
            ("container", self.container.clone()),
            ("level", self.level.clone()),
            ("q", self.text.clone()),
            ("tail", self.tail.map(|tail| tail.to_string())),
            ("limit", self.limit.map(|limit| limit.to_string())),
            ("cursor", self.cursor.clone()),
        ];
        parameters.extend_from_slice(more);
        query(&parameters)
    }
}

impl Client {
    /// Adds lines to a log, where exactly `offset` lines are there already; `done` where nothing more will come. The same batch
    /// again is kept once: send again what was not answered.
    ///
    /// # Errors
    ///
    /// [`ClientError::Offset`] with the true offset where it is another one; others as of all requests.
    pub async fn append_log(
        &self,
        id: &str,
        place: &LogPlace,
        offset: u64,
        lines: &[LogLine],
        done: bool,
    ) -> Result<LogAppended, ClientError> {
        let query = query(&[
            ("attempt", Some(place.attempt.to_string())),
            ("container", Some(place.container.clone())),
            ("pod", place.pod.clone()),
            ("podUid", place.pod_uid.clone()),
            ("job", place.job.clone()),
            ("restart", Some(place.restart.to_string())),
            ("offset", Some(offset.to_string())),
            ("done", done.then(|| "true".to_owned())),
        ]);
        let mut body = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut body, line).map_err(|error| ClientError::Unreadable(error.to_string()))?;
            body.push(b'\n');
        }
        let path = wire::task(id, &format!("/logs{query}"));
        self.read(Ask::new(Method::POST, path).bytes("application/x-ndjson", Bytes::from(body))).await
    }

    /// A page of a task's log.
    ///
    /// # Errors
    ///
    /// [`ClientError`], as of all requests.
    pub async fn log(&self, id: &str, reading: &LogReading) -> Result<LogPage, ClientError> {
        let limit = (reading.limit.is_none() && reading.tail.is_none()).then(|| "1000".to_owned());
        let query = reading.query(&[("format", Some("json".to_owned())), ("limit", limit)]);
        self.read(Ask::get(wire::task(id, &format!("/logs{query}")))).await
    }

    /// A task's whole log as text.
    ///
    /// # Errors
    ///
    /// [`ClientError`], as of all requests.
    pub async fn log_text(&self, id: &str, reading: &LogReading) -> Result<String, ClientError> {
        let query = reading.query(&[("format", Some("text".to_owned()))]);
        let ask = Ask::get(wire::task(id, &format!("/logs{query}"))).header(header::ACCEPT, "text/plain");
        let bytes = self.bytes(ask).await?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Follows a task's log from the beginning, or from behind the event of an id, until the task has ended. A connection that
    /// is cut is taken up again where it was.
    #[must_use]
    pub fn follow_log(&self, id: &str, from: Option<String>) -> LogFollow {
        LogFollow::new(self.clone(), id, from)
    }
}
