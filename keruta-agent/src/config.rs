//! What the agent was told: flags, and variables where there is no flag.

mod duration;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use keruta_api::LogLevel;

pub(crate) use duration::duration;

pub use crate::secret::Secret;

/// The variable with the token.
pub const TOKEN: &str = "KERUTA_API_TOKEN";
/// The variable with the file that has the token.
pub const TOKEN_FILE: &str = "KERUTA_API_TOKEN_FILE";

/// Where the API is, and what is shown to it.
#[derive(Debug, Clone, Default, Args)]
pub struct ApiArgs {
    /// The keruta API, as this container reaches it
    #[arg(long, env = "KERUTA_API_URL", value_name = "URL")]
    pub api_url: Option<String>,
    /// The file with the API's token; without it the token is the variable `KERUTA_API_TOKEN`
    #[arg(long, env = TOKEN_FILE, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// A file with certificates (PEM) that the API's is to be signed by; default: the well-known authorities
    #[arg(long, env = "KERUTA_API_CA_FILE", value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
}

/// What there is to say about the task and its directory.
#[derive(Debug, Clone, Args)]
pub struct TaskArgs {
    /// The task
    #[arg(long, env = "KERUTA_TASK_ID", value_name = "ID")]
    pub task_id: String,
    /// The attempt; asked of the API where it is not given
    #[arg(long, env = "KERUTA_TASK_ATTEMPT", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub attempt: Option<u32>,
    /// The workspace
    #[arg(long, env = "KERUTA_WORK_DIR", value_name = "DIR", default_value = "/work")]
    pub work_dir: PathBuf,
}

/// How patient the agent is. For those who run it; a task has no say in it.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "How long things may take")]
pub struct PatienceArgs {
    /// The task's time limit: `90`, `90s`, `10m`, `1h30m`
    #[arg(long, env = "KERUTA_TIMEOUT", value_name = "TIME", value_parser = duration)]
    pub timeout: Option<Duration>,
    /// How long the command may take to end once it is told to; less than the Pod's own grace
    #[arg(long, env = "KERUTA_GRACE", value_name = "TIME", value_parser = duration, default_value = "25s")]
    pub grace: Duration,
    /// How long output is waited for that a process keeps open which the command left
    #[arg(long, env = "KERUTA_DRAIN", value_name = "TIME", value_parser = duration, default_value = "10s")]
    pub drain: Duration,
    /// How often the API is asked whether the task is cancelled
    #[arg(long, env = "KERUTA_POLL", value_name = "TIME", value_parser = duration, default_value = "5s")]
    pub poll: Duration,
    /// How long the end waits for an API that is away
    #[arg(long, env = "KERUTA_FLUSH", value_name = "TIME", value_parser = duration, default_value = "60s")]
    pub flush: Duration,
}

/// Where the task's log in the API comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogSource {
    /// From the container's log, which the submitter reads
    Cluster,
    /// From the agent
    Agent,
}

/// How the log is sent, where the agent is to send it.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "The log")]
pub struct LogArgs {
    /// Where the task's log in the API comes from
    #[arg(long, env = "KERUTA_LOG_SOURCE", value_enum, default_value = "cluster")]
    pub log_source: LogSource,
    /// How many bytes are kept on disk for an API that is away or slow
    #[arg(long, env = "KERUTA_SPOOL_BYTES", value_name = "BYTES", default_value_t = 64 << 20)]
    pub spool_bytes: u64,
    /// Variables whose values are secrets, by their names; those that are called so (`…_TOKEN`, `…_PASSWORD`) always are
    #[arg(long, env = "KERUTA_REDACT_ENV", value_name = "NAMES", value_delimiter = ',')]
    pub redact_env: Vec<String>,
}

/// Reads a level by its name.
pub(crate) fn level(word: &str) -> Result<LogLevel, String> {
    match word.to_ascii_uppercase().as_str() {
        "DEBUG" => Ok(LogLevel::Debug),
        "INFO" => Ok(LogLevel::Info),
        "WARN" | "WARNING" => Ok(LogLevel::Warn),
        "ERROR" => Ok(LogLevel::Error),
        _ => Err("is no level; write DEBUG, INFO, WARN or ERROR".to_owned()),
    }
}
