//! An OpenID provider of the tests' own, on loopback. What it does wrong it is told to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) const CLIENT: &str = "keruta";
/// With characters that are written otherwise in a header.
pub(crate) const SECRET: &str = "s3cret:+/ü";

/// A key that can sign.
#[allow(clippy::large_enum_variant, reason = "there are a handful of them")]
pub(crate) enum Key {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

impl Key {
    pub(crate) fn ec() -> Self {
        let random = SystemRandom::new();
        let bytes = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        Self::Ec(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, bytes.as_ref(), &random).unwrap())
    }

    pub(crate) fn ed() -> Self {
        let bytes = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::Ed(Ed25519KeyPair::from_pkcs8(bytes.as_ref()).unwrap())
    }

    /// ring makes none: this one is for tests alone.
    pub(crate) fn rsa() -> Self {
        Self::Rsa(RsaKeyPair::from_pkcs8(include_bytes!("rsa.pk8")).unwrap())
    }

    const fn algorithm(&self) -> &'static str {
        match self {
            Self::Ec(_) => "ES256",
            Self::Ed(_) => "EdDSA",
            Self::Rsa(_) => "RS256",
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Ec(key) => key.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::Ed(key) => key.sign(message).as_ref().to_vec(),
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
                signature
            }
        }
    }

    fn jwk(&self, kid: &str) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut jwk = match self {
            Self::Ec(key) => {
                let point = key.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "x": text(&point[1..33]), "y": text(&point[33..])})
            }
            Self::Ed(key) => json!({"kty": "OKP", "crv": "Ed25519", "x": text(key.public_key().as_ref())}),
            Self::Rsa(key) => {
                let public = ring::rsa::PublicKeyComponents::<Vec<u8>>::from(key.public());
                json!({"kty": "RSA", "n": text(&public.n), "e": text(&public.e)})
            }
        };
        (jwk["kid"], jwk["use"]) = (json!(kid), json!("sig"));
        jwk
    }
}

/// How tokens are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signing {
    /// By the first key.
    Well,
    /// By a key that is not the one that the header names.
    ByAnother,
    /// Not at all: `alg: none`.
    None,
    /// By HMAC with what everybody knows, the public key.
    Hmac,
    /// With a letter of the claims changed afterwards.
    Changed,
}

/// What it knows and does.
pub(crate) struct Mind {
    /// Keys by their ids; the first signs.
    pub(crate) keys: Vec<(String, Key)>,
    /// Whether all of them are published.
    pub(crate) publishes: bool,
    pub(crate) signing: Signing,
    /// What is different in the claims, as a merge patch.
    pub(crate) claims: Value,
    /// What is different in the discovery document.
    pub(crate) metadata: Value,
    /// What the token endpoint answers instead.
    pub(crate) answers: Option<(u16, String)>,
    pub(crate) keys_asked: u32,
    codes: HashMap<String, HashMap<String, String>>,
}

pub(crate) struct Provider {
    pub(crate) issuer: String,
    mind: Arc<Mutex<Mind>>,
    task: JoinHandle<()>,
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Shared = State<(String, Arc<Mutex<Mind>>)>;

impl Provider {
    pub(crate) async fn start(key: Key) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}/realms/main", listener.local_addr().unwrap());
        let mind = Arc::new(Mutex::new(Mind {
            keys: vec![("key-1".to_owned(), key)],
            publishes: true,
            signing: Signing::Well,
            claims: json!({}),
            metadata: json!({}),
            answers: None,
            keys_asked: 0,
            codes: HashMap::new(),
        }));
        let routes = Router::new()
            .route("/realms/main/.well-known/openid-configuration", get(discovery))
            .route("/realms/main/keys", get(keys))
            .route("/realms/main/token", post(token))
            .with_state((issuer.clone(), Arc::clone(&mind)));
        let task = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { issuer, mind, task }
    }

    pub(crate) fn mind(&self) -> MutexGuard<'_, Mind> {
        self.mind.lock().unwrap()
    }

    /// As if it were switched off.
    pub(crate) fn stop(&self) {
        self.task.abort();
    }

    /// Somebody signs in there: the code for what was asked.
    pub(crate) fn authorize(&self, asked: &HashMap<String, String>) -> String {
        let code = format!("code-{}", self.mind().codes.len());
        self.mind().codes.insert(code.clone(), asked.clone());
        code
    }
}

