//! What the provider says: its discovery document, its keys, its tokens for codes.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{StatusCode, header};
use reqwest::redirect::Policy;
use reqwest::{Client as Http, RequestBuilder, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::OidcError;
use super::token::Keys;
use crate::notify::one_line;
use crate::operation::check_url;

/// How long the provider may take for one answer.
const TIME: Duration = Duration::from_secs(10);
/// How long what it said of itself is believed. A key that is not known is asked for at once.
const FRESH: Duration = Duration::from_hours(1);
/// No answer is longer.
const MOST: usize = 1024 * 1024;
/// How much of what it says is told.
const SAID: usize = 200;

/// Why the provider is of no use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// No client can be made.
    #[error("no HTTP client can be made: {0}")]
    Client(String),
    /// It does not answer.
    #[error("the provider does not answer at {place}: {why}")]
    Unreachable {
        /// Where it was asked.
        place: String,
        /// What happened.
        why: String,
    },
    /// It answers with an error.
    #[error("the provider answers {status} at {place}: {said}")]
    Refused {
        /// Where it was asked.
        place: String,
        /// The status.
        status: u16,
        /// What it says.
        said: String,
    },
    /// Its answer is not what it should be.
    #[error("the provider's answer at {place} is wrong: {why}")]
    Wrong {
        /// Where it was asked.
        place: String,
        /// What is wrong.
        why: String,
    },
}

/// Asks providers.
pub(super) struct Provider {
    http: Http,
    known: Mutex<Option<Arc<Known>>>,
}

/// What is known of one.
pub(super) struct Known {
    pub(super) metadata: Metadata,
    pub(super) keys: Keys,
    at: Instant,
}

/// Its discovery document, as far as it is of use
/// ([OpenID Connect Discovery](https://openid.net/specs/openid-connect-discovery-1_0.html)).
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl Metadata {
    /// Where people sign in.
    pub(super) fn authorization_endpoint(&self) -> Result<Url, ProviderError> {
        endpoint(&self.authorization_endpoint)
    }

    /// Whether it says in each answer that it is its own (RFC 9207).
    pub(super) const fn names_itself(&self) -> bool {
        self.authorization_response_iss_parameter_supported
    }

    /// Whether the client's secret goes into the body: only where it cannot go into a header.
    fn takes_secret_in_body(&self) -> bool {
        self.token_endpoint_auth_methods_supported.as_ref().is_some_and(|methods| {
            let has = |name: &str| methods.iter().any(|method| method == name);
            has("client_secret_post") && !has("client_secret_basic")
        })
    }
}

/// What keruta is to the provider.
pub(super) struct Client<'a> {
    pub(super) id: &'a str,
    pub(super) secret: Option<&'a str>,
    pub(super) redirect: &'a str,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

impl Provider {
    pub(super) fn new() -> Result<Self, ProviderError> {
        // One is enough for the process; whoever was first is right.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = Http::builder()
            // Secrets are sent: nowhere but where the provider's own document says.
            .redirect(Policy::none())
            .no_proxy()
            .timeout(TIME)
            .user_agent(concat!("keruta-server/", env!("CARGO_PKG_VERSION")));
        let http = builder.build().map_err(|error| ProviderError::Client(chain(&error)))?;
        Ok(Self { http, known: Mutex::new(None) })
    }

    /// What is known of a provider, which is asked where that is nothing or old.
    pub(super) async fn known(&self, issuer: &str) -> Result<Arc<Known>, ProviderError> {
        let held = self.held(issuer);
        if let Some(held) = held.as_ref().filter(|held| held.at.elapsed() < FRESH) {
            return Ok(Arc::clone(held));
        }
        match (self.ask(issuer).await, held) {
            (Ok(known), _) => Ok(known),
            (Err(error), Some(held)) => {
                tracing::warn!(%error, "what the identity provider said before is believed still");
                Ok(held)
            }
            (Err(error), None) => Err(error),
        }
    }

