//! Wrong requests, and what is said of them.

use std::fmt::Write as _;

use http::Method;
use keruta_server::auth::AccessOptions;
use serde_json::json;

use crate::Server;

/// A wrong request: method, path, headers, body.
type Wrong = (Method, &'static str, &'static [(&'static str, &'static str)], &'static str);

const JSON: (&str, &str) = ("content-type", "application/json");
const VERSION: (&str, &str) = ("if-match", "\"1\"");

#[rustfmt::skip]
const WRONG: &[Wrong] = &[
    (Method::GET, "/api/v1/nothing", &[], ""),
    (Method::DELETE, "/api/v1/repositories", &[], ""),
    (Method::GET, "/api/v1/repositories/none", &[], ""),
    (Method::GET, "/api/v1/repositories/none/script", &[], ""),
    (Method::GET, "/api/v1/repositories/bare/script", &[], ""),
    (Method::GET, "/api/v1/repositories/%00", &[], ""),
    (Method::GET, "/api/v1/repositories/%ff", &[], ""),
    (Method::GET, "/api/v1/repositories/..%2f..%2fetc%2fpasswd/script", &[], ""),
    (Method::GET, "/api/v1/repositories/'%20OR%201=1%20--", &[], ""),
    (Method::GET, "/api/v1/repositories?limit=0", &[], ""),
    (Method::GET, "/api/v1/repositories?limit=many", &[], ""),
    (Method::GET, "/api/v1/repositories?cursor='%20OR%201=1", &[], ""),
    (Method::GET, "/api/v1/repositories?cursor=bm8", &[], ""),
    (Method::GET, "/api/v1/repositories?nmae=x", &[], ""),
    (Method::GET, "/api/v1/repositories?q=a&q=b", &[], ""),
    (Method::POST, "/api/v1/repositories", &[], "{}"),
    (Method::POST, "/api/v1/repositories", &[("content-type", "application/x-www-form-urlencoded")], "name=x"),
    (Method::POST, "/api/v1/repositories", &[JSON], ""),
    (Method::POST, "/api/v1/repositories", &[JSON], "{\"name\": "),
    (Method::POST, "/api/v1/repositories", &[JSON], "[]"),
    (Method::POST, "/api/v1/repositories", &[JSON], "{}"),
    (Method::POST, "/api/v1/repositories", &[JSON], r#"{"id": "../x", "name": "", "url": "ext::sh -c id", "ref": "--upload-pack=x", "descripton": "x"}"#),
    (Method::POST, "/api/v1/repositories", &[JSON], r#"{"name": "a\u0000b", "url": "https://h/x"}"#),
    (Method::POST, "/api/v1/repositories", &[JSON], r#"{"name": 1, "url": ["https://h/x"]}"#),
    (Method::POST, "/api/v1/repositories", &[JSON], r#"{"id": "bare", "name": "x", "url": "https://h/x"}"#),
    (Method::PUT, "/api/v1/repositories/bare", &[JSON], r#"{"name": "x", "url": "https://h/x"}"#),
    (Method::PUT, "/api/v1/repositories/bare", &[JSON, ("if-match", "1")], r#"{"name": "x", "url": "https://h/x"}"#),
    (Method::PUT, "/api/v1/repositories/bare", &[JSON, ("if-match", "\"7\"")], r#"{"name": "x", "url": "https://h/x"}"#),
    (Method::PUT, "/api/v1/repositories/bare", &[JSON, ("if-match", "W/\"1\"")], r#"{"name": "x", "url": "https://h/x"}"#),
    (Method::PUT, "/api/v1/repositories/bare/script", &[], "echo \0"),
    (Method::POST, "/api/v1/documents", &[JSON], r#"{"title": "x", "contentType": "text/html\r\nX: y"}"#),
    (Method::PATCH, "/api/v1/settings/kubernetes", &[JSON], "{}"),
    (Method::PATCH, "/api/v1/settings/kubernetes", &[JSON, VERSION], r#"{"workspace": {"siez": "1Gi", "size": "big"}, "defaultImage": "No Such", "apiTokenSecret": "secret-itself"}"#),
    (Method::PUT, "/api/v1/settings/kubernetes", &[JSON, VERSION], r#"{"queue": "a", "queue": "b"}"#),
    (Method::PUT, "/api/v1/settings/kubernetes", &[JSON, VERSION], "[]"),
    (Method::PUT, "/api/v1/settings/kubernetes", &[JSON, VERSION], r#"{"job": [3]}"#),
    (Method::PUT, "/api/v1/settings/kubernetes", &[JSON, ("if-match", "\"9\"")], "{}"),
    (Method::POST, "/api/v1/tokens", &[JSON], r#"{"name": "x", "role": "root"}"#),
    (Method::POST, "/api/v1/tokens", &[JSON], r#"{"name": "x", "role": "task"}"#),
    (Method::POST, "/api/v1/tokens", &[JSON], r#"{"name": "x", "role": "viewer", "expiresAt": "2020-01-01T00:00:00Z"}"#),
    (Method::POST, "/api/v1/tokens", &[JSON], r#"{"name": "x", "role": "viewer", "expiresAt": "tomorrow"}"#),
    (Method::POST, "/api/v1/tokens", &[JSON], r#"{"name": "first-admin", "role": "admin"}"#),
    (Method::GET, "/api/v1/tokens?role=root", &[], ""),
    (Method::POST, "/api/v1/users", &[JSON], r#"{"name": "Ada", "password": "short", "role": "service"}"#),
    (Method::POST, "/api/v1/users", &[JSON], r#"{"name": "ada", "password": "long enough to be one", "role": "service"}"#),
    (Method::POST, "/api/v1/sessions", &[JSON], r#"{"name": "nobody", "password": "x"}"#),
    (Method::DELETE, "/api/v1/sessions/current", &[], ""),
    (Method::DELETE, "/api/v1/sessions/none", &[], ""),
    (Method::PUT, "/api/v1/me/password", &[JSON], r#"{"current": "x", "new": "long enough to be one"}"#),
];

#[tokio::test]
async fn wrong_requests_are_told_what_is_wrong_with_them() {
    let server = Server::start().await;
    server
        .post("/api/v1/repositories", &json!({"id": "bare", "name": "Bare", "url": "https://h/x"}))
        .send()
        .await
        .is(201);
    let mut told = String::new();
    for (method, path, headers, body) in WRONG {
        let mut ask = server.ask(method.clone(), path);
        for (name, value) in *headers {
            ask = ask.header(name, value);
        }
        let answer = ask.text(body).send().await;
        assert!(answer.status.is_client_error(), "{method} {path}: {answer:?}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cache-control"), "no-store");
        writeln!(told, "{method} {path} {headers:?}\n{}\n{}\n", body.escape_debug(), answer.problem()).unwrap();
    }
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn who_shows_nothing_or_nonsense_is_told_so() {
    let server = Server::start().await;
    let path = "/api/v1/repositories";
    let other = format!("keruta_admin_{}", "0".repeat(64));
    let twice = server.anonymous(http::Method::GET, path).token(&server.admin).token(&server.admin);
    let mut told = String::new();
    for (what, ask) in [
        ("nothing", server.anonymous(Method::GET, path)),
        ("an unknown token", server.anonymous(Method::GET, path).token(&other)),
        ("another scheme", server.anonymous(Method::GET, path).header("authorization", "Basic YTpi")),
        ("no scheme", server.anonymous(Method::GET, path).header("authorization", &server.admin)),
        ("two tokens", twice),
        ("an unknown cookie", server.anonymous(Method::GET, path).header("cookie", "keruta=00")),
        ("a hostile token", server.anonymous(Method::GET, path).token("' OR 1=1 --")),
    ] {
        writeln!(told, "{what}\n{}\n", ask.send().await.is(401).problem()).unwrap();
    }
    insta::assert_snapshot!(told);
    // The scheme has any case of letters.
    server
        .anonymous(Method::GET, path)
        .header("authorization", &format!("bEARER {}", server.admin))
        .send()
        .await
        .is(200);
}

#[tokio::test]
async fn bodies_have_limits() {
    let server = Server::start().await;
    server.post("/api/v1/repositories", &json!({"id": "a", "name": "A", "url": "https://h/x"})).send().await.is(201);
    server.post("/api/v1/documents", &json!({"id": "a", "title": "A"})).send().await.is(201);
    let mib = 1024 * 1024;
    for (method, path, limit) in [
        (Method::PUT, "/api/v1/repositories/a/script", mib),
        (Method::PUT, "/api/v1/documents/a/content", 4 * mib),
        (Method::POST, "/api/v1/repositories", 3 * mib),
        (Method::POST, "/api/v1/tokens", mib),
        (Method::POST, "/api/v1/sessions", 16 * 1024),
    ] {
        let send = |size| {
            let ask = server.ask(method.clone(), path).header("content-type", "application/json");
            ask.text(&"x".repeat(size)).send()
        };
        let answer = send(limit + 1).await.is(413);
        assert!(answer.body.contains(&format!("the {limit} bytes that are taken here")), "{}", answer.body);
        assert_ne!(send(limit).await.status, 413, "{path}");
    }
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing() {
    let options =
        AccessOptions { trusted_origins: vec!["https://panel.example.com".to_owned()], ..AccessOptions::default() };
    let server = Server::start_with(options).await;
    let ask = |headers: &[(&'static str, &str)]| {
        let body = json!({"title": "x"});
        let mut ask = server.post("/api/v1/documents", &body).header("host", "keruta.example.com");
        for (name, value) in headers {
            ask = ask.header(name, value);
        }
        ask.send()
    };
    for foreign in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://evil.example.com")],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site"), ("origin", "https://panel.example.com.evil.com")],
    ] {
        let answer = ask(foreign).await.is(403);
        assert!(answer.problem().contains("page of another site"), "{answer:?}");
    }
    for own in [
        &[][..],
        &[("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "none")],
        &[("origin", "https://keruta.example.com")],
        &[("sec-fetch-site", "cross-site"), ("origin", "https://panel.example.com")],
    ] {
        ask(own).await.is(201);
    }
}

#[tokio::test]
async fn an_origin_that_is_none_is_refused_at_the_start() {
    let server = Server::start().await;
    for wrong in ["panel.example.com", "https://panel.example.com/path", "file:///x"] {
        let options = AccessOptions { trusted_origins: vec![wrong.to_owned()], ..AccessOptions::default() };
        let access = keruta_server::auth::Access::new(server.parts.store.clone(), options).unwrap();
        let parts = keruta_server::http::ApiParts { access, ..server.parts.clone() };
        assert!(keruta_server::http::api(&parts).is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn an_error_of_a_route_that_compresses_is_not_said_to_be_compressed() {
    let server = Server::start().await;
    for path in ["/api/v1/tasks/none/logs", "/api/v1/tasks/none/logs/summary", "/api/tasks/none/log?limit=x"] {
        let answer = server.get(path).header("accept-encoding", "gzip, zstd").send().await;
        assert!(answer.status.is_client_error() && !answer.headers.contains_key("content-encoding"), "{answer:?}");
        answer.problem();
    }
}
