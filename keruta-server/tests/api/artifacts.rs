//! `/api/v1/tasks/{id}/artifacts`.

use http::Method;
use keruta_api::Role;
use serde_json::json;

use crate::Server;

const PLACE: &str = "/api/v1/tasks/mine/artifacts";

async fn server() -> Server {
    let server = Server::start().await;
    server.task(r#"{"id": "mine"}"#).await;
    server.task(r#"{"id": "other"}"#).await;
    server
}

#[tokio::test]
async fn a_task_hands_in_what_it_made_and_people_fetch_it() {
    let server = server().await;
    let token = server.token(Role::Task).await;
    let path = format!("{PLACE}/report/%E6%97%A5%20%22x%22.html");
    let put =
        |body: &str| server.anonymous(Method::PUT, &path).token(&token).header("content-type", "text/html").text(body);
    let made = put("<script>alert(1)</script>").send().await.is(201);
    let artifact = made.value();
    assert_eq!(
        (&artifact["path"], &artifact["size"], &artifact["contentType"], &artifact["createdBy"]),
        (&json!("report/日 \"x\".html"), &json!(25), &json!("text/html"), &json!("task/mine/1"))
    );
    assert_eq!(made.etag(), format!("\"{}\"", artifact["sha256"].as_str().unwrap()));
    let read = server.get(&path).send().await.is(200);
    assert_eq!(
        (read.body.as_str(), read.etag(), read.header("content-length")),
        ("<script>alert(1)</script>", made.etag(), "25")
    );
    assert_eq!(
        read.header("content-disposition"),
        "attachment; filename=\"_ _x_.html\"; filename*=UTF-8''%E6%97%A5%20%22x%22.html"
    );
    assert_eq!(read.header("x-content-type-options"), "nosniff");
    assert!(read.header("content-security-policy").ends_with("sandbox"));
    server.get(&path).header("if-none-match", made.etag()).send().await.is(304);

    let again = put("other").send().await.is(200);
    assert_ne!(again.etag(), made.etag());
    let list = server.get(PLACE).send().await.is(200).value();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(list["items"][0]["size"], 5);
    server.anonymous(Method::DELETE, &path).token(&token).send().await.is(204);
    server.get(&path).send().await.is(404);
    let log = server.get("/api/v1/audit?object=task/mine&action=artifact.deleted").send().await.is(200).value();
    assert_eq!(log["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_large_one_is_kept_and_sent_in_pieces() {
    let server = server().await;
    // Two pieces and a bit, of which no two are alike.
    let whole = (0..420_000).map(|number| format!("{number:06}")).collect::<Vec<_>>().concat();
    let made = server.ask(Method::PUT, &format!("{PLACE}/large")).text(&whole).send().await.is(201);
    assert_eq!(made.value()["size"], whole.len());
    let read = server.get(&format!("{PLACE}/large")).send().await.is(200);
    assert!(read.body == whole, "{} of {} bytes", read.body.len(), whole.len());
}

#[tokio::test]
async fn limits_are_the_settings() {
    let server = server().await;
    let limits = json!({"artifacts": {"maxBytes": 10, "maxTotalBytes": 15, "maxCount": 2}});
    let settings = server.ask(Method::PATCH, "/api/v1/settings/server").header("if-match", "*").json(&limits);
    settings.send().await.is(200);
    let put = |name: &str, body: &str| server.ask(Method::PUT, &format!("{PLACE}/{name}")).text(body).send();
    let large = put("a", "0123456789x").await.is(413);
    assert!(large.problem().contains("10 bytes"), "{large:?}");
    put("a", "0123456789").await.is(201);
    put("b", "012345").await.is(413);
    put("b", "01234").await.is(201);
    let many = put("c", "").await.is(409);
    assert!(many.problem().contains("at most 2"), "{many:?}");
    // What was refused has left nothing.
    let list = server.get(PLACE).send().await.is(200).value();
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_body_that_says_its_length_is_refused_before_it_is_read() {
    let server = server().await;
    let huge = server.ask(Method::PUT, &format!("{PLACE}/huge")).header("content-length", "99999999999").send().await;
    huge.is(413);
}

#[tokio::test]
async fn paths_types_and_tasks_of_others_are_refused() {
    let server = server().await;
    let token = server.token(Role::Task).await;
    for bad in ["..%2f..%2fetc%2fpasswd", "a/../b", "a//b", "%5cx", "x%0ay", "a/", "%00"] {
        server.ask(Method::PUT, &format!("{PLACE}/{bad}")).text("x").send().await.is(400);
    }
    let odd = server.ask(Method::PUT, &format!("{PLACE}/x")).header("content-type", "text/html, evil").text("x");
    odd.send().await.is(400);
    for method in [Method::PUT, Method::GET, Method::DELETE] {
        server.anonymous(method, "/api/v1/tasks/other/artifacts/x").token(&token).send().await.is(403);
    }
    server.anonymous(Method::GET, "/api/v1/tasks/other/artifacts").token(&token).send().await.is(403);
    server.ask(Method::PUT, "/api/v1/tasks/none/artifacts/x").text("x").send().await.is(404);
    server.get("/api/v1/tasks/none/artifacts").send().await.is(404);
    let viewer = server.token(Role::Viewer).await;
    server.anonymous(Method::PUT, &format!("{PLACE}/x")).token(&viewer).text("x").send().await.is(403);
}
