//! Where secrets are.

use std::fmt;

use serde::de::{Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// Where the server finds a secret, which is kept nowhere else.
///
/// ```
/// use keruta_api::SecretReference;
///
/// let reference: SecretReference = serde_json::from_str(r#"{"file": "slack-webhook"}"#).unwrap();
/// assert_eq!(reference, SecretReference::File("slack-webhook".to_owned()));
/// assert_eq!(reference.to_string(), "the file slack-webhook of the directory for secrets");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum SecretReference {
    /// In a variable of the server's environment whose name begins with `KERUTA_SECRET_`.
    Env(String),
    /// In a file of the server's directory for secrets.
    File(String),
}

impl<'de> Deserialize<'de> for SecretReference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Place)
    }
}

/// Reads a reference. A text in its place may be the secret itself, and no error repeats it.
struct Place;

impl<'de> Visitor<'de> for Place {
    type Value = SecretReference;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(r#"where the secret is: {"env": "NAME"} or {"file": "NAME"}"#)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<SecretReference, E> {
        Err(E::custom(r#"a secret is named, not written: {"env": "NAME"} or {"file": "NAME"}"#))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SecretReference, A::Error> {
        let reference = match map.next_key::<String>()?.as_deref() {
            Some("env") => SecretReference::Env(map.next_value()?),
            Some("file") => SecretReference::File(map.next_value()?),
            Some(other) => return Err(A::Error::unknown_field(other, &["env", "file"])),
            None => return Err(A::Error::invalid_length(0, &self)),
        };
        match map.next_key::<IgnoredAny>()? {
            None => Ok(reference),
            Some(_) => Err(A::Error::custom("a secret is in one place: write env or file, not both")),
        }
    }
}

impl fmt::Display for SecretReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "the environment variable {name}"),
            Self::File(name) => write!(f, "the file {name} of the directory for secrets"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_and_a_secret_is_not_repeated() {
        for (json, reference) in [
            (r#"{"env": "KERUTA_SECRET_X"}"#, SecretReference::Env("KERUTA_SECRET_X".to_owned())),
            (r#"{"file": "x"}"#, SecretReference::File("x".to_owned())),
        ] {
            let read: SecretReference = serde_json::from_str(json).unwrap();
            assert_eq!(read, reference);
            assert_eq!(serde_json::from_str::<SecretReference>(&serde_json::to_string(&read).unwrap()).unwrap(), read);
        }
        for wrong in
            [r#""hunter2""#, "{}", "7", "null", r#"{"env": "A", "file": "b"}"#, r#"{"url": "x"}"#, r#"{"env": 7}"#]
        {
            let error = serde_json::from_str::<SecretReference>(wrong).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
