//! The cluster that tasks run on, and how it fares.

use std::sync::Arc;

use keruta_manifest::Settings;
use keruta_submitter::cluster::{Cluster, ClusterConfig, ClusterError, Environment};

/// How the cluster fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterState {
    /// Another replica runs the tasks, or none does yet.
    Standby,
    /// The settings say `enabled: false`: tasks stay in the queue.
    Disabled,
    /// It cannot be used: tasks stay in the queue.
    Unreachable {
        /// Why.
        why: String,
        /// What to do about it.
        cure: String,
    },
    /// Tasks run on it.
    Connected {
        /// The API server's URL.
        server: String,
        /// Its version, as it says it: `v1.36.2`.
        version: String,
    },
}

/// Makes a cluster of the settings.
pub type Connect = Arc<dyn Fn(&Settings) -> Result<Cluster, ClusterError> + Send + Sync>;

/// The cluster that the settings name, found as kubectl finds it.
#[must_use]
pub fn connect_by_settings() -> Connect {
    Arc::new(|settings| Cluster::connect(&ClusterConfig::of_settings(settings), &Environment::of_process()))
}

/// The part of the settings that says which cluster, and whether: a change of it begins anew.
pub(super) fn choice(settings: &Settings) -> impl PartialEq + use<> {
    (settings.enabled, settings.in_cluster, settings.config_path.clone(), settings.default_namespace.clone())
}
