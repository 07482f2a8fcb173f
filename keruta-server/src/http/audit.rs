//! `/api/v1/audit`: who changed what, and who tried to sign in.

use axum::Json;
use axum::extract::State;
use keruta_api::{AuditEntry, Page, Problem};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::Query;
use super::{ApiError, Cursor, Limit, page};
use crate::store::{AuditFilter, Store};

/// The routes, with their part of the OpenAPI document.
pub fn routes(store: Store) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(list)).with_state(store)
}

/// Which entries.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct Parameters {
    /// By this actor: `user/ada`.
    actor: Option<String>,
    /// About this object: `repository/r-1`.
    object: Option<String>,
    /// Of this action: `repository.created`.
    action: Option<String>,
    /// How many, from 1 to 200.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Limit,
    /// The `nextCursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<i64>>,
}

/// A page of the audit log, the newest first.
#[utoipa::path(
    get, path = "/api/v1/audit", tag = "access", params(Parameters),
    responses((status = 200, body = Page<AuditEntry>), (status = 400, body = Problem))
)]
async fn list(
    State(store): State<Store>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Page<AuditEntry>>, ApiError> {
    let before = parameters.cursor.map(|Cursor(sequence)| sequence);
    let filter = AuditFilter { actor: parameters.actor, object: parameters.object, action: parameters.action };
    let rows = store.audit(&filter, before, parameters.limit.and_one()).await?;
    Ok(Json(page(rows, parameters.limit, |last| last.sequence)))
}
