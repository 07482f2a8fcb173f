//! Bodies that are text: scripts and documents.

use axum::extract::{FromRequest, Request};

use super::limit::whole_body;
use crate::http::ApiError;

/// A body of UTF-8 text, of whatever type.
#[derive(Debug, Clone)]
pub struct Text(pub String);

impl<S: Send + Sync> FromRequest<S> for Text {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let bytes = whole_body(parts, body).await?;
        let text = utf8(&bytes)?;
        if let Some(at) = text.find('\0') {
            return Err(ApiError::Malformed { detail: format!("the body has a NUL character at byte {at}") });
        }
        Ok(Self(text.to_owned()))
    }
}

pub(super) fn utf8(bytes: &[u8]) -> Result<&str, ApiError> {
    std::str::from_utf8(bytes).map_err(|error| ApiError::Malformed {
        detail: format!("the body is not UTF-8 text: byte {} belongs to no character", error.valid_up_to()),
    })
}
