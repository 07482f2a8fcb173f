//! The keruta API, as an agent needs it.

mod error;

use std::fs;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use keruta_api::{LogAppended, NewEpoch, StatusUpdate, Task, TaskStatus, wire};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use ureq::http::{Response, StatusCode, header};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body};

pub use error::{ApiError, ConnectError, Replaced};
pub(crate) use keruta_api::wire::segment;

use crate::config::{ApiArgs, TOKEN};
use crate::secret::Secret;

/// The longest answer that is read: a script, a document.
const LONGEST: u64 = 16 << 20;
/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a request may take in all.
const REQUEST: Duration = Duration::from_secs(20);
/// How long a file may take to be sent.
const UPLOAD: Duration = Duration::from_secs(300);

/// The API.
#[derive(Debug, Clone)]
pub struct Api {
    agent: Agent,
    base: String,
    token: Token,
}

#[derive(Debug, Clone)]
enum Token {
    None,
    Fixed(Secret),
    /// Read for each request: a mounted Secret may change.
    File(PathBuf),
}

/// Where a task stands, in short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// Its status.
    pub status: TaskStatus,
    /// Its present attempt.
    pub attempt: u32,
    /// How many agents have begun that attempt.
    #[serde(default)]
    pub epoch: u64,
    /// Whether somebody asked for its end.
    #[serde(default)]
    pub cancel_requested: bool,
}

/// What there is in an answer to a status.
#[derive(Deserialize)]
struct Told {
    status: TaskStatus,
}

/// Where a batch of lines belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogPlace<'a> {
    pub(crate) query: &'a str,
    pub(crate) offset: u64,
    pub(crate) done: bool,
}

