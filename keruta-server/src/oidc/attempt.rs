//! What a browser keeps between its leaving and its coming back.
//!
//! A cookie holds one secret, the time and the path; what the provider sees of the secret are hashes. So no server has to keep anything, and the
//! answer to one browser's attempt is of no use in another.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::auth::{Secret, same};

/// How many digits a secret has.
const DIGITS: usize = 64;
/// How long somebody may take at the provider.
const TIME: SignedDuration = SignedDuration::from_mins(10);
/// A longer path is not come back to.
const PATH: usize = 2000;

/// One sign-in.
pub(super) struct Attempt {
    secret: String,
    at: i64,
    path: String,
}

impl Attempt {
    pub(super) fn new(path: String, now: Timestamp) -> Result<Self, getrandom::Error> {
        let path = if path.len() > PATH { "/".to_owned() } else { path };
        Ok(Self { secret: Secret::new()?.hex(), at: now.as_second(), path })
    }

    /// One that has not ended.
    pub(super) fn of_cookie(cookie: &str, now: Timestamp) -> Option<Self> {
        let (secret, rest) = cookie.split_once('.')?;
        let (at, path) = rest.split_once('.')?;
        let at: i64 = at.parse().ok()?;
        let path = String::from_utf8(URL_SAFE_NO_PAD.decode(path).ok()?).ok()?;
        let lasts = now.duration_since(Timestamp::from_second(at).ok()?).abs() <= TIME;
        let digits = secret.len() == DIGITS && secret.bytes().all(|byte| byte.is_ascii_hexdigit());
        (digits && lasts).then(|| Self { secret: secret.to_owned(), at, path })
    }

    pub(super) fn cookie(&self) -> String {
        format!("{}.{}.{}", self.secret, self.at, URL_SAFE_NO_PAD.encode(&self.path))
    }

    /// What it was to come back to. A browser's owner may write anything here.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Ties the answer to the browser.
    pub(super) fn state(&self) -> String {
        self.derived("state")
    }

    pub(super) fn is(&self, state: &str) -> bool {
        same(&self.state(), state)
    }

    /// Ties the ID token to the attempt.
    pub(super) fn nonce(&self) -> String {
        self.derived("nonce")
    }

    /// Ties the code to the attempt (PKCE): told with the code, when it is given for a token.
    pub(super) fn verifier(&self) -> String {
        self.derived("verifier")
    }

    /// Its hash, told before.
    pub(super) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier()))
    }

    fn derived(&self, what: &str) -> String {
        base16ct::lower::encode_string(&Sha256::digest(format!("keruta oidc {what} {}", self.secret)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn it_comes_back_as_it_left_and_tells_nothing() {
        let attempt = Attempt::new("/tasks?q=ü".to_owned(), at(0)).unwrap();
        let back = Attempt::of_cookie(&attempt.cookie(), at(600)).unwrap();
        assert_eq!((back.state(), back.nonce(), back.path()), (attempt.state(), attempt.nonce(), "/tasks?q=ü"));
        assert!(back.is(&attempt.state()) && !back.is(&attempt.nonce()) && !back.is(""));
        let told = [attempt.state(), attempt.nonce(), attempt.challenge(), attempt.verifier()];
        assert!(told.iter().all(|one| !one.contains(&attempt.secret) && one.len() >= 43), "{told:?}");
        assert!(told.iter().enumerate().all(|(at, one)| !told[..at].contains(one)));
        assert!(Attempt::of_cookie(&attempt.cookie(), at(601)).is_none(), "it has ended");
        assert!(Attempt::of_cookie(&attempt.cookie(), at(-601)).is_none());
        assert_eq!(Attempt::new("/".repeat(PATH + 1), at(0)).unwrap().path(), "/");
    }

    #[test]
    fn nonsense_is_none() {
        let (digits, now) = ("0".repeat(DIGITS), at(0).as_second());
        assert!(Attempt::of_cookie(&format!("{digits}.{now}.Lw"), at(0)).is_some());
        for cookie in [
            String::new(),
            "..".to_owned(),
            digits.clone(),
            format!("{digits}.Lw"),
            format!("{digits}..Lw"),
            format!("{digits}.x.Lw"),
            format!("{digits}.{}.Lw", i64::MAX),
            format!("{digits}.{now}./"),
            format!("{digits}0.{now}.Lw"),
            format!("{}.{now}.Lw", "g".repeat(DIGITS)),
        ] {
            assert!(Attempt::of_cookie(&cookie, at(0)).is_none(), "{cookie}");
        }
    }
}
