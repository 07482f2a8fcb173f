//! What would keep tasks from running: the cluster is looked at, and for each thing that is wrong there is a cure.
//!
//! ```no_run
//! use keruta_manifest::Settings;
//! use keruta_submitter::cluster::{Cluster, ClusterConfig, Environment};
//! use keruta_submitter::doctor::{CheckResult, DoctorOptions, doctor};
//!
//! # async fn example() -> Result<(), keruta_submitter::cluster::ClusterError> {
//! let cluster = Cluster::connect(&ClusterConfig::default(), &Environment::of_process())?;
//! let mut failed = 0;
//! doctor(&cluster, &Settings::default(), &DoctorOptions::default(), |check| {
//!     failed += usize::from(check.result == CheckResult::Fail);
//! })
//! .await;
//! # Ok(())
//! # }
//! ```

mod images;
mod namespace;
mod reach;
mod rights;
mod storage;

use keruta_manifest::Settings;

use crate::cluster::{Cluster, ClusterError};

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckResult {
    /// All is well.
    Ok,
    /// Nothing was looked at.
    Skip,
    /// Something to look at; tasks may run all the same.
    Warn,
    /// No task would run.
    Fail,
}

impl CheckResult {
    /// It in a word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Skip => "skip",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// A check, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was looked at: `cluster`, `rights`.
    pub name: &'static str,
    /// What came of it.
    pub result: CheckResult,
    /// What was found.
    pub message: String,
    /// What to do about it.
    pub cure: Option<String>,
}

impl Check {
    /// All is well.
    #[must_use]
    pub fn ok(name: &'static str, message: impl Into<String>) -> Self {
        Self { name, result: CheckResult::Ok, message: message.into(), cure: None }
    }

    /// Nothing was looked at.
    #[must_use]
    pub fn skip(name: &'static str, message: impl Into<String>) -> Self {
        Self { result: CheckResult::Skip, ..Self::ok(name, message) }
    }

    /// Something to look at.
    #[must_use]
    pub fn warn(name: &'static str, message: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { result: CheckResult::Warn, cure: Some(cure.into()), ..Self::ok(name, message) }
    }

    /// No task would run.
    #[must_use]
    pub fn fail(name: &'static str, message: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { result: CheckResult::Fail, cure: Some(cure.into()), ..Self::ok(name, message) }
    }

    /// What could not be looked at. Without the right to look, that is no fault of the cluster's.
    fn unseen(name: &'static str, error: &ClusterError) -> Self {
        match error {
            ClusterError::Forbidden { action, .. } => {
                Self::skip(name, format!("not looked at: this needs the right to {action}"))
            }
            error => Self::warn(name, format!("could not be looked at: {error}"), error.cure()),
        }
    }
}

/// What to look at beside what always is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DoctorOptions {
    /// Whether the images of the settings are pulled, by a Job of the cluster.
    pub probe: bool,
    /// Whether each attempt gets a Secret with a token of its own, which wants the rights to make and delete Secrets.
    pub token_secrets: bool,
}

/// Whether the settings run tasks at all.
#[must_use]
pub fn enabled(settings: &Settings) -> Check {
    if settings.enabled {
        Check::ok("settings", "tasks are run on Kubernetes (enabled: true)")
    } else {
        let cure = "set enabled: true in the settings";
        Check::fail("settings", "tasks are not run on Kubernetes (enabled: false)", cure)
    }
}

/// Makes all checks in the cluster's namespace, and tells each as it comes. Where the cluster cannot be reached, the first tells.
pub async fn doctor(cluster: &Cluster, settings: &Settings, options: &DoctorOptions, mut told: impl FnMut(Check)) {
    let reached = reach::check(cluster).await;
    let is_reached = reached.iter().all(|check| check.result != CheckResult::Fail);
    reached.into_iter().for_each(&mut told);
    if !is_reached {
        return;
    }
    rights::check(cluster, options.token_secrets).await.into_iter().for_each(&mut told);
    namespace::check(cluster, settings, options.token_secrets).await.into_iter().for_each(&mut told);
    told(storage::check(cluster, settings).await);
    images::check(cluster, settings, options.probe).await.into_iter().for_each(&mut told);
}
