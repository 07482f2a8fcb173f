//! The address that people reach the server by.

use std::fmt;
use std::net::{Ipv6Addr, SocketAddr};
use std::str::FromStr;

use reqwest::Url;

/// The address that people reach the server by, which behind a proxy is the proxy's. Cookies, the origins that may send changes, links
/// in notifications and where an identity provider sends people back to follow from it.
///
/// ```
/// use keruta_server::external::ExternalUrl;
///
/// let url: ExternalUrl = "https://keruta.example.com/".parse().unwrap();
/// assert_eq!(url.to_string(), "https://keruta.example.com");
/// assert_eq!(url.at(["tasks", "a/b"]), "https://keruta.example.com/tasks/a%2Fb");
/// assert!(url.is_secure());
/// assert!("https://example.com/keruta".parse::<ExternalUrl>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalUrl(Url);

/// Why a text is no such address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}: write https:// and the host, and the port where it is not 443, for example https://keruta.example.com")]
pub struct ExternalUrlError(&'static str);

impl FromStr for ExternalUrl {
    type Err = ExternalUrlError;

    fn from_str(text: &str) -> Result<Self, ExternalUrlError> {
        let url = Url::parse(text).map_err(|_| ExternalUrlError("it is no URL"))?;
        if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none() {
            return Err(ExternalUrlError("it begins with neither https:// nor http://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ExternalUrlError("it has a user in it"));
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(ExternalUrlError("it has a path, and the panel and its cookies are for a whole host"));
        }
        Ok(Self(url))
    }
}

impl ExternalUrl {
    /// That of a server which only this machine reaches, of where it listens; `None` of any other, which may have many names.
    #[must_use]
    pub fn of_loopback(address: SocketAddr, tls: bool) -> Option<Self> {
        let scheme = if tls { "https" } else { "http" };
        if address.ip().is_loopback() { format!("{scheme}://{address}").parse().ok() } else { None }
    }

    /// Whether it is reached by TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// A place of the server, by the parts of its path.
    #[must_use]
    pub fn at<'a>(&self, path: impl IntoIterator<Item = &'a str>) -> String {
        let mut url = self.0.clone();
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.clear().extend(path);
        }
        url.into()
    }

    /// A path of the server itself, with its query; `None` of everything that a browser would take elsewhere.
    ///
    /// ```
    /// use keruta_server::external::ExternalUrl;
    ///
    /// let url: ExternalUrl = "https://keruta.example.com".parse().unwrap();
    /// assert_eq!(url.own_path("/tasks?status=FAILED").as_deref(), Some("/tasks?status=FAILED"));
    /// assert_eq!(url.own_path("//evil.example"), None);
    /// ```
    #[must_use]
    pub fn own_path(&self, path: &str) -> Option<String> {
        // Read as a browser reads it: backslashes, tabs and dots have their meanings there.
        let url = path.starts_with('/').then(|| self.0.join(path).ok()).flatten()?;
        let path = url.path();
        if url.origin() != self.0.origin() || path.starts_with("//") {
            return None;
        }
        Some(url.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}")))
    }
}

/// Whether a host is this machine, as far as its name tells.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let v6 = host.trim_matches(['[', ']']).parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback());
    host == "localhost" || v6 || host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

impl fmt::Display for ExternalUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_host_and_nothing_else() {
        for good in ["https://keruta.example.com", "http://127.0.0.1:8080/", "https://[::1]:8443", "HTTPS://A.example"]
        {
            assert!(good.parse::<ExternalUrl>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "keruta.example.com",
            "ftp://a.example",
            "https://",
            "https://a.example/keruta",
            "https://a.example?x",
            "https://a.example#x",
            "https://ada:secret@a.example",
            "javascript:alert(1)",
        ] {
            assert!(bad.parse::<ExternalUrl>().is_err(), "{bad}");
        }
        let of = |address: &str| ExternalUrl::of_loopback(address.parse().unwrap(), false).map(|url| url.to_string());
        assert_eq!(of("127.0.0.1:8080").as_deref(), Some("http://127.0.0.1:8080"));
        assert_eq!(of("[::1]:80").as_deref(), Some("http://[::1]"));
        assert_eq!(of("0.0.0.0:8080"), None);
    }

    #[test]
    fn a_path_leads_nowhere_else() {
        let url: ExternalUrl = "https://keruta.example.com".parse().unwrap();
        for (path, own) in [
            ("/", "/"),
            ("/tasks/a%2Fb/logs?container=main&q=%26", "/tasks/a%2Fb/logs?container=main&q=%26"),
            ("/tasks/../audit#x", "/audit"),
        ] {
            assert_eq!(url.own_path(path).as_deref(), Some(own), "{path}");
        }
        for foreign in [
            "",
            "tasks",
            "https://evil.example/",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n//evil.example",
            "/.//evil.example",
            "/x/..//evil.example",
            " //evil.example",
            "javascript:alert(1)",
            "/%zz\u{0}//\\evil.example/..//..//..//",
        ] {
            let own = url.own_path(foreign);
            assert!(
                own.as_deref().is_none_or(|own| !own.starts_with("//") && own.starts_with('/')),
                "{foreign}: {own:?}"
            );
            assert!(own.is_none() || foreign.starts_with("/%zz"), "{foreign}: {own:?}");
        }
    }

    #[test]
    fn loopback_is_told_by_its_name() {
        for (url, is) in [
            ("http://127.0.0.1:1", true),
            ("http://[::1]/x", true),
            ("http://localhost", true),
            ("http://localhost.evil.example", false),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), is, "{url}");
        }
    }
}
