//! Connections.

use std::error::Error;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::ClientError;

/// The body of a request.
pub(super) type Body = UnsyncBoxBody<Bytes, Box<dyn Error + Send + Sync>>;

#[cfg(not(feature = "client-tls"))]
type Connector = HttpConnector;
#[cfg(feature = "client-tls")]
type Connector = hyper_rustls::HttpsConnector<HttpConnector>;

pub(super) type Http = Client<Connector, Body>;

/// Connections that are used again as long as they are open.
pub(super) fn http(authorities: &[String]) -> Result<Http, ClientError> {
    let mut builder = Client::builder(TokioExecutor::new());
    builder.pool_timer(TokioTimer::new());
    Ok(builder.build(connector(authorities)?))
}

#[cfg(not(feature = "client-tls"))]
fn connector(authorities: &[String]) -> Result<Connector, ClientError> {
    if authorities.is_empty() { Ok(HttpConnector::new()) } else { Err(ClientError::Certificate) }
}

#[cfg(feature = "client-tls")]
fn connector(authorities: &[String]) -> Result<Connector, ClientError> {
    use std::sync::Arc;

    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    let mut roots = rustls::RootCertStore::empty();
    // A machine without any, as a small image is, trusts those that are given.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for pem in authorities {
        let mut found = 0;
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let certificate = certificate.map_err(|_| ClientError::Certificate)?;
            roots.add(certificate).map_err(|_| ClientError::Certificate)?;
            found += 1;
        }
        if found == 0 {
            return Err(ClientError::Certificate);
        }
    }
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| ClientError::Certificate)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    Ok(hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_or_http()
        .enable_http1()
        .wrap_connector(http))
}
