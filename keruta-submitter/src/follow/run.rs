//! The loop: what the watches bring goes into the world, and attempts that changed get a turn.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use indexmap::IndexSet;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::alarm::Alarms;
use super::captures::Captures;
use super::requests::Requests;
use super::turn::{Means, Memory, TurnError, Turned, turn};
use super::world::World;
use super::{Expected, FollowError, FollowOptions};
use crate::cluster::Cluster;
use crate::journal::{Journal, Ledger};
use crate::observe::{ObservedJob, ObservedPod};
use crate::watch::{Backoff, Change, WatchError, WatchOptions, watch};

/// Changes that wait to be taken in; a watch waits where there are more.
const BACKLOG: usize = 256;

/// How long the watch has to show an expected Job before it is asked for.
const WATCH_FIRST: std::time::Duration = std::time::Duration::from_secs(3);

type TurnEnd = (Box<str>, Box<Memory>, Result<Turned, TurnError>);
type Turns = FuturesUnordered<Pin<Box<dyn Future<Output = TurnEnd> + Send>>>;

/// A follower at work.
pub(super) struct Run {
    options: FollowOptions,
    means: Arc<Means>,
    world: World,
    captures: Captures,
    /// What is remembered of each attempt between its turns.
    memories: HashMap<Box<str>, Box<Memory>>,
    /// Attempts that wait for a turn.
    ready: IndexSet<Box<str>>,
    /// Attempts whose turn is under way.
    busy: HashSet<Box<str>>,
    failures: HashMap<Box<str>, Backoff>,
    alarms: Alarms,
    /// The attempts that must end before the run does.
    awaited: HashSet<Box<str>>,
}

impl Run {
    pub(super) fn new(
        cluster: &Cluster,
        journal: Arc<dyn Journal>,
        ledger: Option<Arc<dyn Ledger>>,
        options: FollowOptions,
    ) -> Self {
        let requests = Requests { cluster: cluster.clone(), namespace: options.namespace.clone() };
        let captures = Captures::new(cluster, Arc::clone(&journal), options.logs.clone(), &options.metrics);
        Self {
            means: Arc::new(Means {
                requests,
                journal,
                ledger,
                policy: options.policy.clone(),
                metrics: Arc::clone(&options.metrics),
            }),
            options,
            captures,
            world: World::default(),
            memories: HashMap::new(),
            ready: IndexSet::new(),
            busy: HashSet::new(),
            failures: HashMap::new(),
            alarms: Alarms::default(),
            awaited: HashSet::new(),
        }
    }

