//! Signing in and out.

use std::num::NonZeroU32;
use std::time::Duration;

use http::Method;
use keruta_server::auth::AccessOptions;
use serde_json::{Value, json};

use crate::{Answer, Ask, Server};

const PASSWORD: &str = "correct horse battery";

async fn with_user(options: AccessOptions, role: &str) -> Server {
    let server = Server::start_with(options).await;
    add(&server, "ada", role).await;
    server
}

async fn add(server: &Server, name: &str, role: &str) -> Answer {
    let body = json!({"name": name, "password": PASSWORD, "role": role});
    server.post("/api/v1/users", &body).send().await.is(201)
}

fn sign_in<'s>(server: &'s Server, name: &str, password: &str) -> Ask<'s> {
    let body = json!({"name": name, "password": password});
    server.anonymous(Method::POST, "/api/v1/sessions").json(&body)
}

/// Somebody who has signed in.
struct Browser<'s> {
    server: &'s Server,
    cookie: String,
    csrf: String,
}

impl<'s> Browser<'s> {
    async fn new(server: &'s Server, name: &str) -> Self {
        let answer = sign_in(server, name, PASSWORD).send().await.is(201);
        let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
        let csrf = answer.value()["csrfToken"].as_str().unwrap().to_owned();
        Self { server, cookie, csrf }
    }

    /// As a form of any page could send it.
    fn bare(&self, method: Method, path: &str) -> Ask<'s> {
        self.server.anonymous(method, path).header("cookie", &self.cookie)
    }

    fn ask(&self, method: Method, path: &str) -> Ask<'s> {
        self.bare(method, path).header("x-csrf-token", &self.csrf)
    }
}

#[tokio::test]
async fn who_knows_the_password_gets_a_cookie_that_scripts_do_not_see() {
    for (secure, expected) in
        [(false, "; HttpOnly; SameSite=Lax; Path=/"), (true, "; HttpOnly; SameSite=Lax; Secure; Path=/")]
    {
        let server = with_user(AccessOptions { secure_cookies: secure, ..AccessOptions::default() }, "viewer").await;
        let answer = sign_in(&server, "ada", PASSWORD).send().await.is(201);
        let cookie = answer.header("set-cookie");
        let (value, attributes) = cookie.split_at(cookie.find(';').unwrap());
        let name = if secure { "__Host-keruta=" } else { "keruta=" };
        assert!(value.starts_with(name) && value.len() == name.len() + 64, "{value}");
        assert_eq!(attributes, expected);
        let me = answer.value();
        assert_eq!((&me["actor"], &me["role"], &me["user"]), (&json!("user/ada"), &json!("viewer"), &json!("ada")));
        assert_eq!(me["csrfToken"].as_str().unwrap().len(), 64);
        assert!(!answer.body.contains(&value[name.len()..]), "the cookie is for the browser alone");
    }
}

