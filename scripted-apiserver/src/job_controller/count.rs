//! What the Pods of a Job amount to.

use std::sync::Arc;

use serde_json::Value;

use super::TRACKING;
use super::policy::{Action, action};
use crate::object::{Object, condition_is, deleting, finalizers, int, list, text};
use crate::resource::Resource;
use crate::store::{Key, Store};

/// The Pods of a Job, by what they are to it.
#[derive(Default)]
pub(super) struct Count {
    pub(super) active: Vec<Key>,
    pub(super) ready: usize,
    pub(super) terminating: usize,
    /// Ended and not counted yet: key and uid.
    pub(super) succeeded: Vec<(Key, String)>,
    pub(super) failed: Vec<(Key, String)>,
    /// How many of `failed` the policy ignores.
    pub(super) ignored: usize,
    /// Why the policy ends the Job.
    pub(super) fail_job: Option<String>,
    /// How often the containers of the Pods started again.
    pub(super) restarts: i64,
}

impl Count {
    /// Looks at the Pods that a Job owns.
    pub(super) fn of(store: &Store, job: &Value) -> Self {
        let uid = text(job, "/metadata/uid");
        let mut count = Self::default();
        for key in store.owned_by(uid).into_iter().filter(|key| key.resource == Resource::Pods) {
            if let Some(pod) = store.get(&key).cloned() {
                count.add(job, key, &pod);
            }
        }
        count
    }

    fn add(&mut self, job: &Value, key: Key, pod: &Arc<Object>) {
        let value = &pod.value;
        let phase = text(value, "/status/phase");
        let ended = matches!(phase, "Succeeded" | "Failed");
        let tracked = finalizers(value).iter().any(|finalizer| finalizer == TRACKING);
        if !ended && !deleting(value) {
            self.ready += usize::from(condition_is(value, "Ready", "True"));
            self.active.push(key.clone());
        } else if !ended {
            self.terminating += 1;
        }
        let statuses = list(value, "/status/containerStatuses").iter();
        self.restarts += statuses
            .chain(list(value, "/status/initContainerStatuses"))
            .filter_map(|status| int(status, "/restartCount"))
            .sum::<i64>();
        // With `podReplacementPolicy: Failed`, which a failure policy brings, a deleted Pod fails only once it has ended.
        let only_failed = text(job, "/spec/podReplacementPolicy") == "Failed";
        let failed = phase == "Failed" || (!only_failed && deleting(value) && phase != "Succeeded");
        if !tracked {
            return;
        }
        if phase == "Succeeded" {
            self.succeeded.push((key, pod.uid().to_owned()));
        } else if failed {
            match action(job, value) {
                Action::Ignore => self.ignored += 1,
                Action::FailJob(message) => {
                    self.fail_job.get_or_insert(message);
                }
                Action::Count => {}
            }
            self.failed.push((key, pod.uid().to_owned()));
        }
    }
}
