//! Why nobody was signed in.

use super::{ProviderError, TokenError};
use crate::notify::one_line;
use crate::secret::SecretError;

/// How much of what a provider says is told.
const SAID: usize = 100;

/// Why nobody was signed in. The whole text is for the log; a browser is told [`code`](Self::code).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OidcError {
    /// No provider is set.
    #[error("signing in by a provider needs {0}")]
    NotSet(&'static str),
    /// The browser did not begin this sign-in, or began it too long ago, or has used it.
    #[error("the answer belongs to no sign-in of this browser")]
    State,
    /// The provider takes the code no more.
    #[error("the provider does not take the code: it was used, or is too old")]
    Code,
    /// The provider let nobody in.
    #[error("the provider let nobody in: {0}")]
    Denied(String),
    /// The provider does not answer as it should.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The client's secret is not there.
    #[error("the client's secret: {0}")]
    Secret(#[from] SecretError),
    /// The ID token is none for us.
    #[error("the ID token is not taken: {0}")]
    Token(#[from] TokenError),
    /// None of the claim's values makes a role.
    #[error("the claim {claim} makes no role")]
    NoRole {
        /// The claim.
        claim: String,
        /// Who it is.
        subject: String,
    },
    /// The system has no randomness.
    #[error("the system has no randomness: {0}")]
    Randomness(#[from] getrandom::Error),
}

impl OidcError {
    pub(super) fn denied(said: &str) -> Self {
        Self::Denied(one_line(said, SAID))
    }

    /// One word for the sign-in page, which tells it in people's language.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotSet(_) => "unset",
            Self::State | Self::Code => "state",
            Self::Denied(_) => "denied",
            Self::Provider(_) => "provider",
            Self::Token(_) => "token",
            Self::NoRole { .. } => "role",
            Self::Secret(_) | Self::Randomness(_) => "server",
        }
    }
}
