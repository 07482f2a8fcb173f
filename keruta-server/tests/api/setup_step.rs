//! The setup step of a task, as it runs in a Pod, against this API.

use std::path::Path;
use std::process::{Command, Output};

use http::Method;
use keruta_api::Role;
use keruta_manifest::lineage::Lineage;
use keruta_manifest::render::{RenderOptions, render};
use keruta_manifest::{Settings, Task};
use serde_json::json;

use crate::Server;

/// The script of the container `setup`, as a manifest has it.
fn script() -> String {
    let task =
        Task::from_json(r#"{"id": "mine", "image": "busybox:1.37", "repositoryId": "r", "documentId": "d"}"#).unwrap();
    let rendered = render(&task, &Settings::default(), &Lineage::of(&task), &RenderOptions::default()).unwrap();
    let manifest = keruta_manifest::stream::to_json(&rendered.objects).unwrap();
    let list: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let job = list["items"].as_array().unwrap().iter().find(|item| item["kind"] == "Job").unwrap();
    let containers = job["spec"]["template"]["spec"]["initContainers"].as_array().unwrap();
    let setup = containers.iter().find(|container| container["name"] == "setup").unwrap();
    let words = setup["command"].as_array().unwrap().iter().chain(setup["args"].as_array().into_iter().flatten());
    // Kubernetes folds `$$`.
    words
        .map(|word| word.as_str().unwrap().replace("$$", "$"))
        .find(|word| word.contains("KERUTA_API_ENDPOINT"))
        .unwrap()
}

async fn run(script: &str, directory: &Path, url: &str, token: Option<&str>, ids: [&str; 2]) -> Output {
    let mut command = Command::new("sh");
    command.args(["-ec", script, "setup"]).current_dir(directory).env("KERUTA_API_ENDPOINT", url);
    command.env("KERUTA_REPOSITORY_ID", ids[0]).env("KERUTA_DOCUMENT_ID", ids[1]).env("KERUTA_API_ATTEMPTS", "1");
    if let Some(token) = token {
        command.env("KERUTA_API_TOKEN", token);
    }
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_fetches_and_runs_what_is_here() {
    let server = Server::start().await;
    server.task(r#"{"id": "mine", "repositoryId": "r", "documentId": "d"}"#).await;
    let repository = json!({"id": "r", "name": "R", "url": "https://h/x", "script": "echo ran > ran\n"});
    server.post("/api/v1/repositories", &repository).send().await.is(201);
    server.post("/api/v1/repositories", &json!({"id": "bare", "name": "R", "url": "https://h/x"})).send().await.is(201);
    server.post("/api/v1/documents", &json!({"id": "d", "title": "D", "content": "# é\n"})).send().await.is(201);
    let (mine, service) = (server.token(Role::Task).await, server.token(Role::Service).await);

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = server.router.clone();
    let service_of = router.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let serving = tokio::spawn(async move { axum::serve(listener, service_of).await });
    let script = script();

    for token in [&mine, &service] {
        let directory = tempfile::tempdir().unwrap();
        let done = run(&script, directory.path(), &url, Some(token), ["r", "d"]).await;
        assert!(done.status.success(), "{done:?}");
        assert_eq!(std::fs::read_to_string(directory.path().join("ran")).unwrap(), "ran\n");
        assert_eq!(std::fs::read_to_string(directory.path().join(".keruta/README.md")).unwrap(), "# é\n");
    }
    let directory = tempfile::tempdir().unwrap();
    let done = run(&script, directory.path(), &url, Some(&service), ["bare", "d"]).await;
    assert!(done.status.success() && !directory.path().join("ran").exists(), "{done:?}");
    assert!(String::from_utf8_lossy(&done.stdout).contains("has no setup script"));
    // Another's repository, no token, a token of an attempt that has ended: the step fails, and says why.
    for (token, ids) in [(Some(&mine), ["bare", "d"]), (None, ["r", "d"])] {
        let done = run(&script, directory.path(), &url, token.map(String::as_str), ids).await;
        assert_eq!(done.status.code(), Some(20), "{done:?}");
    }
    server.ask(Method::POST, "/api/v1/tasks/mine/cancel").send().await.is(200);
    let done = run(&script, directory.path(), &url, Some(&mine), ["r", "d"]).await;
    assert_eq!(done.status.code(), Some(20), "{done:?}");
    serving.abort();
}
