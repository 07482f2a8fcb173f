//! Sessions: signing in, and being known again.

use std::net::IpAddr;

use jiff::Timestamp;
use keruta_api::User;
use serde_json::json;

use super::{Access, AccessError, NOTED, note, within};
use crate::auth::address::place_of;
use crate::auth::{Credential, Digest, Identity, Secret};
use crate::oidc::Person;
use crate::store::{Author, FoundSession, SessionRow, StoreError};
use crate::value::UserName;

/// Somebody who has just signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who.
    pub identity: Identity,
    /// What the cookie holds.
    pub cookie: String,
}

impl Access {
    /// Signs somebody in who knows a user's password. Whoever tries is written down in the audit log.
    ///
    /// # Errors
    ///
    /// [`AccessError::WrongPassword`], [`AccessError::TooMany`].
    pub async fn sign_in(
        &self,
        name: &str,
        password: String,
        from: Option<IpAddr>,
        author: &Author,
        now: Timestamp,
    ) -> Result<SignedIn, AccessError> {
        if let Some(from) = from {
            within(&self.inner.logins, &place_of(from))?;
        }
        within(&self.inner.names, &key_of(name))?;
        let (user, hash) = self.store().user_by_name(name).await?.unzip();
        let hash = hash.flatten();
        // Who may not sign in is nobody, and takes as long.
        let hash = hash.filter(|_| user.as_ref().is_some_and(|user: &User| !user.disabled));
        let known = self.passwords().check(password, hash).await?;
        let Some(user) = user.filter(|_| known) else {
            self.refused(name, author, now).await?;
            return Err(AccessError::WrongPassword);
        };
        self.begin(user, author, now).await
    }

    /// Counts a try to sign in by an OpenID provider, at the pace of sign-ins.
    ///
    /// # Errors
    ///
    /// [`AccessError::TooMany`].
    pub fn count_sign_in(&self, from: Option<IpAddr>) -> Result<(), AccessError> {
        from.map_or(Ok(()), |from| within(&self.inner.logins, &place_of(from)))
    }

    /// Signs somebody in whom an OpenID provider vouches for.
    ///
    /// # Errors
    ///
    /// [`AccessError::Disabled`].
    pub async fn sign_in_by_provider(
        &self,
        person: &Person,
        author: &Author,
        now: Timestamp,
    ) -> Result<SignedIn, AccessError> {
        let keruta = Author { actor: Author::keruta().actor, ..author.clone() };
        let user = self.store().user_of_provider(person, &keruta, now).await?;
        if user.disabled {
            return Err(AccessError::Disabled);
        }
        self.begin(user, author, now).await
    }

    /// Notes in the audit log that a provider's answer signed nobody in, and why.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn refused_by_provider(
        &self,
        issuer: &str,
        reason: &str,
        author: &Author,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let detail = json!({"issuer": issuer, "reason": reason});
        self.store().add_to_audit(author, "session.refused", "user", Some(&detail), now).await
    }

    /// Whether somebody knows their own password, at the pace of sign-ins.
    ///
    /// # Errors
    ///
    /// [`AccessError::TooMany`].
    pub async fn knows_password(&self, name: &str, password: String) -> Result<bool, AccessError> {
        within(&self.inner.names, &key_of(name))?;
        let hash = self.store().user_by_name(name).await?.and_then(|(_, hash)| hash);
        Ok(self.passwords().check(password, hash).await?)
    }

    async fn refused(&self, name: &str, author: &Author, now: Timestamp) -> Result<(), StoreError> {
        // A name that nobody has may be a password in the wrong field.
        let object = match self.store().user_by_name(name).await? {
            Some((user, _)) => format!("user/{}", user.id),
            None => "user".to_owned(),
        };
        self.store().add_to_audit(author, "session.refused", &object, None, now).await
    }

    async fn begin(&self, user: User, author: &Author, now: Timestamp) -> Result<SignedIn, AccessError> {
        let (cookie, csrf) = (Secret::new()?.hex(), Secret::new()?.hex());
        let id = uuid::Uuid::now_v7().to_string();
        let expires_at = now.checked_add(self.options().session_idle).unwrap_or(Timestamp::MAX);
        let row = SessionRow { id: &id, user_id: &user.id, digest: Digest::of(&cookie), csrf: &csrf, expires_at };
        let author = Author { actor: format!("user/{}", user.name), ..author.clone() };
        self.store().create_session(&row, &author, now).await?;
        let credential = Credential::Session { id, user_id: user.id, user: user.name, csrf };
        let identity = Identity { role: user.role, credential, expires_at: Some(expires_at) };
        Ok(SignedIn { identity, cookie })
    }
}

/// What sign-ins are counted by. Names that nobody can have are counted as one.
fn key_of(name: &str) -> String {
    if name.parse::<UserName>().is_ok() { name.to_owned() } else { String::new() }
}

/// Who is known by a cookie.
pub(super) async fn find(access: &Access, cookie: &str, now: Timestamp) -> Result<Option<Identity>, StoreError> {
    let digest = Digest::of(cookie);
    let candidates = access.store().sessions_like(&digest.lookup(), now).await?;
    let Some(found) = candidates.into_iter().find(|found| digest.is(&found.hash)) else { return Ok(None) };
    let FoundSession { session, user_id, role, csrf, .. } = found;
    let mut expires_at = session.expires_at;
    if now.duration_since(session.last_used_at) >= NOTED {
        let options = access.options();
        let idle = now.checked_add(options.session_idle).unwrap_or(Timestamp::MAX);
        let longest = session.created_at.checked_add(options.session_longest).unwrap_or(Timestamp::MAX);
        expires_at = idle.min(longest);
        note(access.store().touch_session(&session.id, now, expires_at)).await;
    }
    let credential = Credential::Session { id: session.id, user_id, user: session.user, csrf };
    Ok(Some(Identity { role, credential, expires_at: Some(expires_at) }))
}