async fn discovery(State((issuer, mind)): Shared) -> Json<Value> {
    let mut document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize?tenant=1"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"],
    });
    json_patch::merge(&mut document, &mind.lock().unwrap().metadata);
    Json(document)
}

async fn keys(State((_, mind)): Shared) -> Json<Value> {
    let mut mind = mind.lock().unwrap();
    mind.keys_asked += 1;
    // Beside those that sign there are others, also of kinds that nobody here knows.
    let mut set = vec![
        json!({"kty": "RSA", "use": "enc", "alg": "RSA-OAEP", "kid": "key-1", "n": "AQAB", "e": "AQAB"}),
        json!({"kty": "AKP", "alg": "ML-DSA-65", "kid": "pq", "pub": "AA"}),
        json!({"kty": "EC", "crv": "P-521", "kid": "key-1", "x": "AA", "y": "AA"}),
        json!(7),
    ];
    if mind.publishes {
        set.extend(mind.keys.iter().map(|(kid, key)| key.jwk(kid)));
    }
    Json(json!({"keys": set}))
}

async fn token(State((issuer, mind)): Shared, headers: HeaderMap, body: String) -> Response {
    assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
    let form: HashMap<String, String> = serde_html_form::from_str(&body).unwrap();
    let mut mind = mind.lock().unwrap();
    if let Some((status, body)) = &mind.answers {
        return (StatusCode::from_u16(*status).unwrap(), body.clone()).into_response();
    }
    let refuse = |error: &str| (StatusCode::BAD_REQUEST, Json(json!({"error": error}))).into_response();
    let by_header = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
    let pair = format!("{CLIENT}:{}", "s3cret%3A%2B%2F%C3%BC");
    let known = match &by_header {
        Some(value) => *value == format!("Basic {}", STANDARD.encode(pair)),
        None => {
            form.get("client_id").is_some_and(|id| id == CLIENT)
                && form.get("client_secret").is_none_or(|it| it == SECRET)
        }
    };
    if !known {
        return refuse("invalid_client");
    }
    // A code is good once.
    let asked = form.get("code").and_then(|code| mind.codes.remove(code));
    let Some(asked) = asked else { return refuse("invalid_grant") };
    let verifier = form.get("code_verifier").cloned().unwrap_or_default();
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    let fits = asked["code_challenge_method"] == "S256"
        && asked["code_challenge"] == challenge
        && Some(&asked["redirect_uri"]) == form.get("redirect_uri")
        && form.get("grant_type").is_some_and(|kind| kind == "authorization_code");
    if !fits {
        return refuse("invalid_grant");
    }
    let now = Timestamp::now().as_second();
    let mut claims = json!({
        "iss": issuer, "sub": "248289761001", "aud": CLIENT, "exp": now + 300, "iat": now, "nonce": asked["nonce"],
        "preferred_username": "Ada", "email": "ada@example.com", "groups": ["staff", "keruta-operators"],
    });
    json_patch::merge(&mut claims, &mind.claims);
    Json(json!({"access_token": "x", "token_type": "Bearer", "id_token": signed(&mind, &claims)})).into_response()
}

fn signed(mind: &Mind, claims: &Value) -> String {
    let (kid, key) = &mind.keys[0];
    let algorithm = match mind.signing {
        Signing::None => "none",
        Signing::Hmac => "HS256",
        _ => key.algorithm(),
    };
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = json!({"alg": algorithm, "kid": kid, "typ": "JWT"});
    let message = format!("{}.{}", part(&header), part(claims));
    let signature = match mind.signing {
        Signing::Well | Signing::Changed => key.sign(message.as_bytes()),
        Signing::ByAnother => Key::ec().sign(message.as_bytes()),
        Signing::None => Vec::new(),
        Signing::Hmac => {
            let public = key.jwk(kid)["n"].as_str().unwrap_or("x").to_owned();
            let public = URL_SAFE_NO_PAD.decode(public).unwrap_or_default();
            let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &public);
            ring::hmac::sign(&key, message.as_bytes()).as_ref().to_vec()
        }
    };
    let message = if mind.signing == Signing::Changed {
        let mut claims = claims.clone();
        claims["groups"] = json!(["keruta-admins"]);
        format!("{}.{}", part(&header), part(&claims))
    } else {
        message
    };
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}
