//! What an attempt does between its start and its end.

use serde::{Deserialize, Serialize};

/// What an attempt does now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "phase")]
#[non_exhaustive]
pub enum Phase {
    /// The Job is suspended, for example by Kueue.
    Suspended,
    /// The Pod waits for a node, a volume or its sandbox.
    Scheduling {
        /// What Kubernetes says that it waits for.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// A container waits for its image, or for being created.
    Starting {
        /// The container.
        container: String,
        /// Kubernetes' reason, such as `ImagePullBackOff`.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// A step of the init pipeline runs.
    Step {
        /// Its name.
        name: String,
        /// Its number, from 1.
        number: usize,
        /// How many there are.
        of: usize,
    },
    /// The main container runs.
    Running,
    /// A Pod failed and the Job will start another.
    Retrying {
        /// How many Pods have failed.
        failed: u32,
    },
    /// The work is done or given up, and Pods are still ending.
    Ending,
}
