//! Channels: made, read, changed, deleted, tried.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::Timestamp;
use keruta_api::{Notification, NotificationChannel, NotificationChannelSpec, NotificationState, Page, Problem};
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use super::invalid;
use crate::http::extract::{Json as Body, Path, Query};
use crate::http::{ApiError, Cursor, IfMatch, Limit, Versioned, created, page};
use crate::notify::Channel;
use crate::store::{Author, Expected, Store};

/// How long a test waits for its end.
const WAIT: Duration = Duration::from_secs(20);
/// How often it looks.
const LOOK: Duration = Duration::from_millis(200);

/// Which channels.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct Parameters {
    /// How many, from 1 to 200.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    pub(super) limit: Limit,
    /// The `nextCursor` of the page before.
    #[param(value_type = Option<String>)]
    pub(super) cursor: Option<Cursor<(String, String)>>,
}

/// A page of channels, in the order of their names.
#[utoipa::path(
    get, path = "/api/v1/notifications/channels", tag = "notifications", params(Parameters),
    responses((status = 200, body = Page<NotificationChannel>), (status = 400, body = Problem))
)]
pub(super) async fn list(
    State(store): State<Store>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Page<NotificationChannel>>, ApiError> {
    let after = parameters.cursor.map(|Cursor(place)| place);
    let rows = store.notification_channels(after.as_ref(), parameters.limit.and_one()).await?;
    Ok(Json(page(rows, parameters.limit, |last| (last.name.clone(), last.id.clone()))))
}

/// Makes a channel. A secret is a reference: an environment variable of the server, or a file of its directory for secrets.
#[utoipa::path(
    post, path = "/api/v1/notifications/channels", tag = "notifications", request_body = NotificationChannelSpec,
    responses((status = 201, body = NotificationChannel), (status = 422, body = Problem))
)]
pub(super) async fn create(
    State(store): State<Store>,
    author: Author,
    Body(spec): Body<NotificationChannelSpec>,
) -> Result<Response, ApiError> {
    let channel = Channel::parse(spec).map_err(invalid("channel"))?;
    let id = uuid::Uuid::now_v7().to_string();
    let made = store.create_notification_channel(&id, &channel, &author, Timestamp::now()).await?;
    Ok(created(&format!("/api/v1/notifications/channels/{id}"), versioned(made)))
}

/// A channel.
#[utoipa::path(
    get, path = "/api/v1/notifications/channels/{id}", tag = "notifications", params(("id" = String, Path)),
    responses((status = 200, body = NotificationChannel), (status = 404, body = Problem))
)]
pub(super) async fn read(
    State(store): State<Store>,
    Path(id): Path<String>,
) -> Result<Versioned<NotificationChannel>, ApiError> {
    Ok(versioned(store.notification_channel(&id).await?))
}

/// Changes a channel, as a whole. What was held back for it is tried at once.
#[utoipa::path(
    put, path = "/api/v1/notifications/channels/{id}", tag = "notifications",
    params(("id" = String, Path), ("If-Match" = String, Header)), request_body = NotificationChannelSpec,
    responses(
        (status = 200, body = NotificationChannel), (status = 404, body = Problem), (status = 412, body = Problem),
        (status = 422, body = Problem), (status = 428, body = Problem),
    )
)]
pub(super) async fn change(
    State(store): State<Store>,
    Path(id): Path<String>,
    IfMatch(expected): IfMatch,
    author: Author,
    Body(spec): Body<NotificationChannelSpec>,
) -> Result<Versioned<NotificationChannel>, ApiError> {
    let channel = Channel::parse(spec).map_err(invalid("channel"))?;
    let now = Timestamp::now();
    Ok(versioned(store.change_notification_channel(&id, &channel, &expected, &author, now).await?))
}

/// Deletes a channel that no rule uses.
#[utoipa::path(
    delete, path = "/api/v1/notifications/channels/{id}", tag = "notifications",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header)),
    responses(
        (status = 204), (status = 404, body = Problem), (status = 409, body = Problem), (status = 412, body = Problem),
    )
)]
pub(super) async fn delete(
    State(store): State<Store>,
    Path(id): Path<String>,
    expected: Option<IfMatch>,
    author: Author,
) -> Result<StatusCode, ApiError> {
    let expected = expected.map_or(Expected::Any, |IfMatch(expected)| expected);
    store.delete_notification_channel(&id, &expected, &author, Timestamp::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a test message, and waits some seconds for what becomes of it: 200 where it was sent or refused, 202 where that is
/// not known yet. It is tried once.
#[utoipa::path(
    post, path = "/api/v1/notifications/channels/{id}/test", tag = "notifications", params(("id" = String, Path)),
    responses(
        (status = 200, body = Notification), (status = 202, body = Notification), (status = 404, body = Problem),
    )
)]
pub(super) async fn test(
    State(store): State<Store>,
    Path(id): Path<String>,
    author: Author,
) -> Result<Response, ApiError> {
    let made = store.test_notification_channel(&id, &author, Timestamp::now()).await?;
    let until = Instant::now() + WAIT;
    loop {
        let now = store.notification(&made.id).await?;
        if matches!(now.state, NotificationState::Sent | NotificationState::Failed) {
            return Ok(Json(now).into_response());
        }
        if Instant::now() >= until {
            return Ok((StatusCode::ACCEPTED, Json(now)).into_response());
        }
        sleep(LOOK).await;
    }
}

fn versioned(channel: NotificationChannel) -> Versioned<NotificationChannel> {
    Versioned { version: channel.version, body: channel }
}
