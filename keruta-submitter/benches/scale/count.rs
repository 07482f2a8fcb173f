//! Counts the requests that a client makes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use http::{Method, Request};
use tower::{Layer, Service};

/// How many requests of each kind: `POST jobs`, `WATCH pods`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Requests(Arc<Mutex<BTreeMap<String, u64>>>);

impl Requests {
    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, method: &Method, path: &str, query: &str) {
        // …/namespaces/NAMESPACE/KIND[/NAME]
        let mut rest = path.split("/namespaces/").nth(1).unwrap_or_default().split('/').skip(1);
        let (kind, name) = (rest.next().unwrap_or("-"), rest.next());
        let verb = match (method.as_str(), name) {
            ("GET", _) if query.contains("watch=true") => "WATCH",
            ("GET", None) => "LIST",
            (method, _) => method,
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(format!("{verb} {kind}")).or_default() += 1;
    }
}

impl<S> Layer<S> for Requests {
    type Service = Counted<S>;

    fn layer(&self, inner: S) -> Counted<S> {
        Counted { inner, requests: self.clone() }
    }
}

/// A service whose requests are counted.
#[derive(Clone)]
pub(crate) struct Counted<S> {
    inner: S,
    requests: Requests,
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for Counted<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> S::Future {
        self.requests.note(request.method(), request.uri().path(), request.uri().query().unwrap_or_default());
        self.inner.call(request)
    }
}
