//! Versions as entity tags ([RFC 9110](https://www.rfc-editor.org/rfc/rfc9110#name-conditional-requests)).

use axum::Json;
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};
use serde::Serialize;

use super::ApiError;

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

/// What `If-Match` expects: a version, or (`*`) whatever it has become. Required; [`Option`] of it where it is not.
///
/// ```
/// use keruta_server::http::IfMatch;
///
/// assert_eq!(IfMatch::parse(r#""7""#).unwrap(), IfMatch(Some(7)));
/// assert_eq!(IfMatch::parse("*").unwrap(), IfMatch(None));
/// assert!(IfMatch::parse("7").is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IfMatch(pub Option<i64>);

impl IfMatch {
    /// Reads the header's value.
    ///
    /// # Errors
    ///
    /// Where it is none, and where its tag cannot be one of ours: that matches nothing.
    pub fn parse(value: &str) -> Result<Self, ApiError> {
        let value = value.trim();
        if value == "*" {
            return Ok(Self(None));
        }
        let (weak, opaque) = value.strip_prefix("W/").map_or((false, value), |opaque| (true, opaque));
        let opaque = opaque.strip_prefix('"').and_then(|opaque| opaque.strip_suffix('"'));
        match opaque.map(str::parse::<i64>) {
            Some(Ok(version)) if !weak => Ok(Self(Some(version))),
            Some(_) => {
                Err(ApiError::Outdated("the tag in If-Match is none of this server's: read it again".to_owned()))
            }
            None => Err(ApiError::parameter(
                "If-Match",
                "is no entity tag: send the ETag that was read, in its quotes, or *",
            )),
        }
    }

    fn of(headers: &HeaderMap) -> Result<Option<Self>, ApiError> {
        let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
        // What is no text is no tag either.
        Self::parse(value.to_str().unwrap_or_default()).map(Some)
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
        let parse = |value: &str| IfMatch::parse(value).map_err(|error| error.kind().status().as_u16());
        assert_eq!(parse(etag(12).to_str().unwrap()), Ok(IfMatch(Some(12))));
        assert_eq!(parse(" * "), Ok(IfMatch(None)));
        for foreign in [r#"W/"1""#, r#""abc""#, r#""1", "2""#, r#""""#] {
            assert_eq!(parse(foreign), Err(412), "{foreign}");
        }
        for bad in ["", "1", "\"1", "1\""] {
            assert_eq!(parse(bad), Err(400), "{bad}");
        }
    }
}
