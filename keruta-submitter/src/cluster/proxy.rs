//! Which proxy leads to the API server, by the rules that kubectl inherits from Go.
//!
//! kube's own reading of `NO_PROXY` is not used: it holds the list against the proxy's name instead of the server's, knows no
//! subdomains of a plain name, ignores the list's blanks only in part and fails at an empty entry.

use std::net::IpAddr;

use http::Uri;
use ipnet::IpNet;

use super::config::ConfigError;

/// The environment's word on proxies. [Source](https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProxyVariables {
    /// `HTTPS_PROXY`, or `https_proxy`.
    pub https: Option<String>,
    /// `HTTP_PROXY`, or `http_proxy`.
    pub http: Option<String>,
    /// `NO_PROXY`, or `no_proxy`.
    pub none_for: Option<String>,
}

impl ProxyVariables {
    /// The variables, the names in capitals first; an empty one is as good as none.
    pub(super) fn from(variable: impl Fn(&str) -> Option<String>) -> Self {
        let one_of = |names: [&str; 2]| names.into_iter().filter_map(&variable).find(|value| !value.trim().is_empty());
        Self {
            https: one_of(["HTTPS_PROXY", "https_proxy"]),
            http: one_of(["HTTP_PROXY", "http_proxy"]),
            none_for: one_of(["NO_PROXY", "no_proxy"]),
        }
    }
}

/// The proxy for a server: the cluster's own `proxy-url`, whatever `NO_PROXY` says, else the environment's.
///
/// # Errors
///
/// [`ConfigError::Proxy`] for what is not a URL, or of a scheme that is not http, https or socks5.
pub(super) fn proxy_for(
    server: &Uri,
    of_cluster: Option<&str>,
    variables: &ProxyVariables,
) -> Result<Option<Uri>, ConfigError> {
    if let Some(url) = of_cluster.filter(|url| !url.is_empty()) {
        return parse(url).map(Some);
    }
    let is_http = server.scheme_str() == Some("http");
    let of_scheme = if is_http { &variables.http } else { &variables.https };
    match of_scheme {
        Some(url) if !is_exempt(server, variables.none_for.as_deref().unwrap_or_default()) => parse(url).map(Some),
        _ => Ok(None),
    }
}

fn parse(url: &str) -> Result<Uri, ConfigError> {
    let wrong = |why: &str| ConfigError::Proxy { value: without_password(url), why: why.to_owned() };
    let text = url.trim();
    // Go takes an address without a scheme for one of http.
    let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    // Names are looked up by the proxy in either case, here as in Go.
    let text = text.strip_prefix("socks5h://").map_or(text.clone(), |rest| format!("socks5://{rest}"));
    let uri: Uri = text.parse().map_err(|_| wrong("it is no URL"))?;
    match uri.scheme_str() {
        Some("http" | "https" | "socks5") if uri.host().is_some_and(|host| !host.is_empty()) => Ok(uri),
        Some("http" | "https" | "socks5") => Err(wrong("it names no host")),
        _ => Err(wrong("its scheme is none of http, https and socks5")),
    }
}

/// The URL for a message.
fn without_password(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        (None, Some((_, host))) => format!("…@{host}"),
        _ => url.to_owned(),
    }
}

/// Whether a list of exceptions holds for a server; this machine never needs a proxy.
fn is_exempt(server: &Uri, list: &str) -> bool {
    let host = server.host().unwrap_or_default().trim_matches(['[', ']']).to_ascii_lowercase();
    let port = server.port_u16().unwrap_or(if server.scheme_str() == Some("http") { 80 } else { 443 });
    let address: Option<IpAddr> = host.parse().ok();
    if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
        return true;
    }
    list.split(',').map(|entry| entry.trim().to_ascii_lowercase()).any(|entry| matches(&entry, &host, address, port))
}

fn matches(entry: &str, host: &str, address: Option<IpAddr>, port: u16) -> bool {
    if entry.is_empty() {
        return false;
    }
    if entry == "*" {
        return true;
    }
    if let Ok(net) = entry.parse::<IpNet>() {
        return address.is_some_and(|address| net.contains(&address));
    }
    let (name, of_port) = split_port(entry);
    if of_port.is_some_and(|of_port| of_port != port.to_string()) {
        return false;
    }
    if let Ok(exempt) = name.parse::<IpAddr>() {
        return address == Some(exempt);
    }
    let name = name.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(name);
    match name.strip_prefix('.') {
        // `.y.com` is for what is below it.
        Some(_) => host.ends_with(name),
        // `y.com` is for itself too.
        None => !name.is_empty() && (host == name || host.strip_suffix(name).is_some_and(|head| head.ends_with('.'))),
    }
}

/// `host:port` or `[v6]:port`; a bare IPv6 address has no port.
fn split_port(entry: &str) -> (&str, Option<&str>) {
    if let Some(rest) = entry.strip_prefix('[')
        && let Some((host, port)) = rest.split_once(']')
    {
        return (host, port.strip_prefix(':'));
    }
    match entry.split_once(':') {
        Some((host, port)) if !port.contains(':') => (host, Some(port)),
        _ => (entry, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exempt(server: &str, list: &str) -> bool {
        is_exempt(&server.parse().unwrap(), list)
    }

    #[test]
    fn exceptions_are_read_as_go_reads_them() {
        // The cases of golang.org/x/net/http/httpproxy's own test, and what kube's reader gets wrong.
        for (list, server, expected) in [
            ("", "https://localhost:6443", true),
            ("", "https://127.0.0.1", true),
            ("", "https://127.0.0.2", true),
            ("", "https://[::1]:6443", true),
            ("", "https://[::2]", false),
            ("foobar.com, .barbaz.net, 192.168.1.1, 192.168.1.2:81", "https://192.168.1.1", true),
            ("192.168.1.2:81", "https://192.168.1.2", false),
            ("192.168.1.2:81", "http://192.168.1.2:81", true),
            ("foobar.com", "https://www.foobar.com", true),
            ("foobar.com", "https://barfoobar.com", false),
            ("foobar.com", "https://FooBar.com", true),
            (".barbaz.net", "https://barbaz.net", false),
            ("*.barbaz.net", "https://www.barbaz.net", true),
            ("10.0.0.0/8,,", "https://10.1.2.3:6443", true),
            ("10.0.0.0/8", "https://example.com", false),
            ("*", "https://example.com", true),
            ("[2001:db8::1]:8443", "https://[2001:db8::1]:8443", true),
            ("2001:db8::/32", "https://[2001:db8::9]", true),
            ("example.com:6443", "https://k.example.com:6443", true),
        ] {
            assert_eq!(exempt(server, list), expected, "{server} in {list:?}");
        }
    }

    #[test]
    fn the_clusters_own_proxy_comes_first_and_always() {
        let variables =
            ProxyVariables { https: Some("env:3128".into()), http: None, none_for: Some("example.com".into()) };
        let server = "https://k.example.com".parse().unwrap();
        let own = proxy_for(&server, Some("socks5h://own:1080"), &variables).unwrap();
        assert_eq!(own.unwrap().to_string(), "socks5://own:1080/");
        assert_eq!(proxy_for(&server, None, &variables), Ok(None));
        let other = "https://k.example.org".parse().unwrap();
        assert_eq!(proxy_for(&other, Some(""), &variables).unwrap().unwrap().to_string(), "http://env:3128/");
    }

    #[test]
    fn a_wrong_proxy_is_told_without_its_password() {
        let server = "https://k".parse().unwrap();
        let error = proxy_for(&server, Some("ftp://u:secret@p"), &ProxyVariables::default()).unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
