//! The last touch on every answer that tells of an error.

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use keruta_api::Problem;
use tower_http::request_id::RequestId;

use super::ApiError;
use super::kind::{self, Kind, PROBLEM_JSON};

/// Gives every problem document the request's id, and every error without a document one, whoever made it: the router, a
/// layer, a library.
pub async fn finish(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().and_then(|id| id.header_value().to_str().ok().map(str::to_owned));
    let mut response = next.run(request).await;
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem,
        None => match undocumented(status) {
            Some(problem) => problem,
            None => return response,
        },
    };
    *response.body_mut() = kind::body(&Problem { request_id: id, ..problem });
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    headers.remove(header::CONTENT_LENGTH);
    // A route that compresses has compressed the body that was there before.
    headers.remove(header::CONTENT_ENCODING);
    response
}

/// The document of an error that came without one.
fn undocumented(status: StatusCode) -> Option<Problem> {
    match status {
        StatusCode::NOT_FOUND => Some(ApiError::NoRoute.problem()),
        StatusCode::METHOD_NOT_ALLOWED => Some(ApiError::MethodNotAllowed { allow: String::new() }.problem()),
        status => Some(Kind::of_status(status)?.problem(None)),
    }
}
