//! The manifest that a task gets, or got.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, header};
use keruta_manifest::review::Finding;
use serde::{Deserialize, Serialize};

use super::TasksState;
use crate::http::ApiError;
use crate::http::extract::{Path, Query};
use crate::runner::{PrepareError, prepare};

/// Which manifest.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct Parameters {
    /// What was sent for this attempt; without it, what would be sent now for the present one.
    attempt: Option<u32>,
}

/// A manifest, and what is to be known of it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names are the API's")]
pub(super) struct Manifest {
    /// The objects, as a YAML stream for `kubectl apply -f -`.
    manifest: String,
    /// Whether it was sent to the cluster.
    sent: bool,
    /// What the review found; none of a manifest that was sent.
    #[schema(value_type = Vec<Object>)]
    findings: Vec<Finding>,
    /// Where the fields come from; none of a manifest that was sent.
    origins: Vec<OriginOfField>,
}

/// Where a field of a manifest, and what is below it, comes from.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Origin)]
pub(super) struct OriginOfField {
    /// The kind of the object.
    kind: &'static str,
    /// The field's JSON Pointer in the object.
    pointer: String,
    /// The place: `task: image`, `settings: workspace.size`, `keruta: …`.
    origin: String,
}

/// The manifest that the task gets, or got: JSON with the findings, or the YAML stream alone for `Accept: application/yaml`.
#[utoipa::path(
    get, path = "/api/v1/tasks/{id}/manifest", tag = "tasks", params(("id" = String, Path), Parameters),
    responses(
        (status = 200, content((Manifest = "application/json"), (String = "application/yaml"))),
        (status = 404, body = keruta_api::Problem), (status = 422, body = keruta_api::Problem)
    )
)]
pub(super) async fn manifest(
    State(state): State<TasksState>,
    Path(id): Path<String>,
    Query(Parameters { attempt }): Query<Parameters>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let manifest = if let Some(attempt) = attempt {
        let Some(manifest) = state.store.manifest(&id, attempt).await? else {
            return Err(ApiError::NotFound { kind: "manifest that was sent for the task", id });
        };
        Manifest { manifest, sent: true, findings: Vec::new(), origins: Vec::new() }
    } else {
        let task = state.store.task(&id).await?;
        let tokens = state.operation.borrow().task_tokens.kind;
        let prepared = prepare(&task, &state.settings(), tokens).map_err(|error| match error {
            PrepareError::Invalid(problems) => ApiError::invalid("task", &problems),
            other => ApiError::Conflict(other.to_string()),
        })?;
        let origins = prepared.origins.into_iter().map(|field| OriginOfField {
            kind: field.kind,
            pointer: field.pointer,
            origin: field.origin.to_string(),
        });
        let origins = origins.collect();
        Manifest { manifest: prepared.manifest, sent: false, findings: prepared.findings, origins }
    };
    let yaml = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).any(|value| {
        value.split(',').any(|range| range.split(';').next().is_some_and(|range| range.trim() == "application/yaml"))
    });
    Ok(if yaml {
        ([(header::CONTENT_TYPE, "application/yaml")], manifest.manifest).into_response()
    } else {
        Json(manifest).into_response()
    })
}
