//! The agent, run as a container would.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use keruta_api::Receipt;
use tempfile::TempDir;

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

pub(crate) struct Agent {
    command: Command,
    pub(crate) directory: TempDir,
}

/// It at work.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) directory: TempDir,
    stdout: std::thread::JoinHandle<Vec<u8>>,
    stderr: std::thread::JoinHandle<Vec<u8>>,
}

/// What it left.
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
    pub(crate) directory: TempDir,
}

impl Agent {
    /// `keruta-agent execute` of the task `a`, with a workspace of its own and short times.
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_keruta-agent"));
        for (name, _) in
            std::env::vars().filter(|(name, _)| name.starts_with("KERUTA_") || name.starts_with("KUBERNETES_"))
        {
            command.env_remove(name);
        }
        command
            .arg("execute")
            .env("KERUTA_TASK_ID", "a")
            .env("KERUTA_TASK_ATTEMPT", "1")
            .env("KERUTA_WORK_DIR", directory.path())
            .env("KERUTA_TERMINATION_LOG", directory.path().join("termination-log"))
            .env("KERUTA_POLL", "100ms")
            .env("KERUTA_FLUSH", "5s")
            .current_dir(directory.path())
            .stdin(Stdio::null());
        Self { command, directory }
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn arg(mut self, word: &str) -> Self {
        self.command.arg(word);
        self
    }

    /// A shell script behind `--`, without what is made ready before.
    pub(crate) fn script(self, script: &str) -> Self {
        self.arg("--skip-init").arg("--").arg("sh").arg("-c").arg(script)
    }

    /// With an input that stays open as long as nobody closes it.
    pub(crate) fn with_input(mut self) -> Self {
        self.command.stdin(Stdio::piped());
        self
    }

    pub(crate) fn work_dir(&self) -> PathBuf {
        self.directory.path().to_owned()
    }

    pub(crate) fn start(mut self) -> Running {
        let mut child = self.command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = reader(child.stdout.take().unwrap());
        let stderr = reader(child.stderr.take().unwrap());
        Running { child, directory: self.directory, stdout, stderr }
    }

    pub(crate) fn run(self) -> Finished {
        self.start().finish()
    }
}

fn reader(mut from: impl std::io::Read + Send + 'static) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut all = Vec::new();
        from.read_to_end(&mut all).unwrap();
        all
    })
}

impl Running {
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until the child has made a file in the workspace.
    pub(crate) fn until_file(&self, name: &str) -> String {
        until_file(&self.directory.path().join(name))
    }

    pub(crate) fn finish(mut self) -> Finished {
        let status = until("the agent ends", || self.child.try_wait().unwrap());
        let (stdout, stderr) = (self.stdout.join().unwrap(), self.stderr.join().unwrap());
        let stderr = String::from_utf8_lossy(&stderr).into_owned();
        Finished { status, stdout, stderr, directory: self.directory }
    }
}

impl Finished {
    pub(crate) fn code(&self) -> i32 {
        self.status.code().unwrap_or_else(|| panic!("{:?}\n{}", self.status, self.stderr))
    }

    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub(crate) fn receipt(&self) -> Receipt {
        let line = std::fs::read_to_string(self.directory.path().join("termination-log")).unwrap();
        Receipt::read(&line).unwrap_or_else(|| panic!("{line}"))
    }

    pub(crate) fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.directory.path().join(name)).unwrap()
    }
}

pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub(crate) fn until_file(path: &Path) -> String {
    // What is being written is not there yet.
    let read = || std::fs::read_to_string(path).ok().filter(|text| text.ends_with('\n'));
    until(&format!("{} is there", path.display()), read)
}

/// Whether a process lives.
pub(crate) fn lives(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    stat.is_ok_and(|stat| !stat.rsplit(')').next().unwrap().trim_start().starts_with('Z'))
}
