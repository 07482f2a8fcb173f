//! Lines that an agent sends.

use axum::Json;
use axum::extract::State;
use http::{HeaderMap, header};
use keruta_api::{FieldProblem, LogAppended, LogLevel, LogLine, Problem};
use keruta_submitter::Attempt;
use keruta_submitter::logs::{Level, LogEntry, LogLine as Line, LogSource};
use serde::Deserialize;

use super::LogsState;
use super::error::no_task;
use crate::http::ApiError;
use crate::http::extract::{Bytes, Path, Query};
use crate::http::names::wrong_names;
use crate::log::{nanoseconds, timestamp};
use crate::problem::field;

/// How many wrong lines are told of.
const TOLD: usize = 20;

/// Which log the lines belong to, and where.
#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AppendParameters {
    /// The attempt, from 1.
    attempt: u32,
    /// The container, or what else the agent calls its log.
    container: String,
    /// The Pod.
    #[serde(default)]
    pod: String,
    /// The Pod's uid: a later Pod may bear the same name.
    #[serde(default)]
    pod_uid: String,
    /// The Job.
    #[serde(default)]
    job: String,
    /// How often the container was started again in its Pod.
    #[serde(default)]
    restart: u32,
    /// How many lines of this log were sent before.
    offset: u64,
    /// Whether nothing more will come.
    #[serde(default)]
    done: bool,
}

/// Adds lines to a log of the task, where exactly `offset` lines are there already.
///
/// The body has a JSON object a line. Where another number of lines is there, the answer is 416, and its `Content-Range` has the
/// true offset (`lines */1234`). A batch that is there already is answered as if it were new: send again what was not answered.
#[utoipa::path(
    post, path = "/api/v1/tasks/{id}/logs", tag = "logs", params(("id" = String, Path), AppendParameters),
    request_body(content = LogLine, content_type = "application/x-ndjson"),
    responses(
        (status = 200, body = LogAppended),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 415, body = Problem, content_type = "application/problem+json"),
        (status = 416, body = Problem, content_type = "application/problem+json", headers(("Content-Range" = String, description = "`lines */OFFSET`"))),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn append(
    State(state): State<LogsState>,
    Path(id): Path<String>,
    Query(parameters): Query<AppendParameters>,
    headers: HeaderMap,
    Bytes(body): Bytes,
) -> Result<Json<LogAppended>, ApiError> {
    is_ndjson(&headers)?;
    parameters.check()?;
    let entries = entries(&body)?;
    let task = state.logs.task(&id).await?.ok_or_else(|| no_task(&id))?;
    if parameters.attempt > task.attempt {
        let detail = format!("the task is at attempt {}", task.attempt);
        return Err(ApiError::parameter("attempt", detail));
    }
    let source = LogSource {
        attempt: Attempt { namespace: task.namespace, task: id, number: parameters.attempt },
        job: parameters.job,
        pod: parameters.pod,
        // What the submitter reads of the same container is another log.
        pod_uid: format!("agent/{}", parameters.pod_uid),
        container: parameters.container,
        restart: parameters.restart,
    };
    let kept = state.logs.append_at(&source, parameters.offset, &entries, parameters.done).await?;
    Ok(Json(LogAppended { offset: kept.entries, repeated: !kept.news }))
}

impl AppendParameters {
    fn check(&self) -> Result<(), ApiError> {
        let mut wrong = wrong_names(&[
            ("container", self.container.as_str()),
            ("pod", self.pod.as_str()),
            ("podUid", self.pod_uid.as_str()),
            ("job", self.job.as_str()),
        ]);
        if self.container.is_empty() {
            wrong.push(field("container", "is empty: name the container, or the agent", None));
        }
        if self.attempt == 0 {
            wrong.push(field("attempt", "attempts are counted from 1", None));
        }
        if i64::try_from(self.offset).is_err() {
            wrong.push(field("offset", "is larger than any log", None));
        }
        if wrong.is_empty() { Ok(()) } else { Err(ApiError::Parameters(wrong)) }
    }
}

fn is_ndjson(headers: &HeaderMap) -> Result<(), ApiError> {
    let found = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("not given");
    let kind = found.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Ok(()),
        _ => Err(ApiError::UnsupportedMediaType { found: found.to_owned(), expected: "application/x-ndjson" }),
    }
}

/// Reads all lines, or says which are wrong.
fn entries(body: &[u8]) -> Result<Vec<LogEntry>, ApiError> {
    let (mut entries, mut wrong) = (Vec::new(), Vec::new());
    let body = body.strip_suffix(b"\n").unwrap_or(body);
    for (index, text) in body.split(|byte| *byte == b'\n').enumerate().filter(|_| !body.is_empty()) {
        match entry(index, text) {
            Ok(entry) => entries.push(entry),
            Err(problem) => wrong.push(problem),
        }
        if wrong.len() == TOLD {
            break;
        }
    }
    if wrong.is_empty() { Ok(entries) } else { Err(ApiError::Invalid { what: "batch of lines", errors: wrong }) }
}

fn entry(index: usize, text: &[u8]) -> Result<LogEntry, FieldProblem> {
    let line: LogLine = serde_json::from_slice(text)
        .map_err(|error| field(&format!("/{index}"), format!("line {} of the body: {error}", index + 1), None))?;
    if timestamp(nanoseconds(line.timestamp)) != line.timestamp {
        let cure = Some("send the time at which the line was written".to_owned());
        return Err(field(&format!("/{index}/timestamp"), "is not between 1677 and 2262", cure));
    }
    let level = match line.level {
        Some(LogLevel::Debug) => Level::Debug,
        Some(LogLevel::Info) => Level::Info,
        Some(LogLevel::Warn) => Level::Warn,
        Some(LogLevel::Error) => Level::Error,
        None => Level::of_line(line.message.as_bytes()),
    };
    Ok(LogEntry::Line(Line {
        number: 0,
        timestamp: line.timestamp,
        level,
        message: line.message.into(),
        continues: false,
    }))
}
