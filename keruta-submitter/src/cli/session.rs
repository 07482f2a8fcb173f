//! What the commands share: the way to the cluster, and to whoever looks.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressDrawTarget};
use keruta_input::args::SettingsArgs;
use keruta_input::diagnostic::human::Message;
use keruta_input::settings::Layered;
use keruta_input::terminal::Talk;
use keruta_manifest::Settings;
use keruta_manifest::review::Severity;
use keruta_submitter::cluster::{Cluster, ClusterConfig, Environment};

use super::args::{Cli, ClusterArgs};
use super::failure::Failure;

/// A run of the program.
#[derive(Debug)]
pub(crate) struct Session {
    talk: Talk,
    bars: MultiProgress,
    cluster: ClusterArgs,
}

impl Session {
    pub(crate) fn new(cli: &Cli, talk: Talk) -> Self {
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        Self { talk, bars, cluster: cli.cluster.clone() }
    }

    pub(crate) const fn talk(&self) -> Talk {
        self.talk
    }

    /// Where a live view is drawn.
    pub(crate) const fn bars(&self) -> &MultiProgress {
        &self.bars
    }

    /// Whether somebody watches on a terminal that can be drawn on.
    pub(crate) fn is_watched() -> bool {
        let is_dumb = std::env::var_os("TERM").is_none_or(|terminal| terminal == "dumb");
        io::stderr().is_terminal() && io::stdout().is_terminal() && !is_dumb
    }

    /// Ends the live view, as it stands.
    pub(crate) fn clear(&self) {
        self.bars.set_draw_target(ProgressDrawTarget::hidden());
    }

    /// Tells a message above the live view.
    pub(crate) fn tell(&self, message: &Message) {
        self.bars.suspend(|| self.talk.message(message));
    }

    /// The settings of files, environment and flags.
    pub(crate) fn settings(&self, args: &SettingsArgs) -> Result<Settings, Failure> {
        let layered = Layered::read(args)?;
        for warning in &layered.warnings {
            self.talk.line(Severity::Warning, warning);
        }
        Ok(layered.settings)
    }

    /// The cluster of settings and flags. Nothing is asked yet.
    pub(crate) fn cluster(&self, settings: &Settings) -> Result<Cluster, Failure> {
        let args = &self.cluster;
        let mut config = ClusterConfig::of_settings(settings);
        if args.kubeconfig.is_some() {
            config.kubeconfig.clone_from(&args.kubeconfig);
            // A kubeconfig that somebody names is the one they mean.
            config.in_cluster = false;
        }
        config.context.clone_from(&args.context);
        config.cluster.clone_from(&args.cluster);
        config.user.clone_from(&args.user);
        config.impersonate.clone_from(&args.impersonate);
        config.impersonate_groups.clone_from(&args.impersonate_groups);
        config.impersonate_uid.clone_from(&args.impersonate_uid);
        let cluster = Cluster::connect(&config, &Environment::of_process())?;
        Ok(match args.request_timeout {
            Some(limit) => cluster.with_call_timeout(Duration::from_secs(limit.as_secs().into())),
            None => cluster,
        })
    }
}
