//! Flags that say which cluster, as whom, and how much of the program's own log is told.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use keruta_input::args::SettingsArgs;
use keruta_manifest::value::Duration;

use super::values::LogFormat;

/// Which cluster, as kubectl is told.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Cluster")]
pub(crate) struct ClusterArgs {
    /// The kubeconfig; default: KUBECONFIG, ~/.kube/config, or the Pod's service account
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// The kubeconfig's context
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// The kubeconfig's cluster, in the place of the context's
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) cluster: Option<String>,
    /// The kubeconfig's user, in the place of the context's
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// The user to act as
    #[arg(long = "as", global = true, value_name = "USER", hide_short_help = true)]
    pub(crate) impersonate: Option<String>,
    /// A group to act as; may be repeated
    #[arg(long = "as-group", global = true, value_name = "GROUP", hide_short_help = true)]
    pub(crate) impersonate_groups: Vec<String>,
    /// The uid to act as
    #[arg(long = "as-uid", global = true, value_name = "UID", hide_short_help = true)]
    pub(crate) impersonate_uid: Option<String>,
    /// How long one request may take, such as 10s; default: 30s
    #[arg(long, global = true, value_name = "TIME", hide_short_help = true)]
    pub(crate) request_timeout: Option<Duration>,
}

/// The program's own log.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Messages")]
pub(crate) struct LogArgs {
    /// How much of what the program does is told: error, warn, info, debug, trace, or directives such as
    /// `keruta_submitter=debug,kube=info`
    #[arg(long, global = true, value_name = "LEVEL", env = "KERUTA_LOG", hide_env = true, hide_short_help = true)]
    pub(crate) log_level: Option<String>,
    /// How that is told: to people, or as JSON
    #[arg(long, global = true, value_name = "FORMAT", default_value = "human", hide_short_help = true)]
    pub(crate) log_format: LogFormat,
}

/// The namespace and the settings, for commands that render nothing.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct NamespaceArgs {
    /// The namespace; default: the settings', else the context's
    #[arg(short, long, value_name = "NAMESPACE")]
    pub(crate) namespace: Option<String>,
    /// A settings file (.toml, .yaml, .json or .properties); may be repeated, later files win
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) settings: Vec<PathBuf>,
    /// One setting, such as inCluster=true; may be repeated
    #[arg(long, value_name = "NAME=VALUE", hide_short_help = true)]
    pub(crate) set: Vec<String>,
}

impl NamespaceArgs {
    /// As the flags of settings.
    pub(crate) fn settings(&self) -> SettingsArgs {
        SettingsArgs {
            settings: self.settings.clone(),
            set: self.set.clone(),
            namespace: self.namespace.clone(),
            ..SettingsArgs::default()
        }
    }
}
