//! What is known of the attempts that are followed. Pure: changes go in, names of attempts to look at come out.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::JobName;
use crate::attempt::Attempt;
use crate::classify::{Seen, is_over};
use crate::observe::{FirstSeen, ObservedEvent, ObservedJob, ObservedPod, PodPhase};
use crate::watch::Change;

/// The attempts of one namespace, by the name of their Job.
#[derive(Debug, Default)]
pub(super) struct Cache {
    /// Boxed: a table has room for up to twice what is in it.
    tracked: HashMap<JobName, Box<Tracked>>,
    /// Which attempt's Pod has this uid.
    pods: HashMap<Box<str>, JobName>,
    /// Pods of Jobs of which nothing is known, by the Job's name.
    early: HashMap<Box<str>, Vec<ObservedPod>>,
    /// What the running list of Jobs, and that of Pods, has named so far.
    listing_jobs: Option<HashSet<Box<str>>>,
    listing_pods: Option<HashSet<Box<str>>>,
    jobs_listed: bool,
    pods_listed: bool,
}

/// What is known of one attempt.
#[derive(Debug, Clone)]
pub(super) struct Tracked {
    /// The Job's name.
    pub(super) name: JobName,
    pub(super) attempt: Attempt,
    /// Its Job as it was last seen.
    pub(super) job: Option<ObservedJob>,
    /// Whether the Job is there.
    pub(super) there: bool,
    pub(super) pods: Vec<ObservedPod>,
    /// Those of the Pods that are no longer there.
    gone: Vec<Box<str>>,
    pub(super) changed_at: Timestamp,
}

impl Tracked {
    /// In the form that a judge takes.
    pub(super) fn judged<T>(
        &self,
        events: &[ObservedEvent],
        first_seen: &FirstSeen,
        judge: impl FnOnce(&Seen<'_>) -> T,
    ) -> T {
        let pods: Vec<&ObservedPod> = self.pods.iter().collect();
        judge(&Seen {
            attempt: &self.attempt,
            job: self.job.as_ref().filter(|_| self.there),
            last: self.job.as_ref(),
            stop: self.job.as_ref().and_then(|job| job.stop.as_deref()),
            pods: &pods,
            events,
            first_seen,
            changed_at: self.changed_at,
        })
    }

    /// Whether the Pods are as new as the Job: the two come from different watches, and a Job that has ended while its Pods
    /// still seem to run would be judged by what they no longer are.
    pub(super) fn pods_are_current(&self) -> bool {
        // Its last words may be known when it is asked for.
        if self.pods.iter().any(|pod| pod.withheld) {
            return false;
        }
        // What a Job left is to be seen to the last: nobody else lets its Pods go.
        let Some(job) = self.job.as_ref().filter(|_| self.there) else { return false };
        if !job.is_finished() {
            return true;
        }
        let pods = || self.pods.iter().filter(|pod| pod.job_uid == job.uid);
        let all_ended = pods().all(|pod| is_over(pod) || self.is_gone(pod));
        let succeeded = pods().filter(|pod| pod.phase == PodPhase::Succeeded).count();
        // One that never had a node, and is to go, counts as failed without its phase saying so.
        let failed = pods().filter(|pod| pod.phase != PodPhase::Succeeded && is_over(pod)).count();
        all_ended && succeeded >= job.succeeded as usize && failed >= job.failed as usize
    }

    /// Whether a Pod is no longer there.
    pub(super) fn is_gone(&self, pod: &ObservedPod) -> bool {
        self.gone.contains(&pod.uid)
    }

    /// Most have one Pod; a vector would make room for four.
    fn add(&mut self, pod: ObservedPod) {
        self.pods.reserve_exact(1);
        self.pods.push(pod);
    }

    fn new(name: &JobName, attempt: Attempt, now: Timestamp) -> Self {
        Self {
            name: Arc::clone(name),
            attempt,
            job: None,
            there: false,
            pods: Vec::new(),
            gone: Vec::new(),
            changed_at: now,
        }
    }
}

impl Cache {
    /// Whether both kinds have been listed once: before, a Job looks as if it had no Pods.
    pub(super) const fn is_listed(&self) -> bool {
        self.jobs_listed && self.pods_listed
    }

