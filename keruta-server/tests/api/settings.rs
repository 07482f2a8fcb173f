//! `/api/v1/settings/kubernetes`.

use http::Method;
use serde_json::{Value, json};

use crate::Server;

const PATH: &str = "/api/v1/settings/kubernetes";

#[tokio::test]
async fn settings_are_read_changed_and_their_history_told() {
    let server = Server::start().await;
    let mut watched = server.parts.configuration.settings();
    let read = server.get(PATH).send().await.is(200);
    assert_eq!(read.etag(), "\"1\"");
    let first = read.value();
    assert_eq!((&first["set"], &first["origins"]), (&json!({}), &json!({})));
    assert_eq!(first["settings"]["workspace"]["size"], "1Gi");

    let patch = json!({"enabled": false, "workspace": {"size": "5Gi"}, "pod": {"labels": {"a/b": "c"}}});
    let patched = server.ask(Method::PATCH, PATH).header("if-match", "\"1\"").json(&patch).send().await.is(200);
    assert_eq!(patched.etag(), "\"2\"");
    let after = patched.value();
    assert_eq!(after["set"], patch);
    assert_eq!(after["settings"]["workspace"]["mountPath"], "/work");
    assert_eq!(after["changedBy"], "token/first-admin");
    let pointers: Vec<_> = after["origins"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(pointers, ["/enabled", "/pod/labels/a~1b", "/workspace/size"]);
    assert_eq!(after["origins"]["/enabled"]["by"], "token/first-admin");
    assert!(watched.has_changed().unwrap() && !watched.borrow_and_update().enabled);

    server.ask(Method::PATCH, PATH).header("if-match", "\"1\"").json(&json!({})).send().await.is(412);
    let put = json!({"queue": "team-a"});
    let replaced = server.ask(Method::PUT, PATH).header("if-match", "\"2\"").json(&put).send().await.is(200);
    assert_eq!((replaced.value()["set"].clone(), replaced.etag()), (put, "\"3\""));
    assert!(watched.borrow_and_update().enabled);
    let merged = server.ask(Method::PATCH, PATH).header("if-match", "*");
    let merged = merged.header("content-type", "application/merge-patch+json").text(r#"{"queue": null}"#).send().await;
    assert_eq!(merged.is(200).value()["set"], json!({}));

    let history = server.get(&format!("{PATH}/history?limit=3")).send().await.is(200).value();
    let told: Vec<Value> = history["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| json!([change["version"], change["name"], change.get("old"), change.get("new")]))
        .collect();
    assert_eq!(
        told,
        [
            json!([4, "queue", "team-a", null]),
            json!([3, "enabled", false, null]),
            json!([3, "pod", {"labels": {"a/b": "c"}}, null]),
        ]
    );
    let next = format!("{PATH}/history?cursor={}", history["nextCursor"].as_str().unwrap());
    let rest = server.get(&next).send().await.is(200).value();
    assert_eq!(rest["items"].as_array().unwrap().len(), 5);
    assert_eq!(rest["items"][0]["name"], "queue");
    let log = server.get("/api/v1/audit?object=settings/kubernetes").send().await.is(200).value();
    assert_eq!(log["items"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn what_is_read_can_be_given_back() {
    let server = Server::start().await;
    let read = server.get(PATH).send().await.value();
    let put =
        server.ask(Method::PUT, PATH).header("if-match", "*").json(&read["settings"]).send().await.is(200).value();
    assert_eq!(put["settings"], read["settings"]);
    assert!(put["origins"].as_object().unwrap().len() > 40);
    let again = server.ask(Method::PUT, PATH).header("if-match", "*").json(&put["set"]).send().await.is(200);
    assert_eq!(again.value(), put, "nothing has changed");
}
