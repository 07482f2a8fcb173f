//! Which jobs there are.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! jobs {
    ($($variant:ident = $name:literal, every $seconds:expr, $description:literal;)+) => {
        /// A background job.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[non_exhaustive]
        pub enum JobName {
            $(#[doc = $description] #[serde(rename = $name)] $variant,)+
        }

        impl JobName {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What it does.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self { $(Self::$variant => $description,)+ }
            }

            /// How long after one run the next one begins where nobody says otherwise.
            #[must_use]
            pub const fn every(self) -> Duration {
                Duration::from_secs(match self { $(Self::$variant => $seconds,)+ })
            }
        }
    };
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

jobs! {
    LogMerge = "log-merge", every 5, "Merges small pieces of logs into full ones.";
    LogArchive = "log-archive", every HOUR, "Compresses full pieces of logs harder when they are old enough.";
    LogExport = "log-export", every 15 * MINUTE, "Writes full pieces of logs to object storage.";
    LogRetention = "log-retention", every HOUR, "Deletes log lines whose time is over.";
    ArtifactRetention = "artifact-retention", every 15 * MINUTE, "Deletes artifacts whose time is over or whose task is gone, and uploads that were broken off.";
    TokenPurge = "token-purge", every HOUR, "Forgets tokens a week after their end.";
    SessionPurge = "session-purge", every HOUR, "Forgets sessions that have expired.";
    AuditPurge = "audit-purge", every 24 * HOUR, "Forgets entries of the audit log whose time is over.";
    NotificationPurge = "notification-purge", every 24 * HOUR, "Forgets notifications 90 days after they were sent or given up.";
    TokenSecrets = "token-secrets", every 5, "Deletes the Secrets of attempts that have ended.";
    Removal = "removal", every 5, "Deletes what deleted tasks have left, here and in the cluster.";
    Cleanup = "cleanup", every HOUR, "Deletes what nobody needs any more in the cluster: orphans, ended Jobs and claims whose time is over.";
}

impl JobName {
    /// Whether it works on the cluster and on nothing else.
    #[must_use]
    pub const fn needs_cluster(self) -> bool {
        matches!(self, Self::TokenSecrets | Self::Cleanup)
    }
}

/// A word that names no job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownJob;

impl fmt::Display for UnknownJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("is no background job")
    }
}

impl std::error::Error for UnknownJob {}

impl FromStr for JobName {
    type Err = UnknownJob;

    fn from_str(word: &str) -> Result<Self, UnknownJob> {
        Self::ALL.iter().copied().find(|name| name.as_str() == word).ok_or(UnknownJob)
    }
}

impl fmt::Display for JobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
