//! Bodies that are read by the handler.

use axum::extract::{FromRequest, Request};

use super::limit::whole_body;
use crate::http::ApiError;

/// A body as it came, of whatever type.
#[derive(Debug, Clone)]
pub struct Bytes(pub bytes::Bytes);

impl<S: Send + Sync> FromRequest<S> for Bytes {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        whole_body(parts, body).await.map(Self)
    }
}
