//! Flags that say what to work on: tasks and settings.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::values::{Preset, Security};

/// Where tasks come from: a file, or flags for a single one.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Tasks")]
#[group(skip)]
pub struct TaskArgs {
    /// A file with one task, a JSON array of tasks, or one task a line; `-` reads standard input
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath, required_unless_present = "id")]
    #[arg(conflicts_with_all = ["id", "title", "repo", "git_ref", "image", "parent", "storage", "access_mode", "command"])]
    pub task: Option<PathBuf>,
    /// Go on after a task that is wrong; the exit code tells of it at the end
    #[arg(long, conflicts_with = "id")]
    pub keep_going: bool,
    /// Parents of tasks that are not in the file: a JSON map from id to parent (null for none), or tasks
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub lineage: Option<PathBuf>,

    /// The task's id, for a task without a file
    #[arg(long, value_name = "ID", help_heading = "A task without a file")]
    pub id: Option<String>,
    /// What the task is, in one line
    #[arg(long, requires = "id", help_heading = "A task without a file")]
    pub title: Option<String>,
    /// The git repository to check out
    #[arg(long, value_name = "URL", requires = "id", help_heading = "A task without a file")]
    pub repo: Option<String>,
    /// The branch, tag or commit of the repository
    #[arg(long = "ref", value_name = "REF", requires = "repo", help_heading = "A task without a file")]
    pub git_ref: Option<String>,
    /// The image of the main container
    #[arg(long, requires = "id", help_heading = "A task without a file")]
    pub image: Option<String>,
    /// The id of the task whose workspace is shared
    #[arg(long, value_name = "ID", requires = "id", help_heading = "A task without a file")]
    pub parent: Option<String>,
    /// The size of the workspace, such as 5Gi
    #[arg(long, value_name = "SIZE", requires = "id", help_heading = "A task without a file")]
    pub storage: Option<String>,
    /// The access mode of the workspace, such as ReadWriteOnce
    #[arg(long, value_name = "MODE", requires = "id", help_heading = "A task without a file")]
    pub access_mode: Option<String>,
    /// The command of the main container, after `--`
    #[arg(last = true, requires = "id", help_heading = "A task without a file")]
    pub command: Vec<String>,
}

/// Where settings come from besides the environment.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Settings")]
pub struct SettingsArgs {
    /// A settings file (.toml, .yaml, .json or .properties); may be repeated, later files win
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub settings: Vec<PathBuf>,
    /// One setting, such as workspace.size=2Gi; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// The namespace of tasks that name none (the setting defaultNamespace)
    #[arg(short, long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// Whose manifests to write: keruta's own, or those of the first (Kotlin) generator
    #[arg(long)]
    pub preset: Option<Preset>,
    /// How much Pods may do (the setting security.profile)
    #[arg(long, value_name = "PROFILE")]
    pub security: Option<Security>,
}
