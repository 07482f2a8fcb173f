//! `/api/v1/tasks/{id}/artifacts`: what tasks hand in.
//!
//! Nothing of it runs anywhere near the API: it is sent as a download, with a type that browsers do not guess at, in a sandbox.

mod download;
mod path;
mod upload;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use jiff::Timestamp;
use keruta_api::{Artifact, Page, Problem};
use serde::Deserialize;
use tokio::sync::watch;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Path, Query};
use super::{ApiError, Cursor, Limit, page};
use crate::operation::ServerSettings;
use crate::store::{Author, Store};

pub use path::{ArtifactPath, PathError};

/// What these routes need.
#[derive(Clone)]
pub struct ArtifactsState {
    /// The store.
    pub store: Store,
    /// How large they may be, and how many.
    pub operation: watch::Receiver<Arc<ServerSettings>>,
}

/// The routes, with their part of the OpenAPI document.
pub fn routes(state: ArtifactsState) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(upload::upload, download::download, delete))
        .with_state(state)
}

/// Which artifacts.
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

/// A page of the task's artifacts, in the order of their paths.
#[utoipa::path(
    get, path = "/api/v1/tasks/{id}/artifacts", tag = "artifacts", params(("id" = String, Path), Parameters),
    responses((status = 200, body = Page<Artifact>), (status = 404, body = Problem))
)]
async fn list(
    State(state): State<ArtifactsState>,
    Path(id): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Page<Artifact>>, ApiError> {
    state.store.task(&id).await?;
    let after = parameters.cursor.map(|Cursor(path)| path);
    let rows = state.store.artifacts(&id, after.as_deref(), parameters.limit.and_one()).await?;
    Ok(Json(page(rows, parameters.limit, |last| last.path.clone())))
}

/// Deletes an artifact.
#[utoipa::path(
    delete, path = "/api/v1/tasks/{id}/artifacts/{*path}", tag = "artifacts",
    params(("id" = String, Path), ("path" = String, Path)),
    responses((status = 204), (status = 404, body = Problem))
)]
async fn delete(
    State(state): State<ArtifactsState>,
    Path((id, path)): Path<(String, String)>,
    author: Author,
) -> Result<StatusCode, ApiError> {
    let path: ArtifactPath = path.parse()?;
    state.store.delete_artifact(&id, path.as_str(), &author, Timestamp::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<PathError> for ApiError {
    fn from(error: PathError) -> Self {
        Self::parameter("path", error.to_string())
    }
}
