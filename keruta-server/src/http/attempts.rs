//! `/api/v1/tasks/{id}/attempts/{attempt}`: what a submitter of its own tells of attempts that it follows.
//!
//! It is for tasks that this server keeps and does not run: of those that it runs it knows all this itself.

mod captured;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use keruta_api::{AttemptPhase, AttemptStatus, AttemptVerdict, CapturedLog, LogAppended, LogCursor, Problem};
use keruta_submitter::Attempt;
use keruta_submitter::logs::LogSource;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ApiError;
use super::actor::Actor;
use super::extract::{Json as Body, Path, Query, body_limit};
use super::names::check_names;
use crate::store::logs::LogStore;
use crate::store::{self, Store, StoreError};

/// How large a batch may be: the longest piece of a line, in base64, and more.
pub const CAPTURED_BYTES: usize = 16 << 20;

/// What these routes need.
#[derive(Clone)]
pub struct AttemptsState {
    /// The store.
    pub store: Store,
    /// The store of logs.
    pub logs: LogStore,
}

/// The routes, with their part of the OpenAPI document.
pub fn routes(state: AttemptsState) -> OpenApiRouter {
    let logs = OpenApiRouter::new().routes(routes!(append)).layer(body_limit(CAPTURED_BYTES));
    OpenApiRouter::new()
        .routes(routes!(set_status))
        .routes(routes!(set_phase))
        .routes(routes!(verdict))
        .routes(routes!(cursor))
        .merge(logs)
        .with_state(state)
}

/// Which run of a container.
#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RunParameters {
    /// The namespace of its Pod.
    namespace: String,
    /// The Job.
    job: String,
    /// The Pod.
    pod: String,
    /// The Pod's uid: a later Pod may bear the same name.
    pod_uid: String,
    /// The container.
    container: String,
    /// How often it was started again in its Pod.
    #[serde(default)]
    restart: u32,
}

impl AttemptsState {
    /// Whether there is such an attempt, with its Job in this namespace.
    async fn knows(&self, attempt: &Attempt) -> Result<(), ApiError> {
        match self.store.attempt_namespace(&attempt.task, attempt.number).await? {
            Some(namespace) if namespace == attempt.namespace => Ok(()),
            Some(namespace) => {
                let detail = format!("the attempt is one of the namespace {namespace}, not {}", attempt.namespace);
                Err(ApiError::Conflict(detail))
            }
            None => Err(no_attempt(&attempt.task, attempt.number)),
        }
    }

    async fn source(&self, task: String, number: u32, run: RunParameters) -> Result<LogSource, ApiError> {
        check_names(&[
            ("namespace", run.namespace.as_str()),
            ("container", run.container.as_str()),
            ("pod", run.pod.as_str()),
            ("podUid", run.pod_uid.as_str()),
            ("job", run.job.as_str()),
        ])?;
        let attempt = Attempt { namespace: run.namespace, task, number };
        self.knows(&attempt).await?;
        let RunParameters { job, pod, pod_uid, container, restart, .. } = run;
        Ok(LogSource { attempt, job, pod, pod_uid, container, restart })
    }
}

fn no_attempt(task: &str, number: u32) -> ApiError {
    StoreError::NotFound { kind: "attempt of the task", id: format!("{task} ({number})") }.into()
}

