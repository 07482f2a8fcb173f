//! `/api/v1/background-jobs` and `/api/v1/removals`: what the server does by itself, and what it is still to delete.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::Timestamp;
use keruta_api::{BackgroundJob, BackgroundJobProgress, BackgroundJobState, Page, Problem, TaskRemoval};
use serde::Deserialize;
use tokio::sync::watch;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Path, Query};
use super::{ApiError, Cursor, Limit, page};
use crate::jobs::{JobName, outlook};
use crate::operation::ServerSettings;
use crate::runner::ClusterState;
use crate::store::logs::{Run, RunState};
use crate::store::{Author, BackgroundRequest, Store, StoreError};

/// What these routes look at.
#[derive(Clone)]
pub struct JobsState {
    /// The store.
    pub store: Store,
    /// How the server works.
    pub operation: watch::Receiver<Arc<ServerSettings>>,
    /// The cluster as the runner sees it.
    pub cluster: watch::Receiver<ClusterState>,
}

/// The routes, with their part of the OpenAPI document.
pub fn routes(state: JobsState) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(read))
        .routes(routes!(run))
        .routes(routes!(removals))
        .with_state(state)
}

/// All background jobs, each with its schedule, its progress and what came of its last run. They are run by one replica and told by
/// all.
#[utoipa::path(
    get, path = "/api/v1/background-jobs", tag = "background jobs",
    responses((status = 200, body = Page<BackgroundJob>))
)]
async fn list(State(state): State<JobsState>) -> Result<Json<Page<BackgroundJob>>, ApiError> {
    let all = All::of(&state).await?;
    let items = JobName::ALL.iter().map(|name| all.tell(*name)).collect();
    Ok(Json(Page { items, next_cursor: None }))
}

/// A background job.
#[utoipa::path(
    get, path = "/api/v1/background-jobs/{name}", tag = "background jobs", params(("name" = String, Path)),
    responses((status = 200, body = BackgroundJob), (status = 404, body = Problem))
)]
async fn read(State(state): State<JobsState>, Path(name): Path<String>) -> Result<Json<BackgroundJob>, ApiError> {
    let name = named(name)?;
    Ok(Json(All::of(&state).await?.tell(name)))
}

/// Has a background job run now, also one that is turned off. The answer tells how it stands; its run begins within a second or so,
/// on whichever replica does the jobs.
#[utoipa::path(
    post, path = "/api/v1/background-jobs/{name}/run", tag = "background jobs", params(("name" = String, Path)),
    responses((status = 202, body = BackgroundJob), (status = 404, body = Problem))
)]
async fn run(State(state): State<JobsState>, Path(name): Path<String>, author: Author) -> Result<Response, ApiError> {
    let name = named(name)?;
    state.store.request_background_job(name, &author, Timestamp::now()).await?;
    Ok((StatusCode::ACCEPTED, Json(All::of(&state).await?.tell(name))).into_response())
}

/// Which removals.
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

/// What is still to be deleted of tasks that were deleted, the oldest first, with what each waits for.
#[utoipa::path(
    get, path = "/api/v1/removals", tag = "background jobs", params(Parameters),
    responses((status = 200, body = Page<TaskRemoval>), (status = 400, body = Problem))
)]
async fn removals(
    State(state): State<JobsState>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Page<TaskRemoval>>, ApiError> {
    let after = parameters.cursor.map(|Cursor(place)| place);
    let rows = state.store.removals(after.as_ref(), parameters.limit.and_one()).await?;
    Ok(Json(page(rows, parameters.limit, |last| (last.asked_at.as_microsecond(), last.task_id.clone()))))
}

fn named(name: String) -> Result<JobName, ApiError> {
    name.parse().map_err(|_| ApiError::NotFound { kind: "background job", id: name })
}

/// What is known of all jobs.
struct All {
    runs: Vec<Run>,
    requests: std::collections::BTreeMap<String, BackgroundRequest>,
    operation: Arc<ServerSettings>,
    cluster: ClusterState,
    now: Timestamp,
}

impl All {
    async fn of(state: &JobsState) -> Result<Self, StoreError> {
        let operation = Arc::clone(&state.operation.borrow());
        let cluster = state.cluster.borrow().clone();
        let (runs, requests) = (state.store.runs().await?, state.store.background_requests().await?);
        Ok(Self { runs, requests, operation, cluster, now: Timestamp::now() })
    }

    fn tell(&self, name: JobName) -> BackgroundJob {
        let last = self.runs.iter().find(|run| run.name == name.as_str());
        let outlook = outlook(name, &self.operation, last, self.requests.get(name.as_str()));
        let waiting_for = match &self.cluster {
            // Another replica knows how its cluster fares.
            ClusterState::Connected { .. } | ClusterState::Standby => None,
            ClusterState::Disabled => Some("the settings say that tasks are not run on Kubernetes (enabled: false)"),
            ClusterState::Unreachable { .. } => Some("the cluster cannot be used just now"),
        };
        let export = "a place to export to (logs.export of the server's settings)";
        let waiting_for = match name {
            JobName::LogExport if self.operation.logs.export.is_none() => Some(export),
            name if name.needs_cluster() => waiting_for,
            _ => None,
        };
        BackgroundJob {
            name: name.to_string(),
            description: name.description().to_owned(),
            enabled: outlook.enabled,
            every_seconds: outlook.every.as_secs(),
            state: last.map_or(BackgroundJobState::Never, |run| match run.state {
                RunState::Running => BackgroundJobState::Running,
                RunState::Succeeded => BackgroundJobState::Succeeded,
                RunState::Failed => BackgroundJobState::Failed,
            }),
            waiting_for: waiting_for.map(str::to_owned),
            started_at: last.map(|run| run.started_at),
            finished_at: last.and_then(|run| run.finished_at),
            progress: last.and_then(|run| run.progress).map(|(done, of)| BackgroundJobProgress { done, of }),
            result: last.and_then(|run| run.result.clone()),
            error: last.and_then(|run| run.error.clone()),
            succeeded_at: last.and_then(|run| run.succeeded_at),
            next_run_at: outlook.next.map(|next| next.max(self.now)),
            requested_by: outlook.requested_by,
        }
    }
}
