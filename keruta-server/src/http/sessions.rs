//! `/api/v1/sessions` and `/api/v1/me`: signing in and out, and who one is.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use http::StatusCode;
use jiff::Timestamp;
use keruta_api::{Login, Me, Page, Problem, Session};
use serde::Deserialize;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use super::extract::{Json as Body, Path, Query, body_limit};
use super::guard::{Remote, cookie_name};
use super::{ApiError, Cursor, Limit, page};
use crate::auth::{Access, Credential, Identity};
use crate::store::{Author, Expected, UserChange};
use crate::value::Password;

/// A name and two passwords need no more.
const LIMIT: usize = 16 * 1024;

/// The routes, with their part of the OpenAPI document.
pub fn routes(access: Access) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, sign_in).layer(body_limit(LIMIT)))
        .routes(routes!(sign_out))
        .routes(routes!(end))
        .routes(routes!(me))
        .routes(routes!(change_password).layer(body_limit(LIMIT)))
        .with_state(access)
}

/// Signs in. The answer's cookie is the session; its changes carry `csrfToken` as `X-CSRF-Token`.
#[utoipa::path(
    post, path = "/api/v1/sessions", tag = "access", request_body = Login, security(()),
    responses((status = 201, body = Me), (status = 401, body = Problem), (status = 429, body = Problem))
)]
async fn sign_in(
    State(access): State<Access>,
    Remote(from): Remote,
    author: Author,
    Body(login): Body<Login>,
) -> Result<Response, ApiError> {
    let signed_in = access.sign_in(&login.name, login.password, from, &author, Timestamp::now()).await?;
    let cookie = cookie(&access, signed_in.cookie);
    Ok((StatusCode::CREATED, CookieJar::new().add(cookie), Json(signed_in.identity.to_api())).into_response())
}

/// Signs out.
#[utoipa::path(
    delete, path = "/api/v1/sessions/current", tag = "access",
    responses((status = 204), (status = 409, body = Problem))
)]
async fn sign_out(State(access): State<Access>, identity: Identity, author: Author) -> Result<Response, ApiError> {
    let (id, _, _) = session_of(&identity)?;
    access.store().delete_session(id, &author, Timestamp::now()).await?;
    let mut cookie = cookie(&access, String::new());
    cookie.make_removal();
    Ok((StatusCode::NO_CONTENT, CookieJar::new().add(cookie)).into_response())
}

/// Which sessions.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct Parameters {
    /// How many, from 1 to 200.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Limit,
    /// The `nextCursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<(i64, String)>>,
}

/// A page of those who are signed in, the newest first.
#[utoipa::path(
    get, path = "/api/v1/sessions", tag = "access", params(Parameters),
    responses((status = 200, body = Page<Session>), (status = 400, body = Problem))
)]
async fn list(
    State(access): State<Access>,
    identity: Identity,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Page<Session>>, ApiError> {
    let after = parameters.cursor.map(|Cursor(place)| place);
    let mut rows = access.store().sessions(after.as_ref(), parameters.limit.and_one(), Timestamp::now()).await?;
    for session in &mut rows {
        session.current = session.id == identity.credential_id();
    }
    Ok(Json(page(rows, parameters.limit, |last| (last.created_at.as_microsecond(), last.id.clone()))))
}

/// Signs somebody out.
#[utoipa::path(
    delete, path = "/api/v1/sessions/{id}", tag = "access", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem))
)]
async fn end(State(access): State<Access>, Path(id): Path<String>, author: Author) -> Result<StatusCode, ApiError> {
    access.store().delete_session(&id, &author, Timestamp::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who asks.
#[utoipa::path(get, path = "/api/v1/me", tag = "access", responses((status = 200, body = Me)))]
async fn me(identity: Identity) -> Json<Me> {
    Json(identity.to_api())
}

/// A change of one's own password.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PasswordChange {
    current: String,
    new: Password,
}

/// Changes one's own password. All other sessions of the user end.
#[utoipa::path(
    put, path = "/api/v1/me/password", tag = "access", request_body = keruta_api::PasswordChange,
    responses(
        (status = 204), (status = 409, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem),
    )
)]
async fn change_password(
    State(access): State<Access>,
    identity: Identity,
    author: Author,
    Body(change): Body<PasswordChange>,
) -> Result<StatusCode, ApiError> {
    let (session, user_id, user) = session_of(&identity)?;
    if !access.knows_password(user, change.current).await? {
        let cure = "write the password that you signed in with";
        return Err(ApiError::field("body", "/current", "is not the present password", cure));
    }
    let password_hash = Some(access.passwords().hash(&change.new).await?);
    let change = UserChange { password_hash, ..UserChange::default() };
    access.store().change_user(user_id, &change, Some(session), &Expected::Any, &author, Timestamp::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The session's id, the user's id and name.
fn session_of(identity: &Identity) -> Result<(&str, &str, &str), ApiError> {
    match &identity.credential {
        Credential::Session { id, user_id, user, .. } => Ok((id, user_id, user)),
        Credential::Token { .. } | Credential::Attempt { .. } => {
            Err(ApiError::Conflict("this is for who has signed in; a token came".to_owned()))
        }
    }
}

/// The cookie that a session is known by.
pub(super) fn cookie(access: &Access, value: String) -> Cookie<'static> {
    let options = access.options();
    // Without an end of its own it goes with the browser; the server ends it sooner.
    Cookie::build((cookie_name(options.secure_cookies), value))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(options.secure_cookies)
        .build()
}
