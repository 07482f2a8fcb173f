//! Why a request was not served as asked, and the problem document that says so.

mod finish;
mod kind;

use std::error::Error;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use keruta_api::{FieldProblem, Problem};
use keruta_manifest::problem::Problems;

use crate::problem::{field, field_problems};
use crate::store::StoreError;

pub use finish::finish;
pub use kind::Kind;
pub(super) use kind::PROBLEM_JSON;

/// How long a client is asked to wait for a database that is out of reach.
const DATABASE_PAUSE: Duration = Duration::from_secs(5);

/// Why a request was not served as asked.
///
/// As a response it is a problem document ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)); what only the operator
/// should know goes to the log.
///
/// ```
/// use axum::response::IntoResponse;
/// use keruta_server::http::ApiError;
///
/// let error = ApiError::NotFound { kind: "repository", id: "r-1".to_owned() };
/// assert_eq!(error.problem().detail.as_deref(), Some("there is no repository r-1"));
/// assert_eq!(error.into_response().status(), 404);
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// The body cannot be read at all.
    #[error("{detail}")]
    Malformed {
        /// What is wrong with it.
        detail: String,
    },
    /// Parameters of the query or the path are wrong.
    #[error("the request's parameters are wrong")]
    Parameters(Vec<FieldProblem>),
    /// Nobody is known by these credentials, or none came.
    #[error("{0}")]
    Unauthenticated(&'static str),
    /// The attempt that a token is for is over.
    #[error("this token was for attempt {attempt} of the task {task}, which has ended or is not the present one")]
    AttemptOver {
        /// The task.
        task: String,
        /// The attempt.
        attempt: u32,
    },
    /// Somebody is known, but may not do this.
    #[error("{0}")]
    Forbidden(String),
    /// There is no such thing.
    #[error("there is no {kind} {id}")]
    NotFound {
        /// What was looked for: `repository`.
        kind: &'static str,
        /// Its id.
        id: String,
    },
    /// There is nothing at this path.
    #[error("there is nothing at this path; /api/openapi.json lists what there is")]
    NoRoute,
    /// The path knows other methods.
    #[error("this path does not take the method; the Allow header names those that it takes")]
    MethodNotAllowed {
        /// Those that it takes: `GET,HEAD`.
        allow: String,
    },
    /// It is not in the state that the request needs.
    #[error("{0}")]
    Conflict(String),
    /// It has changed since it was read.
    #[error("{0}")]
    Outdated(String),
    /// A change without `If-Match`.
    #[error(
        "a change needs the If-Match header: the ETag of what was read, or * to change it whatever it has become meanwhile"
    )]
    PreconditionRequired,
    /// The log does not end where the batch begins.
    #[error("the log has {current} lines: send on from there (offset={current})")]
    Offset {
        /// How many lines it has.
        current: u64,
    },
    /// The body is larger than is taken.
    #[error("the body is larger than the {limit} bytes that are taken here")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// The body is not of a type that is taken.
    #[error("the body's type is {found}: send {expected}")]
    UnsupportedMediaType {
        /// What came: the Content-Type, or `not given`.
        found: String,
        /// What is taken.
        expected: &'static str,
    },
    /// The body can be read, but what it says is wrong; all of it at once.
    #[error("the {what} is invalid")]
    Invalid {
        /// What it should have been: `repository`, `body`.
        what: &'static str,
        /// What is wrong.
        errors: Vec<FieldProblem>,
    },
    /// Too many requests in a short time.
    #[error("too many requests; try again in {} s", seconds(*.retry_after))]
    TooManyRequests {
        /// When to try again.
        retry_after: Duration,
    },
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot be done just now.
    #[error("{detail}")]
    Unavailable {
        /// Why.
        detail: String,
        /// When to try again.
        retry_after: Duration,
    },
    /// A bug, or a machine that fails.
    #[error("{context}")]
    Internal {
        /// What was being done.
        context: &'static str,
        /// Why it failed.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

impl ApiError {
    /// One wrong field of a body.
    #[must_use]
    pub fn field(what: &'static str, pointer: &str, detail: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::Invalid { what, errors: vec![field(pointer, detail, Some(cure.into()))] }
    }

    /// One wrong parameter.
    #[must_use]
    pub fn parameter(name: &str, detail: impl Into<String>) -> Self {
        Self::Parameters(vec![field(name, detail, None)])
    }

    /// What a reader of JSON found wrong with the body.
    #[must_use]
    pub fn invalid(what: &'static str, problems: &Problems) -> Self {
        Self::Invalid { what, errors: field_problems(problems) }
    }

    /// The kind of problem, with its status.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Malformed { .. } => Kind::MalformedBody,
            Self::Parameters(_) => Kind::InvalidParameter,
            Self::Unauthenticated(_) => Kind::Unauthenticated,
            Self::AttemptOver { .. } => Kind::AttemptOver,
            Self::Forbidden(_) => Kind::Forbidden,
            Self::NotFound { .. } | Self::NoRoute => Kind::NotFound,
            Self::MethodNotAllowed { .. } => Kind::MethodNotAllowed,
            Self::Conflict(_) => Kind::Conflict,
            Self::Outdated(_) => Kind::Outdated,
            Self::PreconditionRequired => Kind::PreconditionRequired,
            Self::Offset { .. } => Kind::OffsetMismatch,
            Self::TooLarge { .. } => Kind::TooLarge,
            Self::UnsupportedMediaType { .. } => Kind::UnsupportedMediaType,
            Self::Invalid { .. } => Kind::Invalid,
            Self::TooManyRequests { .. } => Kind::TooManyRequests,
            Self::Store(error) => Kind::of_store(error),
            Self::Unavailable { .. } => Kind::Unavailable,
            Self::Internal { .. } => Kind::Internal,
        }
    }

    /// The document that says so; nothing of the server's inside is in it.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let kind = self.kind();
        let detail = match (kind, self) {
            (Kind::Internal, _) => "the server failed; its log says why, beside the request's id".to_owned(),
            (Kind::Unavailable, Self::Store(StoreError::Fenced)) => self.to_string(),
            (Kind::Unavailable, Self::Store(_)) => "the database is out of reach just now; try again".to_owned(),
            _ => self.to_string(),
        };
        let errors = match self {
            Self::Parameters(errors) | Self::Invalid { errors, .. } => errors.clone(),
            _ => Vec::new(),
        };
        Problem { errors, ..kind.problem(Some(detail)) }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooManyRequests { retry_after } | Self::Unavailable { retry_after, .. } => Some(*retry_after),
            Self::Store(_) if self.kind() == Kind::Unavailable => Some(DATABASE_PAUSE),
            _ => None,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let kind = self.kind();
        if kind.status().is_server_error() {
            tracing::error!(error = chain(&self), "the request failed");
        }
        let mut response = kind::response(&self.problem());
        let headers = response.headers_mut();
        if let Some(pause) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds(pause)));
        }
        if let Self::Offset { current } = &self
            && let Ok(range) = HeaderValue::try_from(format!("lines */{current}"))
        {
            headers.insert(header::CONTENT_RANGE, range);
        }
        if let Self::MethodNotAllowed { allow } = &self
            && let Ok(allow) = HeaderValue::try_from(allow)
        {
            headers.insert(header::ALLOW, allow);
        }
        if kind.status() == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"keruta\""));
        }
        response
    }
}

