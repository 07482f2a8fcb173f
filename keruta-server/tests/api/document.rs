//! The OpenAPI document.

use http::Method;

use crate::Server;

#[tokio::test]
async fn it_is_there_for_everybody_and_every_error_in_it_is_a_problem_document() {
    let server = Server::start().await;
    let document = server.anonymous(Method::GET, "/api/openapi.json").send().await.is(200).value();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut operations = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            operations += 1;
            let responses = operation["responses"].as_object().unwrap();
            assert!(responses.contains_key("default"), "{method} {path}");
            for (status, response) in responses {
                let is_error = status == "default" || status.starts_with('4');
                let content = response["content"].as_object();
                let problem = content.is_some_and(|content| content.contains_key("application/problem+json"));
                assert_eq!(problem, is_error, "{method} {path} {status}");
            }
            assert!(operation["operationId"].is_string() && operation["tags"].is_array(), "{method} {path}");
            assert!(operation["summary"].is_string(), "{method} {path} says nothing of itself");
        }
    }
    assert!(operations > 40, "{operations}");
    // What is referred to is there.
    let text = document.to_string();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name}");
    }
    let mut ids: Vec<&str> =
        text.split("\"operationId\":\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "two operations have one id");
}

/// The panel's types are made of a copy of the document. `KERUTA_UPDATE_OPENAPI=1 cargo test -p keruta-server --test api panels`
/// brings it up to date, `npm run generate` the types.
#[tokio::test]
async fn the_panels_copy_is_this_document() {
    let server = Server::start().await;
    let document = server.anonymous(Method::GET, "/api/openapi.json").send().await.is(200).value();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("panel/openapi.json");
    if std::env::var_os("KERUTA_UPDATE_OPENAPI").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&document).unwrap() + "\n").unwrap();
    }
    // A package has the bundle alone.
    let Ok(copy) = std::fs::read_to_string(&path) else { return };
    let copy: serde_json::Value = serde_json::from_str(&copy).unwrap();
    assert!(copy == document, "panel/openapi.json is another document than the server's");
}
