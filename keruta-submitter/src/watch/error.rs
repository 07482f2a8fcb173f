//! What ends a session.

use std::time::Duration;

use crate::cluster::ClusterError;

/// Why a watch begins anew.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// The server no longer knows the version to go on from.
    #[error("the server no longer has the version that the watch stood at")]
    Gone,
    /// The server answered with an error, not at all, or not in time.
    #[error(transparent)]
    Cluster(ClusterError),
    /// A list shows an older state than was seen before: a server that has just started, and whose cache is behind.
    #[error("the server listed an older state than it has shown before")]
    Stale,
    /// The connection is open and silent.
    #[error("neither an event nor a bookmark came for {} s", after.as_secs())]
    Stalled {
        /// How long was waited.
        after: Duration,
    },
}

impl From<ClusterError> for WatchError {
    /// A 410 is told apart: only a new list helps.
    fn from(error: ClusterError) -> Self {
        if matches!(error, ClusterError::Gone { .. }) { Self::Gone } else { Self::Cluster(error) }
    }
}
