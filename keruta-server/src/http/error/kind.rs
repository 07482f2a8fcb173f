//! The kinds of problems, each with its name for programs, its title and its status.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use keruta_api::Problem;

use crate::store::StoreError;

/// The media type of problem documents.
pub(in crate::http) const PROBLEM_JSON: &str = "application/problem+json";

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $status:ident, $id:literal, $title:literal;)+) => {
        /// A kind of problem: what `type` in a problem document names.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Kind { $($(#[$doc])* $name,)+ }

        impl Kind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The URI reference that names it.
            #[must_use]
            pub const fn uri(self) -> &'static str {
                match self { $(Self::$name => concat!("/problems/", $id),)+ }
            }

            /// It in a few words.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }

            /// The HTTP status that goes with it.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)+ }
            }
        }
    };
}

kinds! {
    /// The request makes no sense to HTTP.
    BadRequest = BAD_REQUEST, "bad-request", "The request cannot be read";
    /// The body cannot be read: it is not JSON, or not UTF-8, or ends in the middle.
    MalformedBody = BAD_REQUEST, "malformed-body", "The body cannot be read";
    /// A parameter of the query or the path is wrong.
    InvalidParameter = BAD_REQUEST, "invalid-parameter", "A parameter is wrong";
    /// Nobody is known by the credentials.
    Unauthenticated = UNAUTHORIZED, "unauthenticated", "Credentials are needed";
    /// The attempt that the token is for has ended, or another is the present one.
    AttemptOver = UNAUTHORIZED, "attempt-over", "The attempt of the token is over";
    /// Somebody is known, but may not do this.
    Forbidden = FORBIDDEN, "forbidden", "Not allowed";
    /// There is no such thing.
    NotFound = NOT_FOUND, "not-found", "Not found";
    /// The path knows other methods.
    MethodNotAllowed = METHOD_NOT_ALLOWED, "method-not-allowed", "The method is not taken here";
    /// The id or name is taken.
    AlreadyExists = CONFLICT, "already-exists", "It exists already";
    /// The status cannot follow the present one.
    IllegalMove = CONFLICT, "illegal-move", "The status cannot follow the present one";
    /// The attempt is not the present one.
    OtherAttempt = CONFLICT, "other-attempt", "Another attempt is the present one";
    /// Another agent has begun the attempt since.
    StaleEpoch = CONFLICT, "stale-epoch", "Another agent runs the attempt now";
    /// It is not in the state that the request needs.
    Conflict = CONFLICT, "conflict", "It is not in the state that this needs";
    /// It has changed since it was read.
    Outdated = PRECONDITION_FAILED, "outdated", "It has changed since it was read";
    /// The log does not end where the batch begins.
    OffsetMismatch = RANGE_NOT_SATISFIABLE, "offset-mismatch", "The log does not end where the batch begins";
    /// The body is larger than is taken.
    TooLarge = PAYLOAD_TOO_LARGE, "too-large", "The body is too large";
    /// The body is not of a type that is taken.
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "The body's type is not taken here";
    /// The body can be read, but what it says is wrong.
    Invalid = UNPROCESSABLE_ENTITY, "invalid", "What was sent is invalid";
    /// A change without `If-Match`.
    PreconditionRequired = PRECONDITION_REQUIRED, "precondition-required", "If-Match is needed";
    /// Too many requests in a short time.
    TooManyRequests = TOO_MANY_REQUESTS, "too-many-requests", "Too many requests";
    /// The server failed.
    Internal = INTERNAL_SERVER_ERROR, "internal", "The server failed";
    /// It cannot be done just now.
    Unavailable = SERVICE_UNAVAILABLE, "unavailable", "Not available just now";
}

impl Kind {
    /// What a failure of the store is to a client.
    pub(super) fn of_store(error: &StoreError) -> Self {
        match error {
            StoreError::NotFound { .. } => Self::NotFound,
            StoreError::AlreadyExists { .. } => Self::AlreadyExists,
            StoreError::Outdated { .. } => Self::Outdated,
            StoreError::IllegalMove { .. } => Self::IllegalMove,
            StoreError::OtherAttempt { .. } => Self::OtherAttempt,
            StoreError::StaleEpoch { .. } => Self::StaleEpoch,
            StoreError::UnderWay { .. }
            | StoreError::RunHere { .. }
            | StoreError::Fixed { .. }
            | StoreError::HasChildren { .. }
            | StoreError::Referenced { .. }
            | StoreError::NotGivenUp { .. }
            | StoreError::TooMany { .. } => Self::Conflict,
            StoreError::TooLarge { .. } => Self::TooLarge,
            StoreError::Fenced => Self::Unavailable,
            error if error.is_transient() => Self::Unavailable,
            _ => Self::Internal,
        }
    }

    /// What a status says that came without a document.
    pub(super) fn of_status(status: StatusCode) -> Option<Self> {
        let known = match status {
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::UNPROCESSABLE_ENTITY => Self::Invalid,
            StatusCode::BAD_REQUEST => Self::BadRequest,
            status => *Self::ALL.iter().find(|kind| kind.status() == status)?,
        };
        Some(known)
    }

    /// A document of this kind.
    pub(super) fn problem(self, detail: Option<String>) -> Problem {
        Problem {
            kind: self.uri().to_owned(),
            title: self.title().to_owned(),
            status: self.status().as_u16(),
            detail,
            request_id: None,
            errors: Vec::new(),
        }
    }
}

/// A problem document as a response. The document is also among the extensions, for [`finish`](super::finish).
pub(super) fn response(problem: &Problem) -> Response {
    let mut response = Response::new(body(problem));
    *response.status_mut() = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    response.extensions_mut().insert(problem.clone());
    response
}

/// The bytes of a document. A tree of texts always serializes.
pub(super) fn body(problem: &Problem) -> Body {
    Body::from(serde_json::to_vec(problem).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = Kind::ALL.iter().map(|kind| kind.uri()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Kind::ALL.len());
    }
}
