//! Texts that are not to be shown.

use std::fmt;

use keruta_redact::{RedactError, Redactor};

/// A text that shows as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text; white space around it is no part of it. `None` where nothing is left.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// What is called so is secret.
const ENDINGS: [&str; 8] =
    ["TOKEN", "PASSWORD", "PASSWD", "SECRET", "API_KEY", "ACCESS_KEY", "PRIVATE_KEY", "CREDENTIALS"];

/// What is to be taken out of the log: the agent's token, and the values of variables that are named or called like secrets.
pub(crate) fn redactor(token: Option<&Secret>, named: &[String]) -> Result<Redactor, RedactError> {
    let is_secret = |name: &str| {
        let upper = name.to_ascii_uppercase();
        named.iter().any(|other| other.trim() == name) || ENDINGS.iter().any(|ending| upper.ends_with(ending))
    };
    let values = std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_secret));
    let values: Vec<Vec<u8>> = values.map(|(_, value)| value.into_encoded_bytes()).collect();
    Redactor::new(values.iter().map(Vec::as_slice).chain(token.map(|token| token.expose().as_bytes())))
}
