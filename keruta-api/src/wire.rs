//! What a client writes and reads beside the bodies, whatever it speaks HTTP with: paths, queries, and the answers that are no success.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::Problem;

/// What RFC 3986 calls unreserved stays as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A name as a segment of a path.
///
/// ```
/// assert_eq!(keruta_api::wire::segment("../a/b?c"), "..%2Fa%2Fb%3Fc");
/// ```
#[must_use]
pub fn segment(name: &str) -> String {
    utf8_percent_encode(name, PLAIN).to_string()
}

/// A query, from those parameters that are given.
///
/// ```
/// let parameters = [("q", Some("a&b".to_owned())), ("none", None), ("limit", Some("5".to_owned()))];
/// assert_eq!(keruta_api::wire::query(&parameters), "?q=a%26b&limit=5");
/// ```
#[must_use]
pub fn query(parameters: &[(&str, Option<String>)]) -> String {
    let mut query = String::new();
    for (name, value) in parameters {
        if let Some(value) = value {
            query.push(if query.is_empty() { '?' } else { '&' });
            query.push_str(name);
            query.push('=');
            query.extend(utf8_percent_encode(value, PLAIN));
        }
    }
    query
}

/// The path of a task, or of something of it.
///
/// ```
/// assert_eq!(keruta_api::wire::task("a b", "/status"), "/api/v1/tasks/a%20b/status");
/// ```
#[must_use]
pub fn task(id: &str, what: &str) -> String {
    format!("/api/v1/tasks/{}{what}", segment(id))
}

/// The path of an artifact, whose own may have directories.
#[must_use]
pub fn artifact(task_id: &str, path: &str) -> String {
    let path: Vec<String> = path.split('/').map(segment).collect();
    task(task_id, &format!("/artifacts/{}", path.join("/")))
}

/// The path of a repository's setup script.
#[must_use]
pub fn repository_script(id: &str) -> String {
    format!("/api/v1/repositories/{}/script", segment(id))
}

/// The path of a document's text.
#[must_use]
pub fn document_content(id: &str) -> String {
    format!("/api/v1/documents/{}/content", segment(id))
}

/// How many lines a log has, as the `Content-Range` of a refused batch says: `lines */1234`.
///
/// ```
/// assert_eq!(keruta_api::wire::log_offset("lines */1234"), Some(1234));
/// ```
#[must_use]
pub fn log_offset(content_range: &str) -> Option<u64> {
    content_range.strip_prefix("lines */")?.trim().parse().ok()
}

/// The problem document of an answer; one made of its status where something in between has answered in the API's place.
#[must_use]
pub fn problem(status: u16, reason: Option<&str>, body: &[u8]) -> Problem {
    serde_json::from_slice(body).unwrap_or_else(|_| Problem {
        kind: "about:blank".to_owned(),
        title: reason.unwrap_or("an error without a problem document").to_owned(),
        status,
        detail: None,
        request_id: None,
        errors: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_data_in_a_path_and_a_query() {
        assert_eq!(segment("../a/b?c#d é~"), "..%2Fa%2Fb%3Fc%23d%20%C3%A9~");
        assert_eq!(artifact("a/b", "out/the data"), "/api/v1/tasks/a%2Fb/artifacts/out/the%20data");
        let parameters = [("q", Some("a&b=c".to_owned())), ("none", None), ("limit", Some("5".to_owned()))];
        assert_eq!(query(&parameters), "?q=a%26b%3Dc&limit=5");
        assert_eq!(query(&[("none", None)]), "");
    }

    #[test]
    fn an_answer_of_something_in_between_is_a_problem_too() {
        let problem = problem(502, Some("Bad Gateway"), b"<html>");
        assert_eq!(
            (problem.kind.as_str(), problem.status, problem.title.as_str()),
            ("about:blank", 502, "Bad Gateway")
        );
        assert_eq!(log_offset("bytes */3"), None);
    }
}
