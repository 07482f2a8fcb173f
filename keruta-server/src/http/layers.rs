//! What stands around every route.

use axum::extract::Request;
use axum::response::IntoResponse;
use axum::{Router, middleware};
use http::{HeaderName, HeaderValue, header};
use tower::ServiceBuilder;
use tower::util::MapRequestLayer;
use tower_http::csrf::{ConfigError, CsrfLayer, ProtectionError};
use tower_http::request_id::{PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::sensitive_headers::SetSensitiveRequestHeadersLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::trace::TraceLayer;

use super::ApiError;
use super::conditional::not_modified;
use super::error::finish;
use super::extract::{DEFAULT_BODY_LIMIT, body_limit};
use super::guard::guard;
use super::request_id::{NewRequestId, REQUEST_ID, only_fit_ids};
use crate::auth::Access;

/// What an answer of the API may do in a browser: nothing. A route that serves pages says otherwise.
const POLICY: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Headers that every answer has where the route sets none of its own.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CACHE_CONTROL, "no-store"),
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Puts the door before the routes: who asks is known, and may do it; no page of another site has a browser ask.
///
/// # Errors
///
/// Where an origin that is to be trusted is none.
pub fn guarded(routes: Router, access: &Access) -> Result<Router, ConfigError> {
    let mut same_site = CsrfLayer::new();
    for origin in &access.options().trusted_origins {
        same_site = same_site.add_trusted_origin(origin)?;
    }
    let refusal = |_: ProtectionError| {
        let detail = "a page of another site may not change anything here; its origin is not trusted";
        ApiError::Forbidden(detail.to_owned()).into_response()
    };
    let routes = routes.layer(middleware::from_fn_with_state(access.clone(), guard));
    Ok(routes.layer(same_site.with_rejection_response(refusal)))
}

/// Puts around the routes what all of them have: request ids, a line in the log, limits of bodies, security headers, and a
/// problem document for every error.
pub fn around(routes: Router) -> Router {
    let mut layered = routes
        .layer(body_limit(DEFAULT_BODY_LIMIT))
        .layer(middleware::from_fn(not_modified))
        .layer(middleware::from_fn(finish));
    for (name, value) in HEADERS {
        layered = layered.layer(SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value)));
    }
    layered.layer(
        ServiceBuilder::new()
            .layer(SetSensitiveRequestHeadersLayer::new([header::AUTHORIZATION, header::COOKIE]))
            .layer(MapRequestLayer::new(only_fit_ids))
            .layer(SetRequestIdLayer::new(REQUEST_ID.clone(), NewRequestId))
            .layer(TraceLayer::new_for_http().make_span_with(span))
            .layer(PropagateRequestIdLayer::new(REQUEST_ID.clone())),
    )
}

/// The span that all lines of a request's log stand in. The query is not in it: it may hold what people search for.
fn span(request: &Request) -> tracing::Span {
    let id = request.extensions().get::<RequestId>().and_then(|id| id.header_value().to_str().ok()).unwrap_or("-");
    tracing::info_span!("request", %id, method = %request.method(), path = request.uri().path())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::response::Response;
    use axum::routing::post;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;
    use crate::http::extract::Text;

    async fn ask(request: http::request::Builder, body: &'static str) -> Response {
        async fn echo(Text(text): Text) -> Result<String, ApiError> {
            if text == "fail" {
                return Err(ApiError::Internal { context: "echoing", source: "no voice".into() });
            }
            Ok(text)
        }
        let routes = Router::new()
            .route("/echo", post(echo))
            .route("/small", post(echo).layer(body_limit(4)))
            .route("/page", post(async || [(header::CACHE_CONTROL, "max-age=60")]));
        around(routes).oneshot(request.body(Body::from(body)).unwrap()).await.unwrap()
    }

    async fn problem(response: Response) -> keruta_api::Problem {
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(response.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let problem: keruta_api::Problem = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(problem.status, status);
        problem
    }

    #[tokio::test]
    async fn every_error_is_a_document_with_the_requests_id() {
        let post = |uri| http::Request::post(uri).header("x-request-id", "mine.1");
        for (status, request, body) in [
            (404, post("/nothing"), ""),
            (405, http::Request::get("/echo").header("x-request-id", "mine.1"), ""),
            (413, post("/small"), "12345"),
            (500, post("/echo"), "fail"),
        ] {
            let response = ask(request, body).await;
            assert_eq!(response.headers()["x-request-id"], "mine.1");
            assert_eq!(response.headers().contains_key(header::ALLOW), status == 405);
            let problem = problem(response).await;
            assert_eq!((problem.status, problem.request_id.as_deref()), (status, Some("mine.1")));
            assert!(problem.detail.is_some(), "{problem:?}");
        }
        assert_eq!(ask(post("/small"), "1234").await.status(), 200);
    }

    #[tokio::test]
    async fn an_odd_id_is_replaced() {
        for odd in ["", "a b", "a\u{e9}", &"x".repeat(65)] {
            let mut request = http::Request::post("/echo");
            request.headers_mut().unwrap().insert(REQUEST_ID.clone(), HeaderValue::from_bytes(odd.as_bytes()).unwrap());
            let response = ask(request, "hello").await;
            let id = response.headers()["x-request-id"].to_str().unwrap();
            assert!(uuid::Uuid::parse_str(id).is_ok(), "{id}");
        }
    }

    #[tokio::test]
    async fn a_route_may_have_headers_of_its_own() {
        let response = ask(http::Request::post("/page"), "").await;
        assert_eq!(response.headers()[header::CACHE_CONTROL], "max-age=60");
        assert_eq!(response.headers()[header::CONTENT_SECURITY_POLICY], POLICY);
        assert_eq!(ask(http::Request::post("/echo"), "").await.headers()[header::CACHE_CONTROL], "no-store");
    }
}
