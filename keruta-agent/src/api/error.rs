//! What may go wrong.

use std::io;
use std::path::PathBuf;

/// Why there is no way to the API.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// Its URL is none.
    #[error("{url:?} is no URL of an API; write for example http://keruta-api.keruta.svc.cluster.local")]
    Url {
        /// What was given.
        url: String,
    },
    /// The certificates cannot be read.
    #[error("the certificates in {} cannot be read: {source}", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file has no certificate.
    #[error("{} has no certificate; it should have some in PEM form", path.display())]
    NoCertificates {
        /// The file.
        path: PathBuf,
    },
}

/// Why a request came to nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// The API is away, or not well: again later.
    #[error("the API does not answer when asked to {what}: {why}")]
    Unavailable {
        /// What was asked for.
        what: &'static str,
        /// Why not.
        why: String,
    },
    /// The token opens nothing, or not this.
    #[error("the API refuses to {what} ({status}: {detail}); look at the token that the task was given")]
    Refused {
        /// What was asked for.
        what: &'static str,
        /// The status: 401 or 403.
        status: u16,
        /// The kind of the problem: `/problems/attempt-over`.
        kind: String,
        /// In the API's words.
        detail: String,
    },
    /// There is no such thing.
    #[error("the API cannot {what}: {detail}")]
    NotFound {
        /// What was asked for.
        what: &'static str,
        /// In the API's words.
        detail: String,
    },
    /// The task's state does not allow it.
    #[error("the API will not {what}: {detail}")]
    Conflict {
        /// What was asked for.
        what: &'static str,
        /// The kind of the problem: `/problems/other-attempt`.
        kind: String,
        /// In the API's words.
        detail: String,
    },
    /// The log has another number of lines.
    #[error("the log has {offset} lines")]
    Offset {
        /// How many.
        offset: u64,
    },
    /// What was sent is wrong, so that sending it again is of no use.
    #[error("the API does not take what it was sent to {what} ({status}: {detail})")]
    Rejected {
        /// What was asked for.
        what: &'static str,
        /// The status.
        status: u16,
        /// In the API's words.
        detail: String,
    },
}

impl ApiError {
    /// Whether the same request may succeed later.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// Whether it says that this agent has nothing to do any more, and why.
    #[must_use]
    pub fn replaced(&self) -> Option<Replaced> {
        let (Self::Conflict { kind, .. } | Self::Refused { kind, .. }) = self else { return None };
        match kind.as_str() {
            "/problems/other-attempt" | "/problems/attempt-over" => Some(Replaced::ByAttempt),
            "/problems/stale-epoch" => Some(Replaced::ByAgent),
            _ => None,
        }
    }
}

/// What has taken an agent's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replaced {
    /// Another attempt of the task, or none: this one is over.
    ByAttempt,
    /// Another agent of the same attempt.
    ByAgent,
}
