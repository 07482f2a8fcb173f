//! What is done to a task: its status, its script, cancel, retry.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use jiff::Timestamp;
use keruta_api::{NewEpoch, ProgressUpdate, Status, StatusUpdate, Task};
use keruta_manifest::value::Text as TaskText;
use serde::Deserialize;

use super::{TasksState, answer};
use crate::http::actor::Actor;
use crate::http::extract::{Json as Body, Path, Text};
use crate::http::{ApiError, IfMatch, Versioned};
use crate::store::{Author, Expected};
use crate::task::{StoredTask, TaskSpec};

/// How long the message beside a progress may be.
const LONGEST_MESSAGE: usize = 1024;

/// Where a task stands.
#[utoipa::path(
    get, path = "/api/v1/tasks/{id}/status", tag = "tasks", params(("id" = String, Path)),
    responses((status = 200, body = Status), (status = 404, body = keruta_api::Problem))
)]
pub(super) async fn status(
    State(state): State<TasksState>,
    Path(id): Path<String>,
) -> Result<Versioned<Status>, ApiError> {
    Ok(standing(&state.store.task(&id).await?))
}

fn standing(task: &StoredTask) -> Versioned<Status> {
    let StoredTask { status, attempt, epoch, .. } = *task;
    let cancel_requested = task.cancel.is_some();
    Versioned { version: task.version, body: Status { status, attempt, epoch, cancel_requested } }
}

/// Says that an agent begins the present attempt, and gives it its epoch, which it sends with each status. What the attempt's earlier
/// agents still say is refused from then on (`/problems/stale-epoch`): a Pod that was given up on may come back.
#[utoipa::path(
    post, path = "/api/v1/tasks/{id}/epoch", tag = "tasks", params(("id" = String, Path)), request_body = Option<NewEpoch>,
    responses((status = 200, body = Status), (status = 404, body = keruta_api::Problem), (status = 409, body = keruta_api::Problem))
)]
pub(super) async fn begin_epoch(
    State(state): State<TasksState>,
    Path(id): Path<String>,
    Actor(actor): Actor,
    body: Option<Body<NewEpoch>>,
) -> Result<Versioned<Status>, ApiError> {
    let attempt = body.and_then(|Body(NewEpoch { attempt })| attempt);
    Ok(standing(&state.store.begin_epoch(&id, attempt, &actor, Timestamp::now()).await?))
}

/// Says where a task stands, as its agent or a person knows. A move that is not legal is refused, and so is what is not of the
/// present attempt (`/problems/other-attempt`) or not of its last agent (`/problems/stale-epoch`).
#[utoipa::path(
    put, path = "/api/v1/tasks/{id}/status", tag = "tasks", params(("id" = String, Path)),
    request_body = StatusUpdate,
    responses(
        (status = 200, body = Task), (status = 409, body = keruta_api::Problem), (status = 422, body = keruta_api::Problem),
    )
)]
pub(super) async fn set_status(
    State(state): State<TasksState>,
    Path(id): Path<String>,
    Actor(actor): Actor,
    Body(update): Body<StatusUpdate>,
) -> Result<Versioned<Task>, ApiError> {
    if let Some(progress) = &update.progress {
        check_progress(progress)?;
    }
    Ok(answer(&state.store.set_status(&id, &update, &actor, Timestamp::now()).await?))
}

fn check_progress(progress: &ProgressUpdate) -> Result<(), ApiError> {
    let wrong =
        |field: &str, detail: String, cure| Err(ApiError::field("status", &format!("/progress/{field}"), detail, cure));
    if progress.percent > 100 {
        return wrong("percent", format!("{} is more than all of it", progress.percent), "send a number from 0 to 100");
    }
    let length = progress.message.as_deref().map_or(0, str::len);
    if length > LONGEST_MESSAGE {
        return wrong("message", format!("has {length} bytes"), "send a sentence, and the rest as lines of the log");
    }
    Ok(())
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
