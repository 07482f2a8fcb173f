//! The door: who asks, and whether they may. Every route is behind it.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath, RawPathParams, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum_extra::extract::CookieJar;
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, header};
use jiff::Timestamp;
use tower_http::request_id::RequestId;

use super::ApiError;
use super::actor::Actor;
use crate::auth::permission::{Decision, Scope, methods_of, rule_of};
use crate::auth::{Access, AccessError, Credential, Identity, client_address, same};
use crate::store::Author;

/// What a session's changes carry.
pub const CSRF_HEADER: HeaderName = HeaderName::from_static("x-csrf-token");

const WHO: &str = "send a token (Authorization: Bearer TOKEN), or sign in";

/// The name of the session's cookie. Its prefix has browsers refuse one that another host or a page without TLS has set.
#[must_use]
pub const fn cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-keruta" } else { "keruta" }
}

/// The client's address, where it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remote(pub Option<IpAddr>);

/// Lets a request in whose sender may do what it asks for.
pub async fn guard(State(access): State<Access>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match admit(&access, &mut parts).await {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(refusal) => refusal.into_response(),
    }
}

async fn admit(access: &Access, parts: &mut Parts) -> Result<(), ApiError> {
    let remote = remote(access, parts);
    parts.extensions.insert(Remote(remote));
    parts.extensions.insert(author("nobody".to_owned(), remote, parts));
    // What no route matches is nobody's to guard: the answer is 404.
    let Some(route) = parts.extensions.get::<MatchedPath>().cloned() else { return Ok(()) };
    let rule = rule_of(&parts.method, route.as_str()).ok_or_else(|| closed(&parts.method, route.as_str()))?;
    if rule.who.decide(None) == Decision::Allowed {
        return Ok(());
    }
    let Some(identity) = identify(access, parts, remote).await? else { return Err(ApiError::Unauthenticated(WHO)) };
    match rule.who.decide(Some(&identity)) {
        Decision::Allowed => {}
        Decision::Unknown => return Err(ApiError::Unauthenticated(WHO)),
        Decision::Denied => return Err(ApiError::Forbidden(format!("the role {} may not do this", identity.role))),
        Decision::IfOwn(scope) => own(access, parts, scope, &identity).await?,
    }
    against_forgery(&identity, parts)?;
    parts.extensions.insert(Actor(identity.actor()));
    parts.extensions.insert(author(identity.actor(), remote, parts));
    parts.extensions.insert(identity);
    Ok(())
}

/// A method that the table does not have: one that the route does not know, or a route that was forgotten.
fn closed(method: &Method, route: &str) -> ApiError {
    methods_of(route).map_or_else(
        || {
            tracing::error!(%method, route, "a route stands in no rule, and is closed");
            ApiError::Forbidden("nobody may do this".to_owned())
        },
        |allow| ApiError::MethodNotAllowed { allow },
    )
}

fn remote(access: &Access, parts: &Parts) -> Option<IpAddr> {
    let ConnectInfo(peer) = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
    let forwarded: Vec<&str> =
        parts.headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).collect();
    Some(client_address(peer.ip(), &forwarded, &access.options().trusted_proxies))
}

fn author(actor: String, remote: Option<IpAddr>, parts: &Parts) -> Author {
    let request_id = parts.extensions.get::<RequestId>().and_then(|id| id.header_value().to_str().ok());
    Author { actor, remote: remote.map(|remote| remote.to_string()), request_id: request_id.map(str::to_owned) }
}

/// Who sent it, where anything was shown. A token counts before a cookie.
async fn identify(access: &Access, parts: &Parts, remote: Option<IpAddr>) -> Result<Option<Identity>, ApiError> {
    let now = Timestamp::now();
    if let Some(token) = bearer(&parts.headers)? {
        return Ok(Some(access.by_token(token, remote, now).await?));
    }
    let cookies = CookieJar::from_headers(&parts.headers);
    match cookies.get(cookie_name(access.options().secure_cookies)) {
        Some(cookie) => Ok(Some(access.by_cookie(cookie.value(), remote, now).await?)),
        None => Ok(None),
    }
}