impl Api {
    /// The API that the flags and variables name; `None` where they name none.
    ///
    /// # Errors
    ///
    /// Where the URL is none, or the certificates cannot be read.
    pub fn of(args: &ApiArgs) -> Result<Option<Self>, ConnectError> {
        let Some(url) = args.api_url.as_deref().map(str::trim).filter(|url| !url.is_empty()) else { return Ok(None) };
        if !(url.starts_with("http://") || url.starts_with("https://")) {
            return Err(ConnectError::Url { url: url.to_owned() });
        }
        let token = match &args.token_file {
            Some(path) => Token::File(path.clone()),
            None => std::env::var(TOKEN).ok().as_deref().and_then(Secret::new).map_or(Token::None, Token::Fixed),
        };
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(REQUEST))
            .max_idle_connections(2)
            .user_agent(concat!("keruta-agent/", env!("CARGO_PKG_VERSION")));
        if let Some(path) = &args.ca_file {
            config = config.tls_config(TlsConfig::builder().root_certs(roots(path)?).build());
        }
        let base = url.trim_end_matches('/').to_owned();
        Ok(Some(Self { agent: config.build().new_agent(), base, token }))
    }

    /// The token, where there is one.
    #[must_use]
    pub fn token(&self) -> Option<Secret> {
        match &self.token {
            Token::None => None,
            Token::Fixed(secret) => Some(secret.clone()),
            Token::File(path) => fs::read_to_string(path).ok().as_deref().and_then(Secret::new),
        }
    }

    /// A task.
    ///
    /// # Errors
    ///
    /// As every request: [`ApiError`].
    pub fn task(&self, id: &str) -> Result<Task, ApiError> {
        let what = "read the task";
        json(what, self.get(what, &wire::task(id, ""))?)
    }

    /// The script of a task; `None` where it has none.
    ///
    /// # Errors
    ///
    /// [`ApiError`]. A task that is not there has no script either: ask for the task first.
    pub fn script(&self, id: &str) -> Result<Option<String>, ApiError> {
        self.optional_text("read the task's script", &wire::task(id, "/script"))
    }

    /// The script that prepares a checkout; `None` where there is none.
    ///
    /// # Errors
    ///
    /// [`ApiError`].
    pub fn repository_script(&self, id: &str) -> Result<Option<String>, ApiError> {
        self.optional_text("read the repository's script", &wire::repository_script(id))
    }

    /// A document's text.
    ///
    /// # Errors
    ///
    /// [`ApiError`].
    pub fn document(&self, id: &str) -> Result<String, ApiError> {
        let what = "read the document";
        text(what, self.get(what, &wire::document_content(id))?)
    }

    /// Where a task stands.
    ///
    /// # Errors
    ///
    /// [`ApiError`].
    pub fn standing(&self, id: &str) -> Result<Standing, ApiError> {
        let what = "ask where the task stands";
        json(what, self.get(what, &wire::task(id, "/status"))?)
    }

    /// Says that an agent begins an attempt, the present one where none is named, and asks for its epoch.
    ///
    /// # Errors
    ///
    /// [`ApiError`]; [`ApiError::Conflict`] where another attempt is the present one.
    pub fn begin(&self, id: &str, attempt: Option<u32>) -> Result<Standing, ApiError> {
        let what = "begin the task";
        // Numbers always serialize.
        let body = serde_json::to_vec(&NewEpoch { attempt }).unwrap_or_default();
        let request = self.agent.post(self.url(&wire::task(id, "/epoch")));
        let request = self.authorized(request).header(header::CONTENT_TYPE, "application/json");
        json(what, checked(what, request.send(&body))?)
    }

    /// Says where a task stands.
    ///
    /// # Errors
    ///
    /// [`ApiError`]; [`ApiError::Conflict`] where the status cannot follow, or another attempt is the present one.
    pub fn set_status(&self, id: &str, update: &StatusUpdate) -> Result<(), ApiError> {
        let what = "say where the task stands";
        // Words and numbers always serialize.
        let body = serde_json::to_vec(update).unwrap_or_default();
        let request = self.agent.put(self.url(&wire::task(id, "/status")));
        let request = self.authorized(request).header(header::CONTENT_TYPE, "application/json");
        // Something in between may answer in its place; only the API answers with the task.
        let Told { status } = json(what, checked(what, request.send(&body))?)?;
        if status == update.status {
            return Ok(());
        }
        Err(ApiError::Unavailable { what, why: format!("it answers that the task is {status}") })
    }

    /// Adds lines to a log, a JSON object each.
    pub(crate) fn append(&self, id: &str, place: &LogPlace<'_>, lines: &[u8]) -> Result<LogAppended, ApiError> {
        let what = "send the log";
        let LogPlace { query, offset, done } = place;
        let url = self.url(&wire::task(id, &format!("/logs?{query}&offset={offset}&done={done}")));
        let request = self.authorized(self.agent.post(url)).header(header::CONTENT_TYPE, "application/x-ndjson");
        json(what, checked(what, request.send(lines))?)
    }

    /// Hands in a file as an artifact.
    pub(crate) fn upload(&self, id: &str, path: &str, kind: &str, file: &fs::File) -> Result<(), ApiError> {
        let request = self.agent.put(self.url(&wire::artifact(id, path))).config().timeout_global(Some(UPLOAD)).build();
        let request = self.authorized(request).header(header::CONTENT_TYPE, kind);
        checked("hand in an artifact", request.send(file)).map(drop)
    }

    /// Whether the API answers at all.
    ///
    /// # Errors
    ///
    /// [`ApiError`].
    pub fn health(&self) -> Result<(), ApiError> {
        self.get("ask how the API fares", "/healthz").map(drop)
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn authorized<B>(&self, request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
        match self.token() {
            Some(token) => request.header(header::AUTHORIZATION, format!("Bearer {}", token.expose())),
            None => request,
        }
    }

    fn get(&self, what: &'static str, path: &str) -> Result<Response<Body>, ApiError> {
        checked(what, self.authorized(self.agent.get(self.url(path))).call())
    }

    fn optional_text(&self, what: &'static str, path: &str) -> Result<Option<String>, ApiError> {
        match self.get(what, path) {
            Ok(response) => text(what, response).map(|text| Some(text).filter(|text| !text.trim().is_empty())),
            Err(ApiError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn roots(path: &std::path::Path) -> Result<RootCerts, ConnectError> {
    let pem = fs::read(path).map_err(|source| ConnectError::Certificates { path: path.to_owned(), source })?;
    let found: Vec<Certificate<'static>> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if found.is_empty() {
        return Err(ConnectError::NoCertificates { path: path.to_owned() });
    }
    Ok(RootCerts::Specific(Arc::new(found)))
}

fn checked(what: &'static str, answer: Result<Response<Body>, ureq::Error>) -> Result<Response<Body>, ApiError> {
    let mut response = answer.map_err(|error| ApiError::Unavailable { what, why: error.to_string() })?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let range = offset(&response);
    let mut body = Vec::new();
    // What is wrong is told by the status; the document only says it in words.
    let _ = response.body_mut().as_reader().take(64 << 10).read_to_end(&mut body);
    let code = status.as_u16();
    let problem = wire::problem(code, status.canonical_reason(), &body);
    let (kind, detail) = (problem.kind, problem.detail.unwrap_or(problem.title));
    Err(match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ApiError::Refused { what, status: code, kind, detail },
        StatusCode::NOT_FOUND => ApiError::NotFound { what, detail },
        StatusCode::CONFLICT => ApiError::Conflict { what, kind, detail },
        StatusCode::RANGE_NOT_SATISFIABLE if range.is_some() => ApiError::Offset { offset: range.unwrap_or_default() },
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            ApiError::Unavailable { what, why: format!("{code} {detail}") }
        }
        _ if status.is_client_error() => ApiError::Rejected { what, status: code, detail },
        _ => ApiError::Unavailable { what, why: format!("{code} {detail}") },
    })
}

fn offset(response: &Response<Body>) -> Option<u64> {
    wire::log_offset(response.headers().get(header::CONTENT_RANGE)?.to_str().ok()?)
}

fn text(what: &'static str, mut response: Response<Body>) -> Result<String, ApiError> {
    let text = response.body_mut().with_config().limit(LONGEST).read_to_string();
    text.map_err(|error| ApiError::Unavailable { what, why: error.to_string() })
}

fn json<T: DeserializeOwned>(what: &'static str, response: Response<Body>) -> Result<T, ApiError> {
    let text = text(what, response)?;
    // Something between the agent and the API may answer in its place: that passes.
    serde_json::from_str(&text)
        .map_err(|error| ApiError::Unavailable { what, why: format!("the answer cannot be read: {error}") })
}
