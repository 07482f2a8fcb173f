//! The OpenAPI document, made from the routes themselves.

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use http::header;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{InfoBuilder, OpenApi, Ref, RefOr};

use super::error::PROBLEM_JSON;
use super::guard::cookie_name;

/// How an answer refers to a problem document.
const PROBLEM: &str = "#/components/schemas/Problem";

/// The route that gives the document.
pub fn route(document: OpenApi) -> Router {
    // A tree of texts always serializes.
    let text = finished(document).to_json().unwrap_or_default();
    let text: axum::body::Bytes = text.into();
    Router::new().route(
        "/api/openapi.json",
        get(async move || ([(header::CONTENT_TYPE, "application/json")], text.clone()).into_response()),
    )
}

/// Adds what all operations have: who may ask, and that any error is a problem document.
fn finished(mut document: OpenApi) -> OpenApi {
    document.info = InfoBuilder::new()
        .title("keruta")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Tasks, their queue and logs, and what they stand on."))
        .build();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("keruta_ROLE_SECRET").build();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("token", SecurityScheme::Http(bearer));
    let cookie = ApiKey::Cookie(ApiKeyValue::new(cookie_name(true)));
    components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
    document.security = Some(["token", "session"].map(|name| SecurityRequirement::new(name, [""; 0])).to_vec());
    // The router's mark of a parameter with slashes in it is not the document's.
    let paths = std::mem::take(&mut document.paths.paths);
    document.paths.paths = paths.into_iter().map(|(path, item)| (path.replace("{*", "{"), item)).collect();
    for (path, item) in &mut document.paths.paths {
        let operations = [
            ("get", &mut item.get),
            ("put", &mut item.put),
            ("post", &mut item.post),
            ("delete", &mut item.delete),
            ("patch", &mut item.patch),
        ];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                operation.operation_id = Some(id_of(method, path));
                finish(operation);
            }
        }
    }
    document
}

/// A name that no other operation has: `getRepositoriesByIdScript`.
fn id_of(method: &str, path: &str) -> String {
    let mut id = method.to_owned();
    for segment in path.trim_start_matches("/api").trim_start_matches("/v1").split('/').filter(|part| !part.is_empty())
    {
        let (by, name) = match segment.strip_prefix('{').and_then(|segment| segment.strip_suffix('}')) {
            Some(name) => ("By", name),
            None => ("", segment),
        };
        id.push_str(by);
        let mut characters = name.chars();
        id.extend(characters.next().into_iter().flat_map(char::to_uppercase));
        id.extend(characters);
    }
    id
}

fn finish(operation: &mut Operation) {
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response
            && let Some(RefOr::T(content)) = response.content.get("application/json")
            && matches!(&content.schema, Some(RefOr::Ref(Ref { ref_location, .. })) if ref_location == PROBLEM)
            && let Some(content) = response.content.swap_remove("application/json")
        {
            response.content.insert(PROBLEM_JSON.to_owned(), content);
        }
    }
    let any = ResponseBuilder::new()
        .description("Any other error, as a problem document")
        .content(PROBLEM_JSON, ContentBuilder::new().schema(Some(Ref::new(PROBLEM))).build())
        .build();
    operation.responses.responses.insert("default".to_owned(), any.into());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_named_by_what_they_do() {
        assert_eq!(id_of("get", "/api/v1/repositories/{id}/script"), "getRepositoriesByIdScript");
        assert_eq!(id_of("get", "/api/tasks/{taskId}/log"), "getTasksByTaskIdLog");
        assert_eq!(id_of("put", "/api/v1/me/password"), "putMePassword");
    }
}
