//! The order to end a Job, as it stands on the Job.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::verdict::Verdict;

/// An order to end a Job: a cancel, or a state that will not heal. It stands on the Job as the annotation
/// [`STOP`](super::annotations::STOP), so that every process comes to the same verdict once the Job has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stop {
    /// The verdict, unless the Job came to its end by itself before the order took effect.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// When it was given.
    pub at: Timestamp,
    /// Who gave it: a person, a program.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
}
