//! Access: credentials into identities, sign-ins, new tokens.

mod sessions;
mod tokens;

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use keruta_api::Role;

use super::address::place_of;
use super::{Identity, PasswordError, Passwords, Rate};
use crate::external::ExternalUrl;
use crate::store::{Store, StoreError};

pub use sessions::SignedIn;

/// How soon a use is noted again.
const NOTED: SignedDuration = SignedDuration::from_secs(60);

/// How long a note of a use may hold a request up.
const PATIENCE: Duration = Duration::from_millis(500);

/// How access is given.
#[derive(Debug, Clone)]
pub struct AccessOptions {
    /// Whether cookies are for TLS alone.
    pub secure_cookies: bool,
    /// The address that people reach the server by, where it is known.
    pub external_url: Option<ExternalUrl>,
    /// Origins of other sites whose pages may send changes: `https://panel.example.com`.
    pub trusted_origins: Vec<String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// How long a session lasts that is not used.
    pub session_idle: SignedDuration,
    /// How long a session lasts at most.
    pub session_longest: SignedDuration,
    /// How many requests one token or session may send at once, and the pause after which it may send one more.
    pub requests: (NonZeroU32, Duration),
    /// The same of sign-ins from one address.
    pub logins: (NonZeroU32, Duration),
}

impl Default for AccessOptions {
    fn default() -> Self {
        Self {
            secure_cookies: false,
            external_url: None,
            trusted_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            session_idle: SignedDuration::from_hours(12),
            session_longest: SignedDuration::from_hours(7 * 24),
            requests: (at_once(400), Duration::from_millis(10)),
            logins: (at_once(10), Duration::from_secs(6)),
        }
    }
}

const fn at_once(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

/// Why nobody is let in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccessError {
    /// Nobody is known by what was shown.
    #[error("nobody is known by these credentials: they are wrong, have ended or were revoked")]
    Unknown,
    /// The token of a task's attempt that has ended, or is not the present one.
    #[error("the token is for attempt {attempt} of the task {task}, which is over")]
    AttemptOver {
        /// The task.
        task: String,
        /// The attempt.
        attempt: u32,
    },
    /// The name or the password is wrong; which one is not told.
    #[error("the name or the password is wrong")]
    WrongPassword,
    /// Somebody whom an OpenID provider vouches for, and who may not sign in all the same.
    #[error("this user is disabled")]
    Disabled,
    /// Too many requests in a short time.
    #[error("too many requests")]
    TooMany {
        /// When to try again.
        retry_after: Duration,
    },
    /// A password could not be checked.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The system has no randomness.
    #[error("the system has no randomness")]
    Randomness(#[from] getrandom::Error),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Gives access. Cheap to clone.
#[derive(Clone)]
pub struct Access {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    passwords: Passwords,
    options: AccessOptions,
    requests: Rate<String>,
    services: Rate<String>,
    /// Credentials that nobody is known by.
    failures: Rate<IpAddr>,
    logins: Rate<IpAddr>,
    names: Rate<String>,
}

impl Access {
    /// To the things of a store.
    ///
    /// # Errors
    ///
    /// Where the system has no randomness.
    pub fn new(store: Store, options: AccessOptions) -> Result<Self, AccessError> {
        let (burst, pause) = options.requests;
        let (login_burst, login_pause) = options.logins;
        let inner = Inner {
            store,
            passwords: Passwords::new()?,
            requests: Rate::new(burst, pause),
            // They ask for many tasks at once.
            services: Rate::new(burst.saturating_mul(at_once(10)), pause / 10),
            failures: Rate::new(at_once(30), Duration::from_secs(1)),
            logins: Rate::new(login_burst, login_pause),
            // Of all addresses together, so that nobody is guessed from many of them; slow enough for that, quick enough for
            // the user to get in beside it.
            names: Rate::new(login_burst.saturating_mul(at_once(2)), login_pause / 2),
            options,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// How access is given.
    #[must_use]
    pub fn options(&self) -> &AccessOptions {
        &self.inner.options
    }

    /// Hashes and checks passwords.
    #[must_use]
    pub fn passwords(&self) -> &Passwords {
        &self.inner.passwords
    }

    /// Who is known by a bearer token.
    ///
    /// # Errors
    ///
    /// [`AccessError::Unknown`] where nobody is, [`AccessError::AttemptOver`], [`AccessError::TooMany`].
    pub async fn by_token(&self, token: &str, from: Option<IpAddr>, now: Timestamp) -> Result<Identity, AccessError> {
        let found = tokens::find(self.store(), token, now).await;
        if let Err(AccessError::AttemptOver { task, attempt }) = &found {
            within(&self.inner.requests, &format!("{task}/{attempt}"))?;
        }
        self.counted(found?, from)
    }

    /// Who is known by a session's cookie.
    ///
    /// # Errors
    ///
    /// [`AccessError::Unknown`] where nobody is, [`AccessError::TooMany`].
    pub async fn by_cookie(&self, cookie: &str, from: Option<IpAddr>, now: Timestamp) -> Result<Identity, AccessError> {
        let found = sessions::find(self, cookie, now).await?;
        self.counted(found, from)
    }

    fn counted(&self, found: Option<Identity>, from: Option<IpAddr>) -> Result<Identity, AccessError> {
        let Some(identity) = found else {
            if let Some(from) = from {
                within(&self.inner.failures, &place_of(from))?;
            }
            return Err(AccessError::Unknown);
        };
        let rate = if identity.role == Role::Service { &self.inner.services } else { &self.inner.requests };
        within(rate, &identity.credential_id().to_owned())?;
        Ok(identity)
    }
}

/// Notes a use. A full disk, or a writer that is busy, is no reason to keep people from reading.
async fn note(use_: impl Future<Output = Result<(), StoreError>>) {
    match tokio::time::timeout(PATIENCE, use_).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "the use of a credential could not be noted"),
        Err(_) => tracing::debug!("the database is busy: the use of a credential was not noted"),
    }
}

fn within<K: Hash + Eq + Clone>(rate: &Rate<K>, key: &K) -> Result<(), AccessError> {
    rate.check(key).map_err(|retry_after| AccessError::TooMany { retry_after })
}
