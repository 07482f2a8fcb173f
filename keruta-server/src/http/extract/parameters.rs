//! Parameters of the path and the query.

use axum::extract::FromRequestParts;
use axum::extract::rejection::PathRejection;
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::http::ApiError;
use crate::problem::field;

/// The parameters of the query. A type that denies unknown fields refuses misspelt ones by name.
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parse(parts.uri.query().unwrap_or_default()).map(Query)
    }
}

fn parse<T: DeserializeOwned>(query: &str) -> Result<T, ApiError> {
    if query.contains("%00") {
        return Err(ApiError::parameter("", "has a NUL character"));
    }
    serde_path_to_error::deserialize(serde_html_form::Deserializer::from_bytes(query.as_bytes())).map_err(|error| {
        let name = error.path().to_string();
        let name = if name == "." { "" } else { &name };
        let detail = match error.inner().to_string().as_str() {
            "unsupported value" => "is given several times, and has one value".to_owned(),
            "invalid digit found in string" => "is not a whole number".to_owned(),
            other => other.to_owned(),
        };
        ApiError::Parameters(vec![field(name, detail, None)])
    })
}

/// The parameters of the path.
#[derive(Debug, Clone, Copy)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        if parts.uri.path().contains("%00") {
            return Err(ApiError::parameter("", "the path has a NUL character"));
        }
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(PathRejection::FailedToDeserializePathParams(failed)) => {
                Err(ApiError::parameter("", failed.body_text()))
            }
            Err(missing) => Err(ApiError::Internal { context: "reading the path", source: Box::new(missing) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    #[allow(dead_code)]
    struct Filters {
        limit: Option<u32>,
        #[serde(default)]
        status: Vec<String>,
    }

    #[test]
    fn queries_may_repeat_a_parameter_and_may_not_misspell_one() {
        let filters: Filters = parse("status=A&limit=3&status=B%20C").unwrap();
        assert_eq!((filters.limit, filters.status.as_slice()), (Some(3), &["A".to_owned(), "B C".to_owned()][..]));
        let refused = |query| match parse::<Filters>(query).unwrap_err() {
            ApiError::Parameters(errors) => format!("{} {}", errors[0].pointer, errors[0].detail),
            other => panic!("{other:?}"),
        };
        assert_eq!(refused("limit=many"), "limit is not a whole number");
        assert_eq!(refused("limit=1&limit=2"), "limit is given several times, and has one value");
        assert!(refused("stauts=A").starts_with("stauts unknown field `stauts`"), "{}", refused("stauts=A"));
        assert!(refused("status=%00").contains("NUL"));
    }
}
