//! `/api/v1/settings/kubernetes/test`: would tasks run by these settings?

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use keruta_api::{ClusterCheck, ClusterCheckResult, ClusterTest, Problem};
use keruta_manifest::Settings;
use keruta_submitter::doctor::{Check, CheckResult, DoctorOptions, doctor, enabled};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::{Semaphore, watch};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ApiError;
use super::extract::Json as Body;
use crate::operation::{ServerSettings, TaskTokenKind};
use crate::runner::Connect;

/// How long a test may take. Each answer of a cluster has a time of its own.
const PATIENCE: Duration = Duration::from_secs(200);

/// What the route needs.
#[derive(Clone)]
pub struct ClusterTestState {
    /// The settings in force.
    pub settings: watch::Receiver<Arc<Settings>>,
    /// How the server works.
    pub operation: watch::Receiver<Arc<ServerSettings>>,
    /// Makes a cluster of settings.
    pub connect: Connect,
    places: Arc<Semaphore>,
}

impl ClusterTestState {
    /// Two at once: a cluster that does not answer holds a test up for long.
    #[must_use]
    pub fn new(
        settings: watch::Receiver<Arc<Settings>>,
        operation: watch::Receiver<Arc<ServerSettings>>,
        connect: Connect,
    ) -> Self {
        Self { settings, operation, connect, places: Arc::new(Semaphore::new(2)) }
    }
}

/// The route, with its part of the OpenAPI document.
pub fn routes(state: ClusterTestState) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(test)).with_state(state)
}

/// What to test.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TestRequest {
    /// Settings that are not in force, as a whole; absent for those that are.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    settings: Option<Map<String, Value>>,
    /// Whether the images of the settings are pulled, by a Job in the cluster. Takes up to two minutes.
    #[serde(default)]
    probe_images: bool,
}

/// Looks whether tasks would run: whether the cluster answers, which rights are missing, whether the namespace lets them in, and so
/// on, each with what to do about it. Nothing is changed here, and nothing in the cluster unless images are to be pulled.
#[utoipa::path(
    post, path = "/api/v1/settings/kubernetes/test", tag = "settings", request_body = Option<TestRequest>,
    responses((status = 200, body = ClusterTest), (status = 422, body = Problem))
)]
async fn test(
    State(state): State<ClusterTestState>,
    body: Option<Body<TestRequest>>,
) -> Result<Json<ClusterTest>, ApiError> {
    let TestRequest { settings, probe_images } = body.map(|Body(body)| body).unwrap_or_default();
    let settings = match settings {
        None => Arc::clone(&state.settings.borrow()),
        Some(draft) => {
            let draft = keruta_manifest::read::from_value::<Settings>(Value::Object(draft));
            Arc::new(draft.map_err(|partial| ApiError::invalid("settings document", &partial.problems))?)
        }
    };
    let Ok(_place) = state.places.try_acquire() else {
        let detail = "two tests are under way already; wait for them".to_owned();
        return Err(ApiError::Unavailable { detail, retry_after: Duration::from_secs(10) });
    };
    let token_secrets =
        state.operation.borrow().task_tokens.kind == TaskTokenKind::Attempt && settings.api_token_secret.is_some();
    let options = DoctorOptions { probe: probe_images, token_secrets };
    let mut checks = vec![told(enabled(&settings))];
    match (state.connect)(&settings) {
        Err(error) => checks.push(told(Check::fail("cluster", error.to_string(), error.cure()))),
        Ok(cluster) => {
            let all = doctor(&cluster, &settings, &options, |check| checks.push(told(check)));
            if tokio::time::timeout(PATIENCE, all).await.is_err() {
                let message = format!("the checks did not come to their end within {} s", PATIENCE.as_secs());
                checks.push(told(Check::fail(
                    "cluster",
                    message,
                    "look at the cluster's API server and at the network",
                )));
            }
        }
    }
    let ok = checks.iter().all(|check| check.result != ClusterCheckResult::Fail);
    Ok(Json(ClusterTest { ok, checks }))
}

fn told(check: Check) -> ClusterCheck {
    ClusterCheck {
        check: check.name.to_owned(),
        result: match check.result {
            CheckResult::Ok => ClusterCheckResult::Ok,
            CheckResult::Skip => ClusterCheckResult::Skip,
            CheckResult::Warn => ClusterCheckResult::Warn,
            CheckResult::Fail => ClusterCheckResult::Fail,
        },
        message: check.message,
        cure: check.cure,
    }
}
