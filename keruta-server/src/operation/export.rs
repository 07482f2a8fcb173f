//! What an export's place needs, with its secrets by reference.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// An option of an object store: a plain text, or where a secret is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ExportOption {
    /// A text that everybody may read who may read the settings.
    Plain(String),
    /// The value of a variable of the server's environment.
    Environment {
        /// The variable: `AWS_…`, `GOOGLE_…`, `AZURE_…` or `KERUTA_EXPORT_…`.
        env: String,
    },
    /// The content of a file in the server's directory of secrets.
    File {
        /// The file's name, without a directory.
        file: String,
    },
}

/// Whose values may be named: the server's environment holds others too, such as its database's password.
const VARIABLES: [&str; 4] = ["AWS_", "GOOGLE_", "AZURE_", "KERUTA_EXPORT_"];
/// What in the name of an option tells that its value is secret.
const SECRET: [&str; 6] = ["secret", "password", "token", "key", "credential", "sas"];
/// And what such a name may have all the same: no secret itself.
const NO_SECRET: [&str; 2] = ["aws_access_key_id", "aws_disable_tagging"];

/// Where secrets are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretSources {
    /// The directory of the files that settings may name.
    pub directory: PathBuf,
}

impl Default for SecretSources {
    /// Where containers are given theirs.
    fn default() -> Self {
        Self { directory: PathBuf::from("/run/secrets") }
    }
}

/// Why an option cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// A secret in the open.
    #[error("the option {0} is secret, and settings are no place for secrets")]
    Open(String),
    /// A variable that is none of an object store's.
    #[error("the variable {0} may not be named here")]
    Variable(String),
    /// A file's name that leads elsewhere.
    #[error("{0:?} is no name of a file in the directory of secrets")]
    FileName(String),
    /// A variable that is not there.
    #[error("the variable {0} is not in the server's environment")]
    NoVariable(String),
    /// A file that cannot be read.
    #[error("the file {} cannot be read", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl SecretError {
    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> String {
        match self {
            Self::Open(_) => {
                "name where the server finds it: {\"env\": \"AWS_SECRET_ACCESS_KEY\"} or {\"file\": \"aws-secret\"}"
                    .to_owned()
            }
            Self::Variable(_) => format!("use a variable that begins with one of {}", VARIABLES.join(", ")),
            Self::FileName(_) => "write the file's name alone; the directory is the server's --secrets-dir".to_owned(),
            Self::NoVariable(_) => "start the server with it, or name another".to_owned(),
            Self::File { .. } => "put it there, readable for the server".to_owned(),
        }
    }
}

impl ExportOption {
    /// Whether it may be set at all.
    ///
    /// # Errors
    ///
    /// [`SecretError`].
    pub fn check(&self, name: &str) -> Result<(), SecretError> {
        match self {
            Self::Plain(_) => {
                let lower = name.to_ascii_lowercase();
                let secret = SECRET.iter().any(|word| lower.contains(word)) && !NO_SECRET.contains(&lower.as_str());
                if secret { Err(SecretError::Open(name.to_owned())) } else { Ok(()) }
            }
            Self::Environment { env } if VARIABLES.iter().any(|prefix| env.starts_with(prefix)) => Ok(()),
            Self::Environment { env } => Err(SecretError::Variable(env.clone())),
            Self::File { file } => {
                let mut parts = Path::new(file).components();
                let only = parts.next().zip(parts.next()).is_none();
                let plain = !matches!(file.as_str(), "" | "." | "..") && !file.contains(['/', '\\', '\0']);
                if only && plain { Ok(()) } else { Err(SecretError::FileName(file.clone())) }
            }
        }
    }

    fn value(&self, name: &str, sources: &SecretSources) -> Result<String, SecretError> {
        self.check(name)?;
        match self {
            Self::Plain(text) => Ok(text.clone()),
            Self::Environment { env } => std::env::var(env).map_err(|_| SecretError::NoVariable(env.clone())),
            Self::File { file } => {
                let path = sources.directory.join(file);
                let text = fs::read_to_string(&path).map_err(|source| SecretError::File { path, source })?;
                // Editors and shells end files with one.
                Ok(text.trim_end_matches(['\r', '\n']).to_owned())
            }
        }
    }
}

impl SecretSources {
    /// The values of options.
    ///
    /// # Errors
    ///
    /// [`SecretError`] of the first that has none.
    pub fn values(&self, options: &BTreeMap<String, ExportOption>) -> Result<Vec<(String, String)>, SecretError> {
        options.iter().map(|(name, option)| Ok((name.clone(), option.value(name, self)?))).collect()
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
            ("azure_storage_account_key", r#"{"file": "azure-key"}"#),
        ] {
            option(good).check(name).unwrap();
        }
        for (name, bad) in [
            ("aws_secret_access_key", r#""hunter2""#),
            ("Azure_Storage_SAS_Token", r#""x""#),
            ("google_service_account_key", r#""{}""#),
            ("aws_region", r#"{"env": "KERUTA_DATABASE"}"#),
            ("aws_region", r#"{"env": "PATH"}"#),
            ("aws_region", r#"{"file": "../keruta.db"}"#),
            ("aws_region", r#"{"file": "/etc/passwd"}"#),
            ("aws_region", r#"{"file": ".."}"#),
            ("aws_region", r#"{"file": ""}"#),
        ] {
            assert!(option(bad).check(name).is_err(), "{name} {bad}");
        }
    }

    #[test]
    fn a_files_last_line_break_is_none_of_the_secret() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("aws-secret"), "s3cret\n").unwrap();
        let sources = SecretSources { directory: directory.path().to_owned() };
        let options = BTreeMap::from([("aws_secret_access_key".to_owned(), option(r#"{"file": "aws-secret"}"#))]);
        assert_eq!(sources.values(&options).unwrap()[0].1, "s3cret");
        let missing = BTreeMap::from([("aws_session_token".to_owned(), option(r#"{"file": "none"}"#))]);
        assert!(matches!(sources.values(&missing), Err(SecretError::File { .. })));
    }
}