fn bearer(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    const FORM: ApiError = ApiError::Unauthenticated("the Authorization header is not of the form: Bearer TOKEN");
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(FORM);
    }
    let (scheme, token) = value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or(FORM)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(Some(token.trim())) } else { Err(FORM) }
}

/// Whether what is asked for is the task's.
async fn own(access: &Access, parts: &mut Parts, scope: Scope, identity: &Identity) -> Result<(), ApiError> {
    let Credential::Attempt { task, .. } = &identity.credential else {
        return Err(ApiError::Forbidden("this is for the token of a task".to_owned()));
    };
    let parameters = RawPathParams::from_request_parts(parts, &())
        .await
        .map_err(|_| ApiError::parameter("", "the path is not UTF-8 text"))?;
    let asked = parameters.iter().next().map(|(_, value)| value.to_owned());
    let owned = match scope {
        Scope::Task => Some(task.clone()),
        Scope::Repository | Scope::Document => {
            let task = access.store().task(task).await?;
            let spec = task.spec.task();
            let id = if scope == Scope::Repository { spec.repository_id.as_ref() } else { spec.document() };
            id.map(|id| id.as_str().to_owned())
        }
    };
    if owned.is_some() && owned == asked {
        return Ok(());
    }
    Err(ApiError::Forbidden(format!("this token opens the task {task} and what belongs to it alone")))
}

/// A page of another site can have a browser send the cookie, but does not know what the session's changes carry.
fn against_forgery(identity: &Identity, parts: &Parts) -> Result<(), ApiError> {
    let Credential::Session { csrf, .. } = &identity.credential else { return Ok(()) };
    if matches!(parts.method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    let carried = parts.headers.get(&CSRF_HEADER).and_then(|value| value.to_str().ok());
    if carried.is_some_and(|carried| same(carried, csrf)) {
        return Ok(());
    }
    Err(ApiError::Forbidden("a change by a session must carry its csrfToken as X-CSRF-Token".to_owned()))
}

impl<S: Send + Sync> FromRequestParts<S> for Identity {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts.extensions.get().cloned().ok_or(ApiError::Unauthenticated(WHO))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Author {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts.extensions.get().cloned().ok_or(ApiError::Unauthenticated(WHO))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Remote {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get().copied().unwrap_or(Self(None)))
    }
}

impl From<AccessError> for ApiError {
    fn from(error: AccessError) -> Self {
        use crate::auth::PasswordError;
        match error {
            AccessError::Unknown => Self::Unauthenticated(
                "nobody is known by these credentials: they are wrong, have ended or were revoked",
            ),
            AccessError::AttemptOver { task, attempt } => Self::AttemptOver { task, attempt },
            AccessError::WrongPassword => Self::Unauthenticated("the name or the password is wrong"),
            AccessError::Disabled => Self::Forbidden("this user is disabled".to_owned()),
            AccessError::TooMany { retry_after } => Self::TooManyRequests { retry_after },
            AccessError::Store(error) => Self::Store(error),
            AccessError::Password(error @ PasswordError::Busy) => {
                Self::Unavailable { detail: error.to_string(), retry_after: std::time::Duration::from_secs(1) }
            }
            AccessError::Password(error) => error.into(),
            AccessError::Randomness(error) => {
                Self::Internal { context: "asking the system for randomness", source: Box::new(error) }
            }
        }
    }
}

impl From<crate::auth::PasswordError> for ApiError {
    fn from(error: crate::auth::PasswordError) -> Self {
        use crate::auth::PasswordError;
        match error {
            PasswordError::Busy => {
                Self::Unavailable { detail: error.to_string(), retry_after: std::time::Duration::from_secs(1) }
            }
            error @ PasswordError::Hash(_) => Self::Internal { context: "hashing a password", source: Box::new(error) },
        }
    }
}
