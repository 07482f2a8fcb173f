//! Every request has an id: the client's, where it is a fit one, or a new one.

use axum::extract::Request;
use http::{HeaderName, HeaderValue};
use tower_http::request_id::{MakeRequestId, RequestId};
use uuid::Uuid;

/// Where it is told.
pub static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken from a client.
const MAX: usize = 64;

/// Makes ids that grow with time.
#[derive(Debug, Clone, Copy, Default)]
pub struct NewRequestId;

impl MakeRequestId for NewRequestId {
    fn make_request_id<B>(&mut self, _: &http::Request<B>) -> Option<RequestId> {
        HeaderValue::try_from(Uuid::now_v7().to_string()).ok().map(RequestId::new)
    }
}

/// Takes away an id that has no place in a log: long, or with odd characters.
#[allow(clippy::needless_pass_by_value, reason = "a layer gives and takes requests")]
pub fn only_fit_ids(mut request: Request) -> Request {
    let fit = |value: &HeaderValue| {
        let bytes = value.as_bytes();
        (1..=MAX).contains(&bytes.len())
            && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    };
    if request.headers().get(&REQUEST_ID).is_some_and(|value| !fit(value)) {
        request.headers_mut().remove(&REQUEST_ID);
    }
    request
}
