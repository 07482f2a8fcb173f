//! The Job's status.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::count::Count;
use super::pods;
use crate::api::{self, Caller};
use crate::cluster::Cluster;
use crate::object::{condition, condition_is, flag, map, seconds, set_condition, text};
use crate::store::{Key, Store};

/// How a Job ends.
#[derive(Clone, Debug)]
pub(super) struct Finish {
    pub(super) failed: bool,
    reason: String,
    message: String,
}

impl Finish {
    pub(super) fn failed(reason: &str, message: &str) -> Self {
        Self { failed: true, reason: reason.to_owned(), message: message.to_owned() }
    }

    pub(super) fn complete() -> Self {
        let message = "Reached expected number of succeeded pods".to_owned();
        Self { failed: false, reason: "CompletionsReached".to_owned(), message }
    }

    /// The condition that says that it is decided, and the one that says that it is done.
    fn types(&self) -> (&'static str, &'static str) {
        if self.failed { ("FailureTarget", "Failed") } else { ("SuccessCriteriaMet", "Complete") }
    }
}

fn told(kind: &str, status: bool, reason: &str, message: &str, now: Timestamp) -> Value {
    let now = seconds(now);
    json!({
        "type": kind, "status": if status { "True" } else { "False" }, "lastProbeTime": now, "lastTransitionTime": now,
        "reason": reason, "message": message
    })
}

pub(super) fn counted(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Writes the status as the real controller does: first what is about to be counted, then, with the Pods let go, the
/// counts.
#[allow(clippy::too_many_arguments, reason = "one step of a controller")]
pub(super) fn record(
    cluster: &Cluster,
    store: &mut Store,
    caller: &Caller,
    key: &Key,
    count: &Count,
    finish: Option<&Finish>,
    start: Option<Timestamp>,
) {
    let ids = |pods: &[(Key, String)]| pods.iter().map(|(_, uid)| json!(uid)).collect::<Vec<_>>();
    let mut resumed = None;
    api::write(store, caller, key, "status", |job| {
        resumed = suspension(job, caller.now);
        gauges(job, count);
        if let Some(start) = start {
            let written = text(job, "/status/startTime");
            if written.is_empty() || resumed == Some(false) {
                map(job, "status").insert("startTime".to_owned(), json!(seconds(start)));
            }
        } else {
            map(job, "status").remove("startTime");
        }
        if let Some(finish) = finish {
            let (decided, _) = finish.types();
            if condition(job, decided).is_none() {
                set_condition(job, told(decided, true, &finish.reason, &finish.message, caller.now));
            }
        }
        let mut pending = json!({});
        for (field, pods) in [("succeeded", &count.succeeded), ("failed", &count.failed)] {
            if !pods.is_empty() {
                pending[field] = json!(ids(pods));
            }
        }
        map(job, "status").insert("uncountedTerminatedPods".to_owned(), pending);
    });
    if let Some(suspended) = resumed {
        let (reason, message) = if suspended { ("Suspended", "Job suspended") } else { ("Resumed", "Job resumed") };
        let job = store.get(key).map(|job| job.value.clone()).unwrap_or_default();
        pods::tell(cluster, store, &job, false, reason, message);
    }
    for (pod, _) in count.succeeded.iter().chain(&count.failed) {
        pods::untrack(store, pod);
    }
    let over = count.active.is_empty() && count.terminating == 0;
    let mut ended = None;
    api::write(store, caller, key, "status", |job| {
        let status = map(job, "status");
        status.insert("uncountedTerminatedPods".to_owned(), json!({}));
        let failed = count.failed.len() - count.ignored;
        for (field, more) in [("succeeded", count.succeeded.len()), ("failed", failed)] {
            let known = status.get(field).and_then(Value::as_i64).unwrap_or_default();
            if known + counted(more) > 0 {
                status.insert(field.to_owned(), json!(known + counted(more)));
            }
        }
        if let Some(finish) = finish.filter(|_| over) {
            if !finish.failed {
                status.insert("completionTime".to_owned(), json!(seconds(caller.now)));
            }
            set_condition(job, told(finish.types().1, true, &finish.reason, &finish.message, caller.now));
            ended = Some(finish);
        }
    });
    if let Some(finish) = ended {
        let job = store.get(key).map(|job| job.value.clone()).unwrap_or_default();
        if finish.failed {
            pods::tell(cluster, store, &job, true, &finish.reason, &finish.message);
        } else {
            pods::tell(cluster, store, &job, false, "Completed", "Job completed");
        }
    }
}

/// Writes the `Suspended` condition where it changes; returns what it became.
fn suspension(job: &mut Value, now: Timestamp) -> Option<bool> {
    let suspended = flag(job, "/spec/suspend");
    let known = condition_is(job, "Suspended", "True");
    if suspended == known {
        return None;
    }
    let (reason, message) = if suspended { ("JobSuspended", "Job suspended") } else { ("JobResumed", "Job resumed") };
    set_condition(job, told("Suspended", suspended, reason, message, now));
    Some(suspended)
}

fn gauges(job: &mut Value, count: &Count) {
    let status = map(job, "status");
    if count.active.is_empty() {
        status.remove("active");
    } else {
        status.insert("active".to_owned(), json!(count.active.len()));
    }
    status.insert("terminating".to_owned(), json!(count.terminating));
    status.insert("ready".to_owned(), json!(count.ready));
}
