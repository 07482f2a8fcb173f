//! Why a message was not taken.

use std::time::Duration;

use crate::secret::SecretError;

/// Why a message was not taken.
///
/// Its text is shown to people, and holds no secret: a webhook's URL is one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// A secret is not where it should be.
    #[error("{0}; {cure}", cure = .0.cure())]
    Secret(#[from] SecretError),
    /// What the secret or the channel says cannot be used.
    #[error("{0}")]
    Unusable(String),
    /// The address is one that the server does not send to.
    #[error(
        "{host} has the address {address}, which is not public: the server sends there only with --allow-private-webhooks"
    )]
    Private {
        /// The host.
        host: String,
        /// Its address.
        address: String,
    },
    /// The other side refused it.
    #[error("the other side answered {answer}")]
    Refused {
        /// What it said.
        answer: String,
        /// Whether it will say so again.
        is_final: bool,
        /// When to try again.
        retry_after: Option<Duration>,
    },
    /// It could not be reached, or broke off.
    #[error("{0}")]
    Unreachable(String),
    /// It did not answer in time.
    #[error("no answer within {} s", .0.as_secs())]
    TimedOut(Duration),
}

impl SendError {
    /// Whether trying again is of no use.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        match self {
            Self::Refused { is_final, .. } => *is_final,
            // A person may mend the others meanwhile.
            _ => false,
        }
    }

    /// For how long the other side asked not to be troubled.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
