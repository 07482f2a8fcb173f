//! `/api/v1/repositories`: repositories and their setup scripts.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use jiff::Timestamp;
use keruta_api::{Page, Problem, Repository};
use serde::Deserialize;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use super::extract::{Json as Body, Path, Query, Text, body_limit};
use super::{ApiError, Cursor, IfMatch, Limit, Versioned, created, etag, page};
use crate::catalog::{NewRepository, RepositoryUpdate};
use crate::store::{Author, Expected, Store};

/// The most bytes that a script may have.
const SCRIPT_LIMIT: usize = 1024 * 1024;

/// The routes, with their part of the OpenAPI document.
pub fn routes(store: Store) -> OpenApiRouter {
    OpenApiRouter::new()
        // A new one may bring its script, which takes more room as JSON.
        .routes(routes!(list, create).layer(body_limit(3 * SCRIPT_LIMIT)))
        .routes(routes!(read, change, delete))
        .routes(routes!(script, set_script, delete_script).layer(body_limit(SCRIPT_LIMIT)))
        .with_state(store)
}

/// Which repositories.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct Parameters {
    /// Whose name, id or URL holds this text, in any case of its letters.
    q: Option<String>,
    /// How many, from 1 to 200.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Limit,
    /// The `nextCursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<(String, String)>>,
}

/// A page of repositories, in the order of their names.
#[utoipa::path(
    get, path = "/api/v1/repositories", tag = "repositories", params(Parameters),
    responses((status = 200, body = Page<Repository>), (status = 400, body = Problem))
)]
async fn list(
    State(store): State<Store>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Page<Repository>>, ApiError> {
    let after = parameters.cursor.map(|Cursor(place)| place);
    let limit = parameters.limit;
    let rows = store.repositories(parameters.q.as_deref(), after.as_ref(), limit.and_one()).await?;
    Ok(Json(page(rows, limit, |last| (last.name.clone(), last.id.clone()))))
}

/// Makes a repository. Without an `id` it gets one.
#[utoipa::path(
    post, path = "/api/v1/repositories", tag = "repositories", request_body = keruta_api::NewRepository,
    responses((status = 201, body = Repository), (status = 409, body = Problem), (status = 422, body = Problem))
)]
async fn create(
    State(store): State<Store>,
    author: Author,
    Body(new): Body<NewRepository>,
) -> Result<Response, ApiError> {
    let id = uuid::Uuid::now_v7().to_string();
    let made = store.create_repository(&new, &id, &author, Timestamp::now()).await?;
    Ok(created(&format!("/api/v1/repositories/{}", made.id), versioned(made)))
}

/// A repository.
#[utoipa::path(
    get, path = "/api/v1/repositories/{id}", tag = "repositories", params(("id" = String, Path)),
    responses((status = 200, body = Repository), (status = 404, body = Problem))
)]
async fn read(State(store): State<Store>, Path(id): Path<String>) -> Result<Versioned<Repository>, ApiError> {
    Ok(versioned(store.repository(&id).await?))
}

/// Changes a repository, as a whole. Its script stays.
#[utoipa::path(
    put, path = "/api/v1/repositories/{id}", tag = "repositories",
    params(("id" = String, Path), ("If-Match" = String, Header)), request_body = keruta_api::RepositoryUpdate,
    responses(
        (status = 200, body = Repository), (status = 404, body = Problem), (status = 412, body = Problem),
        (status = 422, body = Problem), (status = 428, body = Problem),
    )
)]
async fn change(
    State(store): State<Store>,
    Path(id): Path<String>,
    IfMatch(expected): IfMatch,
    author: Author,
    Body(update): Body<RepositoryUpdate>,
) -> Result<Versioned<Repository>, ApiError> {
    Ok(versioned(store.change_repository(&id, &update, &expected, &author, Timestamp::now()).await?))
}

/// Deletes a repository. Tasks that name it do not find it any more.
#[utoipa::path(
    delete, path = "/api/v1/repositories/{id}", tag = "repositories",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204), (status = 404, body = Problem), (status = 412, body = Problem))
)]
async fn delete(
    State(store): State<Store>,
    Path(id): Path<String>,
    expected: Option<IfMatch>,
    author: Author,
) -> Result<StatusCode, ApiError> {
    let expected = expected.map_or(Expected::Any, |IfMatch(expected)| expected);
    store.delete_repository(&id, &expected, &author, Timestamp::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The setup script, as the setup step of a task fetches it. 404 where the repository has none.
#[utoipa::path(
    get, path = "/api/v1/repositories/{id}/script", tag = "repositories", params(("id" = String, Path)),
    responses((status = 200, body = String, content_type = "text/plain"), (status = 404, body = Problem))
)]
async fn script(State(store): State<Store>, Path(id): Path<String>) -> Result<Response, ApiError> {
    let Some((script, version)) = store.repository_script(&id).await? else {
        return Err(ApiError::NotFound { kind: "script of the repository", id });
    };
    Ok(([(header::CONTENT_TYPE, super::PLAIN.clone()), (header::ETAG, etag(version))], script).into_response())
}

/// Changes the setup script; an empty one takes it away.
#[utoipa::path(
    put, path = "/api/v1/repositories/{id}/script", tag = "repositories",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header)),
    request_body(content = String, content_type = "text/plain"),
    responses(
        (status = 200, body = Repository), (status = 404, body = Problem), (status = 412, body = Problem),
        (status = 413, body = Problem),
    )
)]
async fn set_script(
    State(store): State<Store>,
    Path(id): Path<String>,
    expected: Option<IfMatch>,
    author: Author,
    Text(script): Text,
) -> Result<Versioned<Repository>, ApiError> {
    let expected = expected.map_or(Expected::Any, |IfMatch(expected)| expected);
    Ok(versioned(store.set_repository_script(&id, Some(&script), &expected, &author, Timestamp::now()).await?))
}

/// Takes the setup script away.
#[utoipa::path(
    delete, path = "/api/v1/repositories/{id}/script", tag = "repositories",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204), (status = 404, body = Problem), (status = 412, body = Problem))
)]
async fn delete_script(
    State(store): State<Store>,
    Path(id): Path<String>,
    expected: Option<IfMatch>,
    author: Author,
) -> Result<StatusCode, ApiError> {
    let expected = expected.map_or(Expected::Any, |IfMatch(expected)| expected);
    store.set_repository_script(&id, None, &expected, &author, Timestamp::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn versioned(repository: Repository) -> Versioned<Repository> {
    Versioned { version: repository.version, body: repository }
}
