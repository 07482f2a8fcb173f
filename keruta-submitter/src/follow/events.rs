//! Events, for the attempts of which nothing else tells what they wait for.
//!
//! An API server has no index of Events: for every list it reads all those of the namespace. So one list is under way at a
//! time, whoever waits for it, and the pause behind it is so long that lists take up a tenth of the time at most. Those who
//! want Events meanwhile are answered together.

use std::collections::{HashMap, HashSet};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures::Future;
use tokio::time::{Instant, sleep_until};

use super::JobName;
use super::cache::Tracked;
use super::requests::Requests;
use crate::classify::is_over;
use crate::cluster::{Backoff, ClusterError};
use crate::observe::ObservedEvent;

/// Up to so many objects are asked for one by one: for more, lists of the whole namespace are fewer.
const FEW: usize = 2;

/// The shortest pause, and how many times as long as the lists it is.
const SHORTEST: Duration = Duration::from_millis(500);
const TIMES: u32 = 9;

/// What refuses Pods to a Job, and that one was let in after all.
const REFUSED: &str = "involvedObject.kind=Job,reason=FailedCreate";
const LET_IN: &str = "involvedObject.kind=Job,reason=SuccessfulCreate";

/// What may hold up Pods, without what is numerous and shows in their status.
const OF_PODS: &str = "involvedObject.kind=Pod,type=Warning,reason!=FailedScheduling,reason!=BackOff,reason!=Failed";

/// The pauses between lists that fail.
const PAUSES: Backoff =
    Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(60), total: Duration::MAX };

/// The objects about which an attempt wants Events, by their uids: Pods that are there, or else the Job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum About {
    Job(Box<str>),
    Pods(Vec<Box<str>>),
}

impl About {
    /// What could tell what an attempt waits for.
    pub(super) fn of(seen: &Tracked) -> Option<Self> {
        let pods: Vec<_> = seen.pods.iter().filter(|pod| !is_over(pod)).map(|pod| pod.uid.clone()).collect();
        if pods.is_empty() { seen.job.as_ref().map(|job| Self::Job(job.uid.clone())) } else { Some(Self::Pods(pods)) }
    }

    fn uids(&self) -> impl Iterator<Item = &str> {
        let uids = match self {
            Self::Job(uid) => std::slice::from_ref(uid),
            Self::Pods(uids) => uids,
        };
        uids.iter().map(AsRef::as_ref)
    }
}

/// Those who want Events, by the name of their Job.
type Wanted = HashMap<JobName, About>;
/// What they are told.
pub(super) type Answers = HashMap<JobName, Vec<ObservedEvent>>;
/// The newest Event of each reason about each object, by its uid.
type Found = HashMap<Box<str>, Vec<ObservedEvent>>;
type Asked = (Wanted, Instant, Result<Found, ClusterError>);

/// The lists of Events of one follower.
#[derive(Default)]
pub(super) struct Events {
    wanted: Wanted,
    /// When the next list may be made.
    next: Option<Instant>,
    failures: u32,
    asking: Option<Pin<Box<dyn Future<Output = Asked> + Send>>>,
}

impl Events {
    /// Has the next lists answer an attempt.
    pub(super) fn want(&mut self, name: &JobName, about: About) {
        self.wanted.insert(Arc::clone(name), about);
    }

    /// The answers for all who wanted some; an attempt about which there is no Event has an empty one. Waits for ever where
    /// nobody wants any. Nothing is lost where the future is dropped.
    pub(super) async fn next(&mut self, requests: &Requests) -> Answers {
        loop {
            let asking = match &mut self.asking {
                Some(asking) => asking,
                None if self.wanted.is_empty() => return std::future::pending().await,
                None => {
                    if let Some(at) = self.next {
                        sleep_until(at).await;
                    }
                    let (requests, wanted) = (requests.clone(), std::mem::take(&mut self.wanted));
                    self.asking.insert(Box::pin(async move {
                        let began = Instant::now();
                        let found = ask(&requests, &wanted).await;
                        (wanted, began, found)
                    }))
                }
            };
            let (wanted, began, found) = asking.await;
            self.asking = None;
            let now = Instant::now();
            match found {
                Ok(found) => {
                    self.failures = 0;
                    self.next = Some(now + pause(now - began));
                    return answers(wanted, &found);
                }
                Err(error) => {
                    let pause = PAUSES.wait(self.failures, 0.0);
                    self.failures = self.failures.saturating_add(1);
                    tracing::warn!(%error, ?pause, attempts = wanted.len(), "Events could not be listed; again after a pause");
                    self.next = Some(now + pause);
                    for (name, about) in wanted {
                        self.wanted.entry(name).or_insert(about);
                    }
                }
            }
        }
    }
}

fn pause(took: Duration) -> Duration {
    took.saturating_mul(TIMES).max(SHORTEST)
}

fn answers(wanted: Wanted, found: &Found) -> Answers {
    let of = |about: &About| about.uids().filter_map(|uid| found.get(uid)).flatten().cloned().collect();
    wanted.into_iter().map(|(name, about)| (name, of(&about))).collect()
}

async fn ask(requests: &Requests, wanted: &Wanted) -> Result<Found, ClusterError> {
    let of = |job: bool| wanted.values().filter(move |about| matches!(about, About::Job(_)) == job);
    let jobs: HashSet<&str> = of(true).flat_map(About::uids).collect();
    let pods: HashSet<&str> = of(false).flat_map(About::uids).collect();
    let mut found = Found::new();
    if jobs.len() + pods.len() <= FEW {
        for uid in jobs.union(&pods) {
            let one = HashSet::from([*uid]);
            list(requests, &format!("involvedObject.uid={uid}"), &one, &mut found).await?;
        }
        return Ok(found);
    }
    if !pods.is_empty() {
        list(requests, OF_PODS, &pods, &mut found).await?;
    }
    if !jobs.is_empty() {
        list(requests, REFUSED, &jobs, &mut found).await?;
        let refused: HashSet<&str> = jobs.into_iter().filter(|uid| found.contains_key(*uid)).collect();
        if !refused.is_empty() {
            list(requests, LET_IN, &refused, &mut found).await?;
        }
    }
    Ok(found)
}

/// Lists the Events of a selector, and keeps those about these objects.
async fn list(requests: &Requests, fields: &str, of: &HashSet<&str>, found: &mut Found) -> Result<(), ClusterError> {
    let keep = |event: ObservedEvent| {
        if let Some(uid) = event.about.as_ref().filter(|uid| of.contains(&***uid)) {
            newest(found.entry(uid.clone()).or_default(), event);
        }
    };
    requests.events(fields, keep).await
}

/// Keeps the newest of each reason: a judge looks at no other, and a Job that is refused for days has many.
fn newest(events: &mut Vec<ObservedEvent>, event: ObservedEvent) {
    match events.iter_mut().find(|known| known.reason == event.reason) {
        Some(known) if known.last_at <= event.last_at => *known = event,
        Some(_) => {}
        None => events.push(event),
    }
}

#[cfg(test)]
mod tests;
