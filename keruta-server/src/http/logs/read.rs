//! Logs read: a page, or as a whole.

use axum::body::Body;
use axum::extract::{OriginalUri, State};
use axum::response::Response;
use bytes::Bytes;
use futures::StreamExt;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use jiff::Timestamp;
use keruta_api::{LogLevel, LogPage, LogRecord, Problem};
use keruta_submitter::logs::Level;

use super::error::no_task;
use super::parameters::{Extent, Format, Wanted};
use super::{LogParameters, LogsState, follow, link};
use crate::http::ApiError;
use crate::http::extract::{Path, Query};
use crate::log::{Places, Renderer};
use crate::store::logs::{Item, Page};

/// A task's log: lines of all its containers and attempts in the order of time.
///
/// Without `tail`, `limit`, `cursor` or `line` the whole log comes, however long it is.
#[utoipa::path(
    get, path = "/api/v1/tasks/{id}/logs", tag = "logs",
    params(("id" = String, Path), LogParameters, ("Last-Event-ID" = Option<String>, Header, description = "Where to go on following.")),
    responses(
        (status = 200, content(
            (String = "text/plain"), (LogRecord = "application/x-ndjson"), (LogPage = "application/json"),
            (String = "text/event-stream"),
        )),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn log(
    State(state): State<LogsState>,
    Path(id): Path<String>,
    Query(parameters): Query<LogParameters>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    answer(state, &id, parameters, uri.path(), &headers).await
}

/// A task's log, at the path of the first documents.
#[utoipa::path(
    get, path = "/api/tasks/{taskId}/log", tag = "logs",
    params(("taskId" = String, Path), LogParameters, ("Last-Event-ID" = Option<String>, Header, description = "Where to go on following.")),
    responses(
        (status = 200, content(
            (String = "text/plain"), (LogRecord = "application/x-ndjson"), (LogPage = "application/json"),
            (String = "text/event-stream"),
        )),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn log_of_documents(
    State(state): State<LogsState>,
    Path(id): Path<String>,
    Query(parameters): Query<LogParameters>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    answer(state, &id, parameters, uri.path(), &headers).await
}

async fn answer(
    state: LogsState,
    id: &str,
    parameters: LogParameters,
    path: &str,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let wanted = parameters.understand(id, headers, Timestamp::now())?;
    exists(&state, id).await?;
    match wanted.extent.clone() {
        Extent::Follow(from) => follow::follow(state, wanted.query, from).await,
        Extent::Page(start, limit) => {
            let page = state.logs.page(&wanted.query, start, limit).await?;
            Ok(page_response(id, &wanted, path, &page))
        }
        Extent::Whole => {
            let stream = state.logs.stream(&wanted.query, &Places::default()).await?;
            let (mut writer, format) = (Writer::default(), wanted.format);
            let body = stream.map(move |items| match items {
                Ok(items) => Ok(writer.write(format, &items)),
                // The answer is cut, which a client notices: it has no end.
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "a download was cut");
                    Err(error)
                }
            });
            Ok(response(id, &wanted, Body::from_stream(body)))
        }
    }
}

/// Refuses ids of which nothing is known.
pub(super) async fn exists(state: &LogsState, id: &str) -> Result<(), ApiError> {
    let known = state.logs.task(id).await?.is_some() || !state.logs.sources(id).await?.is_empty();
    if known { Ok(()) } else { Err(no_task(id)) }
}

fn page_response(id: &str, wanted: &Wanted, path: &str, page: &Page) -> Response {
    let body = if wanted.format == Format::Json {
        let page = LogPage {
            items: page.items.iter().filter_map(record).collect(),
            entries: page.items.iter().filter(|item| item.entry().is_some()).map(Item::place).collect(),
            next_cursor: page.next.as_ref().map(ToString::to_string),
            previous_cursor: page.previous.as_ref().map(ToString::to_string),
            end_cursor: format!("n{}", page.end),
        };
        // Texts and numbers have a JSON.
        Body::from(serde_json::to_vec(&page).unwrap_or_default())
    } else {
        Body::from(Writer::default().write(wanted.format, &page.items))
    };
    let mut response = response(id, wanted, body);
    if let Some(links) = link::links(path, &wanted.fixed, page) {
        response.headers_mut().insert(header::LINK, links);
    }
    response
}

fn response(id: &str, wanted: &Wanted, body: Body) -> Response {
    let (kind, extension) = match wanted.format {
        Format::Text | Format::Raw => ("text/plain; charset=utf-8", "log"),
        Format::Ndjson => ("application/x-ndjson", "ndjson"),
        Format::Json => ("application/json", "json"),
    };
    let disposition = if wanted.download { "attachment" } else { "inline" };
    let mut response = Response::new(body);
    let mut header = |name: HeaderName, value: HeaderValue| response.headers_mut().insert(name, value);
    header(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    // Lines are data, whatever they look like.
    header(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // An id that is known has no character that would have to be quoted.
    let name: String = id.chars().filter(|letter| letter.is_ascii_alphanumeric() || "-._".contains(*letter)).collect();
    if let Ok(value) = HeaderValue::try_from(format!("{disposition}; filename=\"{name}.{extension}\"")) {
        header(header::CONTENT_DISPOSITION, value);
    }
    response
}

#[derive(Default)]
struct Writer {
    renderer: Renderer,
    /// The length of the last piece: the next one will not be much longer.
    length: usize,
}

impl Writer {
    fn write(&mut self, format: Format, items: &[Item]) -> Bytes {
        let mut out = Vec::with_capacity(self.length + self.length / 8);
        for item in items {
            let Some(entry) = item.entry() else { continue };
            match format {
                Format::Text => self.renderer.text(&mut out, &item.source.source, &entry),
                Format::Raw => Renderer::raw(&mut out, &entry),
                Format::Ndjson | Format::Json => {
                    self.renderer.json(&mut out, item.source.id, &item.source.source, &entry);
                    out.push(b'\n');
                }
            }
        }
        self.length = out.len();
        out.into()
    }
}

/// An entry as the API has it.
fn record(item: &Item) -> Option<LogRecord> {
    use base64::Engine as _;
    let (entry, source) = (item.entry()?, &item.source.source);
    let gap = entry.to_gap();
    let message = if gap.is_some() { &[][..] } else { entry.message };
    let text = std::str::from_utf8(message);
    Some(LogRecord {
        timestamp: crate::log::timestamp(entry.time),
        level: level(entry.level),
        task_id: source.attempt.task.clone(),
        attempt: source.attempt.number,
        job: source.job.clone(),
        pod: source.pod.clone(),
        container: source.container.clone(),
        source: item.source.id,
        line: entry.number,
        message: String::from_utf8_lossy(message).into_owned(),
        message_base64: text.is_err().then(|| base64::prelude::BASE64_STANDARD.encode(message)),
        continues: entry.continues,
        gap: gap.map(|gap| gap.reason),
    })
}

const fn level(level: Level) -> LogLevel {
    match level {
        Level::Debug => LogLevel::Debug,
        Level::Info => LogLevel::Info,
        Level::Warn => LogLevel::Warn,
        Level::Error => LogLevel::Error,
    }
}