/// Says where an attempt stands, as a submitter saw it. What is known already, or cannot follow what is known, changes nothing.
#[utoipa::path(
    put, path = "/api/v1/tasks/{id}/attempts/{attempt}/status", tag = "attempts",
    params(("id" = String, Path), ("attempt" = u32, Path, minimum = 1)), request_body = AttemptStatus,
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem))
)]
async fn set_status(
    State(state): State<AttemptsState>,
    Path((id, number)): Path<(String, u32)>,
    Actor(actor): Actor,
    Body(told): Body<AttemptStatus>,
) -> Result<StatusCode, ApiError> {
    captured::is_object("/verdict", told.verdict.as_ref())?;
    captured::is_storable("/at", told.at)?;
    let attempt = Attempt { namespace: told.namespace, task: id, number };
    state.knows(&attempt).await?;
    let change = store::AttemptStatus {
        task: &attempt.task,
        attempt: number,
        status: told.status,
        verdict: told.verdict,
        reason: told.reason.as_deref(),
        at: told.at,
    };
    state.store.status_from_submitter(&change, &actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says what an attempt does just now.
#[utoipa::path(
    put, path = "/api/v1/tasks/{id}/attempts/{attempt}/phase", tag = "attempts",
    params(("id" = String, Path), ("attempt" = u32, Path, minimum = 1)), request_body = AttemptPhase,
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem))
)]
async fn set_phase(
    State(state): State<AttemptsState>,
    Path((id, number)): Path<(String, u32)>,
    Actor(actor): Actor,
    Body(told): Body<AttemptPhase>,
) -> Result<StatusCode, ApiError> {
    captured::is_object("/phase", Some(&told.phase))?;
    captured::is_storable("/at", told.at)?;
    let attempt = Attempt { namespace: told.namespace, task: id, number };
    state.knows(&attempt).await?;
    state.store.phase_from_submitter(&attempt.task, number, &told.phase, &actor, told.at).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How an attempt ended.
#[utoipa::path(
    get, path = "/api/v1/tasks/{id}/attempts/{attempt}/verdict", tag = "attempts",
    params(("id" = String, Path), ("attempt" = u32, Path, minimum = 1)),
    responses((status = 200, body = AttemptVerdict), (status = 404, body = Problem))
)]
async fn verdict(
    State(state): State<AttemptsState>,
    Path((id, number)): Path<(String, u32)>,
) -> Result<Json<AttemptVerdict>, ApiError> {
    if state.store.attempt_namespace(&id, number).await?.is_none() {
        return Err(no_attempt(&id, number));
    }
    Ok(Json(AttemptVerdict { verdict: state.store.verdict(&id, number).await? }))
}

/// How far a container's log was kept.
#[utoipa::path(
    get, path = "/api/v1/tasks/{id}/attempts/{attempt}/logs/cursor", tag = "attempts",
    params(("id" = String, Path), ("attempt" = u32, Path, minimum = 1), RunParameters),
    responses((status = 200, body = LogCursor), (status = 404, body = Problem), (status = 409, body = Problem))
)]
async fn cursor(
    State(state): State<AttemptsState>,
    Path((id, number)): Path<(String, u32)>,
    Query(run): Query<RunParameters>,
) -> Result<Json<LogCursor>, ApiError> {
    let source = state.source(id, number, run).await?;
    let cursor = state.logs.cursor(&source).await?;
    // It is made of texts and numbers: always JSON.
    Ok(Json(LogCursor { cursor: cursor.and_then(|cursor| serde_json::to_value(cursor).ok()) }))
}

/// Adds to a container's log what a submitter has read of it, and keeps the place behind it in the same step. The same batch again is
/// answered as if it were new: send again what was not answered.
#[utoipa::path(
    post, path = "/api/v1/tasks/{id}/attempts/{attempt}/logs", tag = "attempts",
    params(("id" = String, Path), ("attempt" = u32, Path, minimum = 1), RunParameters), request_body = CapturedLog,
    responses(
        (status = 200, body = LogAppended), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 413, body = Problem),
    )
)]
async fn append(
    State(state): State<AttemptsState>,
    Path((id, number)): Path<(String, u32)>,
    Query(run): Query<RunParameters>,
    Body(batch): Body<CapturedLog>,
) -> Result<Json<LogAppended>, ApiError> {
    let (entries, cursor) = captured::read(batch)?;
    let source = state.source(id, number, run).await?;
    let kept = state.logs.append(&source, &entries, &cursor).await?;
    Ok(Json(LogAppended { offset: kept.entries, repeated: !kept.news }))
}
