//! `/api/v1/tasks`, as a client sees it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use std::sync::Arc;

use axum::body::Body;
use axum::{Extension, Router};
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt;
use keruta_manifest::Settings;
use keruta_server::http::actor::Actor;
use keruta_server::http::layers::around;
use keruta_server::http::tasks::{TasksState, routes};
use keruta_server::store::{Author, Store};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;
use tower::ServiceExt;

struct Api {
    router: Router,
    store: Store,
    _settings: watch::Sender<Arc<Settings>>,
    _directory: TempDir,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    fn etag(&self) -> &str {
        self.headers[header::ETAG].to_str().unwrap()
    }
}

impl Api {
    async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("keruta.db").display());
        let store = Store::open(&url).await.unwrap();
        let settings = Settings::from_json(r#"{"defaultNamespace": "team-a"}"#).unwrap();
        let settings = watch::Sender::new(Arc::new(settings));
        let state = TasksState {
            store: store.clone(),
            settings: settings.subscribe(),
            operation: watch::Sender::new(Arc::default()).subscribe(),
        };
        let router: Router = routes(state).into();
        let router = around(router.layer(Extension(Actor("ada".to_owned()))).layer(Extension(Author::from("ada"))));
        Self { router, store, _settings: settings, _directory: directory }
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        Answer { status, headers, body: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    async fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.ask(method, path, &[("content-type", "application/json")], &body.to_string()).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], "").await
    }
}

#[tokio::test]
async fn a_task_is_made_read_changed_and_deleted() {
    let api = Api::start().await;
    let made =
        api.send("POST", "/api/v1/tasks", &json!({"title": "Fix it", "image": "busybox:1.36", "priority": 2})).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let task = made.json();
    let path = made.headers[header::LOCATION].to_str().unwrap().to_owned();
    assert_eq!(path, format!("/api/v1/tasks/{}", task["id"].as_str().unwrap()));
    assert_eq!(
        (&task["status"], &task["namespace"], &task["attempt"]),
        (&json!("PENDING"), &json!("team-a"), &json!(1))
    );
    assert!(task["createdAt"].as_str().unwrap().ends_with('Z'));

    let read = api.get(&path).await;
    assert_eq!((read.json(), read.etag()), (task.clone(), made.etag()));

    // What was read can be sent back with a change.
    let mut changed = task.clone();
    changed["title"] = json!("Fix it well");
    let without = api.send("PUT", &path, &changed).await;
    assert_eq!(without.status, StatusCode::PRECONDITION_REQUIRED, "{}", without.body);
    let headers = [("content-type", "application/json"), ("if-match", made.etag())];
    let answer = api.ask("PUT", &path, &headers, &changed.to_string()).await;
    assert_eq!((answer.status, &answer.json()["title"]), (StatusCode::OK, &json!("Fix it well")), "{}", answer.body);
    let late = api.ask("PUT", &path, &headers, &changed.to_string()).await;
    assert_eq!(late.status, StatusCode::PRECONDITION_FAILED, "{}", late.body);

    let early = api.ask("DELETE", &path, &[], "").await;
    assert_eq!((early.status, &early.json()["type"]), (StatusCode::CONFLICT, &json!("/problems/conflict")));
    let cancelled = api.send("POST", &format!("{path}/cancel"), &json!({"reason": "no need"})).await;
    assert_eq!((cancelled.status, &cancelled.json()["status"]), (StatusCode::OK, &json!("CANCELLED")));
    let retried = api.ask("POST", &format!("{path}/retry"), &[], "").await;
    assert_eq!((&retried.json()["status"], &retried.json()["attempt"]), (&json!("PENDING"), &json!(2)));
    let again = api.ask("POST", &format!("{path}/cancel"), &[], "").await;
    assert_eq!(again.status, StatusCode::OK, "{}", again.body);
    assert_eq!(api.ask("DELETE", &path, &[], "").await.status, StatusCode::NO_CONTENT);
    assert_eq!(api.get(&path).await.status, StatusCode::NOT_FOUND);

    let events = api.get(&format!("{path}/events")).await.json();
    let told: Vec<_> = events["items"].as_array().unwrap().iter().map(|event| event["kind"].clone()).collect();
    let wanted = ["created", "changed", "cancelRequested", "status", "retried", "cancelRequested", "status", "deleted"];
    assert_eq!(told, wanted);
    assert_eq!(events["items"][3]["reason"], "no need");
}

