//! A cluster, a directory and an environment in which the program is all there is.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use scripted_apiserver::{ApiServer, Life, Run as Does, Settings};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// How long the program may take for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// The namespace of the tasks.
pub(crate) const NAMESPACE: &str = "tasks";

/// A cluster, and what the program finds in its directory and environment.
pub(crate) struct World {
    pub(crate) server: ApiServer,
    dir: TempDir,
    variables: Vec<(String, String)>,
    runtime: Runtime,
}

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl World {
    /// A cluster that works, with an empty namespace.
    pub(crate) fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let server = runtime.block_on(ApiServer::start_with(Settings::default()));
        server.create_namespace(NAMESPACE);
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join("kubeconfig"), server.kubeconfig()).unwrap();
        Self { server, dir, variables: Vec::new(), runtime }
    }

    /// The same with a file.
    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        fs::write(self.path(name), content).unwrap();
        self
    }

    /// The same with a file of this task.
    pub(crate) fn task(self, task: &Value) -> Self {
        self.file("task.json", task.to_string())
    }

    /// The same with an environment variable.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The program, ready to be run.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(args).env_clear().current_dir(self.dir.path());
        command.env("KUBECONFIG", self.path("kubeconfig")).env("XDG_STATE_HOME", self.path("state"));
        command.env("KERUTA_DEFAULT_NAMESPACE", NAMESPACE);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// The program under way.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        Running(Some(self.command(args).spawn().unwrap()))
    }

    pub(crate) fn run(&self, args: &[&str]) -> Run {
        self.start(args).end()
    }

    /// Runs with a text on standard input.
    pub(crate) fn run_with(&self, args: &[&str], input: &str) -> Run {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_owned();
        let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
        let run = Running(Some(child)).end();
        writer.join().unwrap();
        run
    }

    /// The Job of this name, once there is one that is so.
    pub(crate) fn wait_for(&self, resource: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(object) = self.server.objects(resource, NAMESPACE).into_iter().find(&is_so) {
                return object;
            }
            assert!(Instant::now() < until, "no such {resource}: {:?}", self.server.objects(resource, NAMESPACE));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Takes the API server away for so long.
    pub(crate) fn away_for(&self, time: Duration) {
        self.runtime.block_on(self.server.stop());
        std::thread::sleep(time);
        self.runtime.block_on(self.server.resume());
    }

    /// How many writes of a kind reached the cluster.
    pub(crate) fn count(&self, verb: &str, resource: &str) -> usize {
        self.server.requests().iter().filter(|request| request.verb == verb && request.resource == resource).count()
    }
}

/// A program under way; it does not outlive its test.
pub(crate) struct Running(Option<Child>);

impl Running {
    pub(crate) fn child(&mut self) -> &mut Child {
        self.0.as_mut().unwrap()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&mut self, name: &str) {
        let id = self.child().id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }

    /// Waits for its end, not for ever.
    pub(crate) fn end(mut self) -> Run {
        let child = self.0.take().unwrap();
        let id = child.id().to_string();
        let (ended, watch) = std::sync::mpsc::channel::<()>();
        let guard = std::thread::spawn(move || {
            if watch.recv_timeout(PATIENCE) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                let _ = Command::new("kill").args(["-9", &id]).status();
            }
        });
        let output = child.wait_with_output().unwrap();
        drop(ended);
        guard.join().unwrap();
        Run {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

pub(crate) fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_keruta-submitter"))
}

/// A task whose main container lives so.
pub(crate) fn task(id: &str, main: Does) -> Value {
    with_life(id, &Life::new().container("main", main))
}

/// A task whose Pods live so.
pub(crate) fn with_life(id: &str, life: &Life) -> Value {
    let (key, text) = life.annotation();
    json!({
        "id": id, "image": "ghcr.io/acme/agent:1.4", "command": ["work"], "backoffLimit": 0,
        "podPatch": {"merge": {"metadata": {"annotations": {key: text}}}},
    })
}

/// Tasks, one a line.
pub(crate) fn lines(tasks: &[Value]) -> String {
    tasks.iter().flat_map(|task| [task.to_string(), "\n".to_owned()]).collect()
}

/// The objects of a stream of JSON lines.
pub(crate) fn objects(stdout: &str) -> Vec<Value> {
    stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
