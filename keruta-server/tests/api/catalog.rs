//! `/api/v1/repositories` and `/api/v1/documents`.

use http::Method;
use serde_json::json;

use crate::Server;

#[tokio::test]
async fn a_repository_and_its_script() {
    let server = Server::start().await;
    let body = json!({"name": "Keruta", "url": "https://github.com/keruta/keruta", "ref": "main"});
    let made = server.post("/api/v1/repositories", &body).send().await.is(201);
    let place = made.header("location").to_owned();
    assert_eq!((made.etag(), &made.value()["ref"]), ("\"1\"", &json!("main")));
    let script = format!("{place}/script");
    server.get(&script).send().await.is(404);

    let text = "#!/bin/sh\nset -e\necho 'é' \"$(id)\"\n";
    let put = server.ask(Method::PUT, &script).header("if-match", "\"1\"").text(text).send().await.is(200);
    assert_eq!((put.etag(), &put.value()["scriptSize"]), ("\"2\"", &json!(text.len())));
    let got = server.get(&script).send().await.is(200);
    assert_eq!((got.body.as_str(), got.etag()), (text, "\"2\""));
    assert_eq!(got.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(got.header("x-content-type-options"), "nosniff");
    server.ask(Method::PUT, &script).header("if-match", "\"1\"").text("x").send().await.is(412);
    server.ask(Method::PUT, &script).text("").send().await.is(200);
    server.get(&script).send().await.is(404);
    server.ask(Method::DELETE, &script).send().await.is(204);

    let update = json!({"name": "K", "url": "git@github.com:keruta/keruta.git"});
    let current = server.get(&place).send().await.is(200).etag().to_owned();
    let put = server.ask(Method::PUT, &place).header("if-match", &current).json(&update).send().await.is(200);
    assert_eq!(put.value().get("ref"), None);
    server.ask(Method::DELETE, &place).header("if-match", &current).send().await.is(412);
    server.ask(Method::DELETE, &place).send().await.is(204);
    server.get(&place).send().await.is(404);
}

#[tokio::test]
async fn a_document_does_nothing_in_a_browser() {
    let server = Server::start().await;
    let body =
        json!({"id": "page", "title": "<b>x</b>", "contentType": "text/html", "content": "<script>alert(1)</script>"});
    server.post("/api/v1/documents", &body).send().await.is(201);
    let content = server.get("/api/v1/documents/page/content").send().await.is(200);
    assert_eq!(content.body, "<script>alert(1)</script>");
    assert_eq!(content.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(content.header("content-disposition"), "attachment");
    assert_eq!(content.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'; sandbox");
    let put = server.ask(Method::PUT, "/api/v1/documents/page/content").text("# é\n").send().await.is(200);
    assert_eq!((put.value()["size"].clone(), put.etag()), (json!(5), "\"2\""));
    let update = json!({"title": "Page", "contentType": "text/markdown"});
    server.ask(Method::PUT, "/api/v1/documents/page").header("if-match", "\"2\"").json(&update).send().await.is(200);
    let content = server.get("/api/v1/documents/page/content").send().await.is(200);
    assert_eq!((content.body.as_str(), content.header("content-type")), ("# é\n", "text/markdown; charset=utf-8"));
    server.ask(Method::DELETE, "/api/v1/documents/page").send().await.is(204);
    server.get("/api/v1/documents/page/content").send().await.is(404);
}

#[tokio::test]
async fn hostile_texts_stay_texts() {
    let server = Server::start().await;
    for (number, text) in
        ["'; DROP TABLE documents; --", "$(id) `id`", "<img src=x onerror=alert(1)>", "%00%0a", "100%_\\"]
            .iter()
            .enumerate()
    {
        let id = format!("d-{number}");
        server.post("/api/v1/documents", &json!({"id": id, "title": text, "content": text})).send().await.is(201);
        let read = server.get(&format!("/api/v1/documents/{id}")).send().await.is(200).value();
        assert_eq!(read["title"], *text);
        let encoded: Vec<String> = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let encoded = encoded.concat();
        let found = server.get(&format!("/api/v1/documents?q={encoded}")).send().await.is(200).value();
        assert_eq!(found["items"].as_array().unwrap().len(), 1, "{text}");
        server.get(&format!("/api/v1/documents/{encoded}")).send().await.is(404);
    }
    assert_eq!(server.get("/api/v1/documents").send().await.value()["items"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn of_a_head_there_is_only_the_head() {
    let server = Server::start().await;
    server.post("/api/v1/documents", &json!({"id": "a", "title": "A"})).send().await.is(201);
    let head = server.ask(Method::HEAD, "/api/v1/documents/a").send().await.is(200);
    assert_eq!((head.body.as_str(), head.etag()), ("", "\"1\""));
    server.anonymous(Method::HEAD, "/api/v1/documents/a").send().await.is(401);
}

#[tokio::test]
async fn what_a_client_has_is_not_sent_again() {
    let server = Server::start().await;
    server.task(r#"{"id": "a"}"#).await;
    server.post("/api/v1/documents", &json!({"id": "d", "title": "x", "content": "text"})).send().await.is(201);
    let mut tags = 0;
    for path in
        ["/api/v1/tasks/a", "/api/v1/tasks/a/status", "/api/v1/documents/d/content", "/api/v1/settings/kubernetes"]
    {
        let whole = server.get(path).send().await.is(200);
        let tag = whole.etag().to_owned();
        for same in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let answer = server.get(path).header("if-none-match", &same).send().await.is(304);
            assert_eq!((answer.body.as_str(), answer.etag()), ("", tag.as_str()), "{path}");
            assert!(!answer.headers.contains_key("content-type"));
            assert!(answer.headers.get("content-length").is_none_or(|length| length == "0"), "{answer:?}");
        }
        assert_eq!(server.get(path).header("if-none-match", "\"other\"").send().await.is(200).body, whole.body);
        tags += 1;
    }
    assert_eq!(tags, 4);
    // Only what was found is not sent again; a change is none of its business.
    server.get("/api/v1/tasks/none").header("if-none-match", "*").send().await.is(404);
    server.ask(Method::POST, "/api/v1/tasks/a/cancel").header("if-none-match", "*").send().await.is(200);
}
