//! What is followed: one attempt of one task, and the Job that it is.

use std::fmt;

use k8s_openapi::api::batch::v1::Job;
use keruta_manifest::well_known;
use serde::{Deserialize, Serialize};

/// One attempt of a task in a namespace. Its Job's name follows from it, so that no attempt has two Jobs.
///
/// ```
/// use keruta_submitter::Attempt;
///
/// let attempt = Attempt { namespace: "keruta-tasks".into(), task: "task-1".into(), number: 2 };
/// assert_eq!(attempt.to_string(), "keruta-tasks/task-1 (attempt 2)");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// The namespace of its objects.
    pub namespace: String,
    /// The whole task id, also where names hold a rewritten one.
    pub task: String,
    /// Counted from 1.
    pub number: u32,
}

impl Attempt {
    /// What a Job says of itself by its labels and annotations; `None` where it is none of keruta's.
    ///
    /// A Job without [`well_known::ATTEMPT`], as the Kotlin preset makes it, is a first attempt.
    #[must_use]
    pub fn of_job(job: &Job) -> Option<Self> {
        let labels = job.metadata.labels.as_ref()?;
        if labels.get(well_known::APP).map(String::as_str) != Some(well_known::APP_NAME) {
            return None;
        }
        let annotation = |key| job.metadata.annotations.as_ref().and_then(|annotations| annotations.get(key));
        Some(Self {
            namespace: job.metadata.namespace.clone().unwrap_or_default(),
            task: annotation(well_known::FULL_TASK_ID).or_else(|| labels.get(well_known::TASK_ID))?.clone(),
            number: annotation(well_known::ATTEMPT).map_or(Some(1), |number| number.parse().ok())?,
        })
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} (attempt {})", self.namespace, self.task, self.number)
    }
}