#[tokio::test]
async fn an_agent_begins_tells_its_progress_and_is_refused_when_another_has_begun() {
    let api = Api::start().await;
    api.send("POST", "/api/v1/tasks", &json!({"id": "a", "image": "busybox:1.36"})).await;
    let begun = api.send("POST", "/api/v1/tasks/a/epoch", &json!({"attempt": 1})).await;
    assert_eq!((begun.status, &begun.json()["epoch"]), (StatusCode::OK, &json!(1)), "{}", begun.body);
    let progress = json!({"percent": 40, "message": "tests"});
    let update = json!({"status": "IN_PROGRESS", "attempt": 1, "epoch": 1, "progress": progress});
    let told = api.send("PUT", "/api/v1/tasks/a/status", &update).await;
    assert_eq!(told.json()["progress"]["percent"], 40, "{}", told.body);
    let task = api.get("/api/v1/tasks/a").await.json();
    assert_eq!((&task["progress"]["message"], &task["status"]), (&json!("tests"), &json!("IN_PROGRESS")));
    assert!(task["progress"]["at"].as_str().unwrap().ends_with('Z'));
    for (wrong, place) in [
        (json!({"percent": 101}), "/progress/percent"),
        (json!({"percent": 1, "message": "x".repeat(2000)}), "/progress/message"),
    ] {
        let refused =
            api.send("PUT", "/api/v1/tasks/a/status", &json!({"status": "IN_PROGRESS", "progress": wrong})).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["errors"][0]["pointer"]), (422, &json!(place)));
    }
    // Without a body it is the present attempt's.
    assert_eq!(api.ask("POST", "/api/v1/tasks/a/epoch", &[], "").await.json()["epoch"], 2);
    let stale = api.send("PUT", "/api/v1/tasks/a/status", &update).await;
    let problem = stale.json();
    assert_eq!((stale.status, &problem["type"]), (StatusCode::CONFLICT, &json!("/problems/stale-epoch")));
    assert_eq!(problem["detail"], "agent 1 of attempt 1 of the task a has no say any more: agent 2 runs it now");
    assert_eq!(api.get("/api/v1/tasks/a/status").await.json()["epoch"], 2);
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_task_is_told_at_once() {
    let api = Api::start().await;
    let task = json!({"id": "a b", "image": "Not An Image", "prioritty": 1, "timeoutSeconds": "soon"});
    let answer = api.send("POST", "/api/v1/tasks", &task).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let problem = answer.json();
    let mut places: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    places.sort_unstable();
    assert_eq!(places, ["/id", "/image", "/prioritty", "/timeoutSeconds"], "{problem:#}");
    assert!(problem["errors"].as_array().unwrap().iter().all(|error| error["cure"].is_string()), "{problem:#}");
}

