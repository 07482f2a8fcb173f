//! What the admin panel stands on: its own files, what happens to all tasks, the last day, schemas.

use std::time::Duration;

use axum::body::Body;
use futures::StreamExt;
use http::{Method, Request};
use keruta_api::{Page, Statistics, TaskEvent};
use serde_json::json;
use tower::ServiceExt;

use crate::Server;

#[tokio::test]
async fn paths_of_the_panel_are_its_page_and_those_of_the_api_are_not() {
    let server = Server::start().await;
    for path in ["/", "/tasks/a/logs?find=x", "/settings"] {
        let answer = server.anonymous(Method::GET, path).send().await.is(200);
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-frame-options"), "DENY");
    }
    server.anonymous(Method::GET, "/api/v1/nothing").send().await.is(404).problem();
    server.anonymous(Method::POST, "/tasks").send().await.is(405).problem();
}

#[tokio::test]
async fn what_happens_is_listed_and_told_as_it_happens() {
    let server = Server::start().await;
    server.task(r#"{"id": "a"}"#).await;
    server.task(r#"{"id": "b"}"#).await;
    let ids = |page: &Page<TaskEvent>| page.items.iter().map(|event| event.task_id.clone()).collect::<Vec<_>>();
    let list = async |query: &str| -> Page<TaskEvent> {
        serde_json::from_value(server.get(&format!("/api/v1/events{query}")).send().await.is(200).value()).unwrap()
    };
    assert_eq!(ids(&list("").await), ["a", "b"]);
    let first = list("?limit=1").await;
    let next = list(&format!("?limit=1&cursor={}", first.next_cursor.clone().unwrap())).await;
    assert_eq!((ids(&first), ids(&next), next.next_cursor), (vec!["a".to_owned()], vec!["b".to_owned()], None));

    let follow = |last: Option<&str>| {
        let mut request =
            Request::get("/api/v1/events?follow=true").header("authorization", format!("Bearer {}", server.admin));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        server.router.clone().oneshot(request.body(Body::empty()).unwrap())
    };
    // From now on.
    let response = follow(None).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut live = response.into_body().into_data_stream();
    let piece = async |stream: &mut axum::body::BodyDataStream| {
        let bytes = tokio::time::timeout(Duration::from_secs(10), stream.next()).await.unwrap().unwrap().unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    };
    assert_eq!(piece(&mut live).await, "id: 2\nevent: begin\ndata: {}\n\n");
    server.post("/api/v1/tasks/a/cancel", &json!({"reason": "no\nlonger"})).send().await.is(200);
    let told = piece(&mut live).await;
    assert!(
        told.starts_with("id: 3\ndata: {") && told.contains("cancelRequested") && told.contains("\"taskId\":\"a\""),
        "{told}"
    );
    // Behind a place: nothing is missed, nothing told twice.
    let mut again = follow(Some("1")).await.unwrap().into_body().into_data_stream();
    piece(&mut again).await;
    let told = piece(&mut again).await;
    let sequences: Vec<&str> = told.lines().filter_map(|line| line.strip_prefix("id: ")).collect();
    assert_eq!(sequences[..2], ["2", "3"], "{told}");
    assert_eq!(follow(Some("x")).await.unwrap().status(), 400);
}

#[tokio::test]
async fn the_last_day_is_counted() {
    let server = Server::start().await;
    server.task(r#"{"id": "a"}"#).await;
    server.task(r#"{"id": "b"}"#).await;
    server.ask(Method::POST, "/api/v1/tasks/b/cancel").send().await.is(200);
    let statistics: Statistics =
        serde_json::from_value(server.get("/api/v1/statistics").send().await.is(200).value()).unwrap();
    assert_eq!((statistics.tasks.pending, statistics.tasks.cancelled), (1, 1));
    let last = statistics.day.last().unwrap();
    assert_eq!((statistics.day.len(), last.cancelled, last.queued), (48, 1, 2));
}

#[tokio::test]
async fn schemas_are_there_for_forms() {
    let server = Server::start().await;
    for (name, property) in [("task", "image"), ("settings", "defaultImage"), ("server", "logs")] {
        let schema = server.get(&format!("/api/v1/schemas/{name}")).send().await.is(200).value();
        assert!(schema["properties"][property].is_object(), "{schema}");
    }
    server.get("/api/v1/schemas/other").send().await.is(404).problem();
}

#[tokio::test]
async fn what_is_kept_is_told_by_its_size() {
    let server = Server::start().await;
    let read = async || server.get("/api/v1/storage").send().await.is(200).value();
    assert_eq!(read().await, json!({"logs": [], "artifacts": {"count": 0, "bytes": 0}}));
    for (task, namespace, lines) in [("a", "small", 1), ("b", "large", 2)] {
        server.task(&json!({"id": task, "namespace": namespace}).to_string()).await;
        let text = "{\"timestamp\": \"2026-11-30T10:00:00Z\", \"message\": \"a line\"}\n".repeat(lines);
        let path = format!("/api/v1/tasks/{task}/logs?attempt=1&container=main&offset=0");
        let kind = "application/x-ndjson";
        server.ask(Method::POST, &path).header("content-type", kind).text(&text).send().await.is(200);
    }
    server.ask(Method::PUT, "/api/v1/tasks/a/artifacts/x").text("12345").send().await.is(201);
    let found = read().await;
    assert_eq!(found["artifacts"], json!({"count": 1, "bytes": 5}));
    assert_eq!(found["toExport"], json!(null), "nothing is exported");
    let logs: Vec<_> =
        found["logs"].as_array().unwrap().iter().map(|one| (&one["namespace"], &one["logs"], &one["lines"])).collect();
    assert_eq!(logs, [(&json!("large"), &json!(1), &json!(2)), (&json!("small"), &json!(1), &json!(1))]);
    assert!(found["logs"][0]["storedBytes"].as_u64().unwrap() > 0 && found["logs"][0]["oldest"].is_string());
    let export = json!({"logs": {"export": {"url": "file:///nowhere"}}});
    server.ask(Method::PATCH, "/api/v1/settings/server").header("if-match", "*").json(&export).send().await.is(200);
    assert_eq!(read().await["toExport"], json!(0));
}
