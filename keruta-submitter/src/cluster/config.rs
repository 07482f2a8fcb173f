//! Which cluster, and as whom: found the way kubectl finds it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use keruta_manifest::Settings;
use kube::config::Kubeconfig;

use super::kubeconfig;
use super::proxy::{ProxyVariables, proxy_for};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);

/// Which cluster to talk to, and as whom.
///
/// The order is kubectl's: `--kubeconfig`, else the files of `KUBECONFIG` merged, else `~/.kube/config`, else the Pod's own
/// service account. [Source](https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClusterConfig {
    /// The one kubeconfig to read (`--kubeconfig`); it must be there.
    pub kubeconfig: Option<PathBuf>,
    /// The context; the kubeconfig's current one where absent.
    pub context: Option<String>,
    /// The cluster, in the place of the context's.
    pub cluster: Option<String>,
    /// The user, in the place of the context's.
    pub user: Option<String>,
    /// The namespace of objects that name none, in the place of the context's.
    pub namespace: Option<String>,
    /// The user to act as (`--as`).
    pub impersonate: Option<String>,
    /// The groups to act as (`--as-group`).
    pub impersonate_groups: Vec<String>,
    /// The uid to act as (`--as-uid`).
    pub impersonate_uid: Option<String>,
    /// Whether to use the Pod's own service account and no file.
    pub in_cluster: bool,
}

impl ClusterConfig {
    /// What the settings say; flags are then set over it. A kubeconfig that a flag names wins over `inCluster`.
    #[must_use]
    pub fn of_settings(settings: &Settings) -> Self {
        Self {
            kubeconfig: settings.config_path.as_ref().map(|path| PathBuf::from(path.as_str())),
            namespace: settings.default_namespace.as_ref().map(ToString::to_string),
            in_cluster: settings.in_cluster,
            ..Self::default()
        }
    }

    /// The client's configuration, and where it was found.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] where there is none, or it is not usable.
    pub(super) fn load(&self, environment: &Environment) -> Result<(kube::Config, Origin), ConfigError> {
        let (mut config, of_cluster, origin) = if self.in_cluster {
            in_cluster()?
        } else {
            match self.read(environment)? {
                Some((kubeconfig, files)) => {
                    let chosen = kubeconfig::choose(&kubeconfig, self, &files)?;
                    (chosen.config, chosen.proxy, Origin::Kubeconfig { files, context: chosen.context })
                }
                None => in_cluster().map_err(|_| ConfigError::NotFound { looked: environment.candidates() })?,
            }
        };
        config.proxy_url = proxy_for(&config.cluster_url, of_cluster.as_deref(), &environment.proxy)?;
        config.connect_timeout = Some(CONNECT);
        // The client would retry writes by itself, and wait as long as the server says.
        config.default_retry = false;
        if let Some(namespace) = self.namespace.as_deref().filter(|namespace| !namespace.is_empty()) {
            namespace.clone_into(&mut config.default_namespace);
        }
        self.act_as(&mut config)?;
        Ok((config, origin))
    }

    fn act_as(&self, config: &mut kube::Config) -> Result<(), ConfigError> {
        if self.impersonate.is_none() {
            let more = !self.impersonate_groups.is_empty() || self.impersonate_uid.is_some();
            return if more { Err(ConfigError::GroupWithoutUser) } else { Ok(()) };
        }
        config.auth_info.impersonate.clone_from(&self.impersonate);
        config.auth_info.impersonate_uid.clone_from(&self.impersonate_uid);
        let groups = (!self.impersonate_groups.is_empty()).then(|| self.impersonate_groups.clone());
        config.auth_info.impersonate_groups = groups;
        Ok(())
    }

    /// The merged kubeconfig and its files; `None` where there is no file.
    fn read(&self, environment: &Environment) -> Result<Option<(Kubeconfig, Vec<PathBuf>)>, ConfigError> {
        if let Some(path) = &self.kubeconfig {
            return Ok(Some((read(path)?, vec![path.clone()])));
        }
        let mut files = Vec::new();
        let mut merged = Kubeconfig::default();
        // kubectl passes over files that are not there.
        for path in environment.candidates().into_iter().filter(|path| path.exists()) {
            let wrong = |why| ConfigError::Read { path: path.clone(), why };
            merged = merged.merge(read(&path)?).map_err(|error| wrong(error.to_string()))?;
            files.push(path);
        }
        let is_empty = merged.clusters.is_empty() && merged.contexts.is_empty();
        Ok((!is_empty).then_some((merged, files)))
    }
}

fn read(path: &Path) -> Result<Kubeconfig, ConfigError> {
    let wrong = |error: kube::config::KubeconfigError| ConfigError::Read {
        path: path.to_owned(),
        why: super::refusal::chain(&error),
    };
    Kubeconfig::read_from(path).map_err(wrong)
}