    pub(super) fn len(&self) -> usize {
        self.tracked.len()
    }

    pub(super) fn get(&self, name: &str) -> Option<&Tracked> {
        self.tracked.get(name).map(Box::as_ref)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Tracked> {
        self.tracked.values().map(Box::as_ref)
    }

    /// Takes note of an attempt that has, or is about to have, a Job of this name.
    pub(super) fn expect(&mut self, name: &str, attempt: Attempt, now: Timestamp) -> JobName {
        let name = Arc::clone(&self.track(name, || attempt, now).name);
        self.adopt(&name, now);
        name
    }

    fn track(&mut self, name: &str, attempt: impl FnOnce() -> Attempt, now: Timestamp) -> &mut Tracked {
        let new = |name: &JobName| Box::new(Tracked::new(name, attempt(), now));
        self.tracked.entry(name.into()).or_insert_with_key(new)
    }

    /// Forgets an attempt of which nothing more can come. Its Pods that are still there belong to nobody then.
    pub(super) fn forget(&mut self, name: &str) {
        let Some(tracked) = self.tracked.remove(name) else { return };
        for pod in &tracked.pods {
            self.pods.remove(&pod.uid);
        }
    }

    /// Takes a change of a Job in, and names the attempts to look at.
    pub(super) fn job(&mut self, change: Change<ObservedJob>, now: Timestamp) -> Vec<JobName> {
        match change {
            Change::ListBegan => {
                self.listing_jobs = Some(HashSet::new());
                Vec::new()
            }
            Change::Seen { object, .. } => self.job_seen(object, now),
            Change::Gone { object, .. } => {
                let (name, uid) = (object.name.clone(), object.uid.clone());
                self.job_seen(object, now);
                self.job_gone(&name, &uid, now).into_iter().collect()
            }
            Change::ListEnded => {
                let named = self.listing_jobs.take().unwrap_or_default();
                let first = !std::mem::replace(&mut self.jobs_listed, true);
                let gone: Vec<(JobName, Box<str>)> = self
                    .tracked
                    .iter()
                    .filter(|(_, tracked)| tracked.there)
                    .filter_map(|(name, tracked)| Some((name.clone(), tracked.job.as_ref()?.uid.clone())))
                    .filter(|(_, uid)| !named.contains(uid))
                    .collect();
                let mut touched: Vec<_> = gone.iter().filter_map(|(name, uid)| self.job_gone(name, uid, now)).collect();
                if first {
                    touched = self.tracked.keys().cloned().collect();
                }
                touched
            }
            Change::Interrupted { .. } | Change::Resumed => Vec::new(),
        }
    }

    /// Takes in a Job that was asked for just now.
    pub(super) fn found(&mut self, job: ObservedJob, now: Timestamp) {
        self.job_seen(job, now);
    }

    fn job_seen(&mut self, job: ObservedJob, now: Timestamp) -> Vec<JobName> {
        if let Some(named) = &mut self.listing_jobs {
            named.insert(job.uid.clone());
        }
        let tracked = self.track(&job.name, || job.attempt.clone(), now);
        if let Some(known) = &tracked.job
            && known.uid == job.uid
            && ((tracked.there && *known == job) || is_older(&job.resource_version, &known.resource_version))
        {
            return Vec::new();
        }
        tracked.job = Some(job);
        tracked.there = true;
        tracked.changed_at = now;
        let name = Arc::clone(&tracked.name);
        self.adopt(&name, now);
        vec![name]
    }

    /// Gives the Pods that came before their attempt to it.
    fn adopt(&mut self, name: &str, now: Timestamp) {
        for pod in self.early.remove(name).unwrap_or_default() {
            self.pod_seen(pod, now);
        }
    }

    fn job_gone(&mut self, name: &str, uid: &str, now: Timestamp) -> Option<JobName> {
        let tracked = self.tracked.get_mut(name)?;
        if tracked.job.as_ref().is_some_and(|job| &*job.uid != uid) {
            return None;
        }
        tracked.there = false;
        tracked.changed_at = now;
        Some(Arc::clone(&tracked.name))
    }

    /// Takes a change of a Pod in, and names the attempts to look at.
    pub(super) fn pod(&mut self, change: Change<ObservedPod>, now: Timestamp) -> Vec<JobName> {
        match change {
            Change::ListBegan => {
                self.listing_pods = Some(HashSet::new());
                Vec::new()
            }
            Change::Seen { object, .. } => self.pod_seen(object, now),
            Change::Gone { uid, object } => {
                // Its last state comes with its end, and may be the first that tells how it ended.
                self.pod_seen(object, now);
                self.pod_gone(&uid, now).into_iter().collect()
            }
            Change::ListEnded => {
                let named = self.listing_pods.take().unwrap_or_default();
                let first = !std::mem::replace(&mut self.pods_listed, true);
                let gone: Vec<Box<str>> = self.pods.keys().filter(|uid| !named.contains(*uid)).cloned().collect();
                for early in self.early.values_mut() {
                    early.retain(|pod| named.contains(&pod.uid));
                }
                self.early.retain(|_, pods| !pods.is_empty());
                let mut touched: Vec<_> = gone.iter().filter_map(|uid| self.pod_gone(uid, now)).collect();
                if first {
                    touched = self.tracked.keys().cloned().collect();
                }
                touched
            }
            Change::Interrupted { .. } | Change::Resumed => Vec::new(),
        }
    }

    fn pod_seen(&mut self, pod: ObservedPod, now: Timestamp) -> Vec<JobName> {
        if let Some(named) = &mut self.listing_pods {
            named.insert(pod.uid.clone());
        }
        let Some(tracked) = self.tracked.get_mut(&*pod.job) else {
            let early = self.early.entry(pod.job.clone()).or_default();
            early.retain(|known| known.uid != pod.uid);
            early.push(pod);
            return Vec::new();
        };
        let name = tracked.name.clone();
        let known = tracked.pods.iter_mut().find(|known| known.uid == pod.uid);
        if known.as_ref().is_some_and(|known| is_older(&pod.resource_version, &known.resource_version)) {
            return Vec::new();
        }
        self.pods.insert(pod.uid.clone(), name.clone());
        // A list that was behind did not show it.
        tracked.gone.retain(|uid| *uid != pod.uid);
        match known {
            Some(known) => {
                // A version of its own is no change that anybody could see.
                known.resource_version.clone_from(&pod.resource_version);
                if *known == pod {
                    return Vec::new();
                }
                *known = pod.after(known);
            }
            None => tracked.add(pod),
        }
        tracked.changed_at = now;
        vec![name]
    }

    fn pod_gone(&mut self, uid: &str, now: Timestamp) -> Option<JobName> {
        self.early.retain(|_, pods| {
            pods.retain(|pod| &*pod.uid != uid);
            !pods.is_empty()
        });
        let name = self.pods.remove(uid)?;
        let tracked = self.tracked.get_mut(&name)?;
        tracked.changed_at = now;
        // A Pod that ended is evidence, also when it is gone; one that had not ended was deleted.
        if let Some(pod) = tracked.pods.iter_mut().find(|pod| &*pod.uid == uid) {
            pod.deletion_at.get_or_insert(now);
            if !tracked.gone.iter().any(|gone| **gone == *uid) {
                tracked.gone.push(uid.into());
            }
        }
        Some(name)
    }

    /// Takes in the Pods of an attempt that were asked for just now. The watch may have shown newer states meanwhile.
    pub(super) fn refresh(&mut self, name: &str, pods: Vec<ObservedPod>, now: Timestamp) {
        for pod in pods {
            self.pod_seen(pod, now);
        }
        if let Some(tracked) = self.tracked.get_mut(name) {
            tracked.changed_at = now;
        }
    }
}

/// Whether a state of an object came before another. Versions are compared as numbers:
/// [source](https://github.com/kubernetes/enhancements/tree/master/keps/sig-api-machinery/5504-comparable-resource-version).
fn is_older(version: &str, than: &str) -> bool {
    let number = |version: &str| version.parse::<u128>();
    number(version).is_ok_and(|version| number(than).is_ok_and(|than| version < than))
}

#[cfg(test)]
mod tests;
