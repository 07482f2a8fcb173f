//! What logs a task has, and how often something occurs in them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::HeaderMap;
use jiff::Timestamp;
use keruta_api::{LogHit, LogHits, LogLevels, LogSourceSummary, LogSummary, Problem};
use keruta_submitter::logs::Level;

use super::error::no_task;
use super::parameters::Extent;
use super::read::exists;
use super::{LogParameters, LogsState};
use crate::http::ApiError;
use crate::http::extract::{Path, Query};
use crate::log::{LevelCounts, Places, timestamp};
use crate::store::logs::SourceInfo;

/// How many places of hits are given where nothing is said.
const HITS: usize = 1000;

/// What logs a task has: containers, attempts, how many lines of each level, from when to when.
#[utoipa::path(
    get, path = "/api/v1/tasks/{id}/logs/summary", tag = "logs", params(("id" = String, Path)),
    responses(
        (status = 200, body = LogSummary),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn summary(
    State(state): State<LogsState>,
    Path(id): Path<String>,
) -> Result<Json<LogSummary>, ApiError> {
    let task = state.logs.task(&id).await?;
    let sources = state.logs.sources(&id).await?;
    if task.is_none() && sources.is_empty() {
        return Err(no_task(&id));
    }
    let mut all = LevelCounts::default();
    for source in &sources {
        all += source.levels;
    }
    Ok(Json(LogSummary {
        status: task.as_ref().map(|task| task.status),
        attempt: task.map(|task| task.attempt),
        bytes: sources.iter().map(|source| source.bytes).sum(),
        sources: sources.iter().map(|source| source_summary(source)).collect(),
        levels: levels(&all),
        end_cursor: format!("n{}", end_of(&sources)),
    }))
}

/// The place behind all entries of all logs.
fn end_of(sources: &[Arc<SourceInfo>]) -> Places {
    let mut places = Places::default();
    for source in sources {
        places.set(source.id, source.entries);
    }
    places
}

fn source_summary(info: &SourceInfo) -> LogSourceSummary {
    let source = &info.source;
    let begun = info.entries > 0;
    LogSourceSummary {
        source: info.id,
        attempt: source.attempt.number,
        namespace: source.attempt.namespace.clone(),
        job: source.job.clone(),
        pod: source.pod.clone(),
        container: source.container.clone(),
        restart: source.restart,
        done: info.done,
        lines: info.lines,
        offset: info.entries,
        levels: levels(&info.levels),
        gaps: info.gaps,
        bytes: info.bytes,
        first_timestamp: begun.then(|| timestamp(info.first)),
        last_timestamp: begun.then(|| timestamp(info.latest)),
    }
}

fn levels(counts: &LevelCounts) -> LogLevels {
    LogLevels {
        debug: counts.of(Level::Debug),
        info: counts.of(Level::Info),
        warn: counts.of(Level::Warn),
        error: counts.of(Level::Error),
    }
}

/// Counts the lines that a query finds, and gives the places of the first of them: for marks beside a log.
#[utoipa::path(
    get, path = "/api/v1/tasks/{id}/logs/hits", tag = "logs", params(("id" = String, Path), LogParameters),
    responses(
        (status = 200, body = LogHits),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn hits(
    State(state): State<LogsState>,
    Path(id): Path<String>,
    Query(parameters): Query<LogParameters>,
) -> Result<Json<LogHits>, ApiError> {
    let limited = parameters.limit.is_some();
    let starts = [
        ("tail", &parameters.tail),
        ("cursor", &parameters.cursor),
        ("line", &parameters.line),
        ("before", &parameters.before),
        ("entry", &parameters.entry),
        ("skip", &parameters.skip),
        ("follow", &parameters.follow),
        ("format", &parameters.format),
        ("download", &parameters.download),
    ];
    if let Some((name, _)) = starts.iter().find(|(_, given)| given.is_some()) {
        return Err(ApiError::parameter(name, "has no meaning for hits: they are those of the whole log"));
    }
    let wanted = parameters.understand(&id, &HeaderMap::new(), Timestamp::now())?;
    exists(&state, &id).await?;
    let limit = match wanted.extent {
        Extent::Page(_, limit) if limited => limit,
        _ => HITS,
    };
    let found = state.logs.hits(&wanted.query, limit).await?;
    let hit = |hit: &crate::store::logs::Hit| LogHit {
        source: hit.log,
        line: hit.line,
        entry: hit.place,
        timestamp: timestamp(hit.time),
    };
    Ok(Json(LogHits {
        total: found.levels.total(),
        levels: levels(&found.levels),
        entries: found.entries,
        complete: found.searched_to.is_none(),
        end_cursor: format!("n{}", found.end),
        items: found.first.iter().map(hit).collect(),
    }))
}
