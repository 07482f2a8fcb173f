//! A token of each attempt's own, handed to its Pods by a Secret.
//!
//! The Secret is noted in the store before it is made, and made before the attempt has a Job: no Pod can have read an earlier one
//! of its name, so that one that is found there is deleted and made anew. It needs no right to read Secrets. When the attempt has
//! ended the token opens nothing any more, and a background job deletes the Secret.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use keruta_manifest::Settings;
use keruta_manifest::plan::Names;
use keruta_manifest::task::SecretKey;
use keruta_manifest::value::{ConfigKey, TaskId};
use keruta_manifest::well_known;
use keruta_submitter::Attempt;
use keruta_submitter::cluster::{Backoff, Cluster, ClusterError, seed};
use tokio::sync::watch;

use crate::auth::{Access, AccessError};
use crate::operation::{ServerSettings, TaskTokenKind};
use crate::store::{Epoch, StoreError};

/// The key in the Secret.
const KEY: &str = "token";

/// Gives attempts their tokens.
#[derive(Clone)]
pub struct TaskTokens {
    access: Access,
    operation: watch::Receiver<Arc<ServerSettings>>,
}

/// Why an attempt has no token.
#[derive(Debug, thiserror::Error)]
pub(super) enum TokenError {
    /// The cluster will not have the Secret, or does not answer.
    #[error("the Secret with the attempt's token cannot be made: {error}; {}", cure(.error))]
    Cluster {
        /// Why.
        error: ClusterError,
    },
    /// The token could not be made.
    #[error("the attempt's token cannot be made")]
    Access(#[source] AccessError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn cure(error: &ClusterError) -> String {
    match error {
        ClusterError::Forbidden { .. } => {
            "grant it (keruta-manifest install --task-tokens --only rbac), or let tasks share a \
            token (taskTokens.kind: shared in the server's settings)"
                .to_owned()
        }
        other => other.cure(),
    }
}

impl TaskTokens {
    /// Tokens that are made and known by this access.
    #[must_use]
    pub fn new(access: Access, operation: watch::Receiver<Arc<ServerSettings>>) -> Self {
        Self { access, operation }
    }

    pub(super) fn kind(&self) -> TaskTokenKind {
        self.operation.borrow().task_tokens.kind
    }

    /// Makes the Secret with an attempt's token, once for each attempt.
    pub(super) async fn give(
        &self,
        cluster: &Cluster,
        attempt: &Attempt,
        labels: &BTreeMap<String, String>,
        (name, epoch): (&str, Epoch),
        backoff: Backoff,
    ) -> Result<(), TokenError> {
        let store = self.access.store();
        let Attempt { namespace, task, number } = attempt;
        let now = Timestamp::now();
        if store.note_token_secret((namespace, name), (task, *number), epoch, now).await? {
            // It is there, and its Job may be.
            return Ok(());
        }
        let lifetime = SignedDuration::from_secs(self.operation.borrow().task_tokens.lifetime.as_secs().into());
        let token = self.access.create_task_token(task, *number, lifetime, now).await.map_err(|error| match error {
            AccessError::Store(error) => TokenError::Store(error),
            other => TokenError::Access(other),
        })?;
        let secret = secret(attempt, name, labels, &token.secret);
        let refused = |error| TokenError::Cluster { error };
        let make = || cluster.create(namespace, &secret);
        match backoff.retry(seed(name), make).await {
            Ok(_) => {}
            // What is there is older than this attempt's Job can be, or of this very call, whose answer was lost.
            Err(ClusterError::AlreadyExists { .. }) => {
                // Not where another replica has taken over meanwhile, and made it for a Job that may be there by now.
                store.check_epoch(epoch).await?;
                let delete = || cluster.delete_named::<Secret>(namespace, name);
                backoff.retry(seed(name), delete).await.map_err(refused)?;
                cluster.create(namespace, &secret).await.map_err(refused)?;
            }
            Err(error) => return Err(refused(error)),
        }
        store.token_secret_made(namespace, name, Some(Timestamp::now()), epoch).await?;
        Ok(())
    }

    /// Has an attempt's Secret made anew with its next try: the cluster has refused its Job, so that no Pod can have read it.
    pub(super) async fn renew(&self, attempt: &Attempt, name: &str, epoch: Epoch) -> Result<(), StoreError> {
        self.access.store().token_secret_made(&attempt.namespace, name, None, epoch).await
    }
}

fn secret(attempt: &Attempt, name: &str, labels: &BTreeMap<String, String>, token: &str) -> Secret {
    let annotations = [
        (well_known::ATTEMPT.to_owned(), attempt.number.to_string()),
        (well_known::FULL_TASK_ID.to_owned(), attempt.task.clone()),
    ];
    Secret {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some(attempt.namespace.clone()),
            labels: Some(labels.clone()),
            annotations: Some(annotations.into()),
            ..ObjectMeta::default()
        },
        // A Pod that reads it for hours must not see another value of a sudden.
        immutable: Some(true),
        string_data: Some([(KEY.to_owned(), token.to_owned())].into()),
        type_: Some("Opaque".to_owned()),
        ..Secret::default()
    }
}

/// The name of an attempt's Secret: its Job's with a suffix. `None` where the task has no names, which rendering will tell, and
/// where the settings say that tasks have no token at all.
pub(super) fn secret_name(task: &str, attempt: u32, settings: &Settings, kind: TaskTokenKind) -> Option<String> {
    if kind == TaskTokenKind::Shared || settings.api_token_secret.is_none() {
        return None;
    }
    let names = Names::new(&task.parse::<TaskId>().ok()?, attempt, settings.names).ok()?;
    Some(format!("{}-token", names.job))
}

/// The settings by which an attempt is rendered that has a Secret of its own. It is not optional: a Pod without its token would
/// only fail later.
pub(super) fn settings_with(settings: &Settings, secret: &str) -> Option<Settings> {
    let key = SecretKey { name: secret.parse().ok()?, key: KEY.parse::<ConfigKey>().ok()?, optional: None };
    let mut settings = settings.clone();
    settings.api_token_secret = Some(key);
    Some(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_has_one_secret_and_no_other_attempt_has_it() {
        let settings = Settings::default();
        let name = |task, attempt| secret_name(task, attempt, &settings, TaskTokenKind::Attempt);
        assert_eq!(name("a", 1).as_deref(), Some("keruta-job-a-token"));
        assert_eq!(name("a", 2).as_deref(), Some("keruta-job-a-attempt-2-token"));
        assert_eq!(name("a-token", 1).as_deref(), Some("keruta-job-a-token-token"));
        assert_eq!(secret_name("a", 1, &settings, TaskTokenKind::Shared), None);
        let none = Settings::from_json(r#"{"apiTokenSecret": null}"#).unwrap();
        assert_eq!(secret_name("a", 1, &none, TaskTokenKind::Attempt), None);
    }

    #[test]
    fn the_token_is_in_the_secret_and_nowhere_else() {
        let attempt = Attempt { namespace: "tasks".to_owned(), task: "a".to_owned(), number: 2 };
        let secret = secret(&attempt, "keruta-job-a-attempt-2-token", &BTreeMap::new(), "keruta_task_ff");
        assert_eq!(secret.string_data.as_ref().unwrap()[KEY], "keruta_task_ff");
        assert!(!format!("{:?}", secret.metadata).contains("keruta_task_ff"));
        assert_eq!(secret.metadata.annotations.unwrap()[well_known::ATTEMPT], "2");
    }
}
