//! `/healthz`, `/readyz`, `/metrics`, `/api/v1/health`: for probes, load balancers and Prometheus.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use http::{StatusCode, header};
use keruta_submitter::metrics::Metrics;
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::timeout;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::runner::ClusterState;
use crate::store::Store;

/// How long the database may take to answer a probe.
const PATIENCE: Duration = Duration::from_secs(2);

/// What these routes look at.
#[derive(Clone)]
pub struct HealthState {
    /// The store.
    pub store: Store,
    /// The cluster as the runner sees it.
    pub cluster: watch::Receiver<ClusterState>,
    /// The submitter's numbers.
    pub metrics: Arc<Metrics>,
}

/// How the server fares.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct Health {
    /// `ok`, or `unavailable` where the database does not answer.
    status: &'static str,
    /// The server's version.
    version: &'static str,
    database: DatabaseHealth,
    cluster: ClusterHealth,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct DatabaseHealth {
    /// `SQLite` or `PostgreSQL`.
    kind: &'static str,
    ok: bool,
}

/// The cluster. The server takes and keeps tasks also without one.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", tag = "state")]
enum ClusterHealth {
    /// Another replica runs the tasks, or none does yet.
    Standby,
    /// The settings say `enabled: false`.
    Disabled,
    /// It cannot be used; tasks stay in the queue.
    Unreachable {
        /// Why.
        why: String,
        /// What to do about it.
        cure: String,
    },
    /// Tasks run on it.
    Connected {
        /// Its URL.
        server: String,
        /// Its version.
        version: String,
    },
}

impl From<ClusterState> for ClusterHealth {
    fn from(state: ClusterState) -> Self {
        match state {
            ClusterState::Standby => Self::Standby,
            ClusterState::Disabled => Self::Disabled,
            ClusterState::Unreachable { why, cure } => Self::Unreachable { why, cure },
            ClusterState::Connected { server, version } => Self::Connected { server, version },
        }
    }
}

/// The routes for probes, which need no token and tell nothing.
pub fn probes(state: HealthState) -> Router {
    Router::new()
        .route("/healthz", axum::routing::get(async || "ok\n"))
        .route("/readyz", axum::routing::get(ready))
        .with_state(state)
}

/// The routes that tell more.
pub fn routes(state: HealthState) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(health)).route("/metrics", axum::routing::get(metrics)).with_state(state)
}

/// Ready as long as the database answers: without a cluster tasks are taken and kept all the same.
async fn ready(State(state): State<HealthState>) -> (StatusCode, &'static str) {
    if database_answers(&state).await {
        (StatusCode::OK, "ok\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
    }
}

/// How the server fares.
#[utoipa::path(get, path = "/api/v1/health", tag = "health", responses((status = 200, body = Health), (status = 503, body = Health)))]
async fn health(State(state): State<HealthState>) -> Response {
    let ok = database_answers(&state).await;
    let cluster = state.cluster.borrow().clone().into();
    let body = Health {
        status: if ok { "ok" } else { "unavailable" },
        version: env!("CARGO_PKG_VERSION"),
        database: DatabaseHealth { kind: state.store.database().name(), ok },
        cluster,
    };
    (if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(body)).into_response()
}

/// The numbers, in Prometheus' text format.
async fn metrics(State(state): State<HealthState>) -> Response {
    use std::fmt::Write as _;

    let mut text = state.metrics.encode();
    // OpenMetrics ends with this line; what is added goes before it.
    let end = "# EOF\n";
    let ended = text.ends_with(end);
    if ended {
        text.truncate(text.len() - end.len());
    }
    if let Ok(Ok(counts)) = timeout(PATIENCE, state.store.count_tasks()).await {
        text.push_str("# HELP keruta_tasks Tasks by status.\n# TYPE keruta_tasks gauge\n");
        for (status, count) in counts {
            // Writing to a text cannot fail.
            let _ = writeln!(text, "keruta_tasks{{status=\"{status}\"}} {count}");
        }
    }
    if ended {
        text.push_str(end);
    }
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, if ended { kind } else { "text/plain; version=0.0.4" })], text).into_response()
}

async fn database_answers(state: &HealthState) -> bool {
    matches!(timeout(PATIENCE, state.store.is_there()).await, Ok(Ok(())))
}
