//! A log that is followed.

use std::collections::VecDeque;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Response, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde::Deserialize;
use tokio::time::{sleep, timeout};

use super::events::{Event, Events};
use super::request::Ask;
use super::{Client, ClientError};
use crate::{LogRecord, TaskStatus, wire};

/// The server says something every 15 s.
const SILENCE: Duration = Duration::from_secs(45);
/// How often in a row a connection may fail.
const FAILURES: u32 = 8;
/// No line is longer.
const LONGEST: usize = 16 * 1024 * 1024;

/// A log that is followed.
pub struct LogFollow {
    client: Client,
    path: String,
    /// The id of the last event: the place behind what was given.
    last: Option<String>,
    response: Option<Response<Incoming>>,
    reader: Events,
    ready: VecDeque<Event>,
    failures: u32,
    ended: bool,
    /// What the task ended with; `None` too where it is a word that this version does not know.
    status: Option<TaskStatus>,
}

#[derive(Deserialize)]
struct End {
    status: String,
}

impl LogFollow {
    pub(super) fn new(client: Client, id: &str, last: Option<String>) -> Self {
        Self {
            client,
            path: wire::task(id, "/logs?follow=true"),
            last,
            response: None,
            reader: Events::default(),
            ready: VecDeque::new(),
            failures: 0,
            ended: false,
            status: None,
        }
    }

    /// The next line; `None` where the task has ended and all of them were given.
    ///
    /// # Errors
    ///
    /// Where the server refuses, or cannot be reached for some minutes.
    pub async fn next(&mut self) -> Result<Option<LogRecord>, ClientError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                if event.id.is_some() {
                    self.last.clone_from(&event.id);
                }
                let unreadable = |error: serde_json::Error| ClientError::Unreadable(error.to_string());
                if event.kind == "end" {
                    let end: End = serde_json::from_str(&event.data).map_err(unreadable)?;
                    (self.ended, self.status) = (true, end.status.parse().ok());
                    return Ok(None);
                }
                return serde_json::from_str(&event.data).map(Some).map_err(unreadable);
            }
            if self.ended {
                return Ok(None);
            }
            match self.more().await {
                Ok(()) => {}
                Err(error) if error.is_transient() && self.failures < FAILURES => {
                    self.response = None;
                    let pause = Duration::from_millis(250).saturating_mul(1 << self.failures);
                    self.failures += 1;
                    sleep(pause).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The status that the task ended with, once it has.
    #[must_use]
    pub const fn status(&self) -> Option<TaskStatus> {
        self.status
    }

    /// The place behind the last line that was given, to go on from later.
    #[must_use]
    pub fn last_event_id(&self) -> Option<&str> {
        self.last.as_deref()
    }

    /// Reads until there is another event, or the connection ends.
    async fn more(&mut self) -> Result<(), ClientError> {
        if self.response.is_none() {
            let mut ask = Ask::get(self.path.clone()).header(header::ACCEPT, "text/event-stream");
            if let Some(last) = &self.last {
                let value = HeaderValue::try_from(last.as_str());
                let value = value.map_err(|_| ClientError::Unreadable("the id of an event is no text".to_owned()))?;
                ask = ask.value(HeaderName::from_static("last-event-id"), value);
            }
            self.reader = Events::default();
            self.response = Some(self.client.send(ask).await?);
        }
        let Some(response) = &mut self.response else { return Ok(()) };
        let frame = timeout(SILENCE, response.body_mut().frame()).await.map_err(|_| ClientError::TimedOut(SILENCE))?;
        match frame {
            None => Err(ClientError::Unreachable("the connection was closed".into())),
            Some(Err(error)) => Err(ClientError::Unreachable(error.into())),
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    self.ready.extend(self.reader.read(data));
                    self.failures = 0;
                }
                if self.reader.kept() > LONGEST {
                    return Err(ClientError::Unreadable("an event does not end".to_owned()));
                }
                Ok(())
            }
        }
    }
}
