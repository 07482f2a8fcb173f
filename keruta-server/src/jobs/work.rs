//! What each job does.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use keruta_manifest::value::Duration as Time;
use keruta_submitter::cleanup::CleanupError;
use keruta_submitter::cluster::{Cluster, ClusterError};
use serde_json::{Value, json};

use super::{JobName, Jobs};
use crate::operation::{ExportOption, ServerSettings};
use crate::secret::SecretError;
use crate::store::logs::{
    ArchiveSettings, ExportError, ExportSettings, ExportTarget, LogError, Progress, RetentionPolicy, SealSettings,
};
use crate::store::{Epoch, StoreError};

/// How long a token is told of after its end.
const TOLD: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How long notifications are told of that were sent or given up.
const NOTIFICATIONS_KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// An upload to which nothing was added for so long is given up.
const STALLED: SignedDuration = SignedDuration::from_hours(1);
/// How long an artifact that was deleted stays readable for downloads that had begun.
const SENDING: SignedDuration = SignedDuration::from_mins(10);

/// Why a job failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The logs could not be read or written.
    #[error(transparent)]
    Log(#[from] LogError),
    /// They could not be exported.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// A secret of the export's place is not there.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The cluster refuses, or does not answer.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// An object of the cluster could not be removed.
    #[error(transparent)]
    Cleanup(#[from] CleanupError),
    /// Some of what was to be done failed.
    #[error("{failed} of {of} failed, the first with: {first}")]
    Some {
        /// How many.
        failed: u64,
        /// Of how many.
        of: u64,
        /// The first failure.
        first: String,
    },
    /// There is nothing set by which it could work.
    #[error("{0}")]
    NotSet(&'static str),
}

impl Jobs {
    /// Whether a run would find anything to do; one that would not is not recorded. True where only the run can tell.
    pub(super) async fn has_work(&self, name: JobName, has_cluster: bool, now: Timestamp) -> Result<bool, StoreError> {
        match name {
            JobName::LogMerge => self.store.has_open_chunks().await,
            JobName::TokenSecrets => Ok(!self.store.spent_token_secrets(now, 1).await?.is_empty()),
            JobName::Removal => Ok(!self.store.due_removals(now, has_cluster, 1).await?.is_empty()),
            _ => Ok(true),
        }
    }

    pub(super) async fn carry_out(
        &self,
        name: JobName,
        epoch: Epoch,
        cluster: Option<&Cluster>,
        progress: &Progress,
    ) -> Result<Value, JobError> {
        const NO_CLUSTER: JobError =
            JobError::NotSet("there is no cluster to work on: it is out of reach, or none is set");
        let now = Timestamp::now();
        let operation = Arc::clone(&self.operation.borrow());
        match name {
            JobName::LogMerge => Ok(json!(self.logs.seal(&SealSettings::default(), now, progress).await?)),
            JobName::LogArchive => {
                let settings =
                    ArchiveSettings { age: time(operation.logs.archive_after), ..ArchiveSettings::default() };
                Ok(json!(self.logs.archive(&settings, now, progress).await?))
            }
            JobName::LogExport => self.export(&operation, now, progress).await,
            JobName::LogRetention => {
                let policy = self.retention(&operation);
                Ok(json!(self.logs.retain(&policy, now, progress).await?))
            }
            JobName::ArtifactRetention => self.artifacts(&operation, now).await,
            JobName::TokenPurge => {
                let before = now.checked_sub(TOLD).unwrap_or(Timestamp::MIN);
                Ok(json!({"tokens": self.store.purge_tokens(before).await?}))
            }
            JobName::SessionPurge => Ok(json!({"sessions": self.store.purge_sessions(now).await?})),
            JobName::AuditPurge => {
                let Some(kept) = operation.audit.retention else { return Ok(json!({"entries": 0})) };
                let before =
                    now.checked_sub(SignedDuration::from_secs(kept.as_secs().into())).unwrap_or(Timestamp::MIN);
                Ok(json!({"entries": self.store.purge_audit(before).await?}))
            }
            JobName::NotificationPurge => {
                let before = now.checked_sub(NOTIFICATIONS_KEPT).unwrap_or(Timestamp::MIN);
                Ok(json!({"notifications": self.store.purge_notifications(before).await?}))
            }
            JobName::TokenSecrets => self.delete_secrets(epoch, cluster.ok_or(NO_CLUSTER)?, progress).await,
            JobName::Removal => self.remove(epoch, cluster, progress).await,
            JobName::Cleanup => self.clean_up(epoch, cluster.ok_or(NO_CLUSTER)?, &operation, progress).await,
        }
    }

    async fn artifacts(&self, operation: &ServerSettings, now: Timestamp) -> Result<Value, JobError> {
        let before = |time: SignedDuration| now.checked_sub(time).unwrap_or(Timestamp::MIN);
        let kept = operation.artifacts.retention;
        let kept_since = kept.map(|kept| before(SignedDuration::from_secs(kept.as_secs().into())));
        self.store.expire_artifacts(kept_since, before(STALLED), now).await?;
        let (artifacts, bytes) = self.store.delete_artifacts(before(SENDING)).await?;
        Ok(json!({"artifacts": artifacts, "bytes": bytes}))
    }

    /// How long the logs of each task are kept.
    fn retention(&self, operation: &ServerSettings) -> RetentionPolicy {
        let own = |(name, kept): (&String, &Option<Time>)| (name.clone(), kept.map(time));
        RetentionPolicy {
            default: Some(time(self.settings.borrow().log_retention)),
            namespaces: operation.logs.namespaces.iter().map(own).collect(),
            tasks: operation.logs.tasks.iter().map(own).collect(),
            only_exported: operation.logs.export.as_ref().is_some_and(|export| export.before_deletion),
        }
    }

    async fn export(&self, operation: &ServerSettings, now: Timestamp, progress: &Progress) -> Result<Value, JobError> {
        let Some(export) = &operation.logs.export else {
            return Err(JobError::NotSet("no place is set to export logs to (logs.export of the server's settings)"));
        };
        let target = ExportTarget::open(&export.url, ExportOption::values(&export.options, &self.secrets).await?)?;
        let settings = ExportSettings { age: time(export.after), ..ExportSettings::default() };
        Ok(json!(self.logs.export(&target, &settings, now, progress).await?))
    }
}

/// A time as the standard library has it.
pub(super) fn time(time: Time) -> Duration {
    Duration::from_secs(time.as_secs().into())
}
