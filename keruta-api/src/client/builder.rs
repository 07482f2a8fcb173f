//! How a client is made.

use std::sync::Arc;
use std::time::Duration;

use http::uri::Scheme;
use http::{HeaderValue, Uri};

use super::{Client, ClientError, Inner, connect};

/// How a client is made.
#[derive(Clone)]
pub struct ClientBuilder {
    base: String,
    token: Option<String>,
    timeout: Duration,
    authorities: Vec<String>,
}

impl ClientBuilder {
    pub(super) fn new(base: &str) -> Self {
        let base = base.trim_end_matches('/').to_owned();
        Self { base, token: None, timeout: Duration::from_secs(30), authorities: Vec::new() }
    }

    /// With a bearer token.
    #[must_use]
    pub fn token(mut self, token: &str) -> Self {
        self.token = Some(token.trim().to_owned());
        self
    }

    /// How long a request may take; 30 s where nothing is said. Following a log has no end.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Also trusts these certificate authorities, in PEM. Needs the feature `client-tls`.
    #[must_use]
    pub fn certificate_authority(mut self, pem: &str) -> Self {
        self.authorities.push(pem.to_owned());
        self
    }

    /// Makes it. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// [`ClientError::Address`], and where the token or a certificate cannot be used.
    pub fn build(self) -> Result<Client, ClientError> {
        let address = |why: &str| ClientError::Address { address: self.base.clone(), why: why.to_owned() };
        let uri: Uri = self.base.parse().map_err(|_| address("is no URL"))?;
        if uri.authority().is_none_or(|authority| authority.as_str().contains('@')) || uri.query().is_some() {
            return Err(address("has no host, or more than scheme, host, port and path"));
        }
        match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => {}
            Some(scheme) if *scheme == Scheme::HTTPS && cfg!(feature = "client-tls") => {}
            Some(scheme) if *scheme == Scheme::HTTPS => return Err(address("needs TLS, which this program has not")),
            _ => return Err(address("does not begin with http: or https:")),
        }
        let token = match &self.token {
            None => None,
            Some(token) => {
                let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| ClientError::Token)?;
                value.set_sensitive(true);
                Some(value)
            }
        };
        let http = connect::http(&self.authorities)?;
        Ok(Client(Arc::new(Inner { base: self.base, token, timeout: self.timeout, http })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_scheme_host_and_port() {
        for good in ["http://127.0.0.1:8080", "http://keruta-api.keruta.svc.cluster.local/", "http://h/keruta"] {
            assert!(Client::builder(good).build().is_ok(), "{good}");
        }
        for bad in ["", "keruta", "ftp://h", "http://", "http://ada:x@h", "http://h?x", "/api"] {
            assert!(matches!(Client::builder(bad).build(), Err(ClientError::Address { .. })), "{bad}");
        }
        assert_eq!(Client::builder("https://h").build().is_ok(), cfg!(feature = "client-tls"));
        assert!(matches!(Client::builder("http://h").token("a\nb").build(), Err(ClientError::Token)));
        let client = Client::builder("http://h").token("secret").build().unwrap();
        assert!(!format!("{client:?}").contains("secret"));
    }
}
