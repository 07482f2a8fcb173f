//! Secrets of others, where they are: the server's environment and one directory, and nowhere else.
//!
//! Settings and notification channels name them (`{"env": "KERUTA_SECRET_X"}`, `{"file": "x"}`); they are read anew each time.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use keruta_api::SecretReference;
use tokio::io::AsyncReadExt;
use tokio::sync::watch;

use crate::operation::ServerSettings;

/// What the name of a variable with a secret begins with: the server's environment holds others too, such as its database's
/// password.
const PREFIX: &str = "KERUTA_SECRET_";
/// The variables that clouds give to programs.
const OF_CLOUDS: [&str; 3] = ["AWS_", "GOOGLE_", "AZURE_"];
/// No password is longer.
const MOST: u64 = 64 * 1024;
/// The longest name of a variable or a file.
const NAME: usize = 200;

/// What a secret is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretUse {
    /// To reach people, or to sign people in.
    Plain,
    /// To reach an object store, which may be named by the variables of its cloud too.
    ObjectStore,
}

/// Why a secret cannot be used. No secret is in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// A variable that may hold other things.
    #[error("{0:?} is no variable that may be named here")]
    Variable(String, SecretUse),
    /// A name that leads elsewhere.
    #[error("{0:?} is no name of a file in the directory for secrets")]
    FileName(String),
    /// A secret of the settings, which are for admins, named by a channel.
    #[error("{0} is named by the server's settings, and channels may not name it too")]
    Reserved(SecretReference),
    /// A variable that is not there.
    #[error("{0} is not set")]
    NotSet(SecretReference),
    /// Nothing is in it.
    #[error("{0} is empty")]
    Empty(SecretReference),
    /// More than a secret is in it.
    #[error("{0} is too large for a secret")]
    TooLarge(SecretReference),
    /// A file that cannot be read.
    #[error("{reference} cannot be read: {error}")]
    File {
        /// Which.
        reference: SecretReference,
        /// Why.
        error: io::Error,
    },
}

impl SecretError {
    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> String {
        match self {
            Self::Variable(_, SecretUse::Plain) => {
                format!("name one that begins with {PREFIX}, in capitals, digits and _")
            }
            Self::Variable(_, SecretUse::ObjectStore) => {
                format!("name one that begins with {PREFIX}, {}, in capitals, digits and _", OF_CLOUDS.join(", "))
            }
            Self::FileName(_) => "use letters, digits, '.', '-' and '_', without a '.' at the beginning; the \
                                  directory is the server's --secrets-dir"
                .to_owned(),
            Self::Reserved(_) => "give the channel a secret of its own".to_owned(),
            Self::NotSet(_) => "start the server with it, or name another".to_owned(),
            Self::Empty(_) | Self::TooLarge(_) => "write the secret alone into it".to_owned(),
            Self::File { .. } => "put it there, readable for the server".to_owned(),
        }
    }
}

/// Whether a reference names a place where secrets may be.
///
/// ```
/// use keruta_api::SecretReference;
/// use keruta_server::secret::{SecretUse, check};
///
/// let stolen = SecretReference::Env("KERUTA_DATABASE".to_owned());
/// let error = check(&stolen, SecretUse::Plain).unwrap_err();
/// assert_eq!(error.cure(), "name one that begins with KERUTA_SECRET_, in capitals, digits and _");
/// ```
///
/// # Errors
///
/// [`SecretError::Variable`], [`SecretError::FileName`].
pub fn check(reference: &SecretReference, use_: SecretUse) -> Result<(), SecretError> {
    match reference {
        SecretReference::Env(name) => {
            let clouds = if use_ == SecretUse::ObjectStore { &OF_CLOUDS[..] } else { &[] };
            let mut prefixes = clouds.iter().chain(&[PREFIX]);
            let rest = prefixes.find_map(|prefix| name.strip_prefix(prefix)).unwrap_or_default();
            let good = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
            if rest.is_empty() || name.len() > NAME || !rest.bytes().all(good) {
                return Err(SecretError::Variable(name.clone(), use_));
            }
        }
        SecretReference::File(name) => {
            let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
            if name.is_empty() || name.len() > NAME || name.starts_with('.') || !name.bytes().all(good) {
                return Err(SecretError::FileName(name.clone()));
            }
        }
    }
    Ok(())
}

/// Finds secrets.
#[derive(Debug, Clone)]
pub struct Secrets {
    directory: PathBuf,
    reserved: Option<watch::Receiver<Arc<ServerSettings>>>,
}

impl Default for Secrets {
    /// Where containers are given theirs.
    fn default() -> Self {
        Self::of("/run/secrets")
    }
}

