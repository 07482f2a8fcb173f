//! The node: runs the main containers of the scripted cluster's Pods.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use scripted_apiserver::{ApiServer, End, Life, OnTerm, PodHandle, Run};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};

use crate::stage::{NAMESPACE, PATIENCE};

/// What the Pods' main containers do in the eyes of the cluster: they run until the node says how they ended.
pub(crate) fn life() -> Life {
    Life::new().container("main", Run::new().forever().on_term(OnTerm::Ignore))
}

/// A Pod whose main container runs.
pub(crate) struct Container {
    child: Child,
    pod: PodHandle,
    /// Its workspace.
    pub(crate) work_dir: PathBuf,
    message: PathBuf,
    output: [tokio::task::JoinHandle<()>; 2],
}

impl Container {
    /// Waits for the next Pod of a task and starts its main container.
    pub(crate) async fn start(cluster: &Arc<ApiServer>, directory: &Path, task: &str) -> Self {
        let pod = running_pod(cluster, task).await;
        let name = pod["metadata"]["name"].as_str().unwrap();
        let own = directory.join(name);
        let work_dir = own.join("work");
        std::fs::create_dir_all(&work_dir).unwrap();
        // The kubelet makes it, for this container alone.
        let message = own.join("termination-log");
        std::fs::write(&message, "").unwrap();
        let main = &pod["spec"]["containers"][0];
        let words = main["command"].as_array().unwrap().iter();
        let words: Vec<String> = words.map(|word| folded(word.as_str().unwrap())).collect();
        assert_eq!(words[..2], ["/opt/keruta/keruta-agent", "execute"], "the agent is before the task's command");
        let mut command = Command::new(agent(&own));
        command
            .args(&words[1..])
            .env_clear()
            // A script calls the agent by its name.
            .env("PATH", format!("{}:{}", own.display(), std::env::var("PATH").unwrap()))
            .env("HOSTNAME", name)
            .env("KUBERNETES_SERVICE_HOST", "10.96.0.1")
            .current_dir(&work_dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        for variable in main["env"].as_array().unwrap() {
            if let Some(value) = value_of(cluster, &pod, variable) {
                command.env(variable["name"].as_str().unwrap(), value);
            }
        }
        // The Pod's volumes are elsewhere here, and the waits are short.
        command
            .env("KERUTA_WORK_DIR", &work_dir)
            .env("KERUTA_TERMINATION_LOG", &message)
            .env("KERUTA_POLL", "100ms")
            .env("KERUTA_FLUSH", "20s");
        let mut child = command.spawn().unwrap();
        let pod = cluster.pod(NAMESPACE, name);
        // The container's log, as a runtime writes it.
        let output = [log(child.stdout.take().unwrap(), pod.clone()), log(child.stderr.take().unwrap(), pod.clone())];
        Self { child, pod, work_dir, message, output }
    }

    /// Sends a signal to the container's first process.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().expect("it runs").to_string();
        assert!(std::process::Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }

    /// Waits until its command has made a file in the workspace.
    pub(crate) async fn until_file(&self, name: &str) -> String {
        let (path, began) = (self.work_dir.join(name), Instant::now());
        loop {
            match std::fs::read_to_string(&path) {
                Ok(text) if text.ends_with('\n') => return text,
                _ => assert!(began.elapsed() < PATIENCE, "{} never came", path.display()),
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits for its end and hands what is left of it to the cluster: exit code and termination message, which are given back.
    pub(crate) async fn finish(mut self) -> (i32, String) {
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("it ends").unwrap();
        for output in self.output {
            output.await.unwrap();
        }
        let message = std::fs::read_to_string(&self.message).unwrap();
        let code = status.code().expect("the agent ends by itself");
        assert!(self.pod.end_container("main", End::Exit(code), &message), "the Pod is still there");
        (code, message)
    }
}

/// Lines of a stream into the container's log.
fn log(stream: impl AsyncRead + Unpin + Send + 'static, pod: PodHandle) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        let mut lines = BufReader::new(stream).lines();
        while let Some(line) = lines.next_line().await.unwrap() {
            if std::env::var_os("KERUTA_TEST_SHOW_LOG").is_some() {
                eprintln!("agent: {line}");
            }
            pod.write_line("main", line.as_bytes());
        }
    })
}

/// The agent by its own name.
fn agent(directory: &Path) -> PathBuf {
    let path = directory.join("keruta-agent");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_end-to-end-agent"), &path).unwrap();
    path
}

/// A text as Kubernetes hands it on: `$$` is a `$`.
fn folded(text: &str) -> String {
    text.replace("$$", "$")
}

async fn running_pod(cluster: &ApiServer, task: &str) -> Value {
    let began = Instant::now();
    loop {
        let runs = |pod: &Value| {
            let of_task = pod["metadata"]["labels"]["task-id"] == task;
            let statuses = pod["status"]["containerStatuses"].as_array().cloned().unwrap_or_default();
            of_task && statuses.iter().any(|status| status["state"].get("running").is_some())
        };
        if let Some(pod) = cluster.objects("pods", NAMESPACE).into_iter().find(runs) {
            return pod;
        }
        assert!(began.elapsed() < PATIENCE, "{:#?}", cluster.objects("pods", NAMESPACE));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A variable's value, from where its Pod says that it comes; `None` where it is optional and not there.
fn value_of(cluster: &ApiServer, pod: &Value, variable: &Value) -> Option<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let from = &variable["valueFrom"];
    if let Some(path) = from["fieldRef"]["fieldPath"].as_str() {
        let field = pod.pointer(&format!("/{}", path.replace('.', "/")));
        return Some(text(field.expect("the Pod has the field")).unwrap());
    }
    let Some(name) = from["secretKeyRef"]["name"].as_str() else {
        return Some(folded(variable["value"].as_str().unwrap_or_default()));
    };
    let secrets = cluster.objects("secrets", NAMESPACE);
    let secret = secrets.iter().find(|secret| secret["metadata"]["name"] == name);
    let found = secret.and_then(|secret| text(&secret["stringData"][from["secretKeyRef"]["key"].as_str().unwrap()]));
    assert!(found.is_some() || from["secretKeyRef"]["optional"] == true, "{name} is not there");
    found
}
