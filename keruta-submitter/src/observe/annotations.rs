//! The annotations that a submitter writes on a Job, and the finalizer that it puts on the Job's Pods.

use serde::de::DeserializeOwned;

/// The Job's annotation with the final [`Verdict`](crate::Verdict), as compact JSON: the record for every process.
pub const VERDICT: &str = "keruta.dev/verdict";

/// The Job's annotation with the [`Stop`](super::Stop) by which somebody ended it, as compact JSON.
pub const STOP: &str = "keruta.dev/stop";

/// The Job's annotation with the [`FirstSeen`](super::FirstSeen) times, as compact JSON.
pub const FIRST_SEEN: &str = "keruta.dev/first-seen";

/// The finalizer of a task's Pods, by which a Pod's end stays visible until it is judged and its log is drained.
pub const EVIDENCE_FINALIZER: &str = "keruta.dev/evidence";

/// An annotation that could not be read, and was taken for absent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the annotation {name} cannot be read and counts as absent: {reason}")]
pub struct MalformedAnnotation {
    /// Which annotation: one of the names in this room.
    pub name: &'static str,
    /// What is wrong with it.
    pub reason: Box<str>,
}

/// The value of an annotation; a malformed one is noted and absent.
pub(super) fn read<T: DeserializeOwned>(
    name: &'static str,
    value: Option<&str>,
    malformed: &mut Vec<MalformedAnnotation>,
) -> Option<T> {
    match serde_json::from_str(value?) {
        Ok(value) => Some(value),
        Err(error) => {
            malformed.push(MalformedAnnotation { name, reason: error.to_string().into() });
            None
        }
    }
}
