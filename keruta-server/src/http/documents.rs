//! `/api/v1/documents`: documents that tasks are given.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;
use keruta_api::{Document, Page, Problem};
use serde::Deserialize;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use super::extract::{Json as Body, Path, Query, Text, body_limit};
use super::{ApiError, Cursor, IfMatch, Limit, Versioned, created, etag, page};
use crate::catalog::{DocumentUpdate, NewDocument};
use crate::store::{Author, Expected, Store};

/// The most bytes that a document's text may have.
const CONTENT_LIMIT: usize = 4 * 1024 * 1024;

/// What a text may do in a browser, whatever it says that it is: nothing, and to nothing of ours.
const SANDBOX: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox");

/// The routes, with their part of the OpenAPI document.
pub fn routes(store: Store) -> OpenApiRouter {
    OpenApiRouter::new()
        // A new one may bring its text, which takes more room as JSON.
        .routes(routes!(list, create).layer(body_limit(3 * CONTENT_LIMIT)))
        .routes(routes!(read, change, delete))
        .routes(routes!(content, set_content).layer(body_limit(CONTENT_LIMIT)))
        .with_state(store)
}

/// Which documents.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct Parameters {
    /// Whose title or id holds this text, in any case of its letters.
    q: Option<String>,
    /// How many, from 1 to 200.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Limit,
    /// The `nextCursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<(String, String)>>,
}

/// A page of documents, in the order of their titles.
#[utoipa::path(
    get, path = "/api/v1/documents", tag = "documents", params(Parameters),
    responses((status = 200, body = Page<Document>), (status = 400, body = Problem))
)]
async fn list(
    State(store): State<Store>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Page<Document>>, ApiError> {
    let after = parameters.cursor.map(|Cursor(place)| place);
    let limit = parameters.limit;
    let rows = store.documents(parameters.q.as_deref(), after.as_ref(), limit.and_one()).await?;
    Ok(Json(page(rows, limit, |last| (last.title.clone(), last.id.clone()))))
}

/// Makes a document. Without an `id` it gets one.
#[utoipa::path(
    post, path = "/api/v1/documents", tag = "documents", request_body = keruta_api::NewDocument,
    responses((status = 201, body = Document), (status = 409, body = Problem), (status = 422, body = Problem))
)]
async fn create(
    State(store): State<Store>,
    author: Author,
    Body(new): Body<NewDocument>,
) -> Result<Response, ApiError> {
    let id = uuid::Uuid::now_v7().to_string();
    let made = store.create_document(&new, &id, &author, Timestamp::now()).await?;
    Ok(created(&format!("/api/v1/documents/{}", made.id), versioned(made)))
}

/// A document, without its text.
#[utoipa::path(
    get, path = "/api/v1/documents/{id}", tag = "documents", params(("id" = String, Path)),
    responses((status = 200, body = Document), (status = 404, body = Problem))
)]
async fn read(State(store): State<Store>, Path(id): Path<String>) -> Result<Versioned<Document>, ApiError> {
    Ok(versioned(store.document(&id).await?))
}

/// Changes what a document is about. Its text stays.
#[utoipa::path(
    put, path = "/api/v1/documents/{id}", tag = "documents",
    params(("id" = String, Path), ("If-Match" = String, Header)), request_body = keruta_api::DocumentUpdate,
    responses(
        (status = 200, body = Document), (status = 404, body = Problem), (status = 412, body = Problem),
        (status = 422, body = Problem), (status = 428, body = Problem),
    )
)]
async fn change(
    State(store): State<Store>,
    Path(id): Path<String>,
    IfMatch(expected): IfMatch,
    author: Author,
    Body(update): Body<DocumentUpdate>,
) -> Result<Versioned<Document>, ApiError> {
    Ok(versioned(store.change_document(&id, &update, &expected, &author, Timestamp::now()).await?))
}

/// Deletes a document. Tasks that name it do not find it any more.
#[utoipa::path(
    delete, path = "/api/v1/documents/{id}", tag = "documents",
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
    store.delete_document(&id, &expected, &author, Timestamp::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The text, as the setup step of a task fetches it.
#[utoipa::path(
    get, path = "/api/v1/documents/{id}/content", tag = "documents", params(("id" = String, Path)),
    responses((status = 200, body = String, content_type = "text/markdown"), (status = 404, body = Problem))
)]
async fn content(State(store): State<Store>, Path(id): Path<String>) -> Result<Response, ApiError> {
    let content = store.document_content(&id).await?;
    // It was checked when it was set.
    let kind =
        HeaderValue::try_from(format!("{}; charset=utf-8", content.content_type)).unwrap_or(super::PLAIN.clone());
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::ETAG, etag(content.version)),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment")),
        (header::CONTENT_SECURITY_POLICY, SANDBOX.clone()),
    ];
    Ok((headers, content.text).into_response())
}

/// Changes the text.
#[utoipa::path(
    put, path = "/api/v1/documents/{id}/content", tag = "documents",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header)),
    request_body(content = String, content_type = "text/plain"),
    responses(
        (status = 200, body = Document), (status = 404, body = Problem), (status = 412, body = Problem),
        (status = 413, body = Problem),
    )
)]
async fn set_content(
    State(store): State<Store>,
    Path(id): Path<String>,
    expected: Option<IfMatch>,
    author: Author,
    Text(text): Text,
) -> Result<Versioned<Document>, ApiError> {
    let expected = expected.map_or(Expected::Any, |IfMatch(expected)| expected);
    Ok(versioned(store.set_document_content(&id, &text, &expected, &author, Timestamp::now()).await?))
}

fn versioned(document: Document) -> Versioned<Document> {
    Versioned { version: document.version, body: document }
}
