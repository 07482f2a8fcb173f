//! What is done to a task: its status, its script, cancel, retry.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use jiff::Timestamp;
use keruta_api::{Status, StatusUpdate, Task};
use keruta_manifest::value::Text as TaskText;
use serde::Deserialize;

use super::{TasksState, answer};
use crate::http::actor::Actor;
use crate::http::extract::{Json as Body, Path, Text};
use crate::http::{ApiError, IfMatch, Versioned};
use crate::store::{Author, Expected};
use crate::task::TaskSpec;

/// Where a task stands.
#[utoipa::path(
    get, path = "/api/v1/tasks/{id}/status", tag = "tasks", params(("id" = String, Path)),
    responses((status = 200, body = Status), (status = 404, body = keruta_api::Problem))
)]
pub(super) async fn status(
    State(state): State<TasksState>,
    Path(id): Path<String>,
) -> Result<Versioned<Status>, ApiError> {
    let task = state.store.task(&id).await?;
    let cancel_requested = task.cancel.is_some();
    Ok(Versioned {
        version: task.version,
        body: Status { status: task.status, attempt: task.attempt, cancel_requested },
    })
}

/// Says where a task stands, as its agent or a person knows. A move that is not legal is refused.
#[utoipa::path(
    put, path = "/api/v1/tasks/{id}/status", tag = "tasks", params(("id" = String, Path)),
    request_body = StatusUpdate,
    responses((status = 200, body = Task), (status = 409, body = keruta_api::Problem))
)]
pub(super) async fn set_status(
    State(state): State<TasksState>,
    Path(id): Path<String>,
    Actor(actor): Actor,
    Body(update): Body<StatusUpdate>,
) -> Result<Versioned<Task>, ApiError> {
    Ok(answer(&state.store.set_status(&id, &update, &actor, Timestamp::now()).await?))
}

/// The script that the task runs, as plain text.
#[utoipa::path(
    get, path = "/api/v1/tasks/{id}/script", tag = "tasks", params(("id" = String, Path)),
    responses((status = 200, body = String, content_type = "text/plain"), (status = 404, body = keruta_api::Problem))
)]
pub(super) async fn script(State(state): State<TasksState>, Path(id): Path<String>) -> Result<Response, ApiError> {
    let task = state.store.task(&id).await?;
    let Some(script) = task.spec.task().script.as_ref().map(|script| script.as_str().to_owned()) else {
        return Err(ApiError::NotFound { kind: "script of the task", id });
    };
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], script).into_response())
}

/// Changes the script that the task runs.
#[utoipa::path(
    put, path = "/api/v1/tasks/{id}/script", tag = "tasks", params(("id" = String, Path)),
    request_body(content = String, content_type = "text/plain"),
    responses((status = 200, body = Task), (status = 409, body = keruta_api::Problem))
)]
pub(super) async fn set_script(
    State(state): State<TasksState>,
    Path(id): Path<String>,
    expected: Option<IfMatch>,
    author: Author,
    Text(script): Text,
) -> Result<Versioned<Task>, ApiError> {
    let before = state.store.task(&id).await?;
    let mut task = before.spec.task().clone();
    let wrong = |error: keruta_manifest::value::TextError| {
        ApiError::field("task", "/script", error.to_string(), "send the script as plain text")
    };
    task.script = Some(script.parse::<TaskText>().map_err(wrong)?);
    // What was read here is what is changed.
    let read = Expected::OneOf(vec![before.version]);
    let expected = expected.map_or(read, |IfMatch(expected)| expected);
    Ok(answer(&state.store.change_task(TaskSpec::of(task), &expected, author, Timestamp::now()).await?))
}

/// Why a task is to end.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Cancel {
    /// Why, in a sentence for the history.
    #[serde(default)]
    reason: Option<String>,
}

/// Asks for the end of a task. One in the queue is cancelled at once; of one that runs the Job is ended.
#[utoipa::path(
    post, path = "/api/v1/tasks/{id}/cancel", tag = "tasks", params(("id" = String, Path)), request_body = Option<Cancel>,
    responses((status = 200, body = Task), (status = 409, body = keruta_api::Problem))
)]
pub(super) async fn cancel(
    State(state): State<TasksState>,
    Path(id): Path<String>,
    author: Author,
    body: Option<Body<Cancel>>,
) -> Result<Versioned<Task>, ApiError> {
    let reason = body.and_then(|Body(Cancel { reason })| reason);
    Ok(answer(&state.store.cancel_task(&id, author, reason.as_deref(), Timestamp::now()).await?))
}

/// Tries a task again that has ended, in a new attempt.
#[utoipa::path(
    post, path = "/api/v1/tasks/{id}/retry", tag = "tasks", params(("id" = String, Path)),
    responses((status = 200, body = Task), (status = 409, body = keruta_api::Problem))
)]
pub(super) async fn retry(
    State(state): State<TasksState>,
    Path(id): Path<String>,
    author: Author,
) -> Result<Versioned<Task>, ApiError> {
    Ok(answer(&state.store.retry_task(&id, author, Timestamp::now()).await?))
}
