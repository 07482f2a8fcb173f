//! `/api/v1/tasks`: tasks made, read, changed, ended, tried again.

mod act;
mod body;
mod list;
mod manifest;

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;
use keruta_api::Task;
use keruta_manifest::Settings;
use tokio::sync::watch;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{JsonText, Path};
use super::{ApiError, IfMatch, Versioned};
use crate::operation::ServerSettings;
use crate::runner::{check, check_workspace};
use crate::store::{Author, Expected, Store, StoreError};
use crate::task::{StoredTask, TaskSpec};

/// The namespace of tasks that name none, where the settings name none either.
const DEFAULT_NAMESPACE: &str = "default";

/// What the routes of tasks need.
#[derive(Clone)]
pub struct TasksState {
    /// The store.
    pub store: Store,
    /// The settings as they are now.
    pub settings: watch::Receiver<Arc<Settings>>,
    /// How the server works.
    pub operation: watch::Receiver<Arc<ServerSettings>>,
}

impl TasksState {
    fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.borrow())
    }

    /// Refuses a child whose parent has no workspace that could be shared.
    async fn check_workspace(&self, spec: &TaskSpec, settings: &Settings) -> Result<(), ApiError> {
        let Some(parent) = spec.parent() else { return Ok(()) };
        let parent = match self.store.task(parent).await {
            Ok(parent) => parent,
            Err(StoreError::NotFound { id, .. }) => {
                return Err(StoreError::NotFound { kind: "parent task", id }.into());
            }
            Err(error) => return Err(error.into()),
        };
        let root = match self.store.task(&parent.root_id).await {
            Ok(root) => root,
            // It was deleted; its workspace may be there all the same.
            Err(StoreError::NotFound { .. }) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let sent = self.store.manifests(root.id()).await?;
        check_workspace(spec, &root, &sent, settings).map_err(|problems| ApiError::invalid("task", &problems))
    }
}

/// The routes, with their part of the OpenAPI document.
pub fn routes(state: TasksState) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list::list, create))
        .routes(routes!(read, change, delete))
        .routes(routes!(act::status, act::set_status))
        .routes(routes!(act::begin_epoch))
        .routes(routes!(act::script, act::set_script))
        .routes(routes!(act::cancel))
        .routes(routes!(act::retry))
        .routes(routes!(manifest::manifest))
        .routes(routes!(list::events))
        .with_state(state)
}

/// Makes a task and puts it into the queue. Without an `id` it gets one.
#[utoipa::path(
    post, path = "/api/v1/tasks", tag = "tasks", request_body = Object,
    responses((status = 201, body = Task), (status = 409, body = keruta_api::Problem), (status = 422, body = keruta_api::Problem))
)]
async fn create(
    State(state): State<TasksState>,
    author: Author,
    JsonText(text): JsonText,
) -> Result<Response, ApiError> {
    let spec = body::new_task(&text, || uuid::Uuid::now_v7().to_string())?;
    let settings = state.settings();
    let namespace = settings.default_namespace.as_ref().map_or(DEFAULT_NAMESPACE, |namespace| namespace.as_str());
    // What could not be rendered would only fail later, with nobody there to mend it.
    check(&spec, namespace, &settings).map_err(|problems| ApiError::invalid("task", &problems))?;
    state.check_workspace(&spec, &settings).await?;
    let task = state.store.create_task(spec, namespace, author, Timestamp::now()).await?;
    // An id is made of characters that a path may have.
    let location = HeaderValue::try_from(format!("/api/v1/tasks/{}", task.id()));
    let mut response = (StatusCode::CREATED, answer(&task)).into_response();
    if let Ok(location) = location {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// A task.
#[utoipa::path(
    get, path = "/api/v1/tasks/{id}", tag = "tasks", params(("id" = String, Path)),
    responses((status = 200, body = Task), (status = 404, body = keruta_api::Problem))
)]
async fn read(State(state): State<TasksState>, Path(id): Path<String>) -> Result<Versioned<Task>, ApiError> {
    Ok(answer(&state.store.task(&id).await?))
}

/// Changes what was asked for, as a whole. Not while an attempt is under way; a task that has ended does it in its next
/// attempt.
#[utoipa::path(
    put, path = "/api/v1/tasks/{id}", tag = "tasks", params(("id" = String, Path), ("If-Match" = String, Header)),
    request_body = Object,
    responses((status = 200, body = Task), (status = 409, body = keruta_api::Problem), (status = 412, body = keruta_api::Problem))
)]
async fn change(
    State(state): State<TasksState>,
    Path(id): Path<String>,
    IfMatch(expected): IfMatch,
    author: Author,
    JsonText(text): JsonText,
) -> Result<Versioned<Task>, ApiError> {
    let spec = body::task_of(&text, &id)?;
    Ok(answer(&state.store.change_task(spec, &expected, author, Timestamp::now()).await?))
}

/// Deletes a task that has ended. What it left in the cluster goes as the retention rules say.
#[utoipa::path(
    delete, path = "/api/v1/tasks/{id}", tag = "tasks", params(("id" = String, Path)),
    responses((status = 204), (status = 409, body = keruta_api::Problem))
)]
async fn delete(
    State(state): State<TasksState>,
    Path(id): Path<String>,
    expected: Option<IfMatch>,
    author: Author,
) -> Result<StatusCode, ApiError> {
    let expected = expected.map_or(Expected::Any, |IfMatch(expected)| expected);
    state.store.delete_task(&id, &expected, author, Timestamp::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn answer(task: &StoredTask) -> Versioned<Task> {
    Versioned { version: task.version, body: task.to_api() }
}
