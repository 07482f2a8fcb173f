//! JSON bodies.

use axum::extract::{FromRequest, OptionalFromRequest, Request};
use http::{HeaderMap, header};
use keruta_manifest::problem::{FieldPath, Problem, Problems, Rule};
use keruta_manifest::read;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use super::limit::whole_body;
use super::text::utf8;
use crate::http::ApiError;

/// A JSON body; all that is wrong with it is told at once.
///
/// ```
/// use keruta_server::http::extract::Json;
///
/// # #[derive(serde::Deserialize)]
/// # struct NewRepository;
/// async fn create(Json(new): Json<NewRepository>) {}
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        // Also against forged requests: a form of another site cannot send this type.
        is_json(&parts.headers)?;
        let bytes = whole_body(parts, body).await?;
        read_json(utf8(&bytes)?).map(Json)
    }
}

/// A body that may be left out: nothing at all is none.
impl<S: Send + Sync, T: DeserializeOwned> OptionalFromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Option<Self>, ApiError> {
        let (parts, body) = request.into_parts();
        let json = is_json(&parts.headers);
        let bytes = whole_body(parts, body).await?;
        if bytes.is_empty() {
            return Ok(None);
        }
        json?;
        read_json(utf8(&bytes)?).map(Json).map(Some)
    }
}

/// The text of a JSON body, for a reader of its own.
#[derive(Debug, Clone)]
pub struct JsonText(pub String);

impl<S: Send + Sync> FromRequest<S> for JsonText {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        is_json(&parts.headers)?;
        let bytes = whole_body(parts, body).await?;
        Ok(Self(utf8(&bytes)?.to_owned()))
    }
}

/// Whether the type is JSON, or one built on it.
fn is_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let found = headers.get(header::CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let essence =
        found.as_deref().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let suffixed = essence.strip_prefix("application/").is_some_and(|subtype| subtype.ends_with("+json"));
    if essence == "application/json" || suffixed {
        return Ok(());
    }
    let found = found.unwrap_or_else(|| "not given".to_owned());
    Err(ApiError::UnsupportedMediaType { found, expected: "application/json" })
}

/// Reads a text; a text that is no JSON at all is another problem than one that says the wrong things.
pub(crate) fn read_json<T: DeserializeOwned>(text: &str) -> Result<T, ApiError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(ApiError::Malformed { detail: "the body is empty: send a JSON document".to_owned() });
    }
    // A struct would also be read from the list of its fields' values.
    if text.trim_start().starts_with('[') && serde_json::from_str::<IgnoredAny>(text).is_ok() {
        let problem = Problem::custom(
            FieldPath::root(),
            Rule::WrongType,
            "found a list where an object is expected",
            "give an object, in { }",
        );
        return Err(ApiError::invalid("body", &problem.into()));
    }
    let read = read::from_json::<T>(text).map_err(|partial| of_problems(&partial.problems))?;
    match Problems::none_of(nuls(text)) {
        Ok(()) => Ok(read),
        Err(problems) => Err(of_problems(&problems)),
    }
}

fn of_problems(problems: &Problems) -> ApiError {
    match problems.as_slice() {
        [problem] if problem.rule == Rule::Syntax => {
            let at = problem.position.map(|at| format!(" (line {}, column {})", at.line, at.column));
            ApiError::Malformed { detail: format!("the body {}{}", problem.message, at.unwrap_or_default()) }
        }
        _ => ApiError::invalid("body", problems),
    }
}

/// NUL characters, which PostgreSQL has no place for, and no environment either.
fn nuls(text: &str) -> Vec<Problem> {
    let mut found = Vec::new();
    // The only way to write one.
    if text.contains("\\u0000")
        && let Ok(tree) = serde_json::from_str(text)
    {
        look(&tree, &FieldPath::root(), &mut found);
    }
    found
}

fn look(value: &Value, path: &FieldPath, found: &mut Vec<Problem>) {
    let mut check = |text: &str, path: &FieldPath| {
        if text.contains('\0') {
            found.push(Problem::custom(path.clone(), Rule::Text, "has a NUL character", "remove it"));
        }
    };
    match value {
        Value::String(text) => check(text, path),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                look(item, &path.index(index), found);
            }
        }
        Value::Object(object) => {
            for (key, value) in object {
                let path = path.key(key.clone());
                if key.contains('\0') {
                    found.push(Problem::custom(
                        path.clone(),
                        Rule::Text,
                        "has a NUL character in its name",
                        "remove it",
                    ));
                }
                look(value, &path, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    #[allow(dead_code)]
    struct Body {
        name: String,
        #[serde(default)]
        max_size: u32,
        #[serde(default)]
        more: Value,
    }

    fn refused(text: &str) -> String {
        let problem = read_json::<Body>(text).unwrap_err().problem();
        let errors: Vec<_> = problem.errors.iter().map(|error| format!("{} {}", error.pointer, error.detail)).collect();
        format!("{} {} | {}", problem.status, problem.detail.unwrap_or_default(), errors.join(" | "))
    }

    #[test]
    fn wrong_bodies_say_what_is_wrong() {
        let bodies = [
            "",
            "{",
            "[]",
            " [\"a\", 1, null]",
            "\"x\"",
            "{}",
            r#"{"name": 1, "maxsize": 2, "maxSize": -1}"#,
            r#"{"name": "a", "name": "b"}"#,
            r#"{"name": "a\u0000", "more": [{"k": ["\u0000"]}]}"#,
            r#"{"name": "a", "more": {"k\u0000": 1}}"#,
        ];
        insta::assert_snapshot!(
            bodies.map(|body| format!("{body:?}\n    {}", refused(body).replace('\0', "<NUL>"))).join("\n")
        );
        // An escaped backslash before the digits is no NUL.
        assert!(read_json::<Body>(r#"{"name": "a\\u0000"}"#).is_ok());
    }

    #[test]
    fn json_has_several_types() {
        let of = |value: &'static str| HeaderMap::from_iter([(header::CONTENT_TYPE, value.parse().unwrap())]);
        for good in ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"] {
            assert!(is_json(&of(good)).is_ok(), "{good}");
        }
        for bad in ["text/plain", "application/x-www-form-urlencoded", "text/json+json", ""] {
            assert!(is_json(&of(bad)).is_err(), "{bad}");
        }
        assert!(is_json(&HeaderMap::new()).is_err());
    }
}
