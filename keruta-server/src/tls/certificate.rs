//! The certificate and its key.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_util::sync::CancellationToken;

/// Where they are: both in PEM, the certificate with the chain behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and those between it and the authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Why they cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("could not read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is no certificate in the file.
    #[error("{} holds no certificate; write the server's own in PEM, and the chain behind it", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// There is no key in the file.
    #[error("{} holds no private key that can be read; write it in PEM, without a passphrase", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// The two do not belong together, or are of a kind that is not known.
    #[error("the certificate of {} cannot be used with the key of {}: {source}", certificate.display(), key.display())]
    Pair {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// The program has no versions of TLS.
    #[error("TLS cannot be used: {0}")]
    Config(#[source] rustls::Error),
}

/// What TLS is spoken with.
#[derive(Debug, Clone)]
pub struct Tls {
    files: TlsFiles,
    current: Arc<Current>,
    config: Arc<ServerConfig>,
}

/// The certificate in force.
#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// The bytes of both files.
type Bytes = (Vec<u8>, Vec<u8>);

impl Tls {
    /// Reads the files. HTTP/2 is offered first.
    ///
    /// # Errors
    ///
    /// Where they cannot be used.
    pub fn load(files: TlsFiles) -> Result<Self, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let pair = pair(&files, &bytes(&files)?, &provider)?;
        let current = Arc::new(Current(RwLock::new(Arc::new(pair))));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Config)?
            .with_no_client_auth()
            .with_cert_resolver(current.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { files, current, config: Arc::new(config) })
    }

    pub(super) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    /// Looks at the files again and again, and uses what is new for the connections that come then. What cannot be used leaves
    /// the old certificate in force: it may be a file that is half written.
    pub async fn follow(&self, every: Duration, end: &CancellationToken) {
        let mut known = bytes(&self.files).ok();
        loop {
            tokio::select! {
                () = tokio::time::sleep(every) => {}
                () = end.cancelled() => return,
            }
            let found = match bytes(&self.files) {
                Ok(found) => found,
                Err(error) => {
                    tracing::warn!(%error, "the certificate cannot be looked at; the old one stays in force");
                    continue;
                }
            };
            if known.as_ref() == Some(&found) {
                continue;
            }
            match pair(&self.files, &found, self.config.crypto_provider()) {
                Ok(pair) => {
                    *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(pair);
                    tracing::info!(file = %self.files.certificate.display(), "a new certificate is in force");
                }
                Err(error) => tracing::warn!(%error, "the new certificate cannot be used; the old one stays in force"),
            }
            known = Some(found);
        }
    }
}

fn bytes(files: &TlsFiles) -> Result<Bytes, TlsError> {
    let read = |path: &Path| std::fs::read(path).map_err(|source| TlsError::Read { path: path.to_owned(), source });
    Ok((read(&files.certificate)?, read(&files.key)?))
}

fn pair(files: &TlsFiles, (certificate, key): &Bytes, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(certificate).filter_map(Result::ok).collect();
    if chain.is_empty() {
        return Err(TlsError::NoCertificate { path: files.certificate.clone() });
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::NoKey { path: files.key.clone() })?;
    CertifiedKey::from_der(chain, key, provider).map_err(|source| TlsError::Pair {
        certificate: files.certificate.clone(),
        key: files.key.clone(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_used_is_told_apart() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, content: &str| {
            let path = directory.path().join(name);
            std::fs::write(&path, content).unwrap();
            path
        };
        let made = |name: &str| rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        let (one, two) = (made("one"), made("two"));
        let certificate = file("one.pem", &one.cert.pem());
        let key = file("one.key", &one.signing_key.serialize_pem());
        let load = |certificate: &Path, key: &Path| {
            Tls::load(TlsFiles { certificate: certificate.to_owned(), key: key.to_owned() })
        };
        assert!(load(&certificate, &key).is_ok());
        let other = file("two.key", &two.signing_key.serialize_pem());
        assert!(matches!(load(&certificate, &other), Err(TlsError::Pair { .. })));
        assert!(matches!(load(&key, &key), Err(TlsError::NoCertificate { .. })));
        assert!(matches!(load(&certificate, &certificate), Err(TlsError::NoKey { .. })));
        assert!(matches!(load(Path::new("/nowhere"), &key), Err(TlsError::Read { .. })));
    }
}
