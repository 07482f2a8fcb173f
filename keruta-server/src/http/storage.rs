//! `/api/v1/storage`: how much room logs and artifacts take.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use keruta_api::StorageUse;
use tokio::sync::watch;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ApiError;
use crate::operation::ServerSettings;
use crate::store::Store;

/// What the route looks at.
#[derive(Clone)]
pub struct StorageState {
    /// The store.
    pub store: Store,
    /// Whether logs are exported.
    pub operation: watch::Receiver<Arc<ServerSettings>>,
}

/// The route, with its part of the OpenAPI document.
pub fn routes(state: StorageState) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(read)).with_state(state)
}

/// How much room logs and artifacts take, and how many pieces of logs wait for their export.
#[utoipa::path(get, path = "/api/v1/storage", tag = "logs", responses((status = 200, body = StorageUse)))]
async fn read(State(state): State<StorageState>) -> Result<Json<StorageUse>, ApiError> {
    let exports = state.operation.borrow().logs.export.is_some();
    let (logs, artifacts) = (state.store.log_use().await?, state.store.artifact_use().await?);
    let to_export = if exports { Some(state.store.chunks_to_export().await?) } else { None };
    Ok(Json(StorageUse { logs, to_export, artifacts }))
}
