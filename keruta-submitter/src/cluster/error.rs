//! Why a cluster could not or would not do something, and what to do about it.

use std::time::Duration;

use super::action::Action;
use super::config::ConfigError;
use super::right::MissingRight;

/// Why a cluster could not or would not do what it was asked for.
///
/// Each has a [`cure`](ClusterError::cure). Whether to ask again is told by [`is_transient`](ClusterError::is_transient),
/// whether a write may have happened all the same by [`may_have_taken_effect`](ClusterError::may_have_taken_effect).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// It is not known how to reach a cluster.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No answer came, or none that could be read to its end.
    #[error("the API server {server} cannot be reached: {why}")]
    Unreachable {
        /// Its URL.
        server: String,
        /// What went wrong on the way.
        why: String,
    },
    /// The API server does not know who asks.
    #[error("the API server {server} does not accept the credentials: {why}")]
    Unauthorized {
        /// Its URL.
        server: String,
        /// In its own words.
        why: String,
    },
    /// Who asks has not the right to.
    #[error("{} may not {action}", .right.who())]
    Forbidden {
        /// What was asked.
        action: Box<Action>,
        /// The right that is missing.
        right: Box<MissingRight>,
    },
    /// A quota of the namespace has no room.
    #[error("the quota {quota:?} has no room to {action}: {message}")]
    QuotaExceeded {
        /// What was asked.
        action: Box<Action>,
        /// The `ResourceQuota`.
        quota: String,
        /// What was requested, what is used and what the limit is.
        message: String,
    },
    /// A webhook, a policy or a built-in admission plugin refuses.
    #[error("{} refuses to {action}: {message}", .by.as_deref().unwrap_or("the cluster's admission control"))]
    AdmissionDenied {
        /// What was asked.
        action: Box<Action>,
        /// Who refuses, where it says: `webhook "policy.example.com"`.
        by: Option<String>,
        /// Why.
        message: String,
    },
    /// The object is not one that Kubernetes accepts.
    #[error("the cluster finds the object invalid and does not {action}: {message}")]
    Invalid {
        /// What was asked.
        action: Box<Action>,
        /// The whole message.
        message: String,
        /// The fields, each with what is wrong.
        causes: Vec<InvalidField>,
    },
    /// There is an object of that name.
    #[error("the cluster cannot {action}: it exists already")]
    AlreadyExists {
        /// What was asked.
        action: Box<Action>,
    },
    /// The object is another one than was thought (its uid or version), or was changed at the same time.
    #[error("the cluster cannot {action}: {message}")]
    Conflict {
        /// What was asked.
        action: Box<Action>,
        /// Why.
        message: String,
    },
    /// There is no such object, namespace or resource.
    #[error("the cluster cannot {action}: {message}")]
    NotFound {
        /// What was asked.
        action: Box<Action>,
        /// What is not there.
        message: String,
    },
    /// The version that was asked for is too old.
    #[error("the cluster cannot {action} from that version: {message}")]
    Gone {
        /// What was asked.
        action: Box<Action>,
        /// Why.
        message: String,
    },
    /// The object is larger than a request or an object may be.
    #[error("the object is too large to {action}: {message}")]
    TooLarge {
        /// What was asked.
        action: Box<Action>,
        /// Why.
        message: String,
    },
    /// No answer in time. A write may have taken effect.
    #[error("no answer within {after:?} to: {action}")]
    TimedOut {
        /// What was asked.
        action: Box<Action>,
        /// How long was waited.
        after: Duration,
    },
    /// The API server has too much to do.
    #[error("the API server is busy and does not {action} now")]
    Throttled {
        /// What was asked.
        action: Box<Action>,
        /// When it wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// Something is wrong in the cluster itself.
    #[error("the API server failed to {action} ({code}): {message}")]
    Server {
        /// What was asked.
        action: Box<Action>,
        /// The HTTP status.
        code: u16,
        /// In its own words.
        message: String,
        /// When it wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// The request or the answer is not what the two sides understand.
    #[error("the API server and this program do not understand each other ({action}): {why}")]
    Protocol {
        /// What was asked.
        action: Box<Action>,
        /// What is not understood.
        why: String,
    },
}

/// A field that Kubernetes does not accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidField {
    /// Its path: `spec.template.spec.containers[0].image`.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

impl ClusterError {
    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> String {
        match self {
            Self::Config(error) => error.cure(),
            Self::Unreachable { why, .. } if why.contains("certificate") => {
                "check the cluster's certificate-authority in the kubeconfig, and that its server is the right one"
                    .to_owned()
            }
            Self::Unreachable { server, .. } => format!(
                "check that {server} is right (kubectl cluster-info), that the network lets you there, and HTTPS_PROXY and \
                 NO_PROXY"
            ),
            Self::Unauthorized { .. } => {
                "log in again, or renew the token or certificate of the kubeconfig's user".to_owned()
            }
            Self::Forbidden { right, .. } => format!(
                "grant this right, or all that keruta needs: `keruta-manifest install --only rbac{} | kubectl apply -f -`\n{}",
                namespace_flag(&right.namespace),
                right.to_role()
            ),
            Self::QuotaExceeded { quota, .. } => format!(
                "wait until other tasks have ended, delete what is not needed any more, or raise the quota {quota:?}"
            ),
            Self::AdmissionDenied { .. } => {
                "change the task or the settings so that the policy is met, or ask who keeps the policy".to_owned()
            }
            Self::Invalid { .. } => {
                "mend the fields that are named; `keruta-manifest validate` finds most before".to_owned()
            }
            Self::AlreadyExists { .. } => "compare the two, or choose another name".to_owned(),
            Self::Conflict { .. } => "look at the object as it is now, and try again".to_owned(),
            Self::NotFound { action, message } if message.starts_with("namespaces") => {
                format!("create the namespace: kubectl create namespace {}", action.namespace)
            }
            Self::NotFound { .. } => "check the name, the namespace and the kubeconfig's context".to_owned(),
            Self::Gone { .. } => "list again".to_owned(),
            Self::TooLarge { .. } => {
                "keep the task's texts and files below 1 MiB in all; put large data into the repository or a volume"
                    .to_owned()
            }
            Self::TimedOut { .. } => {
                "try again; if it stays so, look at the API server and at its admission webhooks".to_owned()
            }
            Self::Throttled { .. } => {
                "wait a little, and have fewer tasks submitted at once (--max-in-flight)".to_owned()
            }
            Self::Server { .. } => "try again; if it stays so, look at the API server's log".to_owned(),
            Self::Protocol { .. } => {
                "check that the server is a Kubernetes API server of a supported version and no proxy's page".to_owned()
            }
        }
    }

    /// Whether the same request may succeed a little later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::TimedOut { .. } | Self::Throttled { .. } => true,
            Self::Server { code, .. } => *code != 501,
            _ => false,
        }
    }

    /// Whether a write may have happened although it failed for the one who asked.
    #[must_use]
    pub fn may_have_taken_effect(&self) -> bool {
        match self {
            Self::TimedOut { action, .. } | Self::Server { action, .. } | Self::Protocol { action, .. } => {
                action.verb.is_write()
            }
            // A connection may break between the request and its answer.
            Self::Unreachable { .. } => true,
            _ => false,
        }
    }

    /// Whether the cluster has looked at the object and does not want it, now or ever.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Forbidden { .. }
                | Self::QuotaExceeded { .. }
                | Self::AdmissionDenied { .. }
                | Self::Invalid { .. }
                | Self::TooLarge { .. }
                | Self::NotFound { .. }
        )
    }

    /// How long the API server wants to be left alone; bound it before sleeping so long.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Throttled { retry_after, .. } | Self::Server { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

fn namespace_flag(namespace: &str) -> String {
    if namespace.is_empty() { String::new() } else { format!(" -n {namespace}") }
}
