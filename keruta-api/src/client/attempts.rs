//! What a submitter tells of attempts, and asks for when it goes on.

use http::Method;

use super::request::Ask;
use super::{Client, ClientError};
use crate::wire::{query, segment};
use crate::{AttemptPhase, AttemptStatus, AttemptVerdict, CapturedLog, LogAppended, LogCursor};

/// One run of one container, whose log a submitter reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContainerRun {
    /// The namespace of its Pod.
    pub namespace: String,
    /// The Job.
    pub job: String,
    /// The Pod.
    pub pod: String,
    /// The Pod's uid.
    pub pod_uid: String,
    /// The container.
    pub container: String,
    /// How often it was started again in its Pod.
    pub restart: u32,
}

impl ContainerRun {
    fn query(&self) -> String {
        query(&[
            ("namespace", Some(self.namespace.clone())),
            ("job", Some(self.job.clone())),
            ("pod", Some(self.pod.clone())),
            ("podUid", Some(self.pod_uid.clone())),
            ("container", Some(self.container.clone())),
            ("restart", Some(self.restart.to_string())),
        ])
    }
}

impl Client {
    /// Says where an attempt stands, as a submitter saw it. The same again changes nothing.
    ///
    /// # Errors
    ///
    /// As of all requests; 404 where the server has no such attempt, 409 where it runs the attempt itself.
    pub async fn set_attempt_status(&self, id: &str, attempt: u32, told: &AttemptStatus) -> Result<(), ClientError> {
        let ask = Ask::new(Method::PUT, path(id, attempt, "status")).json(told)?;
        self.bytes(ask).await.map(drop)
    }

    /// Says what an attempt does just now.
    ///
    /// # Errors
    ///
    /// As of [`Client::set_attempt_status`].
    pub async fn set_attempt_phase(&self, id: &str, attempt: u32, told: &AttemptPhase) -> Result<(), ClientError> {
        let ask = Ask::new(Method::PUT, path(id, attempt, "phase")).json(told)?;
        self.bytes(ask).await.map(drop)
    }

    /// How an attempt ended, as the server has it.
    ///
    /// # Errors
    ///
    /// As of all requests; 404 where the server has no such attempt.
    pub async fn attempt_verdict(&self, id: &str, attempt: u32) -> Result<AttemptVerdict, ClientError> {
        self.read(Ask::get(path(id, attempt, "verdict"))).await
    }

    /// Adds to a container's log what a submitter has read of it. The same batch again is kept once.
    ///
    /// # Errors
    ///
    /// As of all requests; 409 where another reader has kept these lines.
    pub async fn append_captured(
        &self,
        id: &str,
        attempt: u32,
        run: &ContainerRun,
        batch: &CapturedLog,
    ) -> Result<LogAppended, ClientError> {
        let path = format!("{}{}", path(id, attempt, "logs"), run.query());
        self.read(Ask::new(Method::POST, path).json(batch)?).await
    }

    /// How far a container's log was kept.
    ///
    /// # Errors
    ///
    /// As of all requests; 404 where the server has no such attempt.
    pub async fn captured_cursor(&self, id: &str, attempt: u32, run: &ContainerRun) -> Result<LogCursor, ClientError> {
        self.read(Ask::get(format!("{}{}", path(id, attempt, "logs/cursor"), run.query()))).await
    }
}

fn path(id: &str, attempt: u32, what: &str) -> String {
    format!("/api/v1/tasks/{}/attempts/{attempt}/{what}", segment(id))
}
