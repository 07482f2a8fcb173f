//! What ends a session.

use std::time::Duration;

/// Why a watch begins anew.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// The server no longer knows the version to go on from.
    #[error("the server no longer has the version that the watch stood at")]
    Gone,
    /// The server answered with an error, or could not be reached.
    #[error(transparent)]
    Kube(#[from] kube::Error),
    /// An answer took too long.
    #[error("the server did not answer within {} s", after.as_secs())]
    TimedOut {
        /// How long was waited.
        after: Duration,
    },
    /// The connection is open and silent.
    #[error("neither an event nor a bookmark came for {} s", after.as_secs())]
    Stalled {
        /// How long was waited.
        after: Duration,
    },
}

impl WatchError {
    /// A 410 of either form is told apart: only a new list helps.
    pub(super) fn of(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) if status.code == 410 || status.reason == "Expired" => Self::Gone,
            error => Self::Kube(error),
        }
    }
}
