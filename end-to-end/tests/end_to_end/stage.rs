//! A cluster and a server on it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use keruta_api::client::{Client, LogReading};
use keruta_api::{Task, TaskStatus};
use scripted_apiserver::ApiServer;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::node::{Container, life};

pub(crate) const NAMESPACE: &str = "tasks";
/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) struct Stage {
    pub(crate) cluster: Arc<ApiServer>,
    directory: TempDir,
    /// Where the server listens, also after it was started again.
    address: String,
    server: Child,
    /// The server's administrator.
    pub(crate) client: Client,
    pub(crate) token: String,
    more: Vec<String>,
}

impl Stage {
    /// A server that runs tasks, each with the agent before its command.
    pub(crate) async fn set() -> Self {
        Self::set_with(&["--set", "agent.inject=copy", "--set", "agent.logSource=agent"]).await
    }

    /// One with these flags.
    pub(crate) async fn set_with(more: &[&str]) -> Self {
        let more: Vec<String> = more.iter().map(ToString::to_string).collect();
        let settings = scripted_apiserver::Settings { second: Duration::from_millis(300), ..Default::default() };
        let cluster = ApiServer::start_with(settings).await;
        cluster.create_namespace(NAMESPACE);
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("kubeconfig"), cluster.kubeconfig()).unwrap();
        // A port that is free now, and known before the server's settings are.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let (server, token) = start(directory.path(), &address, &more).await;
        let token = token.expect("the first start tells a token");
        let client = Client::builder(&format!("http://{address}")).token(&token).build().unwrap();
        Self { cluster: Arc::new(cluster), directory, address, server, client, token, more }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.directory.path().join("kubeconfig")
    }

    /// Ends the server as `kill -9` does.
    pub(crate) async fn stop_server(&mut self) {
        self.server.kill().await.unwrap();
    }

    /// Starts it again, where it was.
    pub(crate) async fn start_server(&mut self) {
        self.server = start(self.directory.path(), &self.address, &self.more).await.0;
        // What was connected is not any more.
        self.client = Client::builder(&self.url()).token(&self.token).build().unwrap();
    }

    /// Makes a task that runs this script.
    pub(crate) async fn create(&self, id: &str, script: &str) -> Task {
        let (key, value) = life().annotation();
        let task = json!({
            "id": id, "title": "Say $HOME", "image": "busybox:1.36", "script": script, "backoffLimit": 0,
            "podPatch": {"merge": {"metadata": {"annotations": {key: value}}}},
        });
        let task = self.client.create_task(&task).await.unwrap();
        assert_eq!(task.status, TaskStatus::Pending, "it is queued");
        task
    }

    /// Waits for a task's Pod and runs it.
    pub(crate) async fn run(&self, id: &str) -> Container {
        Container::start(&self.cluster, self.directory.path(), id).await
    }

    /// Waits until a task has ended, and its Job too.
    pub(crate) async fn until_judged(&self, id: &str) -> Task {
        let began = Instant::now();
        loop {
            let task = self.client.task(id).await.unwrap();
            if task.status.is_final() && task.verdict.is_some() {
                return task;
            }
            assert!(began.elapsed() < PATIENCE, "{task:#?}");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// The statuses that a task went through.
    pub(crate) async fn statuses(&self, id: &str) -> Vec<String> {
        let events = self.get(&format!("/api/v1/tasks/{id}/events?limit=200")).await;
        let items = events["items"].as_array().unwrap().clone();
        let to = items.iter().filter(|event| event["kind"] == "status").filter_map(|event| event["to"].as_str());
        to.map(str::to_owned).collect()
    }

    /// The messages of one of a task's logs.
    pub(crate) async fn log(&self, id: &str, container: &str) -> Vec<String> {
        let reading = LogReading { container: Some(container.to_owned()), ..LogReading::default() };
        let page = self.client.log(id, &LogReading { limit: Some(10_000), ..reading }).await.unwrap();
        page.items.into_iter().map(|record| record.message).collect()
    }

    /// Waits until one of a task's logs is this: the rest may come a little after its end.
    pub(crate) async fn until_log(&self, id: &str, container: &str, expected: &[String]) {
        let began = Instant::now();
        loop {
            let log = self.log(id, container).await;
            if log == expected {
                return;
            }
            assert!(expected.starts_with(&log), "{id}: each line once, and no other: {log:?}");
            assert!(began.elapsed() < PATIENCE, "{id}: {log:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Asks what the typed client has no call for.
    pub(crate) async fn get(&self, path: &str) -> Value {
        serde_json::from_str(&self.get_text(path).await).unwrap()
    }

    pub(crate) async fn get_text(&self, path: &str) -> String {
        // The client wants a provider of cryptography also where it uses none.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        let answer =
            client.get(format!("http://{}{path}", self.address)).bearer_auth(&self.token).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert_eq!(status, 200, "{path}: {text}");
        text
    }
}

/// Starts a server, and waits until it listens; with the token that it tells at its first start.
async fn start(directory: &Path, address: &str, more: &[String]) -> (Child, Option<String>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_end-to-end-server"));
    command
        .args(["--listen", address, "--set", "defaultNamespace=tasks", "--set", &format!("apiUrl=http://{address}")])
        .args(more)
        .args(["--set", &format!("configPath={}", directory.join("kubeconfig").display())])
        .env_clear()
        .env("HOME", directory)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let (mut said, mut token) = (Vec::new(), None);
    loop {
        let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap();
        let line = line.unwrap_or_else(|| panic!("it ended: {said:#?}"));
        if line.trim().starts_with("keruta_admin_") {
            token = Some(line.trim().to_owned());
        }
        if line.starts_with("keruta-server listens on ") {
            break;
        }
        said.push(line);
    }
    // What it says later is read, so that it never waits for somebody to read it.
    tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            if std::env::var_os("KERUTA_TEST_SHOW_LOG").is_some() {
                eprintln!("server: {line}");
            }
        }
    });
    (child, token)
}
