//! Serving, until a signal.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use crate::tls::{Peer, Tls, TlsListener, with_peer};
use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::Failure;

/// How long requests that are under way may take once the end has begun.
const GRACE: Duration = Duration::from_secs(10);

/// Serves until SIGINT or SIGTERM, then lets the requests that are under way come to their end.
pub(super) async fn serve(
    listener: TcpListener,
    tls: Option<&Tls>,
    router: Router,
    end: CancellationToken,
) -> Result<(), Failure> {
    let begun = end.clone();
    let begun = async move { begun.cancelled().await };
    let mut serving: Pin<Box<dyn Future<Output = std::io::Result<()>> + Send>> = if let Some(tls) = tls {
        let service = with_peer(router).into_make_service_with_connect_info::<Peer>();
        Box::pin(axum::serve(TlsListener::new(listener, tls), service).with_graceful_shutdown(begun).into_future())
    } else {
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        Box::pin(axum::serve(listener, service).with_graceful_shutdown(begun).into_future())
    };
    tokio::select! {
        served = &mut serving => return served.map_err(|error| Failure::io("serve", error)),
        signal = signal() => {
            signal?;
            tracing::info!("ending");
            end.cancel();
        }
    }
    // Logs that are followed have no end of their own.
    match tokio::time::timeout(GRACE, serving).await {
        Ok(served) => served.map_err(|error| Failure::io("serve", error)),
        Err(_) => Ok(()),
    }
}

/// Waits for the first signal to end.
async fn signal() -> Result<(), Failure> {
    let listen = |kind| tokio::signal::unix::signal(kind).map_err(|error| Failure::io("listen for signals", error));
    let mut terminate = listen(tokio::signal::unix::SignalKind::terminate())?;
    let mut interrupt = listen(tokio::signal::unix::SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
