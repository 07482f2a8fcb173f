//! `/api/v1/sign-in-methods` and `/api/v1/sessions/oidc`: signing in by an OpenID provider.
//!
//! A browser is sent to the provider and comes back; both answers are redirects, since a person looks at them. What goes wrong is told
//! by the sign-in page, which gets one word for it.

use std::convert::Infallible;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use http::request::Parts;
use jiff::Timestamp;
use keruta_api::{SignInMethods, SignInProvider};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::guard::Remote;
use super::sessions;
use crate::auth::{Access, AccessError};
use crate::oidc::{Answer, Oidc, OidcError};
use crate::store::Author;

/// What these routes work with.
#[derive(Clone)]
pub struct OidcState {
    /// Who may do what.
    pub access: Access,
    /// The provider.
    pub oidc: Oidc,
}

/// The routes, with their part of the OpenAPI document.
pub fn routes(state: OidcState) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(methods)).routes(routes!(begin)).routes(routes!(finish)).with_state(state)
}

/// How one can sign in, beside a name and a password.
#[utoipa::path(
    get, path = "/api/v1/sign-in-methods", tag = "access", security(()), responses((status = 200, body = SignInMethods))
)]
async fn methods(State(state): State<OidcState>) -> Json<SignInMethods> {
    Json(SignInMethods { oidc: state.oidc.name().map(|name| SignInProvider { name }) })
}

/// Where somebody wants to.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// The path of the panel to come back to.
    path: Option<String>,
}

/// Sends a browser to the OpenID provider.
#[utoipa::path(
    get, path = "/api/v1/sessions/oidc", tag = "access", params(Wanted), security(()),
    responses((status = 303, description = "To the provider, or to the sign-in page, which says why not."))
)]
async fn begin(
    State(OidcState { access, oidc }): State<OidcState>,
    Remote(from): Remote,
    Lenient(wanted): Lenient<Wanted>,
) -> Response {
    if let Err(error) = access.count_sign_in(from) {
        return to_sign_in(&access, code_of(&error));
    }
    match oidc.begin(wanted.path.as_deref().unwrap_or_default(), Timestamp::now()).await {
        Ok(begun) => (CookieJar::new().add(cookie(&access, begun.cookie)), Redirect::to(&begun.url)).into_response(),
        Err(error) => {
            tracing::warn!(%error, "a sign-in by the identity provider could not begin");
            to_sign_in(&access, error.code())
        }
    }
}

/// What the provider sends a browser back with. It may say more, which is of no use.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Back {
    /// What is given for a token.
    code: Option<String>,
    /// What the browser was sent away with.
    state: Option<String>,
    /// Who answers.
    iss: Option<String>,
    /// Why there is no code.
    error: Option<String>,
}

/// Takes back a browser that the OpenID provider sends.
#[utoipa::path(
    get, path = "/api/v1/sessions/oidc/callback", tag = "access", params(Back), security(()),
    responses((status = 303, description = "Into the panel, or to the sign-in page, which says why not."))
)]
async fn finish(
    State(OidcState { access, oidc }): State<OidcState>,
    Remote(from): Remote,
    author: Author,
    cookies: CookieJar,
    Lenient(back): Lenient<Back>,
) -> Response {
    if let Err(error) = access.count_sign_in(from) {
        return to_sign_in(&access, code_of(&error));
    }
    let now = Timestamp::now();
    let kept = cookies.get(name(&access)).map(Cookie::value);
    let answer = Answer { code: back.code, state: back.state, iss: back.iss, error: back.error };
    let refusal = match oidc.finish(kept, &answer, now).await {
        Ok((person, path)) => match access.sign_in_by_provider(&person, &author, now).await {
            Ok(signed_in) => {
                let jar = CookieJar::new().add(sessions::cookie(&access, signed_in.cookie)).add(no_cookie(&access));
                return (jar, Redirect::to(&path)).into_response();
            }
            Err(error) => (code_of(&error), format!("{error}: {}", person.subject)),
        },
        Err(error @ OidcError::NotSet(_)) => return to_sign_in(&access, error.code()),
        Err(error) => (error.code(), error.to_string()),
    };
    let (code, why) = refusal;
    tracing::warn!(why, "nobody was signed in by the identity provider");
    let issuer = oidc.issuer().unwrap_or_default();
    if let Err(error) = access.refused_by_provider(&issuer, &why, &author, now).await {
        tracing::error!(%error, "a refused sign-in could not be noted in the audit log");
    }
    to_sign_in(&access, code)
}

/// Parameters of a query that others write: what is not understood is as if it were not there.
struct Lenient<T>(T);

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequestParts<S> for Lenient<T> {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(serde_html_form::from_str(parts.uri.query().unwrap_or_default()).unwrap_or_default()))
    }
}

/// To the panel's sign-in page, which has a sentence for the word.
fn to_sign_in(access: &Access, code: &str) -> Response {
    (CookieJar::new().add(no_cookie(access)), Redirect::to(&format!("/?signIn={code}"))).into_response()
}

const fn code_of(error: &AccessError) -> &'static str {
    match error {
        AccessError::TooMany { .. } => "busy",
        AccessError::Disabled => "disabled",
        _ => "server",
    }
}

fn name(access: &Access) -> &'static str {
    if access.options().secure_cookies { "__Host-keruta-oidc" } else { "keruta-oidc" }
}

fn cookie(access: &Access, value: String) -> Cookie<'static> {
    // Lax, since the provider sends the browser back by a link.
    Cookie::build((name(access), value))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(access.options().secure_cookies)
        .build()
}

fn no_cookie(access: &Access) -> Cookie<'static> {
    let mut cookie = cookie(access, String::new());
    cookie.make_removal();
    cookie
}
