//! Channels, rules and the outbox, as clients see them.

use http::Method;
use serde_json::{Value, json};

use crate::Server;

const CHANNELS: &str = "/api/v1/notifications/channels";
const RULES: &str = "/api/v1/notifications/rules";

fn pointers(problem: &Value) -> Vec<&str> {
    problem["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn channels_and_rules_come_and_go() {
    let server = Server::start().await;
    let channel = json!({"name": "Operations", "target": {"slack": {"webhookUrl": {"file": "slack"}}}});
    let made = server.post(CHANNELS, &channel).send().await.is(201);
    let (place, id) = (made.header("location").to_owned(), made.value()["id"].as_str().unwrap().to_owned());
    assert_eq!(server.get(&place).send().await.is(200).value()["target"], channel["target"]);
    let rule = json!({
        "name": "Stuck", "channelId": id, "trigger": {"taskStuck": {"runningSeconds": 3600}},
        "scope": {"namespaces": ["team-a"]},
    });
    let made = server.post(RULES, &rule).send().await.is(201);
    let rule_place = made.header("location").to_owned();
    let shown = made.value();
    assert_eq!((&shown["windowSeconds"], &shown["enabled"]), (&json!(900), &json!(true)));
    server.ask(Method::PUT, &rule_place).json(&rule).send().await.is(428);
    let changed = server.ask(Method::PUT, &rule_place).header("if-match", made.etag()).json(&rule).send().await.is(200);
    assert_ne!(changed.etag(), made.etag());
    assert_eq!(server.get(RULES).send().await.is(200).value()["items"].as_array().unwrap().len(), 1);
    let used = server.ask(Method::DELETE, &place).send().await.is(409);
    assert!(used.problem().contains("is used by the rule"), "{used:?}");
    server.ask(Method::DELETE, &rule_place).send().await.is(204);
    server.ask(Method::DELETE, &place).send().await.is(204);
    server.get(&place).send().await.is(404);
}

#[tokio::test]
async fn what_is_wrong_with_them_is_told_all_at_once() {
    let server = Server::start().await;
    let channel = json!({"name": "a\nb", "target": {"email": {
        "host": "smtp example", "from": "nobody", "to": ["ada@example.com", "a@b\r\nBcc: c@d"], "password": {"file": "/etc/passwd"},
    }}});
    let problem = server.post(CHANNELS, &channel).send().await.is(422).value();
    let places = ["/name", "host", "username", "password", "from", "to/1"].map(|place| match place {
        "/name" => place.to_owned(),
        place => format!("/target/email/{place}"),
    });
    assert_eq!(pointers(&problem), places);
    let both = json!({"name": "a", "target": {"slack": {"webhookUrl": {"file": "x"}}, "email": {}}});
    server.post(CHANNELS, &both).send().await.is(422);
    let rule = json!({"name": "R", "channelId": "none", "trigger": {"taskFailed": {}}});
    let problem = server.post(RULES, &rule).send().await.is(422).value();
    assert_eq!(pointers(&problem), ["/channelId"]);
    server.get("/api/v1/notifications?state=lost").send().await.is(400);
    server.ask(Method::POST, "/api/v1/notifications/none/retry").send().await.is(404);
    server.ask(Method::POST, &format!("{CHANNELS}/none/test")).send().await.is(404);
}

#[tokio::test]
async fn the_outbox_is_read_a_page_at_a_time() {
    let server = Server::start().await;
    let channel = json!({"name": "Operations", "target": {"slack": {"webhookUrl": {"file": "slack"}}}});
    let made = server.post(CHANNELS, &channel).send().await.is(201).value();
    let rule = json!({"name": "Failures", "channelId": made["id"], "trigger": {"taskFailed": {}}});
    server.post(RULES, &rule).send().await.is(201);
    for number in 0..5 {
        server.task(&json!({"id": format!("task-{number}")}).to_string()).await;
        let failed = server.ask(Method::PUT, &format!("/api/v1/tasks/task-{number}/status"));
        failed.json(&json!({"status": "FAILED", "reason": "broken"})).send().await.is(200);
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("/api/v1/notifications?limit=2{cursor}")).send().await.is(200).value();
        seen.extend(page["items"].as_array().unwrap().iter().map(|one| one["taskId"].as_str().unwrap().to_owned()));
        let Some(next) = page["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, ["task-4", "task-3", "task-2", "task-1", "task-0"]);
    let one =
        server.get("/api/v1/notifications?taskId=task-3&state=pending&event=taskFailed").send().await.is(200).value();
    let one = &one["items"][0];
    assert_eq!((&one["reason"], &one["occurrences"], &one["tries"]), (&json!("broken"), &json!(1), &json!(0)));
    let id = one["id"].as_str().unwrap();
    assert_eq!(server.get(&format!("/api/v1/notifications/{id}")).send().await.is(200).value(), *one);
    server.ask(Method::POST, &format!("/api/v1/notifications/{id}/retry")).send().await.is(200);
}
