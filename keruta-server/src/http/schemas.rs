//! `/api/v1/schemas`: the JSON Schemas of what is sent, for forms and editors.

use axum::Json;
use keruta_api::Problem;
use keruta_manifest::schema;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ApiError;
use super::extract::Path;
use crate::operation::ServerSettings;

/// The routes, with their part of the OpenAPI document.
#[must_use]
pub fn routes() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(read))
}

/// The JSON Schema (2020-12) of a `task`, of the `settings`, or of the server's own settings (`server`).
#[utoipa::path(
    get, path = "/api/v1/schemas/{name}", tag = "schemas", params(("name" = String, Path)),
    responses((status = 200, body = Object), (status = 404, body = Problem))
)]
async fn read(Path(name): Path<String>) -> Result<Json<Value>, ApiError> {
    match name.as_str() {
        "task" => Ok(Json(schema::task())),
        "settings" => Ok(Json(schema::settings())),
        "server" => Ok(Json(ServerSettings::schema())),
        _ => Err(ApiError::NotFound { kind: "schema", id: name }),
    }
}
