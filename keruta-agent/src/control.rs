//! What a task's script asks of its agent, by a socket: `keruta-agent log`, `progress`, `artifact add`.
//!
//! The script has no token; the agent does for it what it may.

use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use keruta_api::{LogLevel, ProgressUpdate};
use serde::{Deserialize, Serialize};

use crate::api::Api;
use crate::artifacts;
use crate::diagnostics::say;
use crate::logs::Shipping;
use crate::report::Teller;

/// Tells a script where its agent listens.
pub(crate) const SOCKET: &str = "KERUTA_AGENT_SOCKET";
/// The longest request.
const LONGEST: u64 = 64 << 10;
/// How long whoever asks may be silent.
const SILENCE: Duration = Duration::from_secs(5);
/// How long the agent may take: an artifact has to be sent.
const ANSWER: Duration = Duration::from_secs(310);

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "ask")]
pub(crate) enum Ask {
    /// A line for the log.
    Log { level: LogLevel, message: String },
    /// How far the work is.
    Progress { percent: u8, message: Option<String> },
    /// A file to be handed in.
    Artifact { path: PathBuf, name: String },
}

/// What became of it: nothing wrong, or what.
#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    error: Option<String>,
}

/// Does what is asked.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) task: String,
    pub(crate) api: Option<Api>,
    pub(crate) shipping: Option<Arc<Shipping>>,
    pub(crate) progress: Option<Teller>,
}

/// The socket; it goes when this is dropped.
pub(crate) struct Socket {
    pub(crate) path: PathBuf,
    directory: PathBuf,
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
        let _ = fs::remove_dir(&self.directory);
    }
}

impl Desk {
    /// Listens in a directory that only this user can enter: for temporary files, or where that cannot be written the workspace's.
    pub(crate) fn open(self, fallback: &Path) -> io::Result<Socket> {
        let (listener, socket) = bind(&std::env::temp_dir()).or_else(|_| {
            fs::create_dir_all(fallback)?;
            bind(fallback)
        })?;
        let serve = move || {
            for connection in listener.incoming().flatten() {
                // One that says nothing is not waited for by the others.
                let desk = self.clone();
                let _ = std::thread::Builder::new().name("ask".to_owned()).spawn(move || desk.serve(&connection));
            }
        };
        std::thread::Builder::new().name("desk".to_owned()).stack_size(crate::output::STACK).spawn(serve)?;
        Ok(socket)
    }

    fn serve(&self, connection: &UnixStream) {
        let _ = connection.set_read_timeout(Some(SILENCE));
        let _ = connection.set_write_timeout(Some(SILENCE));
        let mut line = String::new();
        let error = match BufReader::new(connection.take(LONGEST)).read_line(&mut line) {
            Ok(_) => match serde_json::from_str(&line) {
                Ok(ask) => self.act(ask).err(),
                Err(error) => Some(format!("the agent does not understand: {error}")),
            },
            Err(_) => return,
        };
        let mut answer = serde_json::to_vec(&Answer { error }).unwrap_or_default();
        answer.push(b'\n');
        // Who has gone away wants no answer.
        let _ = { connection }.write_all(&answer);
    }

    fn act(&self, ask: Ask) -> Result<(), String> {
        match ask {
            Ask::Log { level, message } => {
                self.log(level, &message);
                Ok(())
            }
            Ask::Progress { percent, message } => {
                let words = message.as_deref().map(|message| format!(": {message}")).unwrap_or_default();
                self.log(LogLevel::Info, &format!("progress: {percent} %{words}"));
                if let Some(progress) = &self.progress {
                    progress.progress(ProgressUpdate { percent, message });
                }
                Ok(())
            }
            Ask::Artifact { path, name } => {
                let Some(api) = &self.api else { return Err("there is no API to hand it in to".to_owned()) };
                artifacts::upload(api, &self.task, &path, &name).map(drop).map_err(|error| error.to_string())
            }
        }
    }

    /// Echoes the line with its level, by which whoever reads the container's log knows it, and sends it where the log goes.
    fn log(&self, level: LogLevel, message: &str) {
        for line in message.lines() {
            say(level, format_args!("{line}"));
            if let Some(shipping) = &self.shipping {
                shipping.line(level, line);
            }
        }
    }
}

fn bind(parent: &Path) -> io::Result<(UnixListener, Socket)> {
    let directory = parent.join(format!("keruta-agent-{}", std::process::id()));
    // One of an earlier agent with the same number.
    let _ = fs::remove_file(directory.join("socket"));
    let _ = fs::remove_dir(&directory);
    fs::DirBuilder::new().mode(0o700).create(&directory)?;
    let path = directory.join("socket");
    match UnixListener::bind(&path) {
        Ok(listener) => Ok((listener, Socket { path, directory })),
        Err(error) => {
            let _ = fs::remove_dir(&directory);
            Err(error)
        }
    }
}

/// Why the agent did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    #[error("no agent is at work here: {SOCKET} is not set; call this from a task's script")]
    NoAgent,
    #[error("the agent does not answer: {0}")]
    Silent(#[from] io::Error),
    #[error("the agent's answer cannot be read: {0}")]
    Strange(#[from] serde_json::Error),
    #[error("{0}")]
    Failed(String),
}

/// Asks the agent that this process runs under.
pub(crate) fn ask(ask: &Ask) -> Result<(), AskError> {
    let path = std::env::var_os(SOCKET).ok_or(AskError::NoAgent)?;
    let mut connection = UnixStream::connect(path)?;
    connection.set_read_timeout(Some(ANSWER))?;
    connection.set_write_timeout(Some(SILENCE))?;
    let mut line = serde_json::to_vec(ask)?;
    line.push(b'\n');
    connection.write_all(&line)?;
    let mut answer = String::new();
    BufReader::new(connection.take(LONGEST)).read_line(&mut answer)?;
    let answer: Answer = serde_json::from_str(&answer)?;
    answer.error.map_or(Ok(()), |error| Err(AskError::Failed(error)))
}
