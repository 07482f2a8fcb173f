//! Secrets that are told once: tokens and the cookies of sessions. What is kept of them tells nobody the secret.

use std::fmt;

use keruta_api::Role;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

/// How tokens begin, so that people and scanners know one when they see it.
const PREFIX: &str = "keruta";

/// How much of the digest finds the row.
const LOOKUP: usize = 16;

/// 256 random bits.
#[derive(Clone)]
pub struct Secret([u8; 32]);

impl Secret {
    /// A new one, from the system's randomness.
    ///
    /// # Errors
    ///
    /// Where the system has none.
    pub fn new() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// One of given bits.
    #[must_use]
    pub const fn of(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// As a token of a role: `keruta_viewer_0123…`.
    ///
    /// ```
    /// use keruta_api::Role;
    /// use keruta_server::auth::Secret;
    ///
    /// let token = Secret::of([0xab; 32]).token(Role::Viewer);
    /// assert_eq!(token, format!("keruta_viewer_{}", "ab".repeat(32)));
    /// ```
    #[must_use]
    pub fn token(&self, role: Role) -> String {
        format!("{PREFIX}_{role}_{}", self.hex())
    }

    /// As bare digits, for a cookie.
    #[must_use]
    pub fn hex(&self) -> String {
        base16ct::lower::encode_string(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// The SHA-256 of a secret's text. A secret of 256 random bits needs no slow hash: it cannot be guessed.
///
/// It is compared in constant time only, so there is no `==`:
///
/// ```compile_fail
/// use keruta_server::auth::Digest;
/// let _ = Digest::of("a") == Digest::of("a");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Of a secret as it came.
    #[must_use]
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    /// All of it, as it is kept.
    #[must_use]
    pub fn hex(&self) -> String {
        base16ct::lower::encode_string(&self.0)
    }

    /// The part that finds the row. How long the database takes to find it tells something of this part at most.
    #[must_use]
    pub fn lookup(&self) -> String {
        let mut hex = self.hex();
        hex.truncate(LOOKUP);
        hex
    }

    /// Whether it is the one that was kept, in a time that does not depend on where they differ.
    ///
    /// ```
    /// use keruta_server::auth::Digest;
    ///
    /// let kept = Digest::of("secret").hex();
    /// assert!(Digest::of("secret").is(&kept));
    /// assert!(!Digest::of("Secret").is(&kept));
    /// ```
    #[must_use]
    pub fn is(&self, kept: &str) -> bool {
        let mut bytes = [0; 32];
        match base16ct::lower::decode(kept, &mut bytes) {
            Ok(kept) => self.0.ct_eq(kept).into(),
            Err(_) => false,
        }
    }
}

/// Whether two texts are the same, in a time that does not depend on where they differ.
pub(crate) fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_keep_quiet() {
        let (one, other) = (Secret::new().unwrap(), Secret::new().unwrap());
        assert_ne!(one.hex(), other.hex());
        assert_eq!(one.hex().len(), 64);
        assert_eq!(format!("{one:?}"), "Secret");
    }

    #[test]
    fn only_the_whole_digest_is_it() {
        let digest = Digest::of("keruta_admin_00");
        let kept = digest.hex();
        assert!(digest.is(&kept));
        assert!(kept.starts_with(&digest.lookup()));
        for other in ["", &kept[..62], &format!("{}0", &kept[..63]), &kept.to_uppercase(), "zz"] {
            assert!(other == kept || !digest.is(other), "{other}");
        }
    }
}
