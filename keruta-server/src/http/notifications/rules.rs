//! Rules: made, read, changed, deleted.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use keruta_api::{NotificationRule, NotificationRuleSpec, Page, Problem};

use super::channels::Parameters;
use super::invalid;
use crate::http::extract::{Json as Body, Path, Query};
use crate::http::{ApiError, Cursor, IfMatch, Versioned, created, page};
use crate::notify::Rule;
use crate::store::{Author, Expected, Store, StoreError};

/// A page of rules, in the order of their names.
#[utoipa::path(
    get, path = "/api/v1/notifications/rules", tag = "notifications", params(Parameters),
    responses((status = 200, body = Page<NotificationRule>), (status = 400, body = Problem))
)]
pub(super) async fn list(
    State(store): State<Store>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Page<NotificationRule>>, ApiError> {
    let Parameters { limit, cursor } = parameters;
    let after = cursor.map(|Cursor(place)| place);
    let rows = store.notification_rules(after.as_ref(), limit.and_one()).await?;
    Ok(Json(page(rows, limit, |last| (last.name.clone(), last.id.clone()))))
}

/// Makes a rule.
#[utoipa::path(
    post, path = "/api/v1/notifications/rules", tag = "notifications", request_body = NotificationRuleSpec,
    responses((status = 201, body = NotificationRule), (status = 422, body = Problem))
)]
pub(super) async fn create(
    State(store): State<Store>,
    author: Author,
    Body(spec): Body<NotificationRuleSpec>,
) -> Result<Response, ApiError> {
    let rule = Rule::parse(spec).map_err(invalid("rule"))?;
    let id = uuid::Uuid::now_v7().to_string();
    let made = store.create_notification_rule(&id, &rule, &author, Timestamp::now()).await.map_err(no_channel)?;
    Ok(created(&format!("/api/v1/notifications/rules/{id}"), versioned(made)))
}

/// A rule.
#[utoipa::path(
    get, path = "/api/v1/notifications/rules/{id}", tag = "notifications", params(("id" = String, Path)),
    responses((status = 200, body = NotificationRule), (status = 404, body = Problem))
)]
pub(super) async fn read(
    State(store): State<Store>,
    Path(id): Path<String>,
) -> Result<Versioned<NotificationRule>, ApiError> {
    Ok(versioned(store.notification_rule(&id).await?))
}

/// Changes a rule, as a whole.
#[utoipa::path(
    put, path = "/api/v1/notifications/rules/{id}", tag = "notifications",
    params(("id" = String, Path), ("If-Match" = String, Header)), request_body = NotificationRuleSpec,
    responses(
        (status = 200, body = NotificationRule), (status = 404, body = Problem), (status = 412, body = Problem),
        (status = 422, body = Problem), (status = 428, body = Problem),
    )
)]
pub(super) async fn change(
    State(store): State<Store>,
    Path(id): Path<String>,
    IfMatch(expected): IfMatch,
    author: Author,
    Body(spec): Body<NotificationRuleSpec>,
) -> Result<Versioned<NotificationRule>, ApiError> {
    let rule = Rule::parse(spec).map_err(invalid("rule"))?;
    let changed = store.change_notification_rule(&id, &rule, &expected, &author, Timestamp::now()).await;
    Ok(versioned(changed.map_err(no_channel)?))
}

/// Deletes a rule. What it has told already is sent all the same.
#[utoipa::path(
    delete, path = "/api/v1/notifications/rules/{id}", tag = "notifications",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204), (status = 404, body = Problem), (status = 412, body = Problem))
)]
pub(super) async fn delete(
    State(store): State<Store>,
    Path(id): Path<String>,
    expected: Option<IfMatch>,
    author: Author,
) -> Result<StatusCode, ApiError> {
    let expected = expected.map_or(Expected::Any, |IfMatch(expected)| expected);
    store.delete_notification_rule(&id, &expected, &author, Timestamp::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A channel that is not there is a wrong field of the rule.
fn no_channel(error: StoreError) -> ApiError {
    match error {
        StoreError::NotFound { kind: "notification channel", id } => ApiError::field(
            "rule",
            "/channelId",
            format!("there is no notification channel {id}"),
            "make it first, with POST /api/v1/notifications/channels",
        ),
        error => error.into(),
    }
}

fn versioned(rule: NotificationRule) -> Versioned<NotificationRule> {
    Versioned { version: rule.version, body: rule }
}
