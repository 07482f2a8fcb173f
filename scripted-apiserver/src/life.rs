//! The script of a Pod, told in an annotation of its template that a real cluster ignores.

mod build;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The annotation that holds a Pod's [`Life`] as JSON.
pub const LIFE: &str = "scripted.keruta.dev/life";

/// How a Pod lives. What is not told takes its ordinary course: scheduled at once, images are there, init containers
/// exit 0 after 10 ms and the others after 30 ms. All times are milliseconds of the real clock.
///
/// ```
/// use scripted_apiserver::{Life, Run};
///
/// let life = Life::new()
///     .container("git-clone", Run::new().line("Cloning"))
///     .container("main", Run::new().line("working").sleep(50).exit(3));
/// let (key, json) = life.annotation();
/// assert_eq!(key, "scripted.keruta.dev/life");
/// assert_eq!(serde_json::from_str::<Life>(&json).unwrap(), life);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Life {
    /// The containers, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub containers: BTreeMap<String, ContainerLife>,
    /// The API server refuses the Pod: quota, admission. The Job controller tells it in a `FailedCreate` event and
    /// tries again, with the [`next`](Self::next) life where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refusal>,
    /// The scheduler finds no node: this message in the `PodScheduled` condition and in `FailedScheduling` events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unschedulable: Option<Trouble>,
    /// The kubelet refuses the Pod: phase Failed with this reason (`OutOfcpu`, `UnexpectedAdmissionError`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected: Option<Refusal>,
    /// A volume cannot be mounted: `FailedMount` events, the containers stay `ContainerCreating`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed_mount: Option<Trouble>,
    /// The sandbox cannot be made: `FailedCreatePodSandBox` events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed_sandbox: Option<Trouble>,
    /// What comes over the Pod from outside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disruption: Option<Disruption>,
    /// The life of the Job's next Pod; without it, it lives the same again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Box<Life>>,
}

/// A refusal: a reason and a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// A word, as `Forbidden` or `OutOfcpu`.
    pub reason: String,
    /// The message: of a refused Pod what follows `pods "x" is forbidden: `.
    pub message: String,
}

/// Something that does not work, until it heals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Trouble {
    /// What the cluster says.
    pub message: String,
    /// After so many milliseconds it works; never, where there is no time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heals_after_ms: Option<u64>,
}

impl Trouble {
    /// One that never heals.
    #[must_use]
    pub fn lasting(message: &str) -> Self {
        Self { message: message.to_owned(), heals_after_ms: None }
    }
}

/// What comes over a Pod from outside, and when (after its creation).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Disruption {
    /// What it is.
    pub kind: DisruptionKind,
    /// When.
    pub after_ms: u64,
}

/// Who ends the Pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DisruptionKind {
    /// The Eviction API, as `kubectl drain` uses it.
    Eviction,
    /// The scheduler, for a Pod of higher priority.
    Preemption,
    /// The kubelet, because the node is short of memory: phase Failed, reason `Evicted`; the Pod stays.
    NodePressure,
    /// The kubelet, because the node shuts down: phase Failed, reason `Terminated`.
    NodeShutdown,
    /// The node stops answering; its Pods are deleted by the taint manager, then by the Pod garbage collector.
    NodeLost,
    /// Somebody deletes the Pod.
    Deletion,
}

/// How a container lives.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ContainerLife {
    /// Its image cannot be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageTrouble>,
    /// It cannot be made: `CreateContainerConfigError` with this message (a missing Secret key), until it heals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_error: Option<Trouble>,
    /// It cannot be made: `CreateContainerError`, until it heals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_error: Option<Trouble>,
    /// It cannot start: terminated with exit code 128 and reason `StartError`, as for a command that does not exist.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_error: Option<String>,
    /// Its runs, in order; the last one repeats.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<Run>,
}

/// Why an image cannot be had.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum ImageTrouble {
    /// The pull fails: `ErrImagePull` and `ImagePullBackOff` in turn.
    PullFails(Trouble),
    /// The name is none: `InvalidImageName`.
    InvalidName,
    /// `imagePullPolicy: Never` and the image is not there: `ErrImageNeverPull`.
    NeverPull,
    /// The pull takes so many milliseconds.
    SlowMs(u64),
}

/// One run of a container.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Run {
    /// What it does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// How it ends; exit code 0 unless told.
    pub end: End,
    /// What it does on SIGTERM.
    pub on_term: OnTerm,
    /// What it writes to its termination message file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub termination_message: Option<String>,
}

/// Something that a container does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Step {
    /// Waits.
    SleepMs(u64),
    /// Waits until it is ended.
    Forever,
    /// Writes a line.
    Line(String),
    /// Writes text without a line end. Only as the last thing written is it kept open.
    Partial(String),
    /// Writes a line of these bytes (base64), as invalid UTF-8.
    Base64(String),
    /// Writes a line of so many times `x`.
    Long(usize),
    /// Writes lines with numbers from 1.
    Numbered {
        /// How many.
        count: u64,
        /// What comes before the number.
        #[serde(default)]
        prefix: String,
        /// Over how many milliseconds they are spread, evenly.
        #[serde(default)]
        over_ms: u64,
    },
}

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum End {
    /// With this exit code.
    Exit(i32),
    /// By this signal: exit code 128 and more.
    Signal(i32),
    /// The kernel kills it for its memory: exit code 137, reason `OOMKilled`.
    OomKilled,
}

impl Default for End {
    fn default() -> Self {
        Self::Exit(0)
    }
}

/// What a run does on SIGTERM.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OnTerm {
    /// It dies of it: exit code 143.
    #[default]
    Die,
    /// It exits with this code at once.
    Exit(i32),
    /// It goes on; the kubelet kills it after the grace period: exit code 137.
    Ignore,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_reads_as_it_is_documented() {
        let text = r#"{"containers":{"main":{"runs":[{"steps":[{"line":"a"},{"sleepMs":5},{"numbered":{"count":3}},
            {"partial":"half"},"forever"],"end":{"exit":3},"onTerm":"ignore"}]}},
            "disruption":{"kind":"eviction","afterMs":20},"next":{"unschedulable":{"message":"no"}}}"#;
        let life: Life = serde_json::from_str(text).unwrap();
        let run = life.run("main", 7).unwrap();
        assert_eq!((run.steps.len(), run.end, run.on_term), (5, End::Exit(3), OnTerm::Ignore));
        assert!(life.of_pod(1).unschedulable.is_some() && life.of_pod(9).unschedulable.is_some());
        assert!(serde_json::from_str::<Life>(r#"{"contaners":{}}"#).is_err());
    }
}
