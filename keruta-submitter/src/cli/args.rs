//! The command line.

mod cluster;
mod examples;
mod journal;
mod redact;
mod submit;
mod tasks;
mod values;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{ArgGroup, Args, CommandFactory, Parser, Subcommand, ValueHint};
use clap_complete::Shell;
use keruta_input::args::TalkArgs;

pub(crate) use cluster::{ClusterArgs, LogArgs, NamespaceArgs};
pub(crate) use journal::JournalTokenArgs;
pub(crate) use redact::RedactArgs;
pub(crate) use submit::{DryRun, SubmitArgs};
pub(crate) use tasks::{CancelArgs, LogsArgs, RetryArgs, StatusArgs};
pub(crate) use values::{JournalPlace, LogFormat, Output, Table, VersionOutput};

/// Submits tasks to Kubernetes, follows them to their end, and tells how they ended.
///
/// A task becomes a Job. Its Pods are watched, its logs kept, and its end judged by what the cluster shows: a verdict with
/// evidence, recorded on the Job. Results go to standard output, everything else to standard error.
#[derive(Debug, Parser)]
#[command(name = "keruta-submitter", version, after_help = examples::TOP, after_long_help = examples::TOP_LONG)]
#[command(propagate_version = true, disable_help_subcommand = true, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
    #[command(flatten)]
    pub(crate) talk: TalkArgs,
    #[command(flatten)]
    pub(crate) log: LogArgs,
}

/// The command line as clap knows it.
pub(crate) fn command() -> clap::Command {
    // The flags of tasks are those of keruta-manifest; here a stream of manifests is another way to name them.
    Cli::command().mut_subcommand("submit", |submit| {
        submit
            .mut_arg("task", |task| task.required_unless_present("manifests"))
            .group(ArgGroup::new("what").args(["task", "id", "manifests"]).required(true).multiple(false))
    })
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Submit tasks, and follow them to their end with --wait
    #[command(override_usage = examples::SUBMIT_USAGE, long_about = examples::SUBMIT_ABOUT, after_long_help = examples::SUBMIT)]
    Submit(Box<SubmitArgs>),
    /// Tell where tasks stand, and how they ended
    #[command(long_about = examples::STATUS_ABOUT, after_long_help = examples::STATUS)]
    Status(StatusArgs),
    /// Write a task's log
    #[command(long_about = examples::LOGS_ABOUT, after_long_help = examples::LOGS)]
    Logs(LogsArgs),
    /// End tasks, also before they start
    #[command(long_about = examples::CANCEL_ABOUT, after_long_help = examples::CANCEL)]
    Cancel(CancelArgs),
    /// Submit a task that has ended once more, as a new attempt
    #[command(long_about = examples::RETRY_ABOUT, after_long_help = examples::RETRY)]
    Retry(RetryArgs),
    /// Delete what nobody needs any more
    #[command(long_about = examples::CLEANUP_ABOUT, after_long_help = examples::CLEANUP)]
    Cleanup(CleanupArgs),
    /// Look for what would keep tasks from running
    #[command(long_about = examples::DOCTOR_ABOUT, after_long_help = examples::DOCTOR)]
    Doctor(DoctorArgs),
    /// Follow all tasks of namespaces, for as long as it runs
    #[command(long_about = examples::FOLLOW_ABOUT, after_long_help = examples::FOLLOW)]
    Follow(FollowArgs),
    /// Write a completion script for a shell
    #[command(after_long_help = examples::COMPLETION)]
    Completion(CompletionArgs),
    /// Write the manual pages
    #[command(after_long_help = examples::MAN)]
    Man(ManArgs),
    /// Tell the version of this program
    Version(VersionArgs),
}

impl Command {
    /// Whether it runs as a service, so that its own log tells of the ordinary course too.
    pub(crate) const fn runs_for_long(&self) -> bool {
        matches!(self, Self::Follow(_))
    }
}

#[derive(Debug, Clone, Args)]
pub(crate) struct CleanupArgs {
    #[command(flatten)]
    pub(crate) namespace: NamespaceArgs,
    /// Only tell what would be deleted
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Only what ended so long ago, such as 7d or 12h; default: what the settings keep
    #[arg(long, value_name = "TIME")]
    pub(crate) older_than: Option<keruta_manifest::value::Duration>,
    /// How to tell: to people, or as JSON
    #[arg(short, long, value_name = "FORMAT", default_value = "human")]
    pub(crate) output: Table,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) namespace: NamespaceArgs,
    /// Try whether the images can be pulled, with a Pod that runs for a moment
    #[arg(long)]
    pub(crate) probe: bool,
    /// How to tell: to people, or as JSON
    #[arg(short, long, value_name = "FORMAT", default_value = "human")]
    pub(crate) output: Table,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct FollowArgs {
    /// A namespace whose tasks are followed; may be repeated. Default: the context's
    #[arg(short, long = "namespace", value_name = "NAMESPACE")]
    pub(crate) namespaces: Vec<String>,
    /// A settings file (.toml, .yaml, .json or .properties); may be repeated, later files win
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) settings: Vec<PathBuf>,
    /// Keep statuses and logs in this directory, or in the keruta server at this address
    #[arg(long, value_name = "DIR|URL", value_hint = ValueHint::DirPath)]
    pub(crate) journal: JournalPlace,
    #[command(flatten)]
    pub(crate) journal_token: JournalTokenArgs,
    /// Serve /metrics and /healthz on this loopback address, such as 127.0.0.1:9090
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) metrics: Option<SocketAddr>,
    /// Follow only while holding a Lease, so that replicas take turns
    #[arg(long)]
    pub(crate) lease: bool,
    #[command(flatten)]
    pub(crate) redact: RedactArgs,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct CompletionArgs {
    /// Which shell
    pub(crate) shell: Shell,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct ManArgs {
    /// Write one page for each command into this directory, instead of the first page to standard output
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) output_dir: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct VersionArgs {
    /// How to write: text or JSON
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: VersionOutput,
}
