//! The command line.

mod examples;
mod values;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use keruta_input::args::{InputArgs, TalkArgs};

pub(crate) use values::{Format, Output, Schema, TextOutput, VersionOutput};

use clap_complete::Shell;
use keruta_manifest::install::{Component, PodSecurity};
use keruta_manifest::value::ImageReference;

/// Turns tasks into Kubernetes manifests.
///
/// A task (an id, an image, a command, a git repository …) becomes a Job, with a PersistentVolumeClaim where its
/// workspace is to outlive the Pod. Nothing here talks to a cluster: manifests go to standard output, everything
/// else to standard error, and the same input always gives the same bytes.
#[derive(Debug, Parser)]
#[command(name = "keruta-manifest", version, after_help = examples::TOP, after_long_help = examples::TOP_LONG)]
#[command(propagate_version = true, disable_help_subcommand = true, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) talk: TalkArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write the manifests of tasks
    #[command(override_usage = examples::RENDER_USAGE, long_about = examples::RENDER_ABOUT, after_long_help = examples::RENDER)]
    Render(RenderArgs),
    /// Tell what is wrong with tasks, settings and the manifests they would become
    #[command(override_usage = examples::VALIDATE_USAGE, long_about = examples::VALIDATE_ABOUT, after_long_help = examples::VALIDATE)]
    Validate(ValidateArgs),
    /// Write the manifests with the origin of every field
    #[command(override_usage = examples::EXPLAIN_USAGE, long_about = examples::EXPLAIN_ABOUT, after_long_help = examples::EXPLAIN)]
    Explain(ExplainArgs),
    /// Compare the manifests of tasks with a file
    #[command(override_usage = examples::DIFF_USAGE, long_about = examples::DIFF_ABOUT, after_long_help = examples::DIFF)]
    Diff(DiffArgs),
    /// Write the JSON Schema of tasks, settings or reports
    #[command(after_long_help = examples::SCHEMA)]
    Schema(SchemaArgs),
    /// Write what a cluster needs to run keruta, with the least rights
    #[command(long_about = examples::INSTALL_ABOUT, after_long_help = examples::INSTALL)]
    Install(InstallArgs),
    /// Write a completion script for a shell
    #[command(after_long_help = examples::COMPLETION)]
    Completion(CompletionArgs),
    /// Write the manual pages
    #[command(after_long_help = examples::MAN)]
    Man(ManArgs),
    /// Tell the version of this program and of Kubernetes
    Version(VersionArgs),
}

#[derive(Debug, Clone, Args)]
pub(crate) struct RenderArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// How to write: a stream of YAML documents, one JSON List, or `kind/name` a line
    #[arg(short, long, value_name = "FORMAT", default_value = "yaml", help_heading = "Output")]
    pub(crate) output: Output,
    /// Write a file for each task, named after its Job, instead of standard output
    #[arg(long, value_name = "DIR", help_heading = "Output", value_hint = clap::ValueHint::DirPath)]
    pub(crate) output_dir: Option<PathBuf>,
    /// Refuse tasks whose manifests have warnings: nothing of them is written, and the exit code is 1
    #[arg(long, help_heading = "Output")]
    pub(crate) strict: bool,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct ValidateArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// How to tell the findings: to people, as JSON, as SARIF 2.1.0, or as GitHub workflow commands
    #[arg(long, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    pub(crate) format: Format,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct ExplainArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// How to write: YAML with a comment a field, or JSON
    #[arg(short, long, value_name = "FORMAT", default_value = "yaml", help_heading = "Output")]
    pub(crate) output: TextOutput,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct DiffArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// The manifests to compare with, YAML or JSON; `-` reads standard input
    #[arg(long, value_name = "FILE", help_heading = "Output", value_hint = clap::ValueHint::FilePath)]
    pub(crate) against: PathBuf,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct SchemaArgs {
    /// Which schema
    pub(crate) of: Schema,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct InstallArgs {
    /// Only these parts, separated by commas
    #[arg(long, value_name = "PART", value_delimiter = ',', value_parser = values::component())]
    pub(crate) only: Vec<Component>,
    /// A namespace that tasks run in; may be repeated
    #[arg(short, long, value_name = "NAMESPACE", default_value = "keruta-tasks")]
    pub(crate) namespace: Vec<String>,
    /// The namespace of keruta itself
    #[arg(long, value_name = "NAMESPACE", default_value = "keruta")]
    pub(crate) system_namespace: String,
    /// The Pod Security Standard that the tasks' namespaces enforce
    #[arg(long, value_name = "LEVEL", default_value = "baseline", value_parser = values::pod_security())]
    pub(crate) pod_security: PodSecurity,
    /// The image of keruta's server; also writes its Deployment, Service and claim, as `--only server` does
    #[arg(long, value_name = "IMAGE")]
    pub(crate) server_image: Option<ImageReference>,
    /// Also the rights by which keruta-server gives each attempt a token of its own: to make and delete Secrets, not to read them
    #[arg(long)]
    pub(crate) task_tokens: bool,
    /// How to write: a stream of YAML documents, one JSON List, or `kind/name` a line
    #[arg(short, long, value_name = "FORMAT", default_value = "yaml")]
    pub(crate) output: Output,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct CompletionArgs {
    /// Which shell
    pub(crate) shell: Shell,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct ManArgs {
    /// Write one page for each command into this directory, instead of the first page to standard output
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub(crate) output_dir: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct VersionArgs {
    /// How to write: text or JSON
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: VersionOutput,
}
