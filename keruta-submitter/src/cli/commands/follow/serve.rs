//! `/metrics` and `/healthz`, over HTTP/1.1 on loopback.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use keruta_submitter::metrics::Metrics;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;

/// The text format's media type.
/// [Source](https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md).
const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// More connections at once are made to wait.
const CONNECTIONS: usize = 16;
/// How long a request's head may take.
const HEAD: Duration = Duration::from_secs(10);

/// Serves until the set is dropped.
pub(super) async fn start(address: SocketAddr, metrics: Arc<Metrics>, set: &mut JoinSet<()>) -> Result<(), Failure> {
    if !address.ip().is_loopback() {
        let what = format!("--metrics {address} is no loopback address, and what is served has no protection");
        return Err(Failure::Usage(format!("{what}; write 127.0.0.1:{}", address.port())));
    }
    let listener = TcpListener::bind(address).await.map_err(|error| {
        Failure::because(
            format!("cannot listen on {address}: {error}"),
            "name a free port with --metrics",
            Exit::Cluster,
        )
    })?;
    // A port 0 is told, so that it can be found.
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%address, "serving /metrics and /healthz");
    }
    set.spawn(accept(listener, metrics));
    Ok(())
}

async fn accept(listener: TcpListener, metrics: Arc<Metrics>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of files, for example: that passes.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        let metrics = Arc::clone(&metrics);
        while connections.try_join_next().is_some() {}
        connections.spawn(async move {
            let service = service_fn(|request| std::future::ready(Ok::<_, Infallible>(answer(&request, &metrics))));
            let mut server = hyper::server::conn::http1::Builder::new();
            server.timer(TokioTimer::new()).header_read_timeout(HEAD).keep_alive(false);
            // A client that goes away is none of our business.
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
            drop(place);
        });
    }
}

fn answer(request: &Request<Incoming>, metrics: &Metrics) -> Response<String> {
    let (status, media_type, body) = match (request.method(), request.uri().path()) {
        (&Method::GET, "/metrics") => (StatusCode::OK, METRICS, metrics.encode()),
        (&Method::GET, "/healthz") => (StatusCode::OK, "text/plain", "ok\n".to_owned()),
        (&Method::GET, _) => (StatusCode::NOT_FOUND, "text/plain", "/metrics and /healthz are here\n".to_owned()),
        _ => (StatusCode::METHOD_NOT_ALLOWED, "text/plain", "only GET\n".to_owned()),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(media_type));
    response
}
