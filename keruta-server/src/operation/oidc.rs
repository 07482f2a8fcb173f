//! Signing in by an OpenID provider: its settings.

use std::collections::BTreeMap;

use keruta_api::{Role, SecretReference};
use keruta_manifest::problem::{FieldPath, Problem, Rule};
use reqwest::Url;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::external::is_loopback;
use crate::secret::{self, SecretUse};
use crate::value::Line;

/// Signing in by an OpenID provider, beside passwords.
///
/// ```
/// use keruta_api::Role;
/// use keruta_server::operation::OidcSettings;
///
/// let settings: OidcSettings = serde_json::from_str(
///     r#"{"issuer": "https://sso.example.com/realms/main", "clientId": "keruta", "roles": {"admin": ["keruta-admins"], "viewer": ["staff"]}}"#,
/// ).unwrap();
/// assert_eq!(settings.roles.role_of(&["staff".to_owned(), "keruta-admins".to_owned()]), Some(Role::Admin));
/// assert_eq!(settings.roles.role_of(&["guests".to_owned()]), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OidcSettings {
    /// The provider, exactly as its discovery document and its tokens name it.
    pub issuer: String,
    /// What it knows keruta by.
    pub client_id: String,
    /// Where the client's secret is, `file` or `env` with its name; absent of a public client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    pub client_secret: Option<SecretReference>,
    /// What the button on the sign-in page calls the provider; its host where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The scopes to be asked for beside `openid`. Default `profile` and `email`.
    #[serde(default = "scopes")]
    pub scopes: Vec<String>,
    /// The claim that a new user is named by. Default `preferred_username`; where there is none, the e-mail address.
    #[serde(default = "name_claim")]
    pub name_claim: String,
    /// The claim that tells the role: its name, or a JSON Pointer such as `/realm_access/roles`. Default `groups`.
    #[serde(default = "role_claim")]
    pub role_claim: String,
    /// Which of its values make which role; the highest counts, and without one nobody is let in.
    pub roles: OidcRoles,
}

/// Which values of a claim make which role.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct OidcRoles {
    /// An admin.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub admin: Vec<String>,
    /// An operator.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub operator: Vec<String>,
    /// A viewer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub viewer: Vec<String>,
}

fn scopes() -> Vec<String> {
    vec!["profile".to_owned(), "email".to_owned()]
}

fn name_claim() -> String {
    "preferred_username".to_owned()
}

fn role_claim() -> String {
    "groups".to_owned()
}

impl OidcRoles {
    /// The highest role that one of the values makes.
    #[must_use]
    pub fn role_of(&self, values: &[String]) -> Option<Role> {
        let roles = [(Role::Admin, &self.admin), (Role::Operator, &self.operator), (Role::Viewer, &self.viewer)];
        let found = roles.into_iter().find(|(_, wanted)| wanted.iter().any(|wanted| values.contains(wanted)));
        found.map(|(role, _)| role)
    }
}

impl OidcSettings {
    /// What the provider is called.
    #[must_use]
    pub fn shown_name(&self) -> String {
        let host = || Url::parse(&self.issuer).ok().and_then(|url| url.host_str().map(str::to_owned));
        self.name.clone().or_else(host).unwrap_or_default()
    }

    /// What cannot be seen field by field.
    pub(super) fn check(&self, at: &FieldPath, wrong: &mut Vec<Problem>) {
        let mut add = |field: &str, why: String, cure: &str| {
            wrong.push(Problem::custom(at.clone().key(field), Rule::Text, why, cure));
        };
        if let Err(why) = check_url(&self.issuer) {
            add(
                "issuer",
                why.to_owned(),
                "write it as its discovery document has it, for example https://sso.example.com",
            );
        }
        let line = |text: &str| text.parse::<Line>().map_err(|error| error.to_string());
        for (field, text) in
            [("clientId", Some(&self.client_id)), ("name", self.name.as_ref()), ("nameClaim", Some(&self.name_claim))]
        {
            if let Some(Err(why)) = text.map(|text| line(text)) {
                add(field, why, "write one line");
            }
        }
        if let Err(why) = line(&self.role_claim) {
            add("roleClaim", why, "name a claim, or write a JSON Pointer such as /realm_access/roles");
        }
        // As RFC 6749 has them.
        let good = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        if self.scopes.iter().any(|scope| scope.is_empty() || !scope.bytes().all(good)) {
            add("scopes", "one of them is no scope".to_owned(), "write words without spaces");
        }
        if let Some(reference) = &self.client_secret
            && let Err(error) = secret::check(reference, SecretUse::Plain)
        {
            add("clientSecret", error.to_string(), &error.cure());
        }
        let OidcRoles { admin, operator, viewer } = &self.roles;
        let values: Vec<_> = admin.iter().chain(operator).chain(viewer).collect();
        if values.is_empty() {
            add(
                "roles",
                "nobody could sign in".to_owned(),
                "name a value of the claim, for example {\"viewer\": [\"staff\"]}",
            );
        } else if values.iter().any(|value| line(value).is_err()) {
            add("roles", "one of the values is no line of text".to_owned(), "write the claim's values");
        }
    }
}

/// Whether it may be asked who somebody is: by TLS, or on this machine.
pub(crate) fn check_url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "is no URL")?;
    if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(&url)) {
        return Err("does not begin with https://");
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err("has a user or a fragment in it");
    }
    Ok(url)
}
