//! How large a body may be.

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use http::request::Parts;

use crate::http::ApiError;

/// What a body may have where a route says nothing else.
pub const DEFAULT_BODY_LIMIT: usize = 1024 * 1024;

/// The limit that a route has, so that a refusal can name it.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimit(pub usize);

/// The layer that gives a route, or all of them, a limit.
pub fn body_limit(bytes: usize) -> (DefaultBodyLimit, Extension<BodyLimit>) {
    (DefaultBodyLimit::max(bytes), Extension(BodyLimit(bytes)))
}

/// The whole body.
pub(super) async fn whole_body(parts: Parts, body: Body) -> Result<Bytes, ApiError> {
    let limit = parts.extensions.get::<BodyLimit>().map_or(DEFAULT_BODY_LIMIT, |limit| limit.0);
    Bytes::from_request(Request::from_parts(parts, body), &()).await.map_err(|rejection| match rejection {
        BytesRejection::FailedToBufferBody(failed) if failed.status() == http::StatusCode::PAYLOAD_TOO_LARGE => {
            ApiError::TooLarge { limit }
        }
        _ => ApiError::Malformed { detail: "the body ended before its time".to_owned() },
    })
}
