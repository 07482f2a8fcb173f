//! Signing in by an OpenID provider: the authorization code flow with PKCE
//! ([OpenID Connect Core](https://openid.net/specs/openid-connect-core-1_0.html), [RFC 9700](https://www.rfc-editor.org/rfc/rfc9700)).
//!
//! | room | what it does |
//! |---|---|
//! | `attempt` | what a browser keeps between its leaving and its coming back, and what follows from it: pure |
//! | `provider` | what the provider says: discovery, keys, tokens for codes |
//! | `token` | whether an ID token is one, and for us: pure |
//! | `signature` | signatures, by ring |
//! | `person` | whom the claims tell of, and what they may do: pure |

mod attempt;
mod failure;
mod person;
mod provider;
mod signature;
mod token;

use std::sync::Arc;

use jiff::Timestamp;
use reqwest::Url;
use tokio::sync::watch;

use crate::external::ExternalUrl;
use crate::operation::{OidcSettings, ServerSettings};
use crate::secret::{SecretUse, Secrets};
use attempt::Attempt;
use provider::Provider;
use token::Expected;

pub use failure::OidcError;
pub use person::Person;
pub use provider::ProviderError;
pub use token::TokenError;

/// Where the provider sends people back to.
pub(crate) const CALLBACK: [&str; 5] = ["api", "v1", "sessions", "oidc", "callback"];

/// Signs people in by the provider of the settings. Cheap to clone.
#[derive(Clone)]
pub struct Oidc(Arc<Inner>);

struct Inner {
    settings: watch::Receiver<Arc<ServerSettings>>,
    external: Option<ExternalUrl>,
    secrets: Secrets,
    provider: Provider,
}

/// A sign-in that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// Where the browser goes.
    pub url: String,
    /// What it keeps meanwhile.
    pub cookie: String,
}

/// What a provider sends a browser back with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// What is given for a token.
    pub code: Option<String>,
    /// What it was sent away with.
    pub state: Option<String>,
    /// Who answers.
    pub iss: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
}

impl Oidc {
    /// By the settings in force.
    ///
    /// # Errors
    ///
    /// Where no HTTP client can be made: the system's certificates cannot be read.
    pub fn new(
        settings: watch::Receiver<Arc<ServerSettings>>,
        external: Option<ExternalUrl>,
        secrets: Secrets,
    ) -> Result<Self, ProviderError> {
        signature::install();
        Ok(Self(Arc::new(Inner { settings, external, secrets, provider: Provider::new()? })))
    }

    /// What the provider is called; `None` where nobody can sign in so.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        self.settings().ok().map(|(settings, _)| settings.shown_name())
    }

    /// The provider, where one is set.
    #[must_use]
    pub fn issuer(&self) -> Option<String> {
        self.settings().ok().map(|(settings, _)| settings.issuer)
    }

    /// A path of the server's own; its first page of everything else.
    #[must_use]
    pub fn own_path(&self, path: &str) -> String {
        let own = self.0.external.as_ref().and_then(|external| external.own_path(path));
        own.filter(|own| !own.starts_with("/api/")).unwrap_or_else(|| "/".to_owned())
    }

    /// Begins a sign-in that leads back to a path of the server.
    ///
    /// # Errors
    ///
    /// [`OidcError`].
    pub async fn begin(&self, path: &str, now: Timestamp) -> Result<Begun, OidcError> {
        let (settings, redirect) = self.settings()?;
        let attempt = Attempt::new(self.own_path(path), now)?;
        let known = self.0.provider.known(&settings.issuer).await?;
        let mut url: Url = known.metadata.authorization_endpoint()?;
        let mut scope = "openid".to_owned();
        for other in settings.scopes.iter().filter(|other| *other != "openid") {
            scope.push(' ');
            scope.push_str(other);
        }
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &settings.client_id)
            .append_pair("redirect_uri", &redirect)
            .append_pair("scope", &scope)
            .append_pair("state", &attempt.state())
            .append_pair("nonce", &attempt.nonce())
            .append_pair("code_challenge", &attempt.challenge())
            .append_pair("code_challenge_method", "S256");
        Ok(Begun { url: url.into(), cookie: attempt.cookie() })
    }

    /// Who comes back, and the path that they wanted to.
    ///
    /// # Errors
    ///
    /// [`OidcError`].
    pub async fn finish(
        &self,
        cookie: Option<&str>,
        answer: &Answer,
        now: Timestamp,
    ) -> Result<(Person, String), OidcError> {
        let (settings, redirect) = self.settings()?;
        let attempt = cookie.and_then(|cookie| Attempt::of_cookie(cookie, now)).ok_or(OidcError::State)?;
        if !answer.state.as_deref().is_some_and(|state| attempt.is(state)) {
            return Err(OidcError::State);
        }
        if let Some(error) = &answer.error {
            return Err(OidcError::denied(error));
        }
        let code = answer.code.as_deref().ok_or_else(|| OidcError::denied("no code"))?;
        let known = self.0.provider.known(&settings.issuer).await?;
        // Somebody else's answer (RFC 9207).
        if answer.iss.as_ref().map_or(known.metadata.names_itself(), |iss| *iss != settings.issuer) {
            return Err(OidcError::State);
        }
        let secret = match &settings.client_secret {
            Some(reference) => Some(self.0.secrets.find(reference, SecretUse::Plain).await?),
            None => None,
        };
        let client = provider::Client { id: &settings.client_id, secret: secret.as_deref(), redirect: &redirect };
        let id_token = self.0.provider.token(&known, &client, code, &attempt.verifier()).await?;
        let nonce = attempt.nonce();
        let expected = Expected { issuer: &settings.issuer, client_id: &settings.client_id, nonce: &nonce };
        let claims = match token::verify(&id_token, &known.keys, &expected) {
            // A key that came after the keys were read.
            Err(TokenError::UnknownKey) => {
                let keys = self.0.provider.keys_anew(&settings.issuer).await?;
                token::verify(&id_token, &keys, &expected)?
            }
            verified => verified?,
        };
        Ok((Person::of(&claims, &settings)?, self.own_path(attempt.path())))
    }

    /// The settings, and where the provider sends people back to.
    fn settings(&self) -> Result<(OidcSettings, String), OidcError> {
        let settings =
            self.0.settings.borrow().oidc.clone().ok_or(OidcError::NotSet("oidc of the server's settings"))?;
        let external = self.0.external.as_ref().ok_or(OidcError::NotSet("--external-url"))?;
        Ok((settings, external.at(CALLBACK)))
    }
}
