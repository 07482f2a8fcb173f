//! Signing in by an OpenID provider: the right way, and what is not taken.

mod provider;

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::time::Duration;

use http::Method;
use keruta_server::auth::AccessOptions;
use reqwest::Url;
use serde_json::{Value, json};

use crate::{Answer, Server};
use provider::{CLIENT, Key, Provider, SECRET, Signing};

const SETTINGS: &str = "/api/v1/settings/server";
const BEGIN: &str = "/api/v1/sessions/oidc";
const CALLBACK: &str = "/api/v1/sessions/oidc/callback";

fn options() -> AccessOptions {
    let logins = (NonZeroU32::new(1000).unwrap(), Duration::from_millis(1));
    AccessOptions {
        external_url: Some("https://keruta.example.com".parse().unwrap()),
        secure_cookies: true,
        logins,
        ..AccessOptions::default()
    }
}

fn settings(issuer: &str) -> Value {
    json!({"oidc": {
        "issuer": issuer, "clientId": CLIENT, "clientSecret": {"file": "oidc"}, "name": "Example",
        "roles": {"admin": ["keruta-admins"], "operator": ["keruta-operators"], "viewer": ["staff"]},
    }})
}

/// A server that takes whom a provider vouches for.
async fn with(provider: &Provider) -> Server {
    let server = Server::start_with(options()).await;
    std::fs::write(server.directory.path().join("oidc"), format!("{SECRET}\n")).unwrap();
    set(&server, &settings(&provider.issuer)).await.is(200);
    server
}

async fn set(server: &Server, settings: &Value) -> Answer {
    server.ask(Method::PATCH, SETTINGS).header("if-match", "*").json(settings).send().await
}

async fn both() -> (Provider, Server) {
    let provider = Provider::start(Key::ec()).await;
    let server = with(&provider).await;
    (provider, server)
}

/// A browser at the provider.
struct There {
    cookie: String,
    url: Url,
    asked: HashMap<String, String>,
}

