//! A server as a process of its own, and a scripted cluster for it.

use std::process::Stdio;
use std::time::{Duration, Instant};

use http::Method;
use scripted_apiserver::{ApiServer, Life};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

pub(crate) const NAMESPACE: &str = "tasks";
/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// A cluster, and a directory for what processes keep.
pub(crate) struct Stage {
    pub(crate) cluster: ApiServer,
    pub(crate) directory: TempDir,
    token: std::sync::OnceLock<String>,
}

/// A server at work. It is killed when it is dropped.
pub(crate) struct Program {
    child: Child,
    pub(crate) url: String,
    pub(crate) token: String,
    client: reqwest::Client,
}

/// Asks servers of this machine.
pub(crate) fn client(timeout: Duration) -> reqwest::Client {
    // The client wants a provider of cryptography also where it uses none.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().timeout(timeout).build().unwrap()
}

impl Stage {
    pub(crate) async fn set() -> Self {
        let settings =
            scripted_apiserver::Settings { second: Duration::from_millis(300), chronicle: true, ..Default::default() };
        let cluster = ApiServer::start_with(settings).await;
        cluster.create_namespace(NAMESPACE);
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("kubeconfig"), cluster.kubeconfig()).unwrap();
        Self { cluster, directory, token: std::sync::OnceLock::new() }
    }

    /// The file of this stage.
    pub(crate) fn sqlite(&self) -> String {
        format!("sqlite:{}", self.directory.path().join("keruta.db").display())
    }

    pub(crate) async fn start(&self, database: &str) -> Program {
        self.start_by(database, "exec \"$@\"").await
    }

    /// Starts a server by a line of shell, in which `"$@"` is the program with its arguments.
    pub(crate) async fn start_by(&self, database: &str, line: &str) -> Program {
        let kubeconfig = self.directory.path().join("kubeconfig");
        let mut command = Command::new("sh");
        command
            .args(["-c", line, "sh", env!("CARGO_BIN_EXE_keruta-server")])
            .args(["--listen", "127.0.0.1:0", "--database", database, "--set", "defaultNamespace=tasks"])
            .arg("--set")
            .arg(format!("configPath={}", kubeconfig.display()))
            .current_dir(self.directory.path())
            .env_remove("KUBECONFIG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (mut said, mut after_token) = (Vec::new(), false);
        let url = loop {
            let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap();
            let line = line.unwrap_or_else(|| panic!("it ended: {said:#?}"));
            if after_token {
                self.token.set(line.trim().to_owned()).unwrap();
            }
            after_token = line.starts_with("The first admin token");
            if let Some(rest) = line.strip_prefix("keruta-server listens on ") {
                break rest.split(' ').next().unwrap().to_owned();
            }
            said.push(line);
        };
        // What it says later is read, so that it never waits for somebody to read it.
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                if std::env::var_os("KERUTA_TEST_SHOW_LOG").is_some() {
                    eprintln!("{line}");
                }
            }
        });
        let token = self.token.get().expect("the first start tells a token").clone();
        let client = client(Duration::from_secs(40));
        Program { child, url, token, client }
    }

    /// The uids of the Jobs that there ever were of a task.
    pub(crate) fn jobs_of(&self, id: &str) -> Vec<String> {
        let mut uids: Vec<String> = self
            .cluster
            .chronicle("jobs", NAMESPACE)
            .into_iter()
            .filter(|(job, _)| job["metadata"]["labels"]["task-id"] == id)
            .map(|(job, _)| job["metadata"]["uid"].as_str().unwrap().to_owned())
            .collect();
        uids.sort();
        uids.dedup();
        uids
    }
}

impl Program {
    /// Sends a request; `None` where no answer came.
    pub(crate) async fn try_send(&self, method: Method, path: &str, body: Option<&Value>) -> Option<(u16, Value)> {
        let mut request = self.client.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        let text = answer.text().await.ok()?;
        Some((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.try_send(Method::GET, path, None).await.expect("an answer");
        assert_eq!(status, 200, "{path}: {body:#}");
        body
    }

    /// Makes a task; whether that was acknowledged.
    pub(crate) async fn create(&self, id: &str, life: &Life) -> bool {
        let (key, value) = life.annotation();
        let task = json!({
            "id": id, "image": "busybox:1.36", "command": ["sh", "-c", "true"], "backoffLimit": 0,
            "podPatch": {"merge": {"metadata": {"annotations": {key: value}}}},
        });
        let answer = self.try_send(Method::POST, "/api/v1/tasks", Some(&task)).await;
        matches!(answer, Some((201, _)))
    }

    /// Waits until a task has ended, and gives it back.
    pub(crate) async fn until_ended(&self, id: &str) -> Value {
        self.until(id, |task| ["COMPLETED", "FAILED", "CANCELLED"].contains(&task["status"].as_str().unwrap())).await
    }

    pub(crate) async fn until(&self, id: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let answer = self.try_send(Method::GET, &format!("/api/v1/tasks/{id}"), None).await;
            if let Some((200, task)) = &answer
                && is_so(task)
            {
                return task.clone();
            }
            assert!(began.elapsed() < PATIENCE, "{answer:#?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until a task's log is this, which comes a little after its end where the database was away.
    pub(crate) async fn until_log(&self, id: &str, wanted: &str) {
        let began = Instant::now();
        loop {
            let log = self.get(&format!("/api/v1/tasks/{id}/logs?format=raw")).await;
            let text = log.as_str().unwrap();
            if text == wanted {
                return;
            }
            assert!(wanted.starts_with(text), "{id}: each line once, and no other: {text:?}");
            assert!(began.elapsed() < PATIENCE, "{id}: {text:?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// The final statuses in a task's history.
    pub(crate) async fn ends(&self, id: &str) -> Vec<String> {
        let events = self.get(&format!("/api/v1/tasks/{id}/events?limit=200")).await;
        let items = events["items"].as_array().unwrap().clone();
        let to = items.iter().filter(|event| event["kind"] == "status").filter_map(|event| event["to"].as_str());
        to.filter(|status| ["COMPLETED", "FAILED", "CANCELLED"].contains(status)).map(str::to_owned).collect()
    }

    /// Whether this replica runs the tasks.
    pub(crate) async fn leads(&self) -> bool {
        let health = self.try_send(Method::GET, "/api/v1/health", None).await;
        matches!(health, Some((_, health)) if health["cluster"]["state"] == "connected")
    }

    /// Ends it at once.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Sends a signal: `STOP`, `CONT`, `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().expect("it runs").to_string();
        let sent = std::process::Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for its end.
    pub(crate) async fn ended(mut self) -> std::process::ExitStatus {
        tokio::time::timeout(PATIENCE, self.child.wait()).await.unwrap().unwrap()
    }
}
