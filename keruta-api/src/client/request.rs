//! One request, and its answer.

use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Full, Limited};
use hyper::body::Incoming;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::connect::Body;
use super::{Client, ClientError};
use crate::wire;

/// The most of an answer that is kept in memory.
const MOST: usize = 64 * 1024 * 1024;
/// A request to be sent.
pub(super) struct Ask {
    method: Method,
    /// With its query.
    path: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Body,
}

impl Ask {
    pub(super) fn new(method: Method, path: String) -> Self {
        Self { method, path, headers: Vec::new(), body: Empty::new().map_err(|never| match never {}).boxed_unsync() }
    }

    pub(super) fn get(path: String) -> Self {
        Self::new(Method::GET, path)
    }

    pub(super) fn header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.push((name, HeaderValue::from_static(value)));
        self
    }

    pub(super) fn value(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(super) fn bytes(mut self, kind: &'static str, bytes: Bytes) -> Self {
        self.body = Full::new(bytes).map_err(|never| match never {}).boxed_unsync();
        self.header(header::CONTENT_TYPE, kind)
    }

    pub(super) fn body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    pub(super) fn json(self, value: &impl Serialize) -> Result<Self, ClientError> {
        let bytes = serde_json::to_vec(value).map_err(|error| ClientError::Unreadable(error.to_string()))?;
        Ok(self.bytes("application/json", bytes.into()))
    }
}

impl Client {
    /// Sends a request; an answer that is no success is an error.
    pub(super) async fn send(&self, ask: Ask) -> Result<Response<Incoming>, ClientError> {
        let patience = self.0.timeout;
        let answered = async {
            let response = self.start(ask).await?;
            if response.status().is_success() { Ok(response) } else { Err(refused(response).await) }
        };
        timeout(patience, answered).await.unwrap_or(Err(ClientError::TimedOut(patience)))
    }

    async fn start(&self, ask: Ask) -> Result<Response<Incoming>, ClientError> {
        let unreadable = |error: http::Error| ClientError::Unreadable(error.to_string());
        let mut request = Request::builder().method(ask.method).uri(format!("{}{}", self.0.base, ask.path));
        if let Some(token) = &self.0.token {
            request = request.header(header::AUTHORIZATION, token);
        }
        request = request.header(header::USER_AGENT, concat!("keruta-api/", env!("CARGO_PKG_VERSION")));
        for (name, value) in ask.headers {
            request = request.header(name, value);
        }
        let request = request.body(ask.body).map_err(unreadable)?;
        self.0.http.request(request).await.map_err(|error| ClientError::Unreachable(error.into()))
    }

    /// Sends a request, and reads the whole answer.
    pub(super) async fn bytes(&self, ask: Ask) -> Result<Bytes, ClientError> {
        let patience = self.0.timeout;
        let response = self.send(ask).await?;
        let whole = Limited::new(response.into_body(), MOST).collect();
        let read = timeout(patience, whole).await.map_err(|_| ClientError::TimedOut(patience))?;
        Ok(read.map_err(ClientError::Unreachable)?.to_bytes())
    }

    /// Sends a request, and reads the answer as JSON.
    pub(super) async fn read<T: DeserializeOwned>(&self, ask: Ask) -> Result<T, ClientError> {
        let bytes = self.bytes(ask.header(header::ACCEPT, "application/json")).await?;
        serde_json::from_slice(&bytes).map_err(|error| ClientError::Unreadable(error.to_string()))
    }

    /// Sends a request, and reads the answer as text; `None` where there is no such thing.
    pub(super) async fn text(&self, ask: Ask) -> Result<Option<String>, ClientError> {
        match self.bytes(ask).await {
            Ok(bytes) => {
                let text = String::from_utf8(bytes.into());
                text.map(Some).map_err(|error| ClientError::Unreadable(error.to_string()))
            }
            Err(ClientError::Refused { status: StatusCode::NOT_FOUND, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// What the server says, or what stands before it.
async fn refused(response: Response<Incoming>) -> ClientError {
    let (status, headers) = (response.status(), response.headers().clone());
    if status == StatusCode::RANGE_NOT_SATISFIABLE
        && let Some(current) = offset(&headers)
    {
        return ClientError::Offset { current };
    }
    let retry_after = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let retry_after = retry_after.map(Duration::from_secs);
    let body = Limited::new(response.into_body(), 1024 * 1024).collect().await;
    let bytes = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let problem = wire::problem(status.as_u16(), status.canonical_reason(), &bytes);
    ClientError::Refused { status, problem: Box::new(problem), retry_after }
}

fn offset(headers: &HeaderMap) -> Option<u64> {
    wire::log_offset(headers.get(header::CONTENT_RANGE)?.to_str().ok()?)
}
