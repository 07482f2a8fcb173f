//! Git repository URLs.
//!
//! The URL grammar is hand-written because it is meant to be narrower than git's: only forms that can neither
//! run a command nor carry a credential pass, and a parser that accepts all of git's forms would not say so.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::http::is_host;
use super::name::cut;
use crate::problem::{Explain, Rule};

const MAX: usize = 2048;

/// How git reaches a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GitScheme {
    /// `https://…`
    Https,
    /// `ssh://…` or `user@host:path`
    Ssh,
    /// `http://…`: neither secret nor authentic; only where settings allow it.
    Http,
    /// `git://…`: neither secret nor authentic; only where settings allow it.
    Git,
    /// `file://…`: a repository on a mounted volume; only where settings allow it.
    File,
}

impl GitScheme {
    /// The scheme's name, as in `GIT_ALLOW_PROTOCOL`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Ssh => "ssh",
            Self::Http => "http",
            Self::Git => "git",
            Self::File => "file",
        }
    }
}

impl fmt::Display for GitScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

text_value! {
    /// The URL of a git repository: `https://`, `ssh://` or `user@host:path`; `http://`, `git://` and `file://`
    /// parse too, and settings say whether they are allowed.
    ///
    /// Never a credential (it would stay in `.git/config`), a command transport (`ext::`) or an option.
    ///
    /// ```
    /// use keruta_manifest::value::{GitScheme, GitUrl};
    /// let url: GitUrl = "git@github.com:acme/app.git".parse().unwrap();
    /// assert_eq!(url.scheme(), GitScheme::Ssh);
    /// assert!("ext::sh -c id".parse::<GitUrl>().is_err());
    /// assert!("https://me:secret@example.com/app".parse::<GitUrl>().is_err());
    /// ```
    GitUrl, error = GitUrlError, check = check_url, expected = "a git URL",
    schema = { "maxLength": MAX, "pattern": "^[A-Za-z0-9][^\\s\\u0000-\\u001f]*$" },
}

impl GitUrl {
    /// How git reaches the repository.
    #[must_use]
    pub fn scheme(&self) -> GitScheme {
        // The scp-like form is the only one without a scheme.
        scheme(self.as_str()).map_or(GitScheme::Ssh, |(scheme, _)| scheme)
    }
}

/// Why a text is not a git URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GitUrlError {
    /// Nothing there.
    #[error("is empty where a git URL is wanted")]
    Empty,
    /// git would read it as an option.
    #[error("{0:?} starts with \"-\", git would read an option")]
    Option(String),
    /// `ext::` and its kin run a command.
    #[error("{0:?} names a transport helper, which runs a command")]
    Transport(String),
    /// A scheme that is not served.
    #[error("the scheme {0:?} is not one of https, ssh, http, git, file")]
    Scheme(String),
    /// No host, or one that could not be one.
    #[error("{0:?} names no valid host")]
    Host(String),
    /// No path to a repository.
    #[error("{0:?} names no repository after its host")]
    Path(String),
    /// A user or password in the URL. The text is not repeated: it is a secret.
    #[error("holds a credential, which would stay in .git/config and in the manifest")]
    Credential,
    /// White space or a control character.
    #[error("holds {character:?} at byte {offset}, a URL has neither blanks nor control characters")]
    Character {
        /// The character.
        character: char,
        /// Where, in bytes from 0.
        offset: usize,
    },
    /// A path on a disk.
    #[error("{0:?} is a path, not a URL")]
    LocalPath(String),
    /// Too many bytes.
    #[error("is a URL of {0} bytes, the longest has {MAX}")]
    TooLong(usize),
}

impl Explain for GitUrlError {
    fn rule(&self) -> Rule {
        Rule::GitUrl
    }

    fn cure(&self) -> String {
        match self {
            Self::Credential => "remove it from the URL and name a Secret in repository.credentials".to_owned(),
            Self::LocalPath(_) => "write file:///path, and allow the scheme \"file\" in settings".to_owned(),
            Self::Character { .. } => "percent-encode it or remove it".to_owned(),
            _ => "write https://host/path.git, ssh://git@host/path.git or git@host:path.git".to_owned(),
        }
    }
}

fn check_url(text: &str) -> Result<(), GitUrlError> {
    if text.is_empty() {
        return Err(GitUrlError::Empty);
    }
    if text.starts_with('-') {
        return Err(GitUrlError::Option(cut(text)));
    }
    if text.len() > MAX {
        return Err(GitUrlError::TooLong(text.len()));
    }
    if let Some((offset, character)) =
        text.char_indices().find(|(_, c)| c.is_whitespace() || c.is_control() || *c == '\\')
    {
        return Err(GitUrlError::Character { character, offset });
    }
    if let Some((helper, _)) = text.split_once("::")
        && helper.bytes().all(|b| b.is_ascii_alphanumeric())
    {
        return Err(GitUrlError::Transport(cut(text)));
    }
    match scheme(text) {
        Some((GitScheme::File, rest)) => match rest.strip_prefix('/') {
            Some(path) if !path.is_empty() => Ok(()),
            _ => Err(GitUrlError::Path(cut(text))),
        },
        Some((scheme, rest)) => check_authority_and_path(text, scheme, rest),
        None => match text.split_once("://") {
            Some((scheme, _)) => Err(GitUrlError::Scheme(cut(scheme))),
            None => check_scp(text),
        },
    }
}

