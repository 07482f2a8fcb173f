//! What is, or was, to be sent.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use keruta_api::{Notification, NotificationEvent, NotificationState, Page, Problem};
use serde::Deserialize;

use crate::http::extract::{Path, Query};
use crate::http::{ApiError, Cursor, Limit, page};
use crate::store::{Author, OutboxFilter, Store};

/// Which notifications.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct Parameters {
    /// In this state.
    state: Option<NotificationState>,
    /// Of this event.
    event: Option<NotificationEvent>,
    /// By this channel.
    channel_id: Option<String>,
    /// By this rule.
    rule_id: Option<String>,
    /// Of this task.
    task_id: Option<String>,
    /// How many, from 1 to 200.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Limit,
    /// The `nextCursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<(i64, String)>>,
}

/// A page of the outbox, the newest first: what is to be sent, and what became of what was.
#[utoipa::path(
    get, path = "/api/v1/notifications", tag = "notifications", params(Parameters),
    responses((status = 200, body = Page<Notification>), (status = 400, body = Problem))
)]
pub(super) async fn list(
    State(store): State<Store>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Page<Notification>>, ApiError> {
    let Parameters { state, event, channel_id: channel, rule_id: rule, task_id: task, limit, cursor } = parameters;
    let filter = OutboxFilter { state, event, channel, rule, task };
    let after = cursor.map(|Cursor(place)| place);
    let rows = store.notifications(&filter, after.as_ref(), limit.and_one()).await?;
    Ok(Json(page(rows, limit, |last| (last.created_at.as_microsecond(), last.id.clone()))))
}

/// A notification.
#[utoipa::path(
    get, path = "/api/v1/notifications/{id}", tag = "notifications", params(("id" = String, Path)),
    responses((status = 200, body = Notification), (status = 404, body = Problem))
)]
pub(super) async fn read(State(store): State<Store>, Path(id): Path<String>) -> Result<Json<Notification>, ApiError> {
    Ok(Json(store.notification(&id).await?))
}

/// Has a notification sent again that was given up, or one that waits sent at once.
#[utoipa::path(
    post, path = "/api/v1/notifications/{id}/retry", tag = "notifications", params(("id" = String, Path)),
    responses((status = 200, body = Notification), (status = 404, body = Problem), (status = 409, body = Problem))
)]
pub(super) async fn retry(
    State(store): State<Store>,
    Path(id): Path<String>,
    author: Author,
) -> Result<Json<Notification>, ApiError> {
    Ok(Json(store.retry_notification(&id, &author, Timestamp::now()).await?))
}
