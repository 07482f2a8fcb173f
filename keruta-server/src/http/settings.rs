//! `/api/v1/settings/kubernetes`: the settings, who said what, and every change.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use keruta_api::{Page, Problem, SettingChange, SettingsDocument};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json as Body, JsonText, Query};
use super::{ApiError, Cursor, IfMatch, Limit, Versioned, page};
use crate::configuration::{ChangeError, Configuration, Current};
use crate::store::{Author, Store};

/// What the routes of settings need.
#[derive(Clone)]
pub struct SettingsState {
    /// The store.
    pub store: Store,
    /// The settings in force.
    pub configuration: Arc<Configuration>,
}

/// The routes, with their part of the OpenAPI document.
pub fn routes(state: SettingsState) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(read, replace, patch)).routes(routes!(history)).with_state(state)
}

/// The settings in force, with who set which value.
#[utoipa::path(
    get, path = "/api/v1/settings/kubernetes", tag = "settings", responses((status = 200, body = SettingsDocument))
)]
async fn read(State(state): State<SettingsState>) -> Versioned<SettingsDocument> {
    versioned(&state.configuration.current())
}

/// Puts a document in the place of all that is set; what is absent has its default. It is in force at once, without a
/// restart.
#[utoipa::path(
    put, path = "/api/v1/settings/kubernetes", tag = "settings", params(("If-Match" = String, Header)),
    request_body = Object,
    responses(
        (status = 200, body = SettingsDocument), (status = 412, body = Problem), (status = 422, body = Problem),
        (status = 428, body = Problem),
    )
)]
async fn replace(
    State(state): State<SettingsState>,
    IfMatch(expected): IfMatch,
    author: Author,
    JsonText(text): JsonText,
) -> Result<Versioned<SettingsDocument>, ApiError> {
    // First what is wrong with any body: no JSON, no object, a NUL.
    super::extract::read_json::<Map<String, Value>>(&text)?;
    Ok(versioned(&*state.configuration.replace(&text, &expected, &author, Timestamp::now()).await?))
}

/// Changes what is set, by a JSON merge patch (RFC 7396): null is back to the default. In force at once.
#[utoipa::path(
    patch, path = "/api/v1/settings/kubernetes", tag = "settings", params(("If-Match" = String, Header)),
    request_body(content = Object, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, body = SettingsDocument), (status = 412, body = Problem), (status = 422, body = Problem),
        (status = 428, body = Problem),
    )
)]
async fn patch(
    State(state): State<SettingsState>,
    IfMatch(expected): IfMatch,
    author: Author,
    Body(patch): Body<Map<String, Value>>,
) -> Result<Versioned<SettingsDocument>, ApiError> {
    Ok(versioned(&*state.configuration.patch(&patch, &expected, &author, Timestamp::now()).await?))
}

/// From where in the history.
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

/// Every change of a setting, with what it was before, the newest first.
#[utoipa::path(
    get, path = "/api/v1/settings/kubernetes/history", tag = "settings", params(Parameters),
    responses((status = 200, body = Page<SettingChange>), (status = 400, body = Problem))
)]
async fn history(
    State(state): State<SettingsState>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Page<SettingChange>>, ApiError> {
    let before = parameters.cursor.map(|Cursor(place)| place);
    let rows = state.store.settings_history(before.as_ref(), parameters.limit.and_one()).await?;
    Ok(Json(page(rows, parameters.limit, |last| (last.version, last.name.clone()))))
}

fn versioned(current: &Current) -> Versioned<SettingsDocument> {
    Versioned { version: current.version, body: current.to_api() }
}

impl From<ChangeError> for ApiError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Invalid(problems) => Self::invalid("settings document", &problems),
            ChangeError::Store(error) => Self::Store(error),
        }
    }
}
