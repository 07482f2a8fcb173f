//! Flags that the programs of keruta share.

mod inputs;
mod values;

use clap::Args;
use keruta_manifest::review::KubernetesVersion;

pub use inputs::{SettingsArgs, TaskArgs};
pub use values::{Colour, Preset, Security};

/// What is said on standard error, and how.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Messages")]
pub struct TalkArgs {
    /// Also tell notes, and the findings of every task
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
    /// Tell errors only
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// When to use colour; `NO_COLOR` is honoured
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_default_value = true)]
    pub color: Colour,
}

/// What every command about tasks takes.
#[derive(Debug, Clone, Args)]
pub struct InputArgs {
    /// Where tasks come from.
    #[command(flatten)]
    pub task: TaskArgs,
    /// Where settings come from.
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// The version of Kubernetes that the manifests are for; default: the newest known
    #[arg(long, value_name = "VERSION", help_heading = "Settings")]
    pub kubernetes_version: Option<KubernetesVersion>,
}
