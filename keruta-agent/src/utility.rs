//! The small commands: what a script asks of its agent, and how things stand.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use keruta_api::LogLevel;
use serde_json::json;

use crate::api::{Api, ConnectError};
use crate::config::{ApiArgs, PatienceArgs, TOKEN, TaskArgs, level};
use crate::control::{Ask, AskError, ask};
use crate::{exit, receipt};

#[derive(Debug, Clone, Args)]
pub(crate) struct LogArgs {
    /// DEBUG, INFO, WARN or ERROR
    #[arg(value_parser = level)]
    level: LogLevel,
    /// What is to stand in the task's log
    #[arg(required = true)]
    message: Vec<String>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct ProgressArgs {
    /// How much of the work is done, in percent
    #[arg(value_parser = clap::value_parser!(u8).range(0..=100))]
    percent: u8,
    /// What it is at
    message: Vec<String>,
}

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum ArtifactCommand {
    /// Hands in a file
    Add {
        /// The file
        path: PathBuf,
        /// What it is to be called among the task's artifacts; default: its own name
        #[arg(long, value_name = "PATH")]
        name: Option<String>,
    },
}

#[derive(Debug, Clone, Args)]
pub(crate) struct HealthArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// What to look at
    #[arg(long, value_delimiter = ',', default_value = "api,disk")]
    check: Vec<Check>,
    /// The workspace
    #[arg(long, env = "KERUTA_WORK_DIR", value_name = "DIR", default_value = "/work")]
    work_dir: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Check {
    /// Whether the API answers
    Api,
    /// Whether the workspace has room and can be written
    Disk,
}

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Prints what flags and variables say, as JSON
    Show(Box<ShowArgs>),
}

#[derive(Debug, Clone, Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    task: TaskArgs,
    #[command(flatten)]
    api: ApiArgs,
    #[command(flatten)]
    patience: PatienceArgs,
}

/// A disk with less room is full.
const LEAST_FREE: u64 = 16 << 20;

pub(crate) fn log(args: &LogArgs) -> Result<(), AskError> {
    ask(&Ask::Log { level: args.level, message: args.message.join(" ") })
}

pub(crate) fn progress(args: &ProgressArgs) -> Result<(), AskError> {
    let message = Some(args.message.join(" ")).filter(|message| !message.is_empty());
    ask(&Ask::Progress { percent: args.percent, message })
}

pub(crate) fn artifact(command: &ArtifactCommand) -> Result<(), AskError> {
    let ArtifactCommand::Add { path, name } = command;
    let own = path.file_name().map(|name| name.to_string_lossy().into_owned());
    // The agent may be in another directory.
    let path = std::path::absolute(path)?;
    let name = name.clone().or(own).ok_or_else(|| AskError::Failed(format!("{} is no file", path.display())))?;
    ask(&Ask::Artifact { path, name })
}

/// Says how each thing fares, a line each; whether all are well.
pub(crate) fn health(args: &HealthArgs) -> bool {
    let mut is_well = true;
    for check in &args.check {
        let (name, found) = match check {
            Check::Api => ("api", api_health(&args.api)),
            Check::Disk => ("disk", disk_health(&args.work_dir)),
        };
        match found {
            Ok(()) => println!("{name}: ok"),
            Err(why) => {
                is_well = false;
                println!("{name}: {why}");
            }
        }
    }
    is_well
}

fn api_health(args: &ApiArgs) -> Result<(), String> {
    let api = Api::of(args).map_err(|error: ConnectError| error.to_string())?;
    let api = api.ok_or("no API is named: give --api-url or KERUTA_API_URL")?;
    api.health().map_err(|error| error.to_string())
}

fn disk_health(work_dir: &std::path::Path) -> Result<(), String> {
    let shown = work_dir.display();
    let room = rustix::fs::statvfs(work_dir).map_err(|error| format!("{shown}: {error}"))?;
    let free = room.f_bavail.saturating_mul(room.f_frsize);
    if free < LEAST_FREE {
        return Err(format!("{shown} has only {free} bytes free"));
    }
    rustix::fs::access(work_dir, rustix::fs::Access::WRITE_OK)
        .map_err(|error| format!("{shown} cannot be written: {error}"))
}

/// Prints the configuration, without the token.
pub(crate) fn show(args: &ShowArgs) {
    let seconds = |time: std::time::Duration| time.as_secs_f64();
    let ShowArgs { task, api, patience } = args;
    let shown = json!({
        "taskId": task.task_id,
        "attempt": task.attempt,
        "workDir": task.work_dir,
        "apiUrl": api.api_url,
        "tokenFile": api.token_file,
        "hasToken": api.token_file.is_some() || std::env::var_os(TOKEN).is_some(),
        "caFile": api.ca_file,
        "timeoutSeconds": patience.timeout.map(seconds),
        "graceSeconds": seconds(patience.grace),
        "drainSeconds": seconds(patience.drain),
        "pollSeconds": seconds(patience.poll),
        "flushSeconds": seconds(patience.flush),
        "terminationLog": receipt::place(),
    });
    println!("{shown:#}");
}

/// Copies this program, so that it is there as a whole or not at all.
pub(crate) fn install(to: &Path) -> u8 {
    let copy = || -> std::io::Result<()> {
        let from = std::env::current_exe()?;
        let mut beside = to.as_os_str().to_owned();
        beside.push(".part");
        std::fs::copy(from, &beside)?;
        // Whoever runs it has another user.
        std::fs::set_permissions(&beside, std::fs::Permissions::from_mode(0o755))?;
        std::fs::rename(&beside, to)
    };
    match copy() {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("keruta-agent: it cannot be copied to {}: {error}", to.display());
            exit::AGENT
        }
    }
}

/// What a small command ends with.
pub(crate) fn code(done: Result<(), AskError>) -> u8 {
    match done {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("keruta-agent: {error}");
            exit::UTILITY
        }
    }
}