impl There {
    async fn go(server: &Server, query: &str) -> Self {
        let answer = server.anonymous(Method::GET, &format!("{BEGIN}{query}")).send().await.is(303);
        let cookie = answer.header("set-cookie");
        assert!(cookie.ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/"), "{cookie}");
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let url = Url::parse(answer.header("location")).unwrap();
        let asked = url.query_pairs().into_owned().collect();
        Self { cookie, url, asked }
    }

    async fn back(&self, server: &Server, query: &str) -> Answer {
        let ask = server.anonymous(Method::GET, &format!("{CALLBACK}{query}"));
        ask.header("cookie", &self.cookie).send().await.is(303)
    }

    /// Comes back as the provider sends people.
    async fn back_with(&self, server: &Server, code: &str) -> Answer {
        self.back(server, &format!("?code={code}&state={}&session_state=x", self.asked["state"])).await
    }
}

/// Goes there and comes back.
async fn round(provider: &Provider, server: &Server) -> Answer {
    let there = There::go(server, "?path=/tasks").await;
    let code = provider.authorize(&there.asked);
    there.back_with(server, &code).await
}

/// The session's cookie, where one was given.
fn session(answer: &Answer) -> Option<String> {
    let cookies = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    let mut sessions = cookies.filter_map(|cookie| cookie.strip_prefix("__Host-keruta="));
    sessions.next().map(|cookie| format!("__Host-keruta={}", cookie.split(';').next().unwrap()))
}

/// Who the session of an answer belongs to.
async fn me(server: &Server, answer: &Answer) -> Value {
    let cookie = session(answer).unwrap_or_else(|| panic!("nobody was signed in: {answer:?}"));
    server.anonymous(Method::GET, "/api/v1/me").header("cookie", &cookie).send().await.is(200).value()
}

/// The word that the sign-in page was given.
fn refusal(answer: &Answer) -> &str {
    assert_eq!(session(answer), None, "{answer:?}");
    let location = answer.header("location");
    location.strip_prefix("/?signIn=").unwrap_or_else(|| panic!("{location}"))
}

async fn audit(server: &Server, action: &str) -> Vec<Value> {
    let log = server.get(&format!("/api/v1/audit?action={action}")).send().await.is(200).value();
    log["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn whom_the_provider_vouches_for_is_let_in() {
    for key in [Key::ec(), Key::rsa(), Key::ed()] {
        let provider = Provider::start(key).await;
        let server = with(&provider).await;
        let methods = server.anonymous(Method::GET, "/api/v1/sign-in-methods").send().await.is(200).value();
        assert_eq!(methods, json!({"oidc": {"name": "Example"}}));

        let there = There::go(&server, "?path=/tasks%3Fstatus=FAILED").await;
        assert!(there.url.as_str().starts_with(&format!("{}/authorize?tenant=1&response_type=code&", provider.issuer)));
        let redirect = format!("https://keruta.example.com{CALLBACK}");
        for (name, value) in [
            ("client_id", CLIENT),
            ("redirect_uri", &redirect),
            ("scope", "openid profile email"),
            ("code_challenge_method", "S256"),
        ] {
            assert_eq!(there.asked[name], value, "{name}");
        }
        let code = provider.authorize(&there.asked);
        let answer = there.back_with(&server, &code).await;
        assert_eq!(answer.header("location"), "/tasks?status=FAILED");
        let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().map(|it| it.to_str().unwrap()).collect();
        assert!(
            cookies.iter().any(|cookie| cookie.starts_with("__Host-keruta-oidc=;") && cookie.contains("Max-Age=0"))
        );
        let me = me(&server, &answer).await;
        assert_eq!((&me["user"], &me["role"]), (&json!("ada"), &json!("operator")));

        // It is a session like any other: it can be ended.
        let cookie = session(&answer).unwrap();
        let out = server.anonymous(Method::DELETE, "/api/v1/sessions/current").header("cookie", &cookie);
        out.header("x-csrf-token", me["csrfToken"].as_str().unwrap()).send().await.is(204);
        server.anonymous(Method::GET, "/api/v1/me").header("cookie", &cookie).send().await.is(401);
    }
}

#[tokio::test]
async fn who_comes_again_is_the_same_with_the_role_of_now() {
    let (provider, server) = both().await;
    round(&provider, &server).await;
    provider.mind().claims = json!({"groups": ["staff"], "preferred_username": "ada.married"});
    let me = me(&server, &round(&provider, &server).await).await;
    assert_eq!((&me["user"], &me["role"]), (&json!("ada"), &json!("viewer")));
    let users = server.get("/api/v1/users").send().await.value();
    let users = users["items"].as_array().unwrap();
    assert_eq!((users.len(), &users[0]["issuer"]), (1, &json!(provider.issuer)));
    // Another subject is another person, whatever they are called.
    provider.mind().claims = json!({"sub": "2"});
    assert_eq!(self::me(&server, &round(&provider, &server).await).await["user"], "ada-2");

    let made = audit(&server, "user.created").await;
    assert_eq!(made.len(), 2);
    let first = &made[1];
    assert_eq!(
        (&first["actor"], &first["detail"]["name"], &first["remote"]),
        (&json!("keruta"), &json!("ada"), &json!("198.51.100.7"))
    );
    assert_eq!(first["detail"]["issuer"], json!(provider.issuer));
    let changed = &audit(&server, "user.changed").await[0];
    assert_eq!(
        (&changed["detail"]["old"]["role"], &changed["detail"]["new"]["role"]),
        (&json!("operator"), &json!("viewer"))
    );
    let begun = audit(&server, "session.created").await;
    assert_eq!((begun.len(), &begun[2]["actor"]), (3, &json!("user/ada")));
}

#[tokio::test]
async fn nobody_becomes_a_user_who_is_there_already() {
    let (provider, server) = both().await;
    let local = json!({"name": "ada", "password": "correct horse battery", "role": "admin"});
    server.post("/api/v1/users", &local).send().await.is(201);
    provider.mind().claims = json!({"groups": ["staff"]});
    let me = me(&server, &round(&provider, &server).await).await;
    assert_eq!((&me["user"], &me["role"]), (&json!("ada-2"), &json!("viewer")));
    // And who signs in there has no password here.
    for password in ["", "correct horse battery"] {
        let login = json!({"name": "ada-2", "password": password});
        server.anonymous(Method::POST, "/api/v1/sessions").json(&login).send().await.is(401);
    }
}

#[tokio::test]
async fn who_is_disabled_stays_out() {
    let (provider, server) = both().await;
    round(&provider, &server).await;
    let users = server.get("/api/v1/users").send().await.value();
    let place = format!("/api/v1/users/{}", users["items"][0]["id"].as_str().unwrap());
    server.ask(Method::PATCH, &place).header("if-match", "*").json(&json!({"disabled": true})).send().await.is(200);
    provider.mind().claims = json!({"groups": ["keruta-admins"]});
    assert_eq!(refusal(&round(&provider, &server).await), "disabled");
    assert_eq!(server.get(&place).send().await.value()["role"], "operator");
}

/// What is different in the claims, how they are signed, and the word that comes of it.
type Wrong = (Value, Signing, &'static str, &'static str);

#[tokio::test]
async fn a_token_that_does_not_hold_lets_nobody_in() {
    let provider = Provider::start(Key::rsa()).await;
    let server = with(&provider).await;
    let wrong: Vec<Wrong> = vec![
        (json!({"nonce": "other"}), Signing::Well, "token", "nonce"),
        (json!({"nonce": null}), Signing::Well, "token", "nonce"),
        (json!({"aud": "another"}), Signing::Well, "token", "InvalidAudience"),
        (json!({"aud": null}), Signing::Well, "token", "aud"),
        (json!({"aud": [CLIENT, "another"]}), Signing::Well, "token", "azp"),
        (json!({"azp": "another"}), Signing::Well, "token", "azp"),
        (json!({"iss": "https://evil.example"}), Signing::Well, "token", "InvalidIssuer"),
        (json!({"iss": null}), Signing::Well, "token", "iss"),
        (json!({"iss": [provider.issuer, "https://evil.example"]}), Signing::Well, "token", "expected a string"),
        (json!({"exp": 1_700_000_000}), Signing::Well, "token", "ExpiredSignature"),
        (json!({"exp": null}), Signing::Well, "token", "exp"),
        (json!({"exp": "never"}), Signing::Well, "token", "exp"),
        (json!({"nbf": 9_800_000_000_u64}), Signing::Well, "token", "ImmatureSignature"),
        (json!({"sub": null}), Signing::Well, "token", "sub"),
        (json!({}), Signing::None, "token", "no signed token"),
        (json!({}), Signing::Hmac, "token", "HS256"),
        (json!({}), Signing::Changed, "token", "InvalidSignature"),
        (json!({}), Signing::ByAnother, "token", "InvalidSignature"),
        (json!({"groups": null}), Signing::Well, "role", "groups"),
        (json!({"groups": ["guests"]}), Signing::Well, "role", "groups"),
    ];
    let count = wrong.len();
    for (claims, signing, word, why) in wrong {
        {
            let mut mind = provider.mind();
            (mind.claims, mind.signing) = (claims.clone(), signing);
        }
        let answer = round(&provider, &server).await;
        assert_eq!(refusal(&answer), word, "{claims} {signing:?}");
        let noted = audit(&server, "session.refused").await.remove(0);
        let reason = noted["detail"]["reason"].as_str().unwrap();
        assert!(reason.contains(why), "{claims} {signing:?}: {reason}");
        assert_eq!((&noted["actor"], &noted["detail"]["issuer"]), (&json!("nobody"), &json!(provider.issuer)));
    }
    assert_eq!(audit(&server, "session.refused").await.len(), count);
    assert!(audit(&server, "user.created").await.is_empty());
    // The clocks may be a little apart.
    let now = jiff::Timestamp::now().as_second();
    provider.mind().claims = json!({"exp": now - 30, "nbf": now + 30});
    provider.mind().signing = Signing::Well;
    me(&server, &round(&provider, &server).await).await;
}

#[tokio::test]
async fn an_answer_is_for_the_browser_that_asked_and_good_once() {
    let (provider, server) = both().await;
    let (there, other) = (There::go(&server, "").await, There::go(&server, "").await);
    let code = provider.authorize(&there.asked);
    let state = &there.asked["state"];
    // Another browser, or none that has begun.
    let foreign = other.back(&server, &format!("?code={code}&state={state}")).await;
    assert_eq!(refusal(&foreign), "state");
    let bare = server.anonymous(Method::GET, &format!("{CALLBACK}?code={code}&state={state}")).send().await.is(303);
    assert_eq!(refusal(&bare), "state");
    for query in [
        String::new(),
        format!("?code={code}"),
        format!("?code={code}&state="),
        format!("?code={code}&state={}", &state[..63]),
        format!("?code={code}&state={state}&state={state}"),
        format!("?code={code}&state={state}&iss=https://evil.example"),
    ] {
        assert_eq!(refusal(&there.back(&server, &query).await), "state", "{query}");
    }
    for (query, word) in [
        (format!("?error=access_denied&error_description=%1b%5b2J&state={state}"), "denied"),
        (format!("?state={state}"), "denied"),
        (format!("?code=guessed&state={state}"), "state"),
        (format!("?code={}&state={state}", "x".repeat(20_000)), "state"),
    ] {
        assert_eq!(refusal(&there.back(&server, &query).await), word);
    }
    me(&server, &there.back_with(&server, &code).await).await;
    // The same again, from a browser that has kept its cookie.
    assert_eq!(refusal(&there.back_with(&server, &code).await), "state");
    // A code that was given to somebody else's sign-in does not fit what this one proves (PKCE).
    let stolen = provider.authorize(&other.asked);
    assert_eq!(refusal(&there.back_with(&server, &stolen).await), "state");
}

#[tokio::test]
async fn a_provider_that_names_itself_must() {
    let provider = Provider::start(Key::ec()).await;
    provider.mind().metadata = json!({"authorization_response_iss_parameter_supported": true});
    let server = with(&provider).await;
    let there = There::go(&server, "").await;
    let code = provider.authorize(&there.asked);
    assert_eq!(refusal(&there.back_with(&server, &code).await), "state");
    let named = format!("?code={code}&state={}&iss={}", there.asked["state"], provider.issuer);
    me(&server, &there.back(&server, &named).await).await;
}

#[tokio::test]
async fn keys_change_and_are_asked_for_once_more() {
    let (provider, server) = both().await;
    me(&server, &round(&provider, &server).await).await;
    me(&server, &round(&provider, &server).await).await;
    assert_eq!(provider.mind().keys_asked, 1, "they are kept");
    provider.mind().keys.insert(0, ("key-2".to_owned(), Key::rsa()));
    me(&server, &round(&provider, &server).await).await;
    assert_eq!(provider.mind().keys_asked, 2);
    // One that is nowhere.
    provider.mind().publishes = false;
    provider.mind().keys.insert(0, ("key-3".to_owned(), Key::ec()));
    assert_eq!(refusal(&round(&provider, &server).await), "token");
    let noted = audit(&server, "session.refused").await.remove(0);
    assert!(noted["detail"]["reason"].as_str().unwrap().contains("no key that it names"), "{noted}");
}

#[tokio::test]
async fn the_clients_secret_goes_where_the_provider_takes_it() {
    let provider = Provider::start(Key::ec()).await;
    provider.mind().metadata =
        json!({"token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"]});
    let server = with(&provider).await;
    me(&server, &round(&provider, &server).await).await;
    // A secret that is not the client's.
    std::fs::write(server.directory.path().join("oidc"), "wrong").unwrap();
    assert_eq!(refusal(&round(&provider, &server).await), "provider");
    let noted = audit(&server, "session.refused").await.remove(0);
    assert!(noted["detail"]["reason"].as_str().unwrap().contains("invalid_client"), "{noted}");
    std::fs::remove_file(server.directory.path().join("oidc")).unwrap();
    assert_eq!(refusal(&round(&provider, &server).await), "server");
    // A public client has none, and says who it is.
    set(&server, &json!({"oidc": {"clientSecret": null}})).await.is(200);
    me(&server, &round(&provider, &server).await).await;
}

#[tokio::test]
async fn a_provider_that_is_away_or_talks_nonsense_is_told() {
    let (provider, server) = both().await;
    let there = There::go(&server, "").await;
    for (status, body, why) in [
        (500, "oops", "500"),
        (302, "", "302"),
        (200, "{}", "not as it should be"),
        (200, "<html>", "not as it should be"),
        (200, r#"{"id_token": "secret-token", "x": }"#, "not as it should be"),
    ] {
        provider.mind().answers = Some((status, body.to_owned()));
        let code = provider.authorize(&there.asked);
        assert_eq!(refusal(&there.back_with(&server, &code).await), "provider");
        let noted = audit(&server, "session.refused").await.remove(0);
        let reason = noted["detail"]["reason"].as_str().unwrap();
        assert!(reason.contains(why) && !reason.contains("secret-token"), "{reason}");
    }
    provider.mind().answers = Some((200, "x".repeat(2 << 20)));
    let code = provider.authorize(&there.asked);
    assert_eq!(refusal(&there.back_with(&server, &code).await), "provider");
    provider.mind().answers = None;
    let code = provider.authorize(&there.asked);
    provider.stop();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(refusal(&there.back_with(&server, &code).await), "provider");
    // Passwords go on.
    server.get("/api/v1/me").send().await.is(200);

    for metadata in [
        json!({"issuer": "https://evil.example"}),
        json!({"authorization_endpoint": "http://sso.example.com/authorize"}),
        json!({"authorization_endpoint": "javascript:alert(1)"}),
        json!({"jwks_uri": "http://10.0.0.1/keys"}),
        json!({"jwks_uri": null}),
    ] {
        let provider = Provider::start(Key::ec()).await;
        provider.mind().metadata = metadata.clone();
        let server = with(&provider).await;
        let answer = server.anonymous(Method::GET, BEGIN).send().await.is(303);
        assert_eq!(refusal(&answer), "provider", "{metadata}");
    }
    // Nobody there at all.
    let provider = Provider::start(Key::ec()).await;
    provider.stop();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let server = with(&provider).await;
    assert_eq!(refusal(&server.anonymous(Method::GET, BEGIN).send().await.is(303)), "provider");
}

#[tokio::test]
async fn one_comes_back_to_the_panel_and_nowhere_else() {
    let (provider, server) = both().await;
    for (path, place) in [
        ("/tasks/a/logs%3Fcontainer=main", "/tasks/a/logs?container=main"),
        ("%2F%2Fevil.example", "/"),
        ("https:%2F%2Fevil.example%2F", "/"),
        ("%2F%5Cevil.example", "/"),
        ("%2F%09%2Fevil.example", "/"),
        ("%2F.%2F%2Fevil.example", "/"),
        ("%2F%0d%0aSet-Cookie:x", "/Set-Cookie:x"),
        ("/api/v1/sessions/oidc", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ] {
        let there = There::go(&server, &format!("?path={path}")).await;
        let code = provider.authorize(&there.asked);
        assert_eq!(there.back_with(&server, &code).await.header("location"), place, "{path}");
    }
    // Whoever writes their own cookie gets no further.
    let mut there = There::go(&server, "").await;
    let (secret, at) = there.cookie.rsplit_once('.').map(|(kept, _)| kept.split_once('.').unwrap()).unwrap();
    there.cookie = format!("{secret}.{at}.{}", "Ly9ldmlsLmV4YW1wbGU");
    let code = provider.authorize(&there.asked);
    assert_eq!(there.back_with(&server, &code).await.header("location"), "/");
}

#[tokio::test]
async fn without_a_provider_there_is_no_such_way() {
    let server = Server::start_with(options()).await;
    let methods = server.anonymous(Method::GET, "/api/v1/sign-in-methods").send().await.is(200);
    assert_eq!(methods.value(), json!({}));
    for path in [BEGIN, CALLBACK] {
        assert_eq!(refusal(&server.anonymous(Method::GET, path).send().await.is(303)), "unset");
    }
    assert!(audit(&server, "session.refused").await.is_empty());
    // Nor where nobody knows the server's address.
    let provider = Provider::start(Key::ec()).await;
    let server = Server::start().await;
    set(&server, &settings(&provider.issuer)).await.is(200);
    assert_eq!(server.anonymous(Method::GET, "/api/v1/sign-in-methods").send().await.value(), json!({}));
    assert_eq!(refusal(&server.anonymous(Method::GET, BEGIN).send().await.is(303)), "unset");
}

#[tokio::test]
async fn tries_have_the_rate_of_sign_ins() {
    let provider = Provider::start(Key::ec()).await;
    let logins = (NonZeroU32::new(2).unwrap(), Duration::from_hours(1));
    let server = Server::start_with(AccessOptions { logins, ..options() }).await;
    set(&server, &settings(&provider.issuer)).await.is(200);
    let ask = |path: &'static str| server.anonymous(Method::GET, path).send();
    assert_eq!(refusal(&ask(CALLBACK).await), "state");
    assert_eq!(refusal(&ask(CALLBACK).await), "state");
    for path in [BEGIN, CALLBACK] {
        assert_eq!(refusal(&ask(path).await), "busy");
    }
    assert_eq!(audit(&server, "session.refused").await.len(), 2);
}

#[tokio::test]
async fn settings_are_checked_and_hold_no_secret() {
    let server = Server::start_with(options()).await;
    let good = settings("https://sso.example.com");
    for (change, pointer) in [
        (json!({"issuer": "sso.example.com"}), "/oidc/issuer"),
        (json!({"issuer": "http://sso.example.com"}), "/oidc/issuer"),
        (json!({"issuer": "https://ada:x@sso.example.com"}), "/oidc/issuer"),
        (json!({"clientId": ""}), "/oidc/clientId"),
        (json!({"clientId": null}), "/oidc"),
        (json!({"clientSecret": "hunter2"}), "/oidc/clientSecret"),
        (json!({"clientSecret": {"file": "../keruta.db", "env": null}}), "/oidc/clientSecret"),
        (json!({"clientSecret": {"env": "KERUTA_DATABASE", "file": null}}), "/oidc/clientSecret"),
        (json!({"scopes": ["two words"]}), "/oidc/scopes"),
        (json!({"roles": {"admin": null, "operator": null, "viewer": null}}), "/oidc/roles"),
        (json!({"roles": {"root": ["x"]}}), "/oidc/roles/root"),
        (json!({"roleClaim": "a\nb"}), "/oidc/roleClaim"),
        (json!({"nmae": "x"}), "/oidc/nmae"),
    ] {
        let mut wrong = good.clone();
        json_patch::merge(&mut wrong["oidc"], &change);
        let refused = set(&server, &wrong).await.is(422);
        let pointers: Vec<_> =
            refused.value()["errors"].as_array().unwrap().iter().map(|error| error["pointer"].clone()).collect();
        assert_eq!(pointers, [json!(pointer)], "{change}: {refused:?}");
        assert!(!refused.body.contains("hunter2"));
    }
    set(&server, &good).await.is(200);
}
