//! Whether an ID token is one, and for us. Pure, but for the time that it is compared with.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, Header, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::signature::ALGORITHMS;
use crate::auth::same;

/// How far the clocks may be apart, in seconds.
const LEEWAY: u64 = 60;

/// Why an ID token is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It is no token.
    #[error("it is no signed token")]
    Unreadable,
    /// It is signed by what cannot be trusted: `none`, or a secret that both sides know.
    #[error("it is signed by {0:?}, which is not taken")]
    Algorithm(Algorithm),
    /// The provider has no such key.
    #[error("the provider has no key that it names")]
    UnknownKey,
    /// The signature is wrong, or it has expired, or is for somebody else.
    #[error("{0}")]
    Invalid(String),
    /// It is the answer to another sign-in.
    #[error("its nonce is not this sign-in's")]
    Nonce,
    /// It was issued for another client.
    #[error("it was issued for another client (azp)")]
    Party,
}

/// What it must say.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
}

/// The provider's keys, as far as they can be used here.
#[derive(Debug, Clone, Default)]
pub(super) struct Keys(Vec<Jwk>);

impl Keys {
    /// Of a JSON Web Key Set. A key that cannot be read is not used; the others are.
    pub(super) fn of(set: &Value) -> Self {
        let keys = set.get("keys").and_then(Value::as_array).into_iter().flatten();
        Self(keys.filter_map(|key| serde_json::from_value(key.clone()).ok()).collect())
    }

    /// The key that a token names, or the only one that it can mean.
    fn find(&self, header: &Header) -> Option<&Jwk> {
        let mut fitting = self.0.iter().filter(|key| fits(key, header.alg));
        match &header.kid {
            Some(kid) => fitting.find(|key| key.common.key_id.as_ref() == Some(kid)),
            None => fitting.next().filter(|_| fitting.next().is_none()),
        }
    }
}

fn fits(key: &Jwk, algorithm: Algorithm) -> bool {
    let named = key.common.key_algorithm.is_none_or(|own| own.to_string() == format!("{algorithm:?}"));
    let signs = !matches!(key.common.public_key_use, Some(PublicKeyUse::Encryption));
    let kind = match &key.algorithm {
        AlgorithmParameters::RSA(_) => algorithm.family() == AlgorithmFamily::Rsa,
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => algorithm == Algorithm::ES256,
            EllipticCurve::P384 => algorithm == Algorithm::ES384,
            _ => false,
        },
        AlgorithmParameters::OctetKeyPair(key) => key.curve == EllipticCurve::Ed25519 && algorithm == Algorithm::EdDSA,
        _ => false,
    };
    named && signs && kind
}

/// What must be in every ID token beside what the library checks.
#[derive(Deserialize)]
struct Parties {
    #[serde(default)]
    nonce: Option<String>,
    #[serde(default)]
    azp: Option<String>,
    aud: Value,
    iss: String,
}

/// The claims of a token that holds.
pub(super) fn verify(token: &str, keys: &Keys, expected: &Expected<'_>) -> Result<Map<String, Value>, TokenError> {
    let header = decode_header(token).map_err(|_| TokenError::Unreadable)?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(TokenError::Algorithm(header.alg));
    }
    let key = keys.find(&header).ok_or(TokenError::UnknownKey)?;
    let invalid = |error: jsonwebtoken::errors::Error| TokenError::Invalid(error.to_string());
    let key = DecodingKey::from_jwk(key).map_err(invalid)?;
    let mut validation = Validation::new(header.alg);
    validation.leeway = LEEWAY;
    validation.validate_nbf = true;
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.set_issuer(&[expected.issuer]);
    validation.set_audience(&[expected.client_id]);
    let claims = decode::<Map<String, Value>>(token, &key, &validation).map_err(invalid)?.claims;
    let parties: Parties = serde_json::from_value(Value::Object(claims.clone()))
        .map_err(|error| TokenError::Invalid(format!("its claims: {error}")))?;
    if parties.iss != expected.issuer {
        return Err(TokenError::Invalid("InvalidIssuer".to_owned()));
    }
    if !parties.nonce.is_some_and(|nonce| same(&nonce, expected.nonce)) {
        return Err(TokenError::Nonce);
    }
    // Of several audiences one is whom it was issued to.
    let several = parties.aud.as_array().is_some_and(|aud| aud.len() > 1);
    if parties.azp.map_or(several, |azp| azp != expected.client_id) {
        return Err(TokenError::Party);
    }
    Ok(claims)
}
