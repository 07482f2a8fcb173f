//! One look at a Job: count its Pods, decide, make or end Pods, write its status.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::count::Count;
use super::status::{Finish, counted, record};
use super::{Memory, pods};
use crate::api::Caller;
use crate::api::delete::{Options, Propagation, delete};
use crate::cluster::Cluster;
use crate::object::{condition, condition_is, deleting, flag, int, parse_time, seconds, text};
use crate::resource::Resource;
use crate::store::{Key, Store};

/// When to look again.
pub(super) enum Next {
    /// At the next change.
    Wait,
    /// After this time, if nothing changes before.
    After(Duration),
    /// Never: the Job is gone.
    Gone,
}

fn since(earlier: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(earlier)).unwrap_or_default()
}

/// Looks at a Job.
pub(super) fn sync(cluster: &Cluster, store: &mut Store, key: &Key, uid: &str, memory: &mut Memory) -> Next {
    let caller = Caller::component("kube-controller-manager");
    let Some(found) = store.get(key).filter(|found| found.uid() == uid).cloned() else {
        for pod in store.owned_by(uid).into_iter().filter(|pod| pod.resource == Resource::Pods) {
            pods::untrack(store, &pod);
        }
        return Next::Gone;
    };
    let job = &found.value;
    if condition_is(job, "Complete", "True") || condition_is(job, "Failed", "True") {
        return expire(cluster, store, &caller, key, job);
    }
    let suspended = flag(job, "/spec/suspend");
    let start = start(job, suspended, memory, caller.now);
    let mut count = Count::of(store, job);
    let mut next = Next::Wait;
    let finish = finish(cluster, job, &count, start, suspended, caller.now, &mut next);
    match &finish {
        Some(finish) if finish.failed => {
            for pod in count.active.clone() {
                pods::end(cluster, store, &caller, job, &pod);
            }
            count = Count::of(store, job);
        }
        Some(_) => {}
        None if deleting(job) => {}
        None => {
            if let Some(wait) = manage(cluster, store, &caller, job, suspended, &count, memory) {
                next = sooner(next, wait);
            }
            let fresh = Count::of(store, job);
            // What ended is counted as it was seen when Pods were made.
            count = Count { active: fresh.active, ready: fresh.ready, terminating: fresh.terminating, ..count };
        }
    }
    record(cluster, store, &caller, key, &count, finish.as_ref(), start);
    next
}

fn sooner(next: Next, wait: Duration) -> Next {
    match next {
        Next::After(known) if known <= wait => next,
        _ => Next::After(wait),
    }
}

/// The precise time of `status.startTime`; that of now where the Job starts now.
fn start(job: &Value, suspended: bool, memory: &mut Memory, now: Timestamp) -> Option<Timestamp> {
    let written = text(job, "/status/startTime");
    let resumed = condition_is(job, "Suspended", "True") && !suspended;
    if suspended {
        return None;
    }
    if written.is_empty() || resumed {
        memory.start = Some((seconds(now), now));
    }
    match &memory.start {
        Some((text, precise)) if written.is_empty() || resumed || text == written => Some(*precise),
        _ => parse_time(written),
    }
}

/// Whether the Job's end is decided.
fn finish(
    cluster: &Cluster,
    job: &Value,
    count: &Count,
    start: Option<Timestamp>,
    suspended: bool,
    now: Timestamp,
    next: &mut Next,
) -> Option<Finish> {
    if let Some(decided) = condition(job, "FailureTarget") {
        return Some(Finish::failed(text(decided, "/reason"), text(decided, "/message")));
    }
    if condition_is(job, "SuccessCriteriaMet", "True") {
        return Some(Finish::complete());
    }
    if let Some(message) = &count.fail_job {
        return Some(Finish::failed("PodFailurePolicy", message));
    }
    let limit = int(job, "/spec/backoffLimit").unwrap_or(6);
    let failed = int(job, "/status/failed").unwrap_or_default() + counted(count.failed.len() - count.ignored);
    let on_failure = text(job, "/spec/template/spec/restartPolicy") == "OnFailure";
    let restarted = on_failure && if limit == 0 { count.restarts > 0 } else { count.restarts >= limit };
    if (!count.failed.is_empty() && failed > limit) || restarted {
        return Some(Finish::failed("BackoffLimitExceeded", "Job has reached the specified backoff limit"));
    }
    if let (Some(deadline), Some(start), false) = (int(job, "/spec/activeDeadlineSeconds"), start, suspended) {
        let left = cluster.seconds(deadline).saturating_sub(since(start, now));
        if left.is_zero() {
            return Some(Finish::failed("DeadlineExceeded", "Job was active longer than specified deadline"));
        }
        *next = Next::After(left);
    }
    let succeeded = int(job, "/status/succeeded").unwrap_or_default() + counted(count.succeeded.len());
    let enough = succeeded >= int(job, "/spec/completions").unwrap_or(1);
    (enough && count.active.is_empty()).then(Finish::complete)
}

/// Makes and ends Pods. A time to wait before the next one can be made.
fn manage(
    cluster: &Cluster,
    store: &mut Store,
    caller: &Caller,
    job: &Value,
    suspended: bool,
    count: &Count,
    memory: &mut Memory,
) -> Option<Duration> {
    if !count.failed.is_empty() {
        memory.failures += u32::try_from(count.failed.len()).unwrap_or(u32::MAX);
        memory.last_failure = Some(caller.now);
    }
    let left = int(job, "/spec/completions").unwrap_or(1)
        - int(job, "/status/succeeded").unwrap_or_default()
        - counted(count.succeeded.len());
    let parallelism = int(job, "/spec/parallelism").unwrap_or(1);
    let want = if suspended { 0 } else { parallelism.min(left).max(0) };
    let active = counted(count.active.len());
    // Pods that are too many are let go before they end: they count as nothing.
    for pod in count.active.iter().skip(usize::try_from(want).unwrap_or_default()) {
        pods::untrack(store, pod);
        pods::end(cluster, store, caller, job, pod);
    }
    let replace_failed_only = text(job, "/spec/podReplacementPolicy") == "Failed";
    let waiting_for = if replace_failed_only { counted(count.terminating) } else { 0 };
    let missing = want - active - waiting_for;
    if missing <= 0 {
        return None;
    }
    if let Some(last) = memory.last_failure {
        let doublings = memory.failures.saturating_sub(1).min(6);
        let rest = cluster.settings.job_backoff.saturating_mul(1 << doublings).saturating_sub(since(last, caller.now));
        if !rest.is_zero() {
            return Some(rest);
        }
    }
    for _ in 0..missing {
        if !pods::make(cluster, store, caller, job) {
            return Some(cluster.settings.job_backoff.max(Duration::from_millis(10)));
        }
    }
    None
}

/// Deletes a finished Job whose time is over.
fn expire(cluster: &Cluster, store: &mut Store, caller: &Caller, key: &Key, job: &Value) -> Next {
    let Some(ttl) = int(job, "/spec/ttlSecondsAfterFinished").filter(|_| !deleting(job)) else { return Next::Wait };
    let finished = ["Complete", "Failed"].into_iter().find_map(|kind| condition(job, kind));
    let finished = finished.and_then(|finished| parse_time(text(finished, "/lastTransitionTime")));
    let left = cluster.seconds(ttl).saturating_sub(since(finished.unwrap_or(caller.now), caller.now));
    if left.is_zero() {
        let options = Options { propagation: Some(Propagation::Foreground), ..Options::default() };
        // It may be gone already.
        let _ = delete(store, caller, key, &options);
        return Next::Wait;
    }
    Next::After(left)
}