/// Whole seconds, at least one.
fn seconds(duration: Duration) -> u64 {
    duration.as_millis().div_ceil(1000).max(1).try_into().unwrap_or(u64::MAX)
}

/// An error with everything that it came from, in one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn io() -> sqlx::Error {
        sqlx::Error::Io(std::io::Error::other("connection refused by 10.0.0.7"))
    }

    #[test]
    fn the_inside_stays_inside() {
        let failed = ApiError::Internal { context: "hashing", source: "secret path /x".into() };
        let problem = failed.problem();
        assert_eq!(problem.status, 500);
        assert!(!format!("{problem:?}").contains("secret path"));
        let database = ApiError::from(StoreError::Database(io())).problem();
        assert_eq!(database.status, 503);
        assert!(!format!("{database:?}").contains("10.0.0.7"));
        assert!(chain(&failed).contains("secret path"));
    }

    #[test]
    fn what_may_go_away_says_when_to_try_again() {
        let wait = |error: ApiError| {
            error.into_response().headers().get(header::RETRY_AFTER).map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(wait(StoreError::Database(io()).into()).as_deref(), Some("5"));
        assert_eq!(wait(ApiError::TooManyRequests { retry_after: Duration::from_millis(1200) }).as_deref(), Some("2"));
        assert_eq!(wait(ApiError::NoRoute), None);
    }
}
