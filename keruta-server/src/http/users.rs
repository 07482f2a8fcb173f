//! `/api/v1/users`: who may sign in.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use keruta_api::{Page, Problem, Role, User};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json as Body, Path, Query};
use super::{ApiError, Cursor, IfMatch, Limit, Versioned, created, page};
use crate::auth::{Access, Credential, Identity};
use crate::store::{Author, Expected, UserChange};
use crate::value::{Password, UserName};

/// The routes, with their part of the OpenAPI document.
pub fn routes(access: Access) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(read, change, delete)).with_state(access)
}

/// Which users.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct Parameters {
    /// How many, from 1 to 200.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Limit,
    /// The `nextCursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<String>>,
}

/// A page of users, in the order of their names.
#[utoipa::path(
    get, path = "/api/v1/users", tag = "access", params(Parameters),
    responses((status = 200, body = Page<User>), (status = 400, body = Problem))
)]
async fn list(
    State(access): State<Access>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Page<User>>, ApiError> {
    let after = parameters.cursor.map(|Cursor(name)| name);
    let rows = access.store().users(after.as_deref(), parameters.limit.and_one()).await?;
    Ok(Json(page(rows, parameters.limit, |last| last.name.clone())))
}

/// Who is to be added.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewUser {
    name: UserName,
    password: Password,
    role: Role,
}

/// Adds a user.
#[utoipa::path(
    post, path = "/api/v1/users", tag = "access", request_body = keruta_api::NewUser,
    responses((status = 201, body = User), (status = 409, body = Problem), (status = 422, body = Problem))
)]
async fn create(State(access): State<Access>, author: Author, Body(new): Body<NewUser>) -> Result<Response, ApiError> {
    peoples(new.role)?;
    let hash = access.passwords().hash(&new.password).await?;
    let id = uuid::Uuid::now_v7().to_string();
    let made = access.store().create_user(&id, new.name.as_str(), &hash, new.role, &author, Timestamp::now()).await?;
    Ok(created(&format!("/api/v1/users/{}", made.id), versioned(made)))
}

/// A user.
#[utoipa::path(
    get, path = "/api/v1/users/{id}", tag = "access", params(("id" = String, Path)),
    responses((status = 200, body = User), (status = 404, body = Problem))
)]
async fn read(State(access): State<Access>, Path(id): Path<String>) -> Result<Versioned<User>, ApiError> {
    Ok(versioned(access.store().user(&id).await?))
}

/// What is to change.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Update {
    #[serde(default)]
    role: Option<Role>,
    #[serde(default)]
    disabled: Option<bool>,
    #[serde(default)]
    password: Option<Password>,
}

/// Changes a user; what is absent stays. Whoever is disabled, or has a new password, is signed out everywhere.
#[utoipa::path(
    patch, path = "/api/v1/users/{id}", tag = "access",
    params(("id" = String, Path), ("If-Match" = String, Header)), request_body = keruta_api::UserUpdate,
    responses(
        (status = 200, body = User), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 412, body = Problem), (status = 422, body = Problem), (status = 428, body = Problem),
    )
)]
async fn change(
    State(access): State<Access>,
    Path(id): Path<String>,
    IfMatch(expected): IfMatch,
    identity: Identity,
    author: Author,
    Body(update): Body<Update>,
) -> Result<Versioned<User>, ApiError> {
    if let Some(role) = update.role {
        peoples(role)?;
    }
    let takes_away = update.disabled == Some(true) || update.role.is_some_and(|role| !role.includes(identity.role));
    if takes_away {
        not_oneself(&identity, &id)?;
    }
    let password_hash = match &update.password {
        Some(password) => Some(access.passwords().hash(password).await?),
        None => None,
    };
    let change = UserChange { role: update.role, disabled: update.disabled, password_hash };
    let keep = own_session(&identity);
    let after = access.store().change_user(&id, &change, keep, &expected, &author, Timestamp::now()).await?;
    Ok(versioned(after))
}

/// Removes a user, who is signed out everywhere.
#[utoipa::path(
    delete, path = "/api/v1/users/{id}", tag = "access",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header)),
    responses(
        (status = 204), (status = 404, body = Problem), (status = 409, body = Problem), (status = 412, body = Problem),
    )
)]
async fn delete(
    State(access): State<Access>,
    Path(id): Path<String>,
    expected: Option<IfMatch>,
    identity: Identity,
    author: Author,
) -> Result<StatusCode, ApiError> {
    not_oneself(&identity, &id)?;
    let expected = expected.map_or(Expected::Any, |IfMatch(expected)| expected);
    access.store().delete_user(&id, &expected, &author, Timestamp::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whoever does it stays an admin, so that there always is one.
fn not_oneself(identity: &Identity, id: &str) -> Result<(), ApiError> {
    match &identity.credential {
        Credential::Session { user_id, .. } if user_id == id => Err(ApiError::Conflict(
            "nobody can take their own access away: the last admin would lock everybody out; ask another one"
                .to_owned(),
        )),
        _ => Ok(()),
    }
}

fn own_session(identity: &Identity) -> Option<&str> {
    match &identity.credential {
        Credential::Session { id, .. } => Some(id),
        Credential::Token { .. } | Credential::Attempt { .. } => None,
    }
}

/// Services and tasks have tokens; they do not sign in.
fn peoples(role: Role) -> Result<(), ApiError> {
    match role {
        Role::Viewer | Role::Operator | Role::Admin => Ok(()),
        Role::Service | Role::Task => {
            let cure = "write admin, operator or viewer";
            Err(ApiError::field("user", "/role", format!("{role} is no role of a person"), cure))
        }
    }
}

fn versioned(user: User) -> Versioned<User> {
    Versioned { version: user.version, body: user }
}
