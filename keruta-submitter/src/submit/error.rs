//! Why an attempt was not submitted.

use crate::attempt::Attempt;
use crate::cluster::ClusterError;
use crate::journal::LedgerError;
use crate::observe::Stop;

/// Why an attempt was not submitted. Unless it says otherwise, nothing new is left in the cluster.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// The settings say `enabled: false`.
    #[error("tasks are not run on Kubernetes here (enabled: false)")]
    Disabled,
    /// The attempt had a Job, which is gone. It is never run a second time.
    #[error("{attempt} had a Job, which is gone: {by}")]
    HadAJob {
        /// The attempt.
        attempt: Attempt,
        /// By what one knows.
        by: String,
    },
    /// Somebody cancelled the attempt.
    #[error("{attempt} was cancelled{}", by(.stop.as_deref()))]
    Cancelled {
        /// The attempt.
        attempt: Attempt,
        /// The order, where it can be read.
        stop: Option<Box<Stop>>,
    },
    /// There is another object of that name.
    #[error("{object} is there already and is another one: {}", .differences.join("; "))]
    Conflict {
        /// The object: `Job keruta-job-task-1`.
        object: String,
        /// What differs.
        differences: Vec<String>,
    },
    /// The claim with the workspace is not there. A child does not make one: it would be empty.
    #[error("the claim {claim}, which holds the workspace, is not there")]
    ClaimMissing {
        /// The claim.
        claim: String,
    },
    /// The claim with the workspace is being deleted.
    #[error("the claim {claim}, which holds the workspace, is being deleted")]
    ClaimTerminating {
        /// The claim.
        claim: String,
    },
    /// The cluster does not want an object.
    #[error("{error}{}", left(.removed))]
    Refused {
        /// Why.
        error: ClusterError,
        /// What had been created for the attempt and was deleted again.
        removed: Vec<String>,
    },
    /// The cluster could not be asked, or did not answer. The intent is recorded: submit again, and what is there
    /// already is found.
    #[error(transparent)]
    Cluster(ClusterError),
    /// The ledger could not be read or written. A Job that was created meanwhile is found when submitting again.
    #[error("the ledger of submitted attempts failed")]
    Ledger(#[from] LedgerError),
}

impl SubmitError {
    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> String {
        match self {
            Self::Disabled => "set enabled: true in the settings".to_owned(),
            Self::HadAJob { .. } | Self::Cancelled { .. } => {
                "start the task's next attempt: keruta-submitter retry, or attempt: 2 in the task".to_owned()
            }
            Self::Conflict { .. } => {
                "give the task another id or attempt, or delete the object if nobody needs it".to_owned()
            }
            Self::ClaimMissing { .. } => {
                "run the root task again, which makes the claim, or give the child a workspace of its own".to_owned()
            }
            Self::ClaimTerminating { claim } => {
                format!("wait until it is gone (kubectl get pvc {claim}), then run the root task again")
            }
            Self::Refused { error, .. } | Self::Cluster(error) => error.cure(),
            Self::Ledger(_) => "check the state directory, then submit again".to_owned(),
        }
    }

    /// Whether the same call may succeed a little later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Cluster(error) if error.is_transient())
    }
}

fn by(stop: Option<&Stop>) -> String {
    match stop {
        Some(stop) if stop.by.is_empty() => format!(" at {}", stop.at),
        Some(stop) => format!(" by {} at {}", stop.by, stop.at),
        None => String::new(),
    }
}

fn left(removed: &[String]) -> String {
    if removed.is_empty() { String::new() } else { format!("; deleted again: {}", removed.join(", ")) }
}
