//! Where secrets are.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where the server finds a secret, which is kept nowhere else.
///
/// ```
/// use keruta_api::SecretReference;
///
/// let reference: SecretReference = serde_json::from_str(r#"{"file": "slack-webhook"}"#).unwrap();
/// assert_eq!(reference, SecretReference::File("slack-webhook".to_owned()));
/// assert_eq!(reference.to_string(), "the file slack-webhook of the directory for secrets");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum SecretReference {
    /// In a variable of the server's environment whose name begins with `KERUTA_SECRET_`.
    Env(String),
    /// In a file of the server's directory for secrets.
    File(String),
}

impl fmt::Display for SecretReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "the environment variable {name}"),
            Self::File(name) => write!(f, "the file {name} of the directory for secrets"),
        }
    }
}
