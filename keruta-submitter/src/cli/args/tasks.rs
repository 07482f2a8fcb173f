//! The flags of the commands about tasks that were submitted.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, ValueHint};
use keruta_manifest::value::Duration;

use super::cluster::NamespaceArgs;
use super::redact::RedactArgs;
use super::values::{Ago, LevelArg, Output, Table};

#[derive(Debug, Clone, Args)]
pub(crate) struct StatusArgs {
    /// The tasks' ids; default: all of the namespace
    #[arg(value_name = "TASK")]
    pub(crate) tasks: Vec<String>,
    #[command(flatten)]
    pub(crate) namespace: NamespaceArgs,
    /// Also tell earlier attempts
    #[arg(short, long)]
    pub(crate) all_attempts: bool,
    /// How to tell: to people, as one JSON document, or one JSON object a line
    #[arg(short, long, value_name = "FORMAT", default_value = "human")]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) redact: RedactArgs,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct LogsArgs {
    /// The task's id
    #[arg(value_name = "TASK")]
    pub(crate) task: String,
    #[command(flatten)]
    pub(crate) namespace: NamespaceArgs,
    /// Go on until the task has ended
    #[arg(short, long, conflicts_with = "until")]
    pub(crate) follow: bool,
    /// Only of this container
    #[arg(short, long, value_name = "NAME")]
    pub(crate) container: Option<String>,
    /// Only lines that are not older: a time such as 10m or 2h ago, or 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<Ago>,
    /// Only lines before this time
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<Ago>,
    /// Only lines at least so grave
    #[arg(long, value_name = "LEVEL", ignore_case = true)]
    pub(crate) level: Option<LevelArg>,
    /// Of this attempt; default: the last
    #[arg(long, value_name = "NUMBER")]
    pub(crate) attempt: Option<NonZeroU32>,
    /// Write the time of each line before it
    #[arg(long)]
    pub(crate) timestamps: bool,
    /// Read from this journal what the cluster has no more
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) journal: Option<PathBuf>,
    /// How to write: lines for people, one JSON document, or one JSON object a line
    #[arg(short, long, value_name = "FORMAT", default_value = "human")]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) redact: RedactArgs,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct CancelArgs {
    /// The tasks' ids
    #[arg(value_name = "TASK", required = true)]
    pub(crate) tasks: Vec<String>,
    #[command(flatten)]
    pub(crate) namespace: NamespaceArgs,
    /// This attempt, also where it has not started yet; default: the last that was submitted
    #[arg(long, value_name = "NUMBER")]
    pub(crate) attempt: Option<NonZeroU32>,
    /// Why, for those who look at the task later
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Wait until their Pods have ended
    #[arg(short, long)]
    pub(crate) wait: bool,
    /// How to tell: to people, or as JSON
    #[arg(short, long, value_name = "FORMAT", default_value = "human")]
    pub(crate) output: Table,
    /// Where it is noted which attempts were submitted; default: ~/.local/state/keruta
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, env = "KERUTA_STATE_DIR", hide_env = true)]
    #[arg(hide_short_help = true)]
    pub(crate) state_dir: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct RetryArgs {
    /// The task's id
    #[arg(value_name = "TASK")]
    pub(crate) task: String,
    #[command(flatten)]
    pub(crate) namespace: NamespaceArgs,
    /// Follow it to its end; the exit code tells how it ended
    #[arg(short, long)]
    pub(crate) wait: bool,
    /// Also write its logs as they come
    #[arg(short, long, requires = "wait")]
    pub(crate) logs: bool,
    /// Cancel it if it has not ended so long after its submission, such as 30m
    #[arg(long, value_name = "TIME", requires = "wait")]
    pub(crate) timeout: Option<Duration>,
    /// How to write: for people, one JSON document at the end, or one JSON object a line as things happen
    #[arg(short, long, value_name = "FORMAT", default_value = "human")]
    pub(crate) output: Output,
    /// Where it is noted which attempts were submitted; default: ~/.local/state/keruta
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, env = "KERUTA_STATE_DIR", hide_env = true)]
    #[arg(hide_short_help = true)]
    pub(crate) state_dir: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) redact: RedactArgs,
}