    /// Its keys as they are now.
    pub(super) async fn keys_anew(&self, issuer: &str) -> Result<Keys, ProviderError> {
        Ok(self.ask(issuer).await?.keys.clone())
    }

    fn held(&self, issuer: &str) -> Option<Arc<Known>> {
        let held = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        held.as_ref().filter(|held| held.metadata.issuer == issuer).map(Arc::clone)
    }

    async fn ask(&self, issuer: &str) -> Result<Arc<Known>, ProviderError> {
        let place = endpoint(&format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/')))?;
        let metadata: Metadata = self.json(self.http.get(place.clone()), &place).await?;
        if metadata.issuer != issuer {
            let why =
                format!("it is the issuer {:?}, and the settings name {issuer:?}", one_line(&metadata.issuer, SAID));
            return Err(ProviderError::Wrong { place: place.into(), why });
        }
        let place = endpoint(&metadata.jwks_uri)?;
        let keys: Value = self.json(self.http.get(place.clone()), &place).await?;
        let known = Arc::new(Known { metadata, keys: Keys::of(&keys), at: Instant::now() });
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&known));
        Ok(known)
    }

    /// The ID token for a code.
    pub(super) async fn token(
        &self,
        known: &Known,
        client: &Client<'_>,
        code: &str,
        verifier: &str,
    ) -> Result<String, OidcError> {
        let place = endpoint(&known.metadata.token_endpoint)?;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", client.redirect),
            ("code_verifier", verifier),
        ];
        let mut request = self.http.post(place.clone());
        match client.secret {
            Some(secret) if !known.metadata.takes_secret_in_body() => {
                // Both are encoded before they are put together (RFC 6749, section 2.3.1).
                let pair = format!("{}:{}", encoded(client.id), encoded(secret));
                request = request.header(header::AUTHORIZATION, format!("Basic {}", STANDARD.encode(pair)));
            }
            Some(secret) => form.extend([("client_id", client.id), ("client_secret", secret)]),
            None => form.push(("client_id", client.id)),
        }
        let body = serde_html_form::to_string(&form).map_err(|error| ProviderError::Client(error.to_string()))?;
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(body);
        match self.json::<Tokens>(request, &place).await {
            Ok(tokens) => Ok(tokens.id_token),
            Err(ProviderError::Refused { said, .. }) if said == "invalid_grant" => Err(OidcError::Code),
            Err(error) => Err(error.into()),
        }
    }

    async fn json<T: DeserializeOwned>(&self, request: RequestBuilder, place: &Url) -> Result<T, ProviderError> {
        let unreachable = |error: reqwest::Error| ProviderError::Unreachable {
            place: place.to_string(),
            why: chain(&error.without_url()),
        };
        let wrong = |why: String| ProviderError::Wrong { place: place.to_string(), why };
        let request = request.header(header::ACCEPT, "application/json");
        let mut response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > MOST {
                return Err(wrong("it is too long".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        if status != StatusCode::OK {
            let refusal = serde_json::from_slice::<Refusal>(&body).map(|refusal| one_line(&refusal.error, SAID));
            let said = refusal.unwrap_or_else(|_| "nothing that is understood".to_owned());
            return Err(ProviderError::Refused { place: place.to_string(), status: status.as_u16(), said });
        }
        // What serde says of a body may quote it, and this one holds tokens.
        serde_json::from_slice(&body)
            .map_err(|error| wrong(format!("at line {} it is not as it should be", error.line())))
    }
}

/// An address that the provider names: by TLS, or on this machine.
fn endpoint(text: &str) -> Result<Url, ProviderError> {
    check_url(text)
        .map_err(|why| ProviderError::Wrong { place: one_line(text, SAID), why: format!("the address {why}") })
}

fn encoded(text: &str) -> String {
    // Of one pair with an empty name the rest is the value.
    let pair = serde_html_form::to_string([("", text)]).unwrap_or_default();
    pair.trim_start_matches('=').to_owned()
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    one_line(&text, SAID)
}
