//! Bodies: whole ones, and streams that may be cut.

use std::fmt;

use bytes::Bytes;
use futures::stream;
use http::Response;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use tokio::sync::mpsc;

use crate::status::ApiError;

/// The body of an answer.
pub(crate) type Body = UnsyncBoxBody<Bytes, Cut>;

/// The connection breaks here.
#[derive(Debug)]
pub(crate) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is cut by a script")
    }
}

impl std::error::Error for Cut {}

fn response(code: u16, content_type: &str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = http::StatusCode::from_u16(code).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    if let Ok(content_type) = http::HeaderValue::from_str(content_type) {
        response.headers_mut().insert(http::header::CONTENT_TYPE, content_type);
    }
    response
}

fn whole(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

/// A JSON answer.
pub(crate) fn json(code: u16, bytes: Bytes) -> Response<Body> {
    response(code, "application/json", whole(bytes))
}

/// A text answer.
pub(crate) fn text(code: u16, text: &str) -> Response<Body> {
    response(code, "text/plain; charset=utf-8", whole(Bytes::copy_from_slice(text.as_bytes())))
}

/// An answer of nothing.
pub(crate) fn empty() -> Response<Body> {
    response(204, "text/plain", whole(Bytes::new()))
}

/// An error as its `Status`.
pub(crate) fn status(error: &ApiError) -> Response<Body> {
    let mut answer = json(error.code, Bytes::from(error.body().to_string()));
    if let Some(seconds) = error.retry_after {
        answer.headers_mut().insert(http::header::RETRY_AFTER, http::HeaderValue::from(seconds));
    }
    answer
}

/// Writes the body of a stream. The stream ends with it.
pub(crate) type Writer = mpsc::Sender<Result<Bytes, Cut>>;

/// A stream, and its writer.
pub(crate) fn streamed(content_type: &str) -> (Writer, Response<Body>) {
    let (writer, mut reader) = mpsc::channel::<Result<Bytes, Cut>>(64);
    let frames = stream::poll_fn(move |context| {
        reader.poll_recv(context).map(|chunk| chunk.map(|chunk| chunk.map(Frame::data)))
    });
    (writer, response(200, content_type, StreamBody::new(frames).boxed_unsync()))
}
