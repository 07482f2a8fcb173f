//! Hosts, URLs and headers of HTTP.

use super::name::cut;
use crate::problem::{Explain, Rule};

const MAX: usize = 2048;

text_value! {
    /// A host name or an IP address, without a port.
    HostName, error = HostError, check = check_host, expected = "a host name",
    schema = { "minLength": 1, "maxLength": 253, "pattern": "^[A-Za-z0-9:]([-A-Za-z0-9._:]*[A-Za-z0-9])?$" },
}

text_value! {
    /// An `http://` or `https://` URL without user information, blanks or control characters.
    ///
    /// ```
    /// use keruta_manifest::value::HttpUrl;
    /// assert!("http://keruta-api.keruta.svc.cluster.local".parse::<HttpUrl>().is_ok());
    /// assert!("http://user:secret@host/".parse::<HttpUrl>().is_err());
    /// ```
    HttpUrl, error = HttpUrlError, check = check_url, expected = "an http or https URL",
    schema = { "maxLength": MAX, "pattern": "^https?://[^\\s@]+$" },
}

text_value! {
    /// An HTTP header's name: a token of RFC 9110.
    HeaderName, error = HeaderError, check = check_header_name, expected = "an HTTP header's name",
    schema = { "minLength": 1, "maxLength": 256, "pattern": "^[-!#$%&'*+.^_`|~0-9A-Za-z]+$" },
}

/// A text that names no host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a host name or address")]
pub struct HostError(String);

impl Explain for HostError {
    fn rule(&self) -> Rule {
        Rule::HostName
    }

    fn cure(&self) -> String {
        "write a name such as db.example.com or my-service, or an IP address".to_owned()
    }
}

/// Why a text is not an HTTP URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HttpUrlError {
    /// Another scheme, or none.
    #[error("{0:?} does not start with http:// or https://")]
    Scheme(String),
    /// No host, or one that could not be one.
    #[error("{0:?} names no valid host")]
    Host(String),
    /// A user or password. The text is not repeated: it is a secret.
    #[error("holds a credential, which would be readable in the manifest")]
    Credential,
    /// White space or a control character.
    #[error("holds {character:?} at byte {offset}, a URL has neither blanks nor control characters")]
    Character {
        /// The character.
        character: char,
        /// Where, in bytes from 0.
        offset: usize,
    },
    /// Too many bytes.
    #[error("is a URL of {0} bytes, the longest has {MAX}")]
    TooLong(usize),
}

impl Explain for HttpUrlError {
    fn rule(&self) -> Rule {
        Rule::HttpUrl
    }

    fn cure(&self) -> String {
        match self {
            Self::Credential => "remove it, and pass the secret in a header whose value comes from a Secret".to_owned(),
            Self::Character { .. } => "percent-encode it or remove it".to_owned(),
            _ => "write http://host[:port]/path or https://host[:port]/path".to_owned(),
        }
    }
}

/// A text that is no header name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the name of an HTTP header")]
pub struct HeaderError(String);

impl Explain for HeaderError {
    fn rule(&self) -> Rule {
        Rule::HttpHeader
    }

    fn cure(&self) -> String {
        "use letters, digits and \"-\", for example Content-Type".to_owned()
    }
}

/// Whether a text can be the name or IPv4 address of a host; an underscore passes, as DNS itself has no objection.
pub(super) fn is_host(host: &str) -> bool {
    host.len() <= 253
        && host.strip_suffix('.').unwrap_or(host).split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        })
}

fn check_host(text: &str) -> Result<(), HostError> {
    if is_host(text) || text.parse::<std::net::Ipv6Addr>().is_ok() { Ok(()) } else { Err(HostError(cut(text))) }
}

fn check_url(text: &str) -> Result<(), HttpUrlError> {
    let rest = text
        .strip_prefix("http://")
        .or_else(|| text.strip_prefix("https://"))
        .ok_or_else(|| HttpUrlError::Scheme(cut(text)))?;
    if text.len() > MAX {
        return Err(HttpUrlError::TooLong(text.len()));
    }
    if let Some((offset, character)) =
        text.char_indices().find(|(_, c)| c.is_whitespace() || c.is_control() || *c == '\\')
    {
        return Err(HttpUrlError::Character { character, offset });
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(HttpUrlError::Credential);
    }
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, after)) => {
            (address, if after.is_empty() { None } else { Some(after.strip_prefix(':').unwrap_or("")) })
        }
        None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    if check_host(host).is_err() || port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return Err(HttpUrlError::Host(cut(text)));
    }
    Ok(())
}

fn check_header_name(text: &str) -> Result<(), HeaderError> {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if !text.is_empty() && text.len() <= 256 && text.bytes().all(token) { Ok(()) } else { Err(HeaderError(cut(text))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_a_host_and_carry_no_credential() {
        for good in
            ["http://h", "https://h:8080/p?q#f", "http://[::1]:80/", "http://10.0.0.1/a%20b", "http://my_service/"]
        {
            assert!(good.parse::<HttpUrl>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "h",
            "ftp://h",
            "http://",
            "http:///p",
            "http://u@h",
            "http://h:p/",
            "http://h/a b",
            "http://-h/",
            "http://h\\@e/",
        ] {
            assert!(bad.parse::<HttpUrl>().is_err(), "{bad}");
        }
    }
}
