//! Secrets, where they are: the environment and one directory, and nowhere else.

use std::path::{Path, PathBuf};

use keruta_api::SecretReference;

use super::SendError;

/// What the name of a variable with a secret begins with: whoever may change channels may not read the server's other
/// variables by them.
pub const SECRET_PREFIX: &str = "KERUTA_SECRET_";
/// No password is longer.
const MOST: u64 = 64 * 1024;

/// Finds secrets.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    /// Where the files are, as a Secret of Kubernetes is mounted.
    pub directory: Option<PathBuf>,
}

impl Secrets {
    /// A secret, read anew each time, without the line feed at its end.
    ///
    /// # Errors
    ///
    /// [`SendError::Secret`] where it is not there.
    pub async fn find(&self, reference: &SecretReference) -> Result<String, SendError> {
        let (place, found) = match reference {
            SecretReference::EnvironmentVariable(name) => {
                (format!("the environment variable {name}"), variable(name).ok_or_else(|| "is not set".to_owned()))
            }
            SecretReference::File(name) => {
                let Some(directory) = &self.directory else {
                    return Err(SendError::Secret {
                        place: format!("the file {name}"),
                        why: "cannot be read: the server was started without --secrets-dir".to_owned(),
                    });
                };
                (format!("the file {name} of the directory for secrets"), file(&directory.join(name)).await)
            }
        };
        match found {
            Ok(text) if text.trim().is_empty() => Err(SendError::Secret { place, why: "is empty".to_owned() }),
            Ok(text) => Ok(text.trim_end_matches(['\r', '\n']).to_owned()),
            Err(why) => Err(SendError::Secret { place, why }),
        }
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

async fn file(path: &Path) -> Result<String, String> {
    let size = tokio::fs::metadata(path).await.map_err(|error| format!("cannot be read: {error}"))?.len();
    if size > MOST {
        return Err("is too large for a secret".to_owned());
    }
    tokio::fs::read_to_string(path).await.map_err(|error| format!("cannot be read: {error}"))
}

/// Whether a reference names a place where secrets may be.
pub(super) fn check(reference: &SecretReference) -> Result<(), (&'static str, &'static str)> {
    match reference {
        SecretReference::EnvironmentVariable(name) => {
            let rest = name.strip_prefix(SECRET_PREFIX).unwrap_or_default();
            let good = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
            if rest.is_empty() || rest.len() > 100 || !rest.bytes().all(good) {
                return Err((
                    "is no variable that may hold a secret",
                    "name one that begins with KERUTA_SECRET_, in capitals, digits and _",
                ));
            }
        }
        SecretReference::File(name) => {
            let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
            if name.is_empty() || name.len() > 200 || name.starts_with('.') || !name.bytes().all(good) {
                return Err((
                    "is no name of a file in the directory for secrets",
                    "use letters, digits, '.', '-' and '_', without a '.' at the beginning",
                ));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_few() {
        let variable = |name: &str| check(&SecretReference::EnvironmentVariable(name.to_owned())).is_ok();
        assert!(variable("KERUTA_SECRET_SLACK_1"));
        for bad in ["KERUTA_SECRET_", "KERUTA_DATABASE", "AWS_SECRET_ACCESS_KEY", "PATH", "KERUTA_SECRET_a b", ""] {
            assert!(!variable(bad), "{bad}");
        }
        let file = |name: &str| check(&SecretReference::File(name.to_owned())).is_ok();
        assert!(file("smtp-password.txt"));
        for bad in ["", "..", ".hidden", "../x", "/etc/passwd", "a/b", "a\0b"] {
            assert!(!file(bad), "{bad}");
        }
    }

    #[tokio::test]
    async fn a_file_is_read_anew_each_time() {
        let directory = tempfile::tempdir().unwrap();
        let secrets = Secrets { directory: Some(directory.path().to_owned()) };
        let reference = SecretReference::File("webhook".to_owned());
        let error = secrets.find(&reference).await.unwrap_err();
        assert!(error.to_string().contains("webhook") && !error.is_final(), "{error}");
        for (content, secret) in [("one\n", "one"), ("two words\r\n", "two words")] {
            std::fs::write(directory.path().join("webhook"), content).unwrap();
            assert_eq!(secrets.find(&reference).await.unwrap(), secret);
        }
        std::fs::write(directory.path().join("webhook"), "\n").unwrap();
        assert!(secrets.find(&reference).await.unwrap_err().to_string().contains("is empty"));
        let unset = SecretReference::EnvironmentVariable("KERUTA_SECRET_THAT_NOBODY_SETS".to_owned());
        assert!(secrets.find(&unset).await.unwrap_err().to_string().contains("is not set"));
        assert!(Secrets::default().find(&reference).await.unwrap_err().to_string().contains("--secrets-dir"));
    }
}
