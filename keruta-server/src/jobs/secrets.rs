//! The Secrets with the tokens of attempts go when their attempt has ended.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Secret;
use keruta_submitter::cluster::{Backoff, Cluster, jitter, seed};
use serde_json::{Value, json};
use std::time::Duration;

use super::{JobError, Jobs};
use crate::store::Epoch;
use crate::store::logs::Progress;

/// How many are deleted in one run.
const AT_ONCE: u32 = 200;

/// The pauses before something is tried again that failed.
const AGAIN: Backoff =
    Backoff { first: Duration::from_secs(10), longest: Duration::from_hours(1), total: Duration::MAX };

/// When something is tried again that failed so often.
pub(super) fn again(name: &str, failures: u32, now: Timestamp) -> Timestamp {
    let pause = AGAIN.wait(failures, jitter(seed(name), failures));
    now.checked_add(SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX)).unwrap_or(Timestamp::MAX)
}

impl Jobs {
    pub(super) async fn delete_secrets(
        &self,
        epoch: Epoch,
        cluster: &Cluster,
        progress: &Progress,
    ) -> Result<Value, JobError> {
        let spent = self.store.spent_token_secrets(Timestamp::now(), AT_ONCE).await?;
        let (mut deleted, mut failed, mut first) = (0_u64, 0_u64, None);
        for (index, secret) in spent.iter().enumerate() {
            // The token is dead already; this only tidies up. But a later attempt's must not be hit by one that was frozen.
            self.store.check_epoch(epoch).await?;
            match cluster.delete_named::<Secret>(&secret.namespace, &secret.name).await {
                Ok(_) => {
                    self.store.forget_token_secret(&secret.namespace, &secret.name, epoch).await?;
                    deleted += 1;
                }
                Err(error) => {
                    let until = again(&secret.name, secret.tries, Timestamp::now());
                    self.store.token_secret_stays(secret, &error.to_string(), until, epoch).await?;
                    failed += 1;
                    first.get_or_insert(error.to_string());
                }
            }
            progress.set(index as u64 + 1, spent.len() as u64);
        }
        match first {
            Some(first) => Err(JobError::Some { failed, of: spent.len() as u64, first }),
            None => Ok(json!({"deleted": deleted})),
        }
    }
}
