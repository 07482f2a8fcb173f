//! The Job's limits, and how patient a submitter is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value::Duration;

/// The Job's limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct JobSettings {
    /// How often a failed Pod is tried again. Default: 4, as the Kotlin generator had it.
    #[serde(deserialize_with = "crate::value::within::<0, 2_147_483_647, _>")]
    #[schemars(range(min = 0, max = 2_147_483_647))]
    pub backoff_limit: u32,
    /// How long a Job may take in all, retries included.
    pub active_deadline_seconds: Option<Duration>,
    /// How long a finished Job stays before Kubernetes deletes it.
    pub ttl_seconds_after_finished: Option<Duration>,
    /// Whether the Job gets a podFailurePolicy: disruptions (eviction, preemption, a lost node) do not count as failures,
    /// and the reserved exit codes of the agent end the Job at once. Default: yes.
    pub pod_failure_policy: bool,
}

impl Default for JobSettings {
    fn default() -> Self {
        Self {
            backoff_limit: 4,
            active_deadline_seconds: None,
            ttl_seconds_after_finished: None,
            pod_failure_policy: true,
        }
    }
}

/// How long a state that may heal by itself is watched before the task has failed. Used by the submitter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct GraceSettings {
    /// A container that keeps crashing. Default: 5 minutes.
    pub crash_loop: Duration,
    /// An image that cannot be pulled. Default: 2 minutes.
    pub image_pull: Duration,
    /// A Pod that fits on no node. Default: 10 minutes.
    pub unschedulable: Duration,
    /// A claim that is not bound. Default: 5 minutes.
    pub volume_unbound: Duration,
}

impl Default for GraceSettings {
    fn default() -> Self {
        Self {
            crash_loop: Duration::from_secs(300),
            image_pull: Duration::from_secs(120),
            unschedulable: Duration::from_secs(600),
            volume_unbound: Duration::from_secs(300),
        }
    }
}
