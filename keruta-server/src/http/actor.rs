//! Who asks.

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::ApiError;

/// The name that the history and the audit log have for whoever sent a request. The authentication puts it among the
/// request's extensions; without it nobody gets in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Actor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts.extensions.get().cloned().ok_or(ApiError::Unauthenticated("send a token: Authorization: Bearer TOKEN"))
    }
}
