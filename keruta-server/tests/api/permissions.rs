//! Every route with every role: what the table says is what happens.

use http::Method;
use keruta_api::Role;
use keruta_server::auth::permission::{Scope, TABLE, Who};
use serde_json::json;

use crate::{Answer, Server};

const ROLES: [Role; 5] = Role::ALL;

/// A path of a route with these ids.
fn path(route: &str, id: &str) -> String {
    let route = route.replace("{attempt}", "1");
    route.replace("{id}", id).replace("{taskId}", id).replace("{*path}", "report/a.txt").replace("{name}", "task")
}

fn is_refused(answer: &Answer) -> bool {
    matches!(answer.status.as_u16(), 401 | 403)
}

async fn server() -> Server {
    let server = Server::start().await;
    server.task(r#"{"id": "mine", "repositoryId": "mine", "documentId": "mine"}"#).await;
    server.task(r#"{"id": "other", "repositoryId": "other", "documents": ["other"]}"#).await;
    server.task(r#"{"id": "bare"}"#).await;
    for id in ["mine", "other"] {
        let repository = json!({"id": id, "name": id, "url": "https://h/x", "script": "true\n"});
        server.post("/api/v1/repositories", &repository).send().await.is(201);
        server.post("/api/v1/documents", &json!({"id": id, "title": id, "content": "x"})).send().await.is(201);
    }
    server
}

#[tokio::test]
async fn what_the_table_says_is_what_happens() {
    let server = server().await;
    let mut tokens = Vec::new();
    for role in ROLES {
        tokens.push((role, server.token(role).await));
    }
    for rule in TABLE {
        let method: Method = rule.method.parse().unwrap();
        let path = path(rule.route, "mine");
        // An empty body is refused by who takes one, after the door.
        let nobody = server.anonymous(method.clone(), &path).send().await;
        assert_eq!(nobody.status == 401, rule.who != Who::Anyone, "{rule:?} {nobody:?}");
        for (role, token) in &tokens {
            let may = match rule.who {
                Who::Anyone | Who::Known => true,
                Who::Role { service: true, .. } if *role == Role::Service => true,
                Who::Role { task, .. } if *role == Role::Task => task.is_some(),
                Who::Role { least, .. } => role.includes(least),
            };
            // What would end the tokens of this test, or what they are for, stands still.
            if may && matches!(rule.method, "DELETE") {
                continue;
            }
            let answer = server.anonymous(method.clone(), &path).token(token).send().await;
            assert_eq!(!is_refused(&answer), may, "{role} {rule:?} {answer:?}");
            assert!(!answer.body.contains("nothing at this path"), "there is no such route: {rule:?}");
            assert_ne!(answer.status, 405, "there is no such method: {rule:?}");
        }
    }
}

#[tokio::test]
async fn every_route_of_the_document_stands_in_the_table() {
    let server = Server::start().await;
    let document = server.anonymous(Method::GET, "/api/openapi.json").send().await.is(200).value();
    let paths = document["paths"].as_object().unwrap();
    let mut routes = 0;
    for (route, item) in paths {
        for method in item.as_object().unwrap().keys().filter(|key| *key != "parameters") {
            let found = TABLE
                .iter()
                .find(|rule| rule.route.replace("{*", "{") == *route && rule.method.eq_ignore_ascii_case(method));
            assert!(found.is_some(), "{method} {route} stands in no rule");
            routes += 1;
        }
    }
    assert!(routes > 40, "{routes}");
}

#[tokio::test]
async fn a_tasks_token_opens_its_own_task_and_no_other() {
    let server = server().await;
    let token = server.token(Role::Task).await;
    let mut scopes = 0;
    for rule in TABLE {
        let Who::Role { task: Some(scope), .. } = rule.who else { continue };
        scopes += 1;
        let method: Method = rule.method.parse().unwrap();
        let ask = |id: &str| server.anonymous(method.clone(), &path(rule.route, id)).token(&token).send();
        let own = ask("mine").await;
        assert!(!is_refused(&own), "{rule:?} {own:?}");
        for other in ["other", "bare", "none", "mine%2F..%2Fother", "MINE", "%6Dine%20", "mine'--"] {
            let answer = ask(other).await.is(403);
            assert!(answer.problem().contains("opens the task mine"), "{answer:?}");
        }
        // The same id, written otherwise.
        let same = ask("%6Dine").await;
        assert!(!is_refused(&same), "{scope:?} {same:?}");
    }
    assert!(scopes >= 7, "{scopes}");
}

#[tokio::test]
async fn a_task_that_names_no_repository_opens_none() {
    let server = server().await;
    let access = &server.parts.access;
    let lifetime = jiff::SignedDuration::from_hours(1);
    let token = access.create_task_token("bare", 1, lifetime, jiff::Timestamp::now()).await.unwrap().secret;
    for scope in [Scope::Repository, Scope::Document] {
        let route = if scope == Scope::Repository { "/api/v1/repositories/x/script" } else { "/api/v1/documents/x" };
        server.anonymous(Method::GET, route).token(&token).send().await.is(403);
    }
    server.anonymous(Method::GET, "/api/v1/tasks/bare").token(&token).send().await.is(200);
}

#[tokio::test]
async fn a_tasks_token_dies_with_its_attempt() {
    let server = server().await;
    let token = server.token(Role::Task).await;
    let ask = || server.anonymous(Method::GET, "/api/v1/tasks/mine/status").token(&token).send();
    ask().await.is(200);
    server.ask(Method::POST, "/api/v1/tasks/mine/cancel").send().await.is(200);
    let over = |answer: Answer| {
        let problem = answer.is(401).value();
        assert_eq!(problem["type"], "/problems/attempt-over", "{problem:#}");
        assert!(problem["detail"].as_str().unwrap().contains("attempt 1 of the task mine"), "{problem:#}");
    };
    over(ask().await);
    server.ask(Method::POST, "/api/v1/tasks/mine/retry").send().await.is(200);
    over(ask().await);
    let stale = || server.anonymous(Method::PUT, "/api/v1/tasks/mine/status").token(&token);
    over(stale().json(&json!({"status": "COMPLETED", "attempt": 1, "epoch": 1})).send().await);
}
