//! Tokens and users, by HTTP.

use std::num::NonZeroU32;
use std::time::Duration;

use http::Method;
use keruta_api::Role;
use keruta_server::auth::AccessOptions;
use serde_json::{Value, json};

use crate::Server;

#[tokio::test]
async fn a_token_is_told_once_works_and_is_revoked() {
    let server = Server::start().await;
    let made = server.post("/api/v1/tokens", &json!({"name": "ci", "role": "operator"})).send().await.is(201);
    let token = made.value();
    let secret = token["secret"].as_str().unwrap();
    assert!(secret.starts_with("keruta_operator_") && secret.len() == "keruta_operator_".len() + 64, "{secret}");
    let place = made.header("location").to_owned();
    assert_eq!(place, format!("/api/v1/tokens/{}", token["id"].as_str().unwrap()));
    assert_eq!(token["createdBy"], "token/first-admin");

    let me = server.anonymous(Method::GET, "/api/v1/me").token(secret).send().await.is(200).value();
    assert_eq!(me, json!({"actor": "token/ci", "role": "operator"}));
    let read = server.get(&place).send().await.is(200);
    assert!(read.value()["lastUsedAt"].is_string());
    let list = server.get("/api/v1/tokens").send().await.is(200);
    for answer in [&read, &list] {
        assert!(!answer.body.contains(&secret[16..]) && !answer.body.contains("hash"), "{answer:?}");
    }
    server.ask(Method::DELETE, &place).send().await.is(204);
    server.anonymous(Method::GET, "/api/v1/me").token(secret).send().await.is(401);
    assert!(server.get(&place).send().await.value()["revokedAt"].is_string());
    let log = server.get("/api/v1/audit").send().await.is(200);
    let actions: Vec<_> =
        log.value()["items"].as_array().unwrap().iter().map(|entry| entry["action"].clone()).collect();
    assert_eq!(actions, ["token.revoked", "token.created", "token.created"]);
    assert!(!log.body.contains(&secret[16..]));
    let entry = &log.value()["items"][0];
    assert_eq!((&entry["actor"], &entry["remote"]), (&json!("token/first-admin"), &json!("198.51.100.7")));
    assert!(entry["requestId"].is_string());
}

#[tokio::test]
async fn a_token_ends_when_it_says_and_cannot_lock_its_owner_out() {
    let server = Server::start().await;
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_millis(1500);
    let body = json!({"name": "short", "role": "viewer", "expiresAt": soon.to_string()});
    let made = server.post("/api/v1/tokens", &body).send().await.is(201).value();
    let me = || server.anonymous(Method::GET, "/api/v1/me").token(made["secret"].as_str().unwrap()).send();
    me().await.is(200);
    tokio::time::sleep(Duration::from_millis(1600)).await;
    me().await.is(401);
    let list = server.get("/api/v1/tokens").send().await.value();
    let own = list["items"].as_array().unwrap().iter().find(|token| token["name"] == "first-admin").unwrap();
    let place = format!("/api/v1/tokens/{}", own["id"].as_str().unwrap());
    server.ask(Method::DELETE, &place).send().await.is(409);
    server.get("/api/v1/me").send().await.is(200);
}

#[tokio::test]
async fn a_token_has_its_rate() {
    let requests = (NonZeroU32::new(5).unwrap(), Duration::from_hours(1));
    let server = Server::start_with(AccessOptions { requests, ..AccessOptions::default() }).await;
    let other = server.token(Role::Viewer).await;
    for _ in 0..5 {
        server.get("/api/v1/me").send().await.is(200);
    }
    let refused = server.get("/api/v1/me").send().await.is(429);
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((3590..=3600).contains(&wait), "{wait}");
    assert!(refused.problem().contains("/problems/too-many-requests"));
    // Another one has a rate of its own.
    server.anonymous(Method::GET, "/api/v1/me").token(&other).send().await.is(200);
}

#[tokio::test]
async fn guesses_from_one_place_are_slowed_down() {
    let server = Server::start().await;
    let guess = |number: u32, peer: &str| {
        let token = format!("keruta_admin_{number:064x}");
        server.anonymous(Method::GET, "/api/v1/me").token(&token).peer(peer).send()
    };
    let mut statuses = Vec::new();
    for number in 0..40 {
        statuses.push(guess(number, "203.0.113.9:1").await.status.as_u16());
    }
    assert_eq!((statuses[0], statuses[39]), (401, 429), "{statuses:?}");
    guess(0, "203.0.113.10:1").await.is(401);
    // Who has a token gets in from there all the same.
    server.get("/api/v1/me").peer("203.0.113.9:2").send().await.is(200);
}

#[tokio::test]
async fn a_user_is_added_changed_and_removed() {
    let server = Server::start().await;
    let body = json!({"name": "ada", "password": "correct horse battery", "role": "viewer"});
    let made = server.post("/api/v1/users", &body).send().await.is(201);
    let place = made.header("location").to_owned();
    assert_eq!(made.etag(), "\"1\"");
    assert!(!made.body.contains("correct horse") && !made.body.contains("argon2"), "{}", made.body);
    let taken = server.post("/api/v1/users", &body).send().await.is(409);
    assert!(taken.problem().contains("there is a user ada already"));
    let change =
        |etag: &str, body: Value| server.ask(Method::PATCH, &place).header("if-match", etag).json(&body).send();
    let changed = change("\"1\"", json!({"role": "operator"})).await.is(200);
    assert_eq!((changed.value()["role"].clone(), changed.etag()), (json!("operator"), "\"2\""));
    change("\"1\"", json!({"disabled": true})).await.is(412);
    change("*", json!({"role": "task"})).await.is(422);
    change("*", json!({"password": "short"})).await.is(422);
    assert_eq!(server.get(&place).send().await.is(200).value()["disabled"], false);
    assert_eq!(server.get("/api/v1/users").send().await.is(200).value()["items"].as_array().unwrap().len(), 1);
    server.ask(Method::DELETE, &place).header("if-match", "\"1\"").send().await.is(412);
    server.ask(Method::DELETE, &place).send().await.is(204);
    server.get(&place).send().await.is(404);
}

#[tokio::test]
async fn lists_are_walked_by_their_cursors() {
    let server = Server::start().await;
    for number in 0..7 {
        server.post("/api/v1/tokens", &json!({"name": format!("t{number}"), "role": "viewer"})).send().await.is(201);
    }
    for (list, count) in [("/api/v1/tokens", 8), ("/api/v1/audit", 8)] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = server.get(&format!("{list}?limit=3{cursor}")).send().await.is(200).value();
            seen.extend(page["items"].as_array().unwrap().iter().map(ToString::to_string));
            let Some(next) = page["nextCursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        let all = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!((all, seen.len()), (count, count), "{list}");
    }
}

#[tokio::test]
async fn a_trusted_proxy_says_where_a_request_comes_from() {
    let options = AccessOptions { trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()], ..AccessOptions::default() };
    let server = Server::start_with(options).await;
    for (number, (peer, client)) in
        [("10.1.2.3:80", "203.0.113.5"), ("198.51.100.7:80", "198.51.100.7")].into_iter().enumerate()
    {
        let body = json!({"id": format!("d-{number}"), "title": "x"});
        let ask = server.post("/api/v1/documents", &body).peer(peer).header("x-forwarded-for", "6.6.6.6, 203.0.113.5");
        ask.send().await.is(201);
        let log = server.get(&format!("/api/v1/audit?object=document/d-{number}")).send().await.value();
        assert_eq!(log["items"][0]["remote"], client);
    }
}