#[tokio::test]
async fn lists_are_filtered_and_come_in_pages() {
    let api = Api::start().await;
    for number in 0..5 {
        api.send(
            "POST",
            "/api/v1/tasks",
            &json!({"id": format!("t{number}"), "image": "busybox:1.36", "title": format!("no {number}")}),
        )
        .await;
    }
    api.send("POST", "/api/v1/tasks/t3/cancel", &json!({})).await;
    let (mut ids, mut path) = (Vec::new(), "/api/v1/tasks?limit=2".to_owned());
    loop {
        let page = api.get(&path).await.json();
        ids.extend(page["items"].as_array().unwrap().iter().map(|task| task["id"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        path = format!("/api/v1/tasks?limit=2&cursor={cursor}");
    }
    assert_eq!(ids, ["t4", "t3", "t2", "t1", "t0"]);
    let found = api.get("/api/v1/tasks?status=CANCELLED&status=FAILED&q=NO").await.json();
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    for wrong in
        ["status=DONE", "limit=0", "limit=9999", "cursor=zzz", "staus=FAILED", "createdSince=yesterday", "q=%00"]
    {
        let answer = api.get(&format!("/api/v1/tasks?{wrong}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong}: {}", answer.body);
        assert_eq!(answer.headers[header::CONTENT_TYPE], "application/problem+json");
    }
}

#[tokio::test]
async fn a_manifest_is_shown_before_it_is_sent() {
    let api = Api::start().await;
    api.send("POST", "/api/v1/tasks", &json!({"id": "a", "image": "busybox"})).await;
    let manifest = api.get("/api/v1/tasks/a/manifest").await.json();
    assert_eq!(manifest["sent"], false);
    assert!(manifest["manifest"].as_str().unwrap().contains("namespace: team-a"), "{manifest:#}");
    assert!(!manifest["findings"].as_array().unwrap().is_empty(), "an image without a tag is worth a word");
    let yaml = api.ask("GET", "/api/v1/tasks/a/manifest", &[("accept", "application/yaml")], "").await;
    assert_eq!(yaml.body, manifest["manifest"].as_str().unwrap());
    assert_eq!(api.get("/api/v1/tasks/a/manifest?attempt=1").await.status, StatusCode::NOT_FOUND);
    // What can never be rendered is not taken in: no image anywhere, and a name that Kubernetes does not take.
    for task in [json!({"id": "b"}), json!({"id": "B", "image": "busybox:1.36"})] {
        let answer = api.send("POST", "/api/v1/tasks", &task).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.body);
    }
}

#[tokio::test]
async fn a_status_is_moved_only_where_it_may() {
    let api = Api::start().await;
    api.send("POST", "/api/v1/tasks", &json!({"id": "a", "image": "busybox:1.36"})).await;
    let answer = api.send("PUT", "/api/v1/tasks/a/status", &json!({"status": "IN_PROGRESS", "attempt": 1})).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let wrong = api.send("PUT", "/api/v1/tasks/a/status", &json!({"status": "PENDING"})).await;
    assert_eq!((wrong.status, &wrong.json()["type"]), (StatusCode::CONFLICT, &json!("/problems/illegal-move")));
    let wrong = api.send("PUT", "/api/v1/tasks/a/status", &json!({"status": "FAILED", "attempt": 7})).await;
    assert_eq!((wrong.status, &wrong.json()["type"]), (StatusCode::CONFLICT, &json!("/problems/other-attempt")));
    assert_eq!(api.get("/api/v1/tasks/a/status").await.json()["status"], "IN_PROGRESS");
}

#[tokio::test]
async fn a_script_is_text_as_it_was_sent() {
    let api = Api::start().await;
    api.send("POST", "/api/v1/tasks", &json!({"id": "a", "image": "busybox:1.36"})).await;
    assert_eq!(api.get("/api/v1/tasks/a/script").await.status, StatusCode::NOT_FOUND);
    let script = "#!/bin/sh\necho \"$HOME\" '<b>'\n";
    let answer = api.ask("PUT", "/api/v1/tasks/a/script", &[("content-type", "text/plain")], script).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let read = api.get("/api/v1/tasks/a/script").await;
    assert_eq!(
        (read.body.as_str(), &read.headers[header::CONTENT_TYPE]),
        (script, &"text/plain; charset=utf-8".parse().unwrap())
    );
    let events = api.store.events(Some("a"), 0, 10).await.unwrap();
    assert_eq!(events.last().unwrap().detail.as_ref().unwrap()["fields"], json!(["script"]));
}
