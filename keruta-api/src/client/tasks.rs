//! Tasks, their scripts and documents.

use bytes::Bytes;
use http::{Method, header};
use serde_json::{Value, json};

use super::connect::Body;
use super::request::Ask;
use super::{Client, ClientError};
use crate::wire::{self, query, task};
use crate::{NewEpoch, Page, Status, StatusUpdate, Task, TaskStatus};

/// Which tasks.
#[derive(Debug, Clone, Default)]
pub struct TaskQuery {
    /// With this status.
    pub status: Option<TaskStatus>,
    /// Of this namespace.
    pub namespace: Option<String>,
    /// Whose id or title holds this text.
    pub text: Option<String>,
    /// How many, from 1 to 200.
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl Client {
    /// Makes a task from what is asked for; without an `id` it gets one.
    ///
    /// # Errors
    ///
    /// [`ClientError`], as of all requests.
    pub async fn create_task(&self, spec: &Value) -> Result<Task, ClientError> {
        self.read(Ask::new(Method::POST, "/api/v1/tasks".to_owned()).json(spec)?).await
    }

    /// A task.
    ///
    /// # Errors
    ///
    /// [`ClientError`], as of all requests.
    pub async fn task(&self, id: &str) -> Result<Task, ClientError> {
        self.read(Ask::get(task(id, ""))).await
    }

    /// A page of tasks, the newest first.
    ///
    /// # Errors
    ///
    /// [`ClientError`], as of all requests.
    pub async fn tasks(&self, wanted: &TaskQuery) -> Result<Page<Task>, ClientError> {
        let query = query(&[
            ("status", wanted.status.map(|status| status.to_string())),
            ("namespace", wanted.namespace.clone()),
            ("q", wanted.text.clone()),
            ("limit", wanted.limit.map(|limit| limit.to_string())),
            ("cursor", wanted.cursor.clone()),
        ]);
        self.read(Ask::get(format!("/api/v1/tasks{query}"))).await
    }

    /// Where a task stands, in short.
    ///
    /// # Errors
    ///
    /// [`ClientError`], as of all requests.
    pub async fn status(&self, id: &str) -> Result<Status, ClientError> {
        self.read(Ask::get(task(id, "/status"))).await
    }

    /// Says that an agent begins an attempt, the present one where none is named, and gets its epoch.
    ///
    /// # Errors
    ///
    /// [`ClientError`], as of all requests; 409 where another attempt is the present one.
    pub async fn begin_epoch(&self, id: &str, attempt: Option<u32>) -> Result<Status, ClientError> {
        self.read(Ask::new(Method::POST, task(id, "/epoch")).json(&NewEpoch { attempt })?).await
    }

    /// Says where a task stands; with an `attempt` only where that is the present one.
    ///
    /// # Errors
    ///
    /// [`ClientError`], as of all requests; 409 where the move is not legal or the attempt is another.
    pub async fn set_status(&self, id: &str, update: &StatusUpdate) -> Result<Task, ClientError> {
        self.read(Ask::new(Method::PUT, task(id, "/status")).json(update)?).await
    }

    /// Asks for the end of a task.
    ///
    /// # Errors
    ///
    /// [`ClientError`], as of all requests.
    pub async fn cancel_task(&self, id: &str, reason: Option<&str>) -> Result<Task, ClientError> {
        let ask = Ask::new(Method::POST, task(id, "/cancel"));
        self.read(if let Some(reason) = reason { ask.json(&json!({"reason": reason}))? } else { ask }).await
    }

    /// Tries a task again that has ended.
    ///
    /// # Errors
    ///
    /// [`ClientError`], as of all requests.
    pub async fn retry_task(&self, id: &str) -> Result<Task, ClientError> {
        self.read(Ask::new(Method::POST, task(id, "/retry"))).await
    }

    /// The script that a task runs; `None` where it has none.
    ///
    /// # Errors
    ///
    /// [`ClientError`], as of all requests.
    pub async fn task_script(&self, id: &str) -> Result<Option<String>, ClientError> {
        self.text(Ask::get(task(id, "/script"))).await
    }

    /// The setup script of a repository; `None` where it has none.
    ///
    /// # Errors
    ///
    /// [`ClientError`], as of all requests.
    pub async fn repository_script(&self, id: &str) -> Result<Option<String>, ClientError> {
        self.text(Ask::get(wire::repository_script(id))).await
    }

    /// The text of a document; `None` where there is no such document.
    ///
    /// # Errors
    ///
    /// [`ClientError`], as of all requests.
    pub async fn document_content(&self, id: &str) -> Result<Option<String>, ClientError> {
        self.text(Ask::get(wire::document_content(id))).await
    }

    /// Hands in an artifact of a task, whose path may have directories. The body is streamed.
    ///
    /// # Errors
    ///
    /// [`ClientError`], as of all requests.
    pub async fn put_artifact<B>(
        &self,
        id: &str,
        path: &str,
        kind: &'static str,
        content: B,
    ) -> Result<Value, ClientError>
    where
        B: hyper::body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let content: Body =
            http_body_util::BodyExt::boxed_unsync(http_body_util::BodyExt::map_err(content, Into::into));
        let ask = Ask::new(Method::PUT, wire::artifact(id, path));
        self.read(ask.header(header::CONTENT_TYPE, kind).body(content)).await
    }
}
