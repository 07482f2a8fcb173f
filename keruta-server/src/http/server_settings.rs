//! `/api/v1/settings/server`: how the server itself works.

use std::sync::Arc;

use axum::extract::State;
use jiff::Timestamp;
use keruta_api::{Problem, ServerSettingsDocument};
use serde_json::{Map, Value};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json as Body, JsonText};
use super::{ApiError, IfMatch, Versioned};
use crate::operation::{CurrentOperation, Operation};
use crate::store::Author;

/// The routes, with their part of the OpenAPI document.
pub fn routes(operation: Arc<Operation>) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(read, replace, patch)).with_state(operation)
}

/// How the server works: tokens of tasks, background jobs, how long things are kept. The audit log has every change.
#[utoipa::path(
    get, path = "/api/v1/settings/server", tag = "settings", responses((status = 200, body = ServerSettingsDocument))
)]
async fn read(State(operation): State<Arc<Operation>>) -> Versioned<ServerSettingsDocument> {
    versioned(&operation.current())
}

/// Puts a document in the place of all that is set; what is absent has its default. It is in force at once.
#[utoipa::path(
    put, path = "/api/v1/settings/server", tag = "settings", params(("If-Match" = String, Header)),
    request_body = Object,
    responses(
        (status = 200, body = ServerSettingsDocument), (status = 412, body = Problem), (status = 422, body = Problem),
        (status = 428, body = Problem),
    )
)]
async fn replace(
    State(operation): State<Arc<Operation>>,
    IfMatch(expected): IfMatch,
    author: Author,
    JsonText(text): JsonText,
) -> Result<Versioned<ServerSettingsDocument>, ApiError> {
    // First what is wrong with any body: no JSON, no object, a NUL.
    super::extract::read_json::<Map<String, Value>>(&text)?;
    Ok(versioned(&*operation.replace(&text, &expected, &author, Timestamp::now()).await?))
}

/// Changes what is set, by a JSON merge patch (RFC 7396): null is back to the default. In force at once.
#[utoipa::path(
    patch, path = "/api/v1/settings/server", tag = "settings", params(("If-Match" = String, Header)),
    request_body(content = Object, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, body = ServerSettingsDocument), (status = 412, body = Problem), (status = 422, body = Problem),
        (status = 428, body = Problem),
    )
)]
async fn patch(
    State(operation): State<Arc<Operation>>,
    IfMatch(expected): IfMatch,
    author: Author,
    Body(patch): Body<Map<String, Value>>,
) -> Result<Versioned<ServerSettingsDocument>, ApiError> {
    Ok(versioned(&*operation.patch(&patch, &expected, &author, Timestamp::now()).await?))
}

fn versioned(current: &CurrentOperation) -> Versioned<ServerSettingsDocument> {
    Versioned { version: current.stored.version, body: current.to_api() }
}