    pub(super) async fn run(
        mut self,
        mut expected: mpsc::UnboundedReceiver<Expected>,
        shutdown: CancellationToken,
    ) -> Result<(), FollowError> {
        let (job_changes, mut jobs) = mpsc::channel(BACKLOG);
        let (pod_changes, mut pods) = mpsc::channel(BACKLOG);
        // Dropping the set ends the watches.
        let mut watches = JoinSet::new();
        let FollowOptions { label_selector, idle, relist, .. } = &self.options;
        let options = WatchOptions { idle: *idle, relist: *relist, ..WatchOptions::new(label_selector) };
        let Requests { cluster, namespace } = &self.means.requests;
        let of_job = |job: Job| ObservedJob::of(&job);
        watches.spawn(watch(cluster.clone(), namespace.clone(), options.clone(), of_job, job_changes));
        let of_pod = |pod: Pod| ObservedPod::of(&pod);
        watches.spawn(watch(cluster.clone(), namespace.clone(), options, of_pod, pod_changes));

        let mut turns = Turns::new();
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                Some(expected) = expected.recv() => self.expect(expected),
                Some(change) = jobs.recv() => self.job(change)?,
                Some(change) = pods.recv() => self.pod(change)?,
                Some(ended) = turns.next() => self.ended(ended),
                name = self.captures.next_drained() => { self.ready.insert(name); }
                name = self.alarms.next() => { self.ready.insert(name); }
            }
            self.start(&turns);
            self.options.metrics.tracked(self.world.len());
            if self.options.until_ended && self.world.is_listed() && self.awaited.is_empty() && expected.is_empty() {
                break;
            }
        }
        self.captures.shutdown().await;
        Ok(())
    }

    fn expect(&mut self, Expected { attempt, job }: Expected) {
        self.world.expect(&job, attempt, Timestamp::now());
        self.awaited.insert(job.as_str().into());
        if self.world.get(&job).is_some_and(|tracked| tracked.there) {
            self.ready.insert(job.into());
        } else {
            // A Job that was created just now comes by the watch: asking for each would be a request more for every task.
            self.alarms.set(&job, Instant::now() + WATCH_FIRST);
        }
    }

    fn job(&mut self, change: Change<ObservedJob>) -> Result<(), FollowError> {
        let change = self.heard(change, "jobs")?;
        let touched = self.world.job(change, Timestamp::now());
        self.touch(touched);
        Ok(())
    }

    fn pod(&mut self, change: Change<ObservedPod>) -> Result<(), FollowError> {
        let change = self.heard(change, "pods")?;
        let touched = self.world.pod(change, Timestamp::now());
        self.touch(touched);
        Ok(())
    }

    /// A refusal ends the run as long as nothing was seen; afterwards rights may come back.
    fn heard<O>(&self, change: Change<O>, kind: &'static str) -> Result<Change<O>, FollowError> {
        if let Change::Interrupted { error, failures } = &change {
            self.options.metrics.watch_interrupted(kind);
            tracing::warn!(%error, failures, namespace = self.options.namespace, kind, "the watch is interrupted");
            if let WatchError::Cluster(error) = &**error
                && error.is_refusal()
                && !self.world.is_listed()
            {
                return Err(FollowError::Refused(error.clone()));
            }
        }
        Ok(change)
    }

    fn touch(&mut self, names: Vec<Box<str>>) {
        for name in names {
            if let Some(tracked) = self.world.get(&name) {
                self.captures.update(&name, tracked);
            }
            self.ready.insert(name);
        }
    }

    /// Starts turns for those that wait, as many as may run at once.
    fn start(&mut self, turns: &Turns) {
        if !self.world.is_listed() {
            return;
        }
        let mut waiting = Vec::new();
        while turns.len() < self.options.parallel {
            let Some(name) = self.ready.shift_remove_index(0) else { break };
            if self.busy.contains(&name) {
                waiting.push(name);
                continue;
            }
            let Some(snapshot) = self.world.snapshot(&name) else { continue };
            let mut memory = self.memories.remove(&name).unwrap_or_default();
            let drained = self.captures.is_drained(&name);
            let means = Arc::clone(&self.means);
            self.busy.insert(name.clone());
            turns.push(Box::pin(async move {
                let turned = turn(&means, &snapshot, &mut memory, drained, Timestamp::now()).await;
                (name, memory, turned)
            }));
        }
        self.ready.extend(waiting);
    }

    fn ended(&mut self, (name, memory, turned): TurnEnd) {
        self.busy.remove(&name);
        self.memories.insert(name.clone(), memory);
        match turned {
            Ok(turned) => self.turned(&name, turned),
            Err(error) => {
                let backoff = self.failures.entry(name.clone()).or_insert_with(turn_backoff);
                let pause = backoff.next_pause();
                tracing::warn!(job = %name, %error, ?pause, "an attempt could not be looked at; again after a pause");
                self.alarms.set(&name, Instant::now() + pause);
            }
        }
    }

    fn turned(&mut self, name: &str, turned: Turned) {
        self.failures.remove(name);
        self.alarms.clear(name);
        if let Some(at) = turned.wake_at {
            let pause = at.duration_since(Timestamp::now()).max(SignedDuration::ZERO);
            self.alarms.set(name, Instant::now() + pause.unsigned_abs());
        }
        if let Some(job) = turned.job {
            self.world.found(job, Timestamp::now());
            self.touch(vec![name.into()]);
        }
        if let Some(pods) = turned.pods {
            self.world.refresh(name, pods, Timestamp::now());
            // The logs of Pods that no watch has shown are to be read too.
            self.touch(vec![name.into()]);
        }
        if turned.finished {
            self.awaited.remove(name);
            self.captures.forget(name);
            // The Job of a finished attempt may stay for days; only its name is remembered, by its verdict.
            if self.world.get(name).is_none_or(|tracked| !tracked.there) {
                self.world.forget(name);
                self.memories.remove(name);
            }
        }
    }
}

/// Pauses between turns that fail.
const fn turn_backoff() -> Backoff {
    Backoff::new(std::time::Duration::from_millis(500), std::time::Duration::from_secs(30))
}
