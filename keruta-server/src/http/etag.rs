//! Versions as entity tags ([RFC 9110](https://www.rfc-editor.org/rfc/rfc9110#name-conditional-requests)).

use axum::Json;
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};
use serde::Serialize;

use super::ApiError;
use crate::store::Expected;

/// The tag of a version: `"7"`.
#[must_use]
pub fn etag(version: i64) -> HeaderValue {
    let mut tag = String::with_capacity(22);
    tag.push('"');
    tag.push_str(&version.to_string());
    tag.push('"');
    // Digits and quotes are always a header's value.
    HeaderValue::try_from(tag).unwrap_or_else(|_| HeaderValue::from_static("\"0\""))
}

/// A JSON answer with its version as the ETag.
#[derive(Debug, Clone, Copy)]
pub struct Versioned<T> {
    /// The version.
    pub version: i64,
    /// The answer.
    pub body: T,
}

impl<T: Serialize> IntoResponse for Versioned<T> {
    fn into_response(self) -> Response {
        ([(header::ETAG, etag(self.version))], Json(self.body)).into_response()
    }
}

/// What `If-Match` expects. Required; [`Option`] of it where it is not.
///
/// ```
/// use keruta_server::http::IfMatch;
/// use keruta_server::store::Expected;
///
/// assert_eq!(IfMatch::parse(r#""7""#), Some(IfMatch(Expected::OneOf(vec![7]))));
/// assert_eq!(IfMatch::parse("*"), Some(IfMatch(Expected::Any)));
/// assert_eq!(IfMatch::parse("7"), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfMatch(pub Expected);

impl IfMatch {
    /// Reads the header's value. A weak tag, or one that is no version, is one that matches nothing.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let value = value.trim();
        if value == "*" {
            return Some(Self(Expected::Any));
        }
        let mut versions = Vec::new();
        for tag in value.split(',').map(str::trim) {
            let (weak, opaque) = tag.strip_prefix("W/").map_or((false, tag), |opaque| (true, opaque));
            let opaque = opaque.strip_prefix('"')?.strip_suffix('"')?;
            if let (false, Ok(version)) = (weak, opaque.parse()) {
                versions.push(version);
            }
        }
        Some(Self(Expected::OneOf(versions)))
    }

    fn of(headers: &HeaderMap) -> Result<Option<Self>, ApiError> {
        let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
        let parsed = value.to_str().ok().and_then(Self::parse);
        match parsed {
            Some(Self(Expected::OneOf(versions))) if versions.is_empty() => {
                let detail = "no tag in If-Match is one of this server's: read again what is to be changed";
                Err(ApiError::Outdated(detail.to_owned()))
            }
            Some(found) => Ok(Some(found)),
            None => Err(ApiError::parameter("If-Match", "is no list of entity tags: write \"7\", in quotes, or *")),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Self::of(&parts.headers)?.ok_or(ApiError::PreconditionRequired)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for IfMatch {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, ApiError> {
        Self::of(&parts.headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_versions() {
        let versions = |value: &str| match IfMatch::parse(value) {
            Some(IfMatch(Expected::OneOf(versions))) => versions,
            other => panic!("{value}: {other:?}"),
        };
        assert_eq!(versions(etag(12).to_str().unwrap()), [12]);
        assert_eq!(versions(r#""1", "2""#), [1, 2]);
        assert_eq!(versions(r#"W/"1", "abc""#), [0_i64; 0]);
        for bad in ["", "1", "\"1", "\"1\",", "* , \"1\""] {
            assert_eq!(IfMatch::parse(bad), None, "{bad}");
        }
    }
}
