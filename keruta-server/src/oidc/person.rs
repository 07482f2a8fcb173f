//! Whom the claims of an ID token tell of, and what they may do.

use std::borrow::Cow;

use keruta_api::Role;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::{OidcError, TokenError};
use crate::operation::OidcSettings;

/// The longest name that is made of a claim; a number may come behind it.
const NAME: usize = 56;
/// No subject is longer (OpenID Connect Core 1.0, section 2).
const SUBJECT: usize = 255;

/// Somebody whom a provider vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The provider.
    pub issuer: String,
    /// Who they are to it, for ever.
    pub subject: String,
    /// What they are called where they are new; with a number behind it where somebody else has the name.
    pub name: String,
    /// What they may do now.
    pub role: Role,
}

impl Person {
    pub(super) fn of(claims: &Map<String, Value>, settings: &OidcSettings) -> Result<Self, OidcError> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let subject = text("sub").filter(|sub| !sub.is_empty() && sub.len() <= SUBJECT && !sub.contains('\0'));
        let subject = subject.ok_or_else(|| TokenError::Invalid("its sub is no subject".to_owned()))?.to_owned();
        let Some(role) = settings.roles.role_of(&values(claims, &settings.role_claim)) else {
            return Err(OidcError::NoRole { claim: settings.role_claim.clone(), subject });
        };
        let claimed = [settings.name_claim.as_str(), "email"].into_iter().filter_map(text).find_map(name_of);
        let digest = base16ct::lower::encode_string(&Sha256::digest(&subject));
        let name = claimed.unwrap_or_else(|| format!("user-{}", digest.get(..12).unwrap_or_default()));
        Ok(Self { issuer: settings.issuer.clone(), subject, name, role })
    }
}

/// The texts of a claim: one, or a list.
fn values(claims: &Map<String, Value>, claim: &str) -> Vec<String> {
    // Anybody may claim an address that nobody has checked.
    if claim == "email" && claims.get("email_verified") != Some(&Value::Bool(true)) {
        return Vec::new();
    }
    let found = if claim.starts_with('/') {
        Value::Object(claims.clone()).pointer(claim).cloned().map(Cow::Owned)
    } else {
        claims.get(claim).map(Cow::Borrowed)
    };
    match found.as_deref() {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// A user's name of what a provider calls somebody: `Ada.Lovelace@example.com` is `ada.lovelace`.
fn name_of(text: &str) -> Option<String> {
    let local = text.split('@').next().unwrap_or_default().to_lowercase();
    let good = |character: char| {
        character.is_ascii_lowercase() || character.is_ascii_digit() || matches!(character, '-' | '_' | '.')
    };
    let name: String =
        local.chars().take(NAME).map(|character| if good(character) { character } else { '-' }).collect();
    let name = name.trim_matches(['-', '_', '.']);
    if name.is_empty() { None } else { Some(name.to_owned()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::UserName;

    fn settings(changes: &Value) -> OidcSettings {
        let mut settings = json!({
            "issuer": "https://sso.example.com", "clientId": "keruta",
            "roles": {"admin": ["admins"], "operator": ["ops"], "viewer": ["staff"]},
        });
        json_patch::merge(&mut settings, changes);
        serde_json::from_value(settings).unwrap()
    }

    fn of(claims: &Value, changes: &Value) -> Result<Person, OidcError> {
        Person::of(claims.as_object().unwrap(), &settings(changes))
    }

    #[test]
    fn the_highest_role_counts_and_without_one_nobody_is_let_in() {
        for (claims, changes, role) in [
            (json!({"groups": ["staff", "ops"]}), json!({}), Some(Role::Operator)),
            (json!({"groups": "admins"}), json!({}), Some(Role::Admin)),
            (json!({"groups": ["Admins", "x", 7, null]}), json!({}), None),
            (json!({"groups": {"admins": true}}), json!({}), None),
            (json!({}), json!({}), None),
            (
                json!({"realm_access": {"roles": ["staff"]}}),
                json!({"roleClaim": "/realm_access/roles"}),
                Some(Role::Viewer),
            ),
            (json!({"realm_access": "staff"}), json!({"roleClaim": "/realm_access/roles"}), None),
            (
                json!({"https://a.example/roles": ["ops"]}),
                json!({"roleClaim": "https://a.example/roles"}),
                Some(Role::Operator),
            ),
            (json!({"email": "staff", "email_verified": true}), json!({"roleClaim": "email"}), Some(Role::Viewer)),
            (json!({"email": "staff", "email_verified": "true"}), json!({"roleClaim": "email"}), None),
            (json!({"email": "staff"}), json!({"roleClaim": "email"}), None),
        ] {
            let mut claims = claims;
            claims["sub"] = json!("1");
            assert_eq!(of(&claims, &changes).ok().map(|person| person.role), role, "{claims}");
        }
        for sub in [json!(null), json!(7), json!(""), json!("x".repeat(256)), json!("a\0")] {
            let refused = of(&json!({"sub": sub, "groups": ["staff"]}), &json!({}));
            assert!(matches!(refused, Err(OidcError::Token(_))), "{refused:?}");
        }
    }

    #[test]
    fn names_can_be_users() {
        let long = "ä".repeat(300);
        for (claimed, wanted) in [
            (json!({"preferred_username": "Ada.Lovelace", "email": "al@example.com"}), "ada.lovelace"),
            (json!({"preferred_username": "ada@example.com"}), "ada"),
            (json!({"preferred_username": "../ROOT '--"}), "root"),
            (json!({"preferred_username": "山田", "email": "yamada@example.com"}), "yamada"),
            (json!({"preferred_username": "山田", "email": "@"}), "user-6b86b273ff34"),
            (json!({"preferred_username": long}), "user-6b86b273ff34"),
            (json!({"preferred_username": ["x"]}), "user-6b86b273ff34"),
        ] {
            let mut claims = claimed;
            (claims["sub"], claims["groups"]) = (json!("1"), json!("staff"));
            let name = of(&claims, &json!({})).unwrap().name;
            assert!(name == wanted && name.parse::<UserName>().is_ok(), "{claims} {name}");
        }
    }
}
