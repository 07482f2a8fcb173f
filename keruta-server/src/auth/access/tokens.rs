//! Tokens: made, and known again.

use jiff::{SignedDuration, Timestamp};
use keruta_api::{CreatedToken, Role, Token};

use super::{Access, AccessError, NOTED, note};
use crate::auth::{Credential, Digest, Identity, Secret};
use crate::store::{Author, Store, TokenRow};

/// The name of the token that the first start makes.
const FIRST: &str = "first-admin";

impl Access {
    /// Makes a token.
    ///
    /// # Errors
    ///
    /// [`StoreError::AlreadyExists`](crate::store::StoreError::AlreadyExists) where a living token has the name.
    pub async fn create_token(
        &self,
        name: &str,
        role: Role,
        expires_at: Option<Timestamp>,
        author: &Author,
        now: Timestamp,
    ) -> Result<CreatedToken, AccessError> {
        self.create(name, role, None, expires_at, author, now).await
    }

    /// Makes the token of one attempt of a task. It ends with the attempt, or after `lifetime` at the latest.
    ///
    /// # Errors
    ///
    /// [`StoreError`](crate::store::StoreError) where the database fails, or there is no such task.
    pub async fn create_task_token(
        &self,
        task: &str,
        attempt: u32,
        lifetime: SignedDuration,
        now: Timestamp,
    ) -> Result<CreatedToken, AccessError> {
        let name = format!("task/{task}/{attempt}");
        let expires_at = now.checked_add(lifetime).unwrap_or(Timestamp::MAX);
        self.create(&name, Role::Task, Some((task, attempt)), Some(expires_at), &Author::keruta(), now).await
    }

    /// Makes an admin's token where there never was one, nor a user: its secret, to be told once.
    ///
    /// # Errors
    ///
    /// [`StoreError`](crate::store::StoreError) where the database fails.
    pub async fn first_token(&self, now: Timestamp) -> Result<Option<String>, AccessError> {
        let secret = Secret::new()?.token(Role::Admin);
        let row = TokenRow {
            id: &new_id(),
            name: FIRST,
            digest: Digest::of(&secret),
            role: Role::Admin,
            attempt: None,
            expires_at: None,
        };
        Ok(self.store().create_first_token(&row, now).await?.then_some(secret))
    }

    async fn create(
        &self,
        name: &str,
        role: Role,
        attempt: Option<(&str, u32)>,
        expires_at: Option<Timestamp>,
        author: &Author,
        now: Timestamp,
    ) -> Result<CreatedToken, AccessError> {
        let secret = Secret::new()?.token(role);
        let row = TokenRow { id: &new_id(), name, digest: Digest::of(&secret), role, attempt, expires_at };
        let token = self.store().create_token(&row, author, now).await?;
        Ok(CreatedToken { token, secret })
    }
}

fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// Who is known by a token.
pub(super) async fn find(store: &Store, secret: &str, now: Timestamp) -> Result<Option<Identity>, AccessError> {
    let digest = Digest::of(secret);
    let candidates = store.tokens_like(&digest.lookup()).await?;
    let Some(found) = candidates.into_iter().find(|found| digest.is(&found.hash)) else { return Ok(None) };
    if !lives(&found.token, now) {
        return Ok(None);
    }
    if let (false, Some(task), Some(attempt)) = (found.attempt_lives, &found.token.task_id, found.token.attempt) {
        return Err(AccessError::AttemptOver { task: task.clone(), attempt });
    }
    if found.token.last_used_at.is_none_or(|used| now.duration_since(used) >= NOTED) {
        note(store.touch_token(&found.token.id, now)).await;
    }
    Ok(identity_of(found.token))
}

fn lives(token: &Token, now: Timestamp) -> bool {
    token.revoked_at.is_none() && token.expires_at.is_none_or(|end| now < end)
}

fn identity_of(token: Token) -> Option<Identity> {
    let credential = match (token.role, token.task_id, token.attempt) {
        (Role::Task, Some(task), Some(attempt)) => Credential::Attempt { id: token.id, task, attempt },
        (Role::Viewer | Role::Operator | Role::Admin | Role::Service, None, None) => {
            Credential::Token { id: token.id, name: token.name }
        }
        // A task's token without a task, or another one with a task, opens nothing.
        _ => return None,
    };
    Some(Identity { role: token.role, credential, expires_at: token.expires_at })
}
