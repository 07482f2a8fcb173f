//! Who asks.

use jiff::Timestamp;
use keruta_api::{Me, Role};

/// Whoever sent a request, as their credentials show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// What they may do.
    pub role: Role,
    /// What they showed.
    pub credential: Credential,
    /// When that ends.
    pub expires_at: Option<Timestamp>,
}

/// What somebody shows to be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// A token.
    Token {
        /// Its id.
        id: String,
        /// What it is for.
        name: String,
    },
    /// A token of one attempt of a task.
    Attempt {
        /// The token's id.
        id: String,
        /// The task.
        task: String,
        /// The attempt.
        attempt: u32,
    },
    /// A session's cookie.
    Session {
        /// The session's id.
        id: String,
        /// The user's id.
        user_id: String,
        /// The user's name.
        user: String,
        /// What changes must carry.
        csrf: String,
    },
}

impl Identity {
    /// The name that histories show.
    #[must_use]
    pub fn actor(&self) -> String {
        match &self.credential {
            Credential::Token { name, .. } => format!("token/{name}"),
            Credential::Attempt { task, attempt, .. } => format!("task/{task}/{attempt}"),
            Credential::Session { user, .. } => format!("user/{user}"),
        }
    }

    /// The id of what was shown.
    #[must_use]
    pub fn credential_id(&self) -> &str {
        match &self.credential {
            Credential::Token { id, .. } | Credential::Attempt { id, .. } | Credential::Session { id, .. } => id,
        }
    }

    /// As the API gives it.
    #[must_use]
    pub fn to_api(&self) -> Me {
        let (user, csrf_token) = match &self.credential {
            Credential::Session { user, csrf, .. } => (Some(user.clone()), Some(csrf.clone())),
            Credential::Token { .. } | Credential::Attempt { .. } => (None, None),
        };
        Me { actor: self.actor(), role: self.role, user, csrf_token, expires_at: self.expires_at }
    }
}