type Found = (kube::Config, Option<String>, Origin);

fn in_cluster() -> Result<Found, ConfigError> {
    let config =
        kube::Config::incluster().map_err(|error| ConfigError::InCluster { why: super::refusal::chain(&error) })?;
    Ok((config, None, Origin::InCluster))
}

/// Where the configuration was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// In kubeconfig files.
    Kubeconfig {
        /// The files, the first of which wins.
        files: Vec<PathBuf>,
        /// The context.
        context: String,
    },
    /// In the Pod's service account.
    InCluster,
    /// Whoever made the client knows.
    Given,
}

/// What of a process' environment matters here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// The files of `KUBECONFIG`.
    pub kubeconfig: Vec<PathBuf>,
    /// The home directory.
    pub home: Option<PathBuf>,
    /// The proxies.
    pub proxy: ProxyVariables,
}

impl Environment {
    /// The one of this process.
    #[must_use]
    pub fn of_process() -> Self {
        let files = std::env::var_os("KUBECONFIG").unwrap_or_default();
        Self {
            kubeconfig: std::env::split_paths(&files).filter(|path| !path.as_os_str().is_empty()).collect(),
            home: std::env::home_dir(),
            proxy: ProxyVariables::from(|name| std::env::var(name).ok()),
        }
    }

    /// The files in which kubectl looks.
    fn candidates(&self) -> Vec<PathBuf> {
        if self.kubeconfig.is_empty() {
            return self.home.iter().map(|home| home.join(".kube").join("config")).collect();
        }
        self.kubeconfig.clone()
    }
}

/// Why it is not known how to reach a cluster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// No kubeconfig, and no service account of a Pod.
    #[error("there is no cluster to talk to: no kubeconfig at {}, and this is no Pod", paths(.looked))]
    NotFound {
        /// The files that are not there, or hold nothing.
        looked: Vec<PathBuf>,
    },
    /// A kubeconfig that cannot be read.
    #[error("the kubeconfig {} cannot be read: {why}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// No current context, and none was asked for.
    #[error("the kubeconfig {} names no current context", paths(.files))]
    NoContext {
        /// The files.
        files: Vec<PathBuf>,
        /// The contexts that they have.
        known: Vec<String>,
    },
    /// A context, cluster or user that is not there.
    #[error("the kubeconfig {} has no {what} {name:?}", paths(.files))]
    Unknown {
        /// `context`, `cluster` or `user`.
        what: &'static str,
        /// Its name.
        name: String,
        /// The files.
        files: Vec<PathBuf>,
        /// The names that are there.
        known: Vec<String>,
    },
    /// A part of the kubeconfig that cannot be used.
    #[error("{what} of the kubeconfig {} cannot be used: {why}", paths(.files))]
    Part {
        /// Which: `the server of the cluster "c"`.
        what: String,
        /// Why.
        why: String,
        /// The files.
        files: Vec<PathBuf>,
    },
    /// A proxy that cannot be used.
    #[error("the proxy {value:?} cannot be used: {why}")]
    Proxy {
        /// Its URL, without a password.
        value: String,
        /// Why.
        why: String,
    },
    /// Not in a Pod, or one without a service account's token.
    #[error("the Pod's own service account cannot be used: {why}")]
    InCluster {
        /// Why.
        why: String,
    },
    /// A group or uid to act as, without a user.
    #[error("a group or uid to act as needs a user to act as")]
    GroupWithoutUser,
    /// No client can be made of the configuration.
    #[error("no client can be made of the configuration: {why}")]
    Client {
        /// Why.
        why: String,
    },
}

impl ConfigError {
    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> String {
        let one_of = |known: &[String]| {
            if known.is_empty() { "there is none".to_owned() } else { format!("there are: {}", known.join(", ")) }
        };
        match self {
            Self::NotFound { .. } => "name a kubeconfig with --kubeconfig, KUBECONFIG or configPath".to_owned(),
            Self::Read { .. } | Self::Part { .. } => "mend the kubeconfig; `kubectl config view` shows it".to_owned(),
            Self::NoContext { known, .. } => format!("name one with --context ({})", one_of(known)),
            Self::Unknown { known, .. } => format!("name one that is there ({})", one_of(known)),
            Self::Proxy { .. } => "write it as http://host:port, https://host:port or socks5://host:port".to_owned(),
            Self::InCluster { .. } => "set inCluster only in a Pod, with automountServiceAccountToken: true".to_owned(),
            Self::GroupWithoutUser => "add --as".to_owned(),
            Self::Client { .. } => "check the certificates, keys and plugins of the kubeconfig's user".to_owned(),
        }
    }
}

fn paths(paths: &[PathBuf]) -> String {
    if paths.is_empty() {
        return "~/.kube/config".to_owned();
    }
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