/// The scheme and what follows `://`.
fn scheme(text: &str) -> Option<(GitScheme, &str)> {
    let (name, rest) = text.split_once("://")?;
    [GitScheme::Https, GitScheme::Ssh, GitScheme::Http, GitScheme::Git, GitScheme::File]
        .into_iter()
        .find(|scheme| scheme.as_str() == name)
        .map(|scheme| (scheme, rest))
}

fn check_authority_and_path(text: &str, scheme: GitScheme, rest: &str) -> Result<(), GitUrlError> {
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host_and_port = match authority.rsplit_once('@') {
        None => authority,
        Some((user, _)) if scheme != GitScheme::Ssh || user.contains(':') => {
            return Err(GitUrlError::Credential);
        }
        Some((user, _)) if !is_user(user) => return Err(GitUrlError::Host(cut(text))),
        Some((_, host)) => host,
    };
    if !is_host_and_port(host_and_port) {
        return Err(GitUrlError::Host(cut(text)));
    }
    if path.is_empty() {
        return Err(GitUrlError::Path(cut(text)));
    }
    Ok(())
}

/// `[user@]host:path`.
fn check_scp(text: &str) -> Result<(), GitUrlError> {
    let Some((authority, path)) = text.split_once(':') else {
        return Err(GitUrlError::LocalPath(cut(text)));
    };
    if authority.contains('/') {
        return Err(GitUrlError::LocalPath(cut(text)));
    }
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    if !user.is_none_or(is_user) || !is_host(host) {
        return Err(GitUrlError::Host(cut(text)));
    }
    // `user:password@host/path` reads as the host `user` with the path `password@host/path`.
    if user.is_none() && path.contains('@') {
        return Err(GitUrlError::Credential);
    }
    if path.is_empty() || path.starts_with('-') {
        return Err(GitUrlError::Path(cut(text)));
    }
    Ok(())
}

fn is_user(user: &str) -> bool {
    !user.is_empty()
        && !user.starts_with('-')
        && user.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'+'))
}

fn is_host_and_port(text: &str) -> bool {
    if let Some((address, after)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let port_fits = after.is_empty() || after.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
        return address.parse::<std::net::Ipv6Addr>().is_ok() && port_fits;
    }
    match text.split_once(':') {
        Some((host, port)) => is_host(host) && port.parse::<u16>().is_ok(),
        None => is_host(text),
    }
}

impl FromStr for GitScheme {
    type Err = GitUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        scheme(&format!("{text}://")).map(|(scheme, _)| scheme).ok_or_else(|| GitUrlError::Scheme(cut(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_that_git_reaches_over_a_network() {
        for (url, scheme) in [
            ("https://github.com/example/repo.git", GitScheme::Https),
            ("https://git.example.com:8443/a/b", GitScheme::Https),
            ("ssh://git@github.com/example/repo.git", GitScheme::Ssh),
            ("ssh://git@[::1]:2222/repo", GitScheme::Ssh),
            ("git@github.com:example/repo.git", GitScheme::Ssh),
            ("host:repo", GitScheme::Ssh),
            ("http://git.internal/repo", GitScheme::Http),
            ("git://git.internal/repo", GitScheme::Git),
            ("file:///srv/repo.git", GitScheme::File),
            ("https://example.com/~user/re%20po$(x)`y`;'\"", GitScheme::Https),
        ] {
            assert_eq!(url.parse::<GitUrl>().map(|url| url.scheme()), Ok(scheme), "{url}");
        }
    }

    #[test]
    fn urls_that_run_commands_or_carry_secrets_are_refused() {
        for url in [
            "",
            "-oProxyCommand=id",
            "--upload-pack=id",
            "ext::sh -c id",
            "ext::id",
            "fd::7",
            "https://u:p@h/r",
            "https://token@h/r",
            "ssh://u:p@h/r",
            "u:p@h/r",
            "ssh://-oProxyCommand=id/r",
            "-oX@h:r",
            "git@-h:r",
            "ftp://h/r",
            "HTTPS://h/r",
            "/srv/repo",
            "./repo",
            "https://",
            "https:///r",
            "https://h",
            "https://h/",
            "h:",
            "h:-r",
            "https://h/a b",
            "https://h/a\nb",
            "https://h:x/r",
            "file://host",
            "https://h\\@evil/r",
        ] {
            assert!(url.parse::<GitUrl>().is_err(), "{url}");
        }
    }

    #[test]
    fn a_credential_is_never_repeated() {
        let error = "https://me:hunter2@example.com/r".parse::<GitUrl>().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