impl Secrets {
    /// With the directory of the files that may be named, as a Secret of Kubernetes is mounted.
    pub fn of(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), reserved: None }
    }

    /// The same, but for those that the server's settings name: whoever may change channels may have a secret sent to a server
    /// of their own, and the settings are for admins.
    #[must_use]
    pub fn without_those_of(mut self, settings: watch::Receiver<Arc<ServerSettings>>) -> Self {
        self.reserved = Some(settings);
        self
    }

    /// A secret as it is now, without the line feeds at its end.
    ///
    /// # Errors
    ///
    /// [`SecretError`] where it is not there.
    pub async fn find(&self, reference: &SecretReference, use_: SecretUse) -> Result<String, SecretError> {
        check(reference, use_)?;
        if let Some(settings) = &self.reserved
            && settings.borrow().secrets().any(|reserved| reserved == reference)
        {
            return Err(SecretError::Reserved(reference.clone()));
        }
        let text = match reference {
            SecretReference::Env(name) => std::env::var(name).map_err(|_| SecretError::NotSet(reference.clone()))?,
            SecretReference::File(name) => self.file(name, reference).await?,
        };
        if text.trim().is_empty() {
            return Err(SecretError::Empty(reference.clone()));
        }
        // Editors and shells end files with one.
        Ok(text.trim_end_matches(['\r', '\n']).to_owned())
    }

    async fn file(&self, name: &str, reference: &SecretReference) -> Result<String, SecretError> {
        let failed = |error| SecretError::File { reference: reference.clone(), error };
        let file = tokio::fs::File::open(self.directory.join(name)).await.map_err(failed)?;
        let mut text = String::new();
        let read = file.take(MOST + 1).read_to_string(&mut text).await.map_err(failed)?;
        if read as u64 > MOST { Err(SecretError::TooLarge(reference.clone())) } else { Ok(text) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(name: &str) -> SecretReference {
        SecretReference::Env(name.to_owned())
    }

    fn file(name: &str) -> SecretReference {
        SecretReference::File(name.to_owned())
    }

    #[test]
    fn places_are_few() {
        for use_ in [SecretUse::Plain, SecretUse::ObjectStore] {
            check(&env("KERUTA_SECRET_SLACK_1"), use_).unwrap();
            check(&file("smtp-password.txt"), use_).unwrap();
            for bad in ["KERUTA_SECRET_", "KERUTA_DATABASE", "PATH", "KERUTA_SECRET_a b", "XAWS_KEY", "AWS_", ""] {
                assert!(check(&env(bad), use_).is_err(), "{bad}");
            }
            for bad in ["", "..", ".hidden", "../x", "/etc/passwd", "a/b", "a\\b", "a\0b"] {
                assert!(check(&file(bad), use_).is_err(), "{bad}");
            }
        }
        let cloud = env("AWS_SECRET_ACCESS_KEY");
        check(&cloud, SecretUse::ObjectStore).unwrap();
        assert!(check(&cloud, SecretUse::Plain).is_err());
    }

    #[tokio::test]
    async fn a_file_is_read_anew_each_time() {
        let directory = tempfile::tempdir().unwrap();
        let secrets = Secrets::of(directory.path());
        let webhook = file("webhook");
        let find = || secrets.find(&webhook, SecretUse::Plain);
        let write = |content: &[u8]| std::fs::write(directory.path().join("webhook"), content).unwrap();
        assert!(find().await.unwrap_err().to_string().contains("the file webhook"));
        for (content, secret) in [("one\n", "one"), ("two words\r\n", "two words")] {
            write(content.as_bytes());
            assert_eq!(find().await.unwrap(), secret);
        }
        write(b"\n");
        assert!(matches!(find().await, Err(SecretError::Empty(_))));
        write(&vec![b'x'; 64 * 1024 + 1]);
        assert!(matches!(find().await, Err(SecretError::TooLarge(_))));
        write(b"\xff");
        assert!(matches!(find().await, Err(SecretError::File { .. })));
        let unset = env("KERUTA_SECRET_THAT_NOBODY_SETS");
        assert!(matches!(secrets.find(&unset, SecretUse::Plain).await, Err(SecretError::NotSet(_))));
    }

    #[tokio::test]
    async fn what_the_settings_name_is_theirs() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("aws-secret"), "x").unwrap();
        let settings = watch::Sender::new(Arc::new(ServerSettings::default()));
        let secrets = Secrets::of(directory.path());
        let of_channels = secrets.clone().without_those_of(settings.subscribe());
        let theirs = file("aws-secret");
        assert_eq!(of_channels.find(&theirs, SecretUse::Plain).await.unwrap(), "x");
        let export =
            r#"{"logs": {"export": {"url": "s3://b", "options": {"aws_secret_access_key": {"file": "aws-secret"}}}}}"#;
        settings.send_replace(Arc::new(serde_json::from_str(export).unwrap()));
        assert!(matches!(of_channels.find(&theirs, SecretUse::Plain).await, Err(SecretError::Reserved(_))));
        assert_eq!(secrets.find(&theirs, SecretUse::ObjectStore).await.unwrap(), "x");
    }
}
