//! Passwords: argon2id, on threads that may block, a few at once.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

use crate::value::Password;

/// How many are hashed at once: each takes 19 MiB and a core for some ten milliseconds.
const AT_ONCE: usize = 2;
/// How many more may wait for their turn.
const WAITING: usize = 32;

/// Hashes and checks passwords.
#[derive(Debug, Clone)]
pub struct Passwords {
    working: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    /// The hash of a password that nobody has: a name that nobody has takes as long as one that somebody has.
    nobody: Arc<str>,
}

/// Why a password could not be hashed or checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// Too many are under way.
    #[error("too many people sign in just now")]
    Busy,
    /// The hash that was kept cannot be read, or the library failed.
    #[error("a password could not be hashed: {0}")]
    Hash(String),
}

impl Passwords {
    /// With the parameters that OWASP names first for argon2id: 19 MiB, two passes, one lane.
    ///
    /// # Errors
    ///
    /// Where the system has no randomness.
    pub fn new() -> Result<Self, PasswordError> {
        Ok(Self {
            working: Arc::new(Semaphore::new(AT_ONCE)),
            queue: Arc::new(Semaphore::new(AT_ONCE + WAITING)),
            nobody: hash("the password of nobody")?.into(),
        })
    }

    /// The hash to keep, in PHC form, with a salt of its own.
    ///
    /// # Errors
    ///
    /// [`PasswordError`].
    pub async fn hash(&self, password: &Password) -> Result<String, PasswordError> {
        let password = password.as_str().to_owned();
        self.work(move || hash(&password)).await
    }

    /// Whether it is the password of this hash; `None` is the hash of nobody, which no password has.
    ///
    /// # Errors
    ///
    /// [`PasswordError`].
    pub async fn check(&self, password: String, kept: Option<String>) -> Result<bool, PasswordError> {
        let somebody = kept.is_some();
        let kept = kept.unwrap_or_else(|| self.nobody.to_string());
        let same = self.work(move || check(&password, &kept)).await?;
        Ok(same && somebody)
    }

    async fn work<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let _place = self.queue.try_acquire().map_err(|_| PasswordError::Busy)?;
        // Held by the work itself, which goes on where the client has gone.
        let permit = Arc::clone(&self.working).acquire_owned().await.map_err(|_| PasswordError::Busy)?;
        let done = tokio::task::spawn_blocking(move || {
            let done = job();
            drop(permit);
            done
        });
        done.await.map_err(|error| PasswordError::Hash(error.to_string()))?
    }
}

fn hash(password: &str) -> Result<String, PasswordError> {
    let hash = Argon2::default().hash_password(password.as_bytes()).map_err(failed)?;
    Ok(hash.to_string())
}

fn check(password: &str, kept: &str) -> Result<bool, PasswordError> {
    let kept = PasswordHash::new(kept).map_err(failed)?;
    Ok(Argon2::default().verify_password(password.as_bytes(), &kept).is_ok())
}

fn failed(error: impl std::fmt::Display) -> PasswordError {
    PasswordError::Hash(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_and_no_other() {
        let passwords = Passwords::new().unwrap();
        let password: Password = "correct horse battery".parse().unwrap();
        let kept = passwords.hash(&password).await.unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert_ne!(kept, passwords.hash(&password).await.unwrap());
        let check = |text: &str, kept| passwords.check(text.to_owned(), kept);
        assert!(check("correct horse battery", Some(kept.clone())).await.unwrap());
        assert!(!check("correct horse batterx", Some(kept)).await.unwrap());
        assert!(!check("the password of nobody", None).await.unwrap());
        assert!(matches!(check("x", Some("plain".to_owned())).await, Err(PasswordError::Hash(_))));
    }

    #[tokio::test]
    async fn a_crowd_is_turned_away() {
        let passwords = Passwords::new().unwrap();
        let places = passwords.queue.acquire_many(u32::try_from(AT_ONCE + WAITING).unwrap()).await.unwrap();
        assert!(matches!(passwords.check("x".to_owned(), None).await, Err(PasswordError::Busy)));
        drop(places);
        assert!(passwords.check("x".to_owned(), None).await.is_ok());
    }
}
