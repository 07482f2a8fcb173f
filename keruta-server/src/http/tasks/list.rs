//! Lists: of tasks, and of what happened to one.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use keruta_api::{Page, Task, TaskEvent, TaskStatus};
use serde::Deserialize;

use super::TasksState;
use crate::http::extract::{Path, Query};
use crate::http::{ApiError, Cursor, Limit};
use crate::store::{TaskFilter, TaskOrder};

/// Which tasks, and in which order.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct Parameters {
    /// With this status; may be said several times.
    status: Vec<TaskStatus>,
    /// Of this namespace.
    namespace: Option<String>,
    /// Children of this task.
    parent_id: Option<String>,
    /// Of the family of this first ancestor.
    root_task_id: Option<String>,
    /// Whose id or title holds this text, in any case of its letters.
    q: Option<String>,
    /// Created at this time or later.
    #[param(value_type = Option<String>, format = DateTime)]
    created_since: Option<Timestamp>,
    /// Created before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    created_until: Option<Timestamp>,
    /// `created` and `updated` have the newest first, `priority` is the queue's order.
    #[param(inline)]
    sort: Sort,
    /// How many, from 1 to 200.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Limit,
    /// The `nextCursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<(i64, i64)>>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
enum Sort {
    #[default]
    Created,
    Updated,
    Priority,
}

/// A page of tasks.
#[utoipa::path(
    get, path = "/api/v1/tasks", tag = "tasks", params(Parameters),
    responses((status = 200, body = Page<Task>), (status = 400, body = keruta_api::Problem))
)]
pub(super) async fn list(
    State(state): State<TasksState>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Page<Task>>, ApiError> {
    let filter = TaskFilter {
        statuses: parameters.status,
        namespace: parameters.namespace,
        parent: parameters.parent_id,
        root: parameters.root_task_id,
        text: parameters.q,
        created_since: parameters.created_since,
        created_until: parameters.created_until,
    };
    let order = match parameters.sort {
        Sort::Created => TaskOrder::Created,
        Sort::Updated => TaskOrder::Updated,
        Sort::Priority => TaskOrder::Priority,
    };
    let after = parameters.cursor.map(|Cursor(place)| place);
    let page = state.store.tasks(&filter, order, after, parameters.limit.rows()).await?;
    let next_cursor = page.next.map(|place| Cursor(place).to_string());
    Ok(Json(Page { items: page.tasks.iter().map(crate::task::StoredTask::to_api).collect(), next_cursor }))
}

/// From where in the history.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct EventParameters {
    /// How many, from 1 to 200.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Limit,
    /// The `nextCursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<i64>>,
}

/// What happened to a task, the oldest first. The history of a task outlives it.
#[utoipa::path(
    get, path = "/api/v1/tasks/{id}/events", tag = "tasks", params(("id" = String, Path), EventParameters),
    responses((status = 200, body = Page<TaskEvent>), (status = 404, body = keruta_api::Problem))
)]
pub(super) async fn events(
    State(state): State<TasksState>,
    Path(id): Path<String>,
    Query(parameters): Query<EventParameters>,
) -> Result<Json<Page<TaskEvent>>, ApiError> {
    let after = parameters.cursor.map_or(0, |Cursor(sequence)| sequence);
    let limit = parameters.limit.rows();
    let mut events = state.store.events(Some(&id), after, limit + 1).await?;
    if events.is_empty() {
        // It has a history as soon as it is there.
        state.store.task(&id).await?;
    }
    let more = events.len() > limit as usize;
    events.truncate(limit as usize);
    let next_cursor = events.last().filter(|_| more).map(|event| Cursor(event.sequence).to_string());
    Ok(Json(Page { items: events, next_cursor }))
}
