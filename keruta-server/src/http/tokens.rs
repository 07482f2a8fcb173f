//! `/api/v1/tokens`: tokens made, listed and revoked.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use keruta_api::{CreatedToken, Page, Problem, Role, Token};
use keruta_manifest::value::Timestamp as TimeText;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json as Body, Path, Query};
use super::{ApiError, Cursor, Limit, created, page};
use crate::auth::{Access, Identity};
use crate::store::Author;
use crate::value::Line;

/// The routes, with their part of the OpenAPI document.
pub fn routes(access: Access) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(read, revoke)).with_state(access)
}

/// Which tokens.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct Parameters {
    /// Of this role. Tokens of tasks are listed only where they are asked for.
    role: Option<Role>,
    /// How many, from 1 to 200.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Limit,
    /// The `nextCursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<(i64, String)>>,
}

/// A page of tokens, the newest first, those that have ended too. Nobody can read their secrets.
#[utoipa::path(
    get, path = "/api/v1/tokens", tag = "access", params(Parameters),
    responses((status = 200, body = Page<Token>), (status = 400, body = Problem))
)]
async fn list(
    State(access): State<Access>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Page<Token>>, ApiError> {
    let after = parameters.cursor.map(|Cursor(place)| place);
    let rows = access.store().tokens(parameters.role, after.as_ref(), parameters.limit.and_one()).await?;
    Ok(Json(page(rows, parameters.limit, |last| (last.created_at.as_microsecond(), last.id.clone()))))
}

/// What a token is to be.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewToken {
    name: Line,
    role: Role,
    #[serde(default)]
    expires_at: Option<TimeText>,
}

/// Makes a token. Its secret is in this answer and nowhere else.
#[utoipa::path(
    post, path = "/api/v1/tokens", tag = "access", request_body = keruta_api::NewToken,
    responses((status = 201, body = CreatedToken), (status = 409, body = Problem), (status = 422, body = Problem))
)]
async fn create(State(access): State<Access>, author: Author, Body(new): Body<NewToken>) -> Result<Response, ApiError> {
    if new.role == Role::Task {
        let cure = "write admin, operator, viewer or service";
        return Err(ApiError::field("token", "/role", "tokens of tasks are made by the server alone", cure));
    }
    let now = Timestamp::now();
    let expires_at = new.expires_at.as_ref().map(|text| time_of(text, now)).transpose()?;
    let made = access.create_token(new.name.as_str(), new.role, expires_at, &author, now).await?;
    Ok(created(&format!("/api/v1/tokens/{}", made.token.id), Json(made)))
}

fn time_of(text: &TimeText, now: Timestamp) -> Result<Timestamp, ApiError> {
    let wrong = |detail: &str| ApiError::field("token", "/expiresAt", detail, "name a time in the future");
    let time: Timestamp = text.to_utc().parse().map_err(|_| wrong("is not a point in time"))?;
    if time > now { Ok(time) } else { Err(wrong("is in the past")) }
}

/// A token, without its secret.
#[utoipa::path(
    get, path = "/api/v1/tokens/{id}", tag = "access", params(("id" = String, Path)),
    responses((status = 200, body = Token), (status = 404, body = Problem))
)]
async fn read(State(access): State<Access>, Path(id): Path<String>) -> Result<Json<Token>, ApiError> {
    Ok(Json(access.store().token(&id).await?))
}

/// Revokes a token: it opens nothing any more. It stays in the list.
#[utoipa::path(
    delete, path = "/api/v1/tokens/{id}", tag = "access", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem))
)]
async fn revoke(
    State(access): State<Access>,
    Path(id): Path<String>,
    identity: Identity,
    author: Author,
) -> Result<StatusCode, ApiError> {
    if identity.credential_id() == id {
        let detail = "a token cannot revoke itself: the last one would lock everybody out; use another one";
        return Err(ApiError::Conflict(detail.to_owned()));
    }
    access.store().revoke_token(&id, &author, Timestamp::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
