//! TLS: the certificate, read anew when its files change, and a listener that speaks it.

mod certificate;
mod listener;

pub use certificate::{Tls, TlsError, TlsFiles};
pub use listener::{Peer, TlsListener, with_peer};
