//! What an export's place needs, with its secrets by reference.

use std::collections::BTreeMap;

use keruta_api::SecretReference;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret::{self, SecretError, SecretUse, Secrets};

/// An option of an object store: a plain text, or where a secret is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ExportOption {
    /// A text that everybody may read who may read the settings.
    Plain(String),
    /// Where its value is found: `{"env": NAME}` or `{"file": NAME}`.
    Secret(#[schemars(with = "BTreeMap<String, String>")] SecretReference),
}

/// What in the name of an option tells that its value is secret.
const SECRET: [&str; 6] = ["secret", "password", "token", "key", "credential", "sas"];
/// And what such a name may have all the same: no secret itself.
const NO_SECRET: [&str; 2] = ["aws_access_key_id", "aws_disable_tagging"];

/// Why an option cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportOptionError {
    /// A secret in the open.
    #[error("the option {0} is secret, and settings are no place for secrets")]
    Open(String),
    /// A secret that is none.
    #[error(transparent)]
    Secret(#[from] SecretError),
}

impl ExportOptionError {
    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> String {
        match self {
            Self::Open(_) => {
                "name where the server finds it: {\"env\": \"AWS_SECRET_ACCESS_KEY\"} or {\"file\": \"aws-secret\"}"
                    .to_owned()
            }
            Self::Secret(error) => error.cure(),
        }
    }
}

impl ExportOption {
    /// Whether it may be set at all.
    ///
    /// # Errors
    ///
    /// [`ExportOptionError`].
    pub fn check(&self, name: &str) -> Result<(), ExportOptionError> {
        match self {
            Self::Plain(_) => {
                let lower = name.to_ascii_lowercase();
                let secret = SECRET.iter().any(|word| lower.contains(word)) && !NO_SECRET.contains(&lower.as_str());
                if secret { Err(ExportOptionError::Open(name.to_owned())) } else { Ok(()) }
            }
            Self::Secret(reference) => Ok(secret::check(reference, SecretUse::ObjectStore)?),
        }
    }

    /// The values of options.
    ///
    /// # Errors
    ///
    /// [`SecretError`] of the first that has none.
    pub async fn values(
        options: &BTreeMap<String, Self>,
        secrets: &Secrets,
    ) -> Result<Vec<(String, String)>, SecretError> {
        let mut values = Vec::new();
        for (name, option) in options {
            let value = match option {
                Self::Plain(text) => text.clone(),
                Self::Secret(reference) => secrets.find(reference, SecretUse::ObjectStore).await?,
            };
            values.push((name.clone(), value));
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn option(json: &str) -> ExportOption {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn secrets_are_references_and_lead_nowhere_else() {
        for (name, good) in [
            ("aws_region", r#""eu-west-1""#),
            ("aws_access_key_id", r#""AKIA""#),
            ("aws_secret_access_key", r#"{"env": "AWS_SECRET_ACCESS_KEY"}"#),
            ("aws_secret_access_key", r#"{"env": "KERUTA_SECRET_AWS"}"#),
            ("azure_storage_account_key", r#"{"file": "azure-key"}"#),
        ] {
            option(good).check(name).unwrap();
        }
        for (name, bad) in [
            ("aws_secret_access_key", r#""hunter2""#),
            ("Azure_Storage_SAS_Token", r#""x""#),
            ("google_service_account_key", r#""{}""#),
            ("aws_region", r#"{"env": "KERUTA_DATABASE"}"#),
            ("aws_region", r#"{"file": "../keruta.db"}"#),
        ] {
            assert!(option(bad).check(name).is_err(), "{name} {bad}");
        }
    }

    #[tokio::test]
    async fn values_are_found() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("aws-secret"), "s3cret\n").unwrap();
        let secrets = Secrets::of(directory.path());
        let options = BTreeMap::from([
            ("aws_region".to_owned(), option(r#""eu""#)),
            ("aws_secret_access_key".to_owned(), option(r#"{"file": "aws-secret"}"#)),
        ]);
        let values = ExportOption::values(&options, &secrets).await.unwrap();
        let wanted = [("aws_region", "eu"), ("aws_secret_access_key", "s3cret")];
        assert_eq!(values, wanted.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let missing = BTreeMap::from([("aws_session_token".to_owned(), option(r#"{"file": "none"}"#))]);
        assert!(matches!(ExportOption::values(&missing, &secrets).await, Err(SecretError::File { .. })));
    }
}
