//! The flags of `submit`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use keruta_input::args::InputArgs;
use keruta_manifest::value::Duration;

use super::journal::JournalTokenArgs;
use super::redact::RedactArgs;
use super::values::{JournalPlace, Output};

#[derive(Debug, Clone, Args)]
pub(crate) struct SubmitArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// A stream of manifests as keruta-manifest render writes it, YAML or JSON; `-` reads standard input
    #[arg(short = 'f', long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Tasks")]
    pub(crate) manifests: Option<PathBuf>,

    /// Follow the tasks to their end; the exit code tells how they ended
    #[arg(short, long, help_heading = "Following")]
    pub(crate) wait: bool,
    /// Also write their logs as they come
    #[arg(short, long, requires = "wait", help_heading = "Following")]
    pub(crate) logs: bool,
    /// Cancel a task that has not ended so long after its submission, such as 30m
    #[arg(long, value_name = "TIME", requires = "wait", help_heading = "Following")]
    pub(crate) timeout: Option<Duration>,
    /// Have at most so many tasks under way at once
    #[arg(long, value_name = "NUMBER", requires = "wait", help_heading = "Following")]
    pub(crate) max_in_flight: Option<NonZeroUsize>,
    /// End with the exit code of the task's failed container
    #[arg(long, requires = "wait", help_heading = "Following")]
    pub(crate) exit_code_from_task: bool,
    /// Also keep statuses and logs in this directory, or in the keruta server at this address
    #[arg(long, value_name = "DIR|URL", value_hint = ValueHint::DirPath, requires = "wait", help_heading = "Following")]
    pub(crate) journal: Option<JournalPlace>,
    #[command(flatten)]
    pub(crate) journal_token: JournalTokenArgs,

    #[command(flatten)]
    pub(crate) redact: RedactArgs,

    /// How to write: for people, one JSON document at the end, or one JSON object a line as things happen
    #[arg(short, long, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    pub(crate) output: Output,
    /// Submit nothing: only check here (client), or have the cluster check too (server)
    #[arg(long, value_name = "WHERE", conflicts_with = "wait", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "client", help_heading = "Output")]
    pub(crate) dry_run: Option<DryRun>,
    /// Where it is noted which attempts were submitted, so that none runs twice; default: ~/.local/state/keruta
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, env = "KERUTA_STATE_DIR", hide_env = true)]
    #[arg(help_heading = "Output", hide_short_help = true)]
    pub(crate) state_dir: Option<PathBuf>,
}

/// Where a submission is only tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DryRun {
    /// Here
    Client,
    /// In the cluster
    Server,
}
