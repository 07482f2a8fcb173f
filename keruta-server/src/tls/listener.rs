//! A listener whose connections speak TLS.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, Request};
use axum::serve::{IncomingStream, Listener};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower::util::MapRequestLayer;

use super::Tls;

/// How long a client may take to agree.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How many may be about to agree; the next ones wait for the system's queue.
const AT_ONCE: usize = 512;

/// Takes connections, and gives those that have agreed on TLS: a slow one holds up no other.
pub struct TlsListener {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    handshakes: JoinSet<Option<(TlsStream<TcpStream>, SocketAddr)>>,
}

impl TlsListener {
    /// Over a listener that is there.
    #[must_use]
    pub fn new(listener: TcpListener, tls: &Tls) -> Self {
        Self { listener, acceptor: TlsAcceptor::from(tls.config()), handshakes: JoinSet::new() }
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            tokio::select! {
                accepted = self.listener.accept(), if self.handshakes.len() < AT_ONCE => match accepted {
                    Ok((stream, peer)) => {
                        let acceptor = self.acceptor.clone();
                        self.handshakes.spawn(async move { Some((agree(&acceptor, stream, peer).await?, peer)) });
                    }
                    Err(error) => {
                        // Out of files, for example: what is open goes on, and closes.
                        tracing::warn!(%error, "a connection could not be taken");
                        sleep(Duration::from_millis(200)).await;
                    }
                },
                Some(done) = self.handshakes.join_next() => if let Ok(Some(connection)) = done {
                    return connection;
                },
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

async fn agree(acceptor: &TlsAcceptor, stream: TcpStream, peer: SocketAddr) -> Option<TlsStream<TcpStream>> {
    match timeout(HANDSHAKE, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            tracing::debug!(%peer, %error, "no agreement on TLS");
            None
        }
        Err(_) => None,
    }
}

/// Who is at the other end.
#[derive(Debug, Clone, Copy)]
pub struct Peer(SocketAddr);

impl Connected<IncomingStream<'_, TlsListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// Has the routes find the other end's address where they find it without TLS.
pub fn with_peer(routes: Router) -> Router {
    routes.layer(MapRequestLayer::new(|mut request: Request| {
        if let Some(ConnectInfo(Peer(address))) = request.extensions().get().copied() {
            request.extensions_mut().insert(ConnectInfo(address));
        }
        request
    }))
}