#[tokio::test]
async fn the_wrong_password_and_the_wrong_name_are_told_alike() {
    let server = with_user(AccessOptions::default(), "viewer").await;
    let user = add(&server, "eve", "viewer").await;
    let disable = server.ask(Method::PATCH, user.header("location")).header("if-match", "*");
    disable.json(&json!({"disabled": true})).send().await.is(200);
    let mut told = Vec::new();
    for (name, password) in [("ada", "wrong"), ("nobody", PASSWORD), ("eve", PASSWORD), ("ada", ""), ("ADA", PASSWORD)]
    {
        let answer = sign_in(&server, name, password).send().await.is(401);
        assert!(!answer.headers.contains_key("set-cookie"));
        told.push(answer.problem());
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
    // The audit log has them; a name that nobody has may be a password in the wrong field.
    let log = server.get("/api/v1/audit?action=session.refused").send().await.is(200);
    let objects: Vec<Value> =
        log.value()["items"].as_array().unwrap().iter().map(|entry| entry["object"].clone()).collect();
    assert_eq!(objects.len(), 5);
    assert_eq!(objects.iter().filter(|object| **object == json!("user")).count(), 2, "{objects:?}");
    assert!(!log.body.contains("nobody\",\"object") && !log.body.contains("ADA"), "{}", log.body);
}

#[tokio::test]
async fn sign_ins_have_a_rate_for_each_place_and_each_name() {
    let logins = (NonZeroU32::new(3).unwrap(), Duration::from_hours(1));
    let server = with_user(AccessOptions { logins, ..AccessOptions::default() }, "viewer").await;
    for _ in 0..3 {
        sign_in(&server, "ada", "wrong").send().await.is(401);
    }
    let refused = sign_in(&server, "ada", PASSWORD).send().await.is(429);
    assert!(refused.headers.contains_key("retry-after"));
    sign_in(&server, "ada", PASSWORD).peer("203.0.113.1:1").send().await.is(201);
    // Six for one name, from wherever: three are left of it, one was just used.
    for place in 2..4 {
        sign_in(&server, "ada", "wrong").peer(&format!("203.0.113.{place}:1")).send().await.is(401);
    }
    sign_in(&server, "ada", PASSWORD).peer("203.0.113.9:1").send().await.is(429);
}

#[tokio::test]
async fn a_sessions_changes_carry_its_token_and_a_page_of_another_site_has_none() {
    let server = with_user(AccessOptions::default(), "operator").await;
    let (ada, other) = (Browser::new(&server, "ada").await, Browser::new(&server, "ada").await);
    ada.bare(Method::GET, "/api/v1/me").send().await.is(200);
    let document = json!({"title": "x"});
    let forged = ada.bare(Method::POST, "/api/v1/documents").json(&document).send().await.is(403);
    assert!(forged.problem().contains("X-CSRF-Token"));
    for wrong in ["", "0", &other.csrf, &ada.csrf[..63], &ada.csrf.to_uppercase()] {
        let ask = ada.bare(Method::POST, "/api/v1/documents").json(&document);
        ask.header("x-csrf-token", wrong).send().await.is(403);
    }
    ada.ask(Method::POST, "/api/v1/documents").json(&document).send().await.is(201);
    let foreign = ada.ask(Method::POST, "/api/v1/documents").json(&document).header("sec-fetch-site", "cross-site");
    foreign.send().await.is(403);
    // A token is no cookie, and needs none of this.
    server.post("/api/v1/documents", &document).send().await.is(201);
    let log = server.get("/api/v1/audit?actor=user/ada&action=document.created").send().await.value();
    assert_eq!(log["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_session_ends_by_signing_out_by_an_admin_and_by_time() {
    let server = with_user(AccessOptions::default(), "viewer").await;
    let (one, two) = (Browser::new(&server, "ada").await, Browser::new(&server, "ada").await);
    let out = one.ask(Method::DELETE, "/api/v1/sessions/current").send().await.is(204);
    assert!(out.header("set-cookie").starts_with("keruta=;") && out.header("set-cookie").contains("Max-Age=0"));
    one.bare(Method::GET, "/api/v1/me").send().await.is(401);
    two.bare(Method::GET, "/api/v1/me").send().await.is(200);
    let list = server.get("/api/v1/sessions").send().await.is(200).value();
    let session = &list["items"][0];
    assert_eq!(
        (list["items"].as_array().unwrap().len(), &session["user"], &session["current"]),
        (1, &json!("ada"), &json!(false))
    );
    assert_eq!(session["remote"], "198.51.100.7");
    let place = format!("/api/v1/sessions/{}", session["id"].as_str().unwrap());
    server.ask(Method::DELETE, &place).send().await.is(204);
    two.bare(Method::GET, "/api/v1/me").send().await.is(401);

    let session_idle = jiff::SignedDuration::from_millis(300);
    let server = with_user(AccessOptions { session_idle, ..AccessOptions::default() }, "viewer").await;
    let ada = Browser::new(&server, "ada").await;
    tokio::time::sleep(Duration::from_millis(350)).await;
    ada.bare(Method::GET, "/api/v1/me").send().await.is(401);
}

#[tokio::test]
async fn one_changes_ones_own_password_and_is_signed_out_elsewhere() {
    let server = with_user(AccessOptions::default(), "viewer").await;
    let (here, there) = (Browser::new(&server, "ada").await, Browser::new(&server, "ada").await);
    let change = |current: &str, new: &str| {
        here.ask(Method::PUT, "/api/v1/me/password").json(&json!({"current": current, "new": new})).send()
    };
    let refused = change("wrong", "another long password").await.is(422);
    assert!(refused.problem().contains("/current"));
    change(PASSWORD, "short").await.is(422);
    change(PASSWORD, "another long password").await.is(204);
    here.bare(Method::GET, "/api/v1/me").send().await.is(200);
    there.bare(Method::GET, "/api/v1/me").send().await.is(401);
    sign_in(&server, "ada", PASSWORD).send().await.is(401);
    sign_in(&server, "ada", "another long password").send().await.is(201);
}

#[tokio::test]
async fn an_admin_cannot_take_their_own_access_away() {
    let server = with_user(AccessOptions::default(), "admin").await;
    let other = add(&server, "eve", "admin").await.header("location").to_owned();
    let ada = Browser::new(&server, "ada").await;
    let users = ada.bare(Method::GET, "/api/v1/users").send().await.is(200).value();
    let own = users["items"].as_array().unwrap().iter().find(|user| user["name"] == "ada").unwrap();
    let own = format!("/api/v1/users/{}", own["id"].as_str().unwrap());
    let change = |place: &str, body: Value| ada.ask(Method::PATCH, place).header("if-match", "*").json(&body).send();
    change(&own, json!({"disabled": true})).await.is(409);
    change(&own, json!({"role": "operator"})).await.is(409);
    ada.ask(Method::DELETE, &own).send().await.is(409);
    change(&own, json!({"role": "admin", "disabled": false})).await.is(200);
    change(&other, json!({"role": "viewer"})).await.is(200);
    ada.ask(Method::DELETE, &other).send().await.is(204);
    // A new password of one's own leaves this session.
    change(&own, json!({"password": "another long password"})).await.is(200);
    ada.bare(Method::GET, "/api/v1/me").send().await.is(200);
}

#[tokio::test]
async fn a_role_that_was_taken_is_gone_at_once() {
    let server = with_user(AccessOptions::default(), "admin").await;
    let ada = Browser::new(&server, "ada").await;
    ada.bare(Method::GET, "/api/v1/tokens").send().await.is(200);
    let users = server.get("/api/v1/users").send().await.value();
    let place = format!("/api/v1/users/{}", users["items"][0]["id"].as_str().unwrap());
    server.ask(Method::PATCH, &place).header("if-match", "*").json(&json!({"role": "viewer"})).send().await.is(200);
    ada.bare(Method::GET, "/api/v1/tokens").send().await.is(403);
    ada.bare(Method::GET, "/api/v1/repositories").send().await.is(200);
}
