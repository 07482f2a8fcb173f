//! `If-None-Match`: what a client has already is not sent again ([RFC 9110]).
//!
//! [RFC 9110]: https://www.rfc-editor.org/rfc/rfc9110#name-if-none-match

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode, header};

/// Answers 304 in the place of a 200 whose tag the client named. A request for a part is the route's own affair.
pub async fn not_modified(request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let wanted = if reads { tags(request.headers()) } else { None };
    let mut response = next.run(request).await;
    let Some(wanted) = wanted else { return response };
    let tag = response.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok());
    if response.status() == StatusCode::OK && tag.is_some_and(|tag| has(&wanted, tag)) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::CONTENT_ENCODING] {
            response.headers_mut().remove(name);
        }
    }
    response
}

/// What the client has; `None` where it says nothing that can be read, and is then sent everything.
fn tags(headers: &HeaderMap) -> Option<String> {
    let lines: Vec<&str> =
        headers.get_all(header::IF_NONE_MATCH).iter().map(|value| value.to_str()).collect::<Result<_, _>>().ok()?;
    if lines.is_empty() { None } else { Some(lines.join(",")) }
}

/// Whether a list has a tag, or is `*`. Compared weakly: a weak tag is as good as a strong one here.
fn has(list: &str, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    list.trim() == "*" || list.split(',').any(|one| opaque(one) == opaque(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_weakly() {
        for list in ["*", "\"7\"", "W/\"7\"", "\"1\", \"7\"", "\"1\",W/\"7\""] {
            assert!(has(list, "\"7\"") && has(list, "W/\"7\""), "{list}");
        }
        for list in ["", "7", "\"77\"", "\"1\", \"2\"", "W/7"] {
            assert!(!has(list, "\"7\""), "{list}");
        }
    }
}
