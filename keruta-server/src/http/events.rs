//! `/api/v1/events`: what happens to all tasks, as a list and as server-sent events.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::stream::unfold;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use keruta_api::{Page, Problem, TaskEvent};
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::Query;
use super::{ApiError, Cursor, Limit};
use crate::store::{Store, StoreError};

/// How often to look for what other replicas have written.
const POLL: Duration = Duration::from_secs(2);
/// How often a line without meaning keeps the connection open.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How many are read at once.
const STEP: u32 = 200;
/// How often in a row the database may fail.
const FAILURES: u32 = 5;

/// The routes, with their part of the OpenAPI document.
pub fn routes(store: Store) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(events)).with_state(store)
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
    cursor: Option<Cursor<i64>>,
    /// As server-sent events, those that are yet to come: from now on, or behind `Last-Event-ID`.
    follow: bool,
}

/// What happened to tasks, the oldest first. With `follow`, what happens from now on: each event's id is its sequence.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "tasks",
    params(Parameters, ("Last-Event-ID" = Option<String>, Header, description = "Where to go on following.")),
    responses(
        (status = 200, content((Page<TaskEvent> = "application/json"), (String = "text/event-stream"))),
        (status = 400, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn events(
    State(store): State<Store>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if parameters.follow {
        return follow(store, &headers).await;
    }
    let after = parameters.cursor.map_or(0, |Cursor(sequence)| sequence);
    let limit = parameters.limit.rows();
    let mut events = store.events(None, after, limit + 1).await?;
    let more = events.len() > limit as usize;
    events.truncate(limit as usize);
    let next_cursor = events.last().filter(|_| more).map(|event| Cursor(event.sequence).to_string());
    Ok(Json(Page { items: events, next_cursor }).into_response())
}

async fn follow(store: Store, headers: &HeaderMap) -> Result<Response, ApiError> {
    let changes = store.changes();
    let last = headers.get("last-event-id").map(|id| id.to_str().ok().and_then(|id| id.parse::<i64>().ok()));
    let after = match last {
        None => store.last_event().await?,
        Some(Some(sequence)) => sequence,
        Some(None) => return Err(ApiError::parameter("Last-Event-ID", "is no number of an event")),
    };
    let events = Events { store, changes, after, told: Instant::now(), begun: false, failures: 0 };
    let pieces = unfold(Some(events), async |events| {
        let mut events = events?;
        let piece = events.next().await;
        Some((Ok::<_, StoreError>(piece), (events.failures < FAILURES).then_some(events)))
    });
    let mut response = Response::new(Body::from_stream(pieces));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

struct Events {
    store: Store,
    changes: watch::Receiver<u64>,
    /// The last one that was told.
    after: i64,
    /// When anything was last written.
    told: Instant,
    begun: bool,
    failures: u32,
}

impl Events {
    /// The next piece of the answer. It waits until there is one.
    async fn next(&mut self) -> Bytes {
        if !std::mem::replace(&mut self.begun, true) {
            // The client learns at once that it is connected, and where a new connection would go on.
            return format!("id: {}\nevent: begin\ndata: {{}}\n\n", self.after).into();
        }
        loop {
            self.changes.mark_unchanged();
            match self.store.events(None, self.after, STEP).await {
                Ok(events) if events.is_empty() => self.failures = 0,
                Ok(events) => {
                    (self.failures, self.told) = (0, Instant::now());
                    self.after = events.last().map_or(self.after, |event| event.sequence);
                    return text(&events);
                }
                Err(error) => {
                    self.failures += 1;
                    tracing::warn!(error = &error as &dyn std::error::Error, "the history cannot be followed");
                    if self.failures == FAILURES {
                        return Bytes::new();
                    }
                    sleep(Duration::from_secs(1)).await;
                }
            }
            if self.told.elapsed() >= HEARTBEAT {
                self.told = Instant::now();
                return Bytes::from_static(b": \n\n");
            }
            // It ends by a change, or by the time to look again.
            let _ = timeout(POLL, self.changes.changed()).await;
        }
    }
}

fn text(events: &[TaskEvent]) -> Bytes {
    let mut text = Vec::new();
    for event in events {
        text.extend_from_slice(format!("id: {}\ndata: ", event.sequence).as_bytes());
        // Texts and numbers have a JSON.
        let _ = serde_json::to_writer(&mut text, event);
        text.extend_from_slice(b"\n\n");
    }
    text.into()
}
