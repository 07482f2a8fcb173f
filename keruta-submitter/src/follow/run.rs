//! The loop: what the watches bring goes into the cache, and attempts that changed are reconciled.

use std::collections::{BTreeSet, HashMap, HashSet};
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

use super::cache::{Cache, Tracked};
use super::captures::Captures;
use super::events::{Answers, Events};
use super::reconcile::{Context, Look, Memory, ReconcileError, Reconciled, reconcile};
use super::requests::Requests;
use super::requeue::Requeues;
use super::secrets::Secrets;
use super::{FollowError, FollowOptions, Followed, JobName, Message};
use crate::attempt::Attempt;
use crate::cluster::{Backoff, Cluster};
use crate::journal::{Journal, Ledger};
use crate::observe::{ObservedJob, ObservedPod};
use crate::watch::{Change, WatchError, WatchOptions, watch};

/// Changes that wait to be taken in; a watch waits where there are more.
const BACKLOG: usize = 256;

/// How long the watch has to show an expected Job before it is asked for.
const WATCH_FIRST: std::time::Duration = std::time::Duration::from_secs(3);

/// A watch that fails so often in a row, which takes a second or two, is worth a word to whoever waits.
const SILENT: u32 = 4;

/// The pauses between reconciliations that fail.
const PAUSES: Backoff = Backoff {
    first: std::time::Duration::from_millis(500),
    longest: std::time::Duration::from_secs(30),
    total: std::time::Duration::MAX,
};

type Finished = (JobName, Box<Memory>, Result<Reconciled, ReconcileError>);
type Reconciliations = FuturesUnordered<Pin<Box<dyn Future<Output = Finished> + Send>>>;

/// A follower at work.
pub(super) struct Run {
    options: FollowOptions,
    context: Arc<Context>,
    cache: Cache,
    captures: Captures,
    /// What is remembered of each attempt between its reconciliations.
    memories: HashMap<JobName, Box<Memory>>,
    /// Attempts that wait to be reconciled.
    ready: IndexSet<JobName>,
    /// Attempts whose reconciliation is under way.
    busy: HashSet<JobName>,
    failures: HashMap<JobName, u32>,
    requeues: Requeues,
    events: Events,
    /// The Events that attempts wanted, until these are reconciled.
    answers: Answers,
    /// The attempts that must end before the run does.
    awaited: HashSet<JobName>,
    /// The watches by which nothing is heard.
    silent: BTreeSet<&'static str>,
}

impl Run {
    pub(super) fn new(
        cluster: &Cluster,
        journal: Arc<dyn Journal>,
        ledger: Option<Arc<dyn Ledger>>,
        options: FollowOptions,
    ) -> Self {
        let secrets = Secrets::new(cluster, &options.namespace, &options.redactor, options.redact_secrets);
        let secrets = Arc::new(secrets);
        let captures = Captures::new(cluster, Arc::clone(&journal), &secrets, &options);
        let requests = Requests { cluster: cluster.clone(), namespace: options.namespace.clone(), secrets };
        Self {
            context: Arc::new(Context {
                requests,
                journal,
                ledger,
                policy: options.policy.clone(),
                metrics: Arc::clone(&options.metrics),
                read_only: options.read_only,
            }),
            options,
            captures,
            cache: Cache::default(),
            memories: HashMap::new(),
            ready: IndexSet::new(),
            busy: HashSet::new(),
            failures: HashMap::new(),
            requeues: Requeues::default(),
            events: Events::default(),
            answers: Answers::new(),
            awaited: HashSet::new(),
            silent: BTreeSet::new(),
        }
    }

    pub(super) async fn run(
        mut self,
        mut messages: mpsc::UnboundedReceiver<Message>,
        shutdown: CancellationToken,
    ) -> Result<(), FollowError> {
        let (job_changes, mut jobs) = mpsc::channel(BACKLOG);
        let (pod_changes, mut pods) = mpsc::channel(BACKLOG);
        // Dropping the set ends the watches.
        let mut watches = JoinSet::new();
        let FollowOptions { label_selector, idle, relist, .. } = &self.options;
        let options = WatchOptions { idle: *idle, relist: *relist, ..WatchOptions::new(label_selector) };
        let Requests { cluster, namespace, secrets } = &self.context.requests;
        let secrets = Arc::clone(secrets);
        let of_job = |job: Job| ObservedJob::of(&job);
        watches.spawn(watch(cluster.clone(), namespace.clone(), options.clone(), of_job, job_changes));
        let of_pod = move |pod: Pod| secrets.observe(pod);
        watches.spawn(watch(cluster.clone(), namespace.clone(), options, of_pod, pod_changes));

        let mut reconciliations = Reconciliations::new();
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                Some(message) = messages.recv() => self.message(message),
                // The end of a Pod comes before that of its Job.
                Some(change) = pods.recv() => self.pod(change)?,
                Some(change) = jobs.recv() => self.job(change)?,
                Some(ended) = reconciliations.next() => self.ended(ended),
                // A watch ends with this run, and has no way to panic; nothing would be heard any more.
                Some(Err(panicked)) = watches.join_next() => std::panic::resume_unwind(panicked.into_panic()),
                name = self.captures.next_drained() => { self.ready.insert(name); }
                name = self.requeues.next() => { self.ready.insert(name); }
                answers = self.events.next(&self.context.requests) => self.answered(answers),
            }
            self.start(&reconciliations);
            self.options.metrics.tracked(self.cache.len());
            if self.options.until_ended && self.cache.is_listed() && self.awaited.is_empty() && messages.is_empty() {
                break;
            }
        }
        self.captures.shutdown().await;
        Ok(())
    }

    fn message(&mut self, message: Message) {
        match message {
            Message::Expect { attempt, job } => self.expect(&job, attempt),
            // Who asked may have gone.
            Message::Describe(answer) => drop(answer.send(self.followed())),
        }
    }

    fn expect(&mut self, job: &str, attempt: Attempt) {
        let name = self.cache.expect(job, attempt, Timestamp::now());
        if self.cache.get(&name).is_some_and(|tracked| tracked.there) {
            self.ready.insert(Arc::clone(&name));
        } else {
            // A Job that was created just now comes by the watch: asking for each would be a request more for every task.
            self.requeues.set(&name, Instant::now() + WATCH_FIRST);
        }
        self.awaited.insert(name);
    }

    fn followed(&self) -> Vec<Followed> {
        let mut all: Vec<Followed> = self.cache.iter().map(|tracked| self.describe(tracked)).collect();
        all.sort_by(|a, b| a.job.cmp(&b.job));
        all
    }

    fn describe(&self, tracked: &Tracked) -> Followed {
        let name = &tracked.name;
        Followed {
            attempt: tracked.attempt.clone(),
            job: name.to_string(),
            there: tracked.there,
            pods: tracked.pods.iter().map(|pod| (pod.name.to_string(), pod.phase, tracked.is_gone(pod))).collect(),
            outcome: self.memories.get(name).and_then(|memory| memory.verdict.as_ref()).map(|verdict| verdict.outcome),
            awaited: self.awaited.contains(name),
            under_way: self.busy.contains(name) || self.ready.contains(name),
            failures: self.failures.get(name).copied().unwrap_or_default(),
            captures: self.captures.running(name),
            again_in: self.requeues.wait(name),
        }
    }

    fn job(&mut self, change: Change<ObservedJob>) -> Result<(), FollowError> {
        let change = self.heard(change, "jobs")?;
        let touched = self.cache.job(change, Timestamp::now());
        self.touch(touched);
        Ok(())
    }

    fn pod(&mut self, change: Change<ObservedPod>) -> Result<(), FollowError> {
        let change = self.heard(change, "pods")?;
        let touched = self.cache.pod(change, Timestamp::now());
        self.touch(touched);
        Ok(())
    }

    /// A refusal ends the run as long as nothing was seen; afterwards rights may come back.
    fn heard<O>(&mut self, change: Change<O>, kind: &'static str) -> Result<Change<O>, FollowError> {
        self.silence(&change, kind);
        if let Change::Interrupted { error, failures } = &change {
            self.options.metrics.watch_interrupted(kind);
            tracing::warn!(%error, failures, namespace = self.options.namespace, kind, "the watch is interrupted");
            if let WatchError::Cluster(error) = &**error
                && error.is_refusal()
                && !self.cache.is_listed()
            {
                return Err(FollowError::Refused(error.clone()));
            }
        }
        Ok(change)
    }

    /// Tells that nothing is heard for longer than a moment, and when that is over.
    fn silence<O>(&mut self, change: &Change<O>, kind: &'static str) {
        let Some(told) = &self.options.silence else { return };
        match change {
            Change::Interrupted { error, failures } if *failures >= SILENT => {
                if self.silent.insert(kind) && self.silent.len() == 1 {
                    told.send_replace(Some(Arc::clone(error)));
                }
            }
            Change::Interrupted { .. } => {}
            _ => {
                if self.silent.remove(kind) && self.silent.is_empty() {
                    told.send_replace(None);
                }
            }
        }
    }

    fn answered(&mut self, answers: Answers) {
        self.ready.extend(answers.keys().cloned());
        self.answers.extend(answers);
    }

    fn touch(&mut self, names: Vec<JobName>) {
        for name in names {
            if let Some(tracked) = self.cache.get(&name) {
                self.captures.update(&name, tracked);
            }
            self.ready.insert(name);
        }
    }

    /// Starts reconciliations for those that wait, as many as may run at once.
    fn start(&mut self, reconciliations: &Reconciliations) {
        if !self.cache.is_listed() {
            return;
        }
        let mut waiting = Vec::new();
        while reconciliations.len() < self.options.parallel {
            let Some(name) = self.ready.shift_remove_index(0) else { break };
            if self.busy.contains(&name) {
                waiting.push(name);
                continue;
            }
            let events = self.answers.remove(&name);
            let Some(seen) = self.cache.get(&name).cloned() else { continue };
            let mut memory = self.memories.remove(&name).unwrap_or_default();
            let look = Look { seen, events, drained: self.captures.is_drained(&name) };
            let context = Arc::clone(&self.context);
            // What is set from now on is for the time after this look.
            self.requeues.clear(&name);
            self.busy.insert(name.clone());
            reconciliations.push(Box::pin(async move {
                let reconciled = reconcile(&context, &look, &mut memory, Timestamp::now()).await;
                (name, memory, reconciled)
            }));
        }
        self.ready.extend(waiting);
    }

    fn ended(&mut self, (name, memory, reconciled): Finished) {
        self.busy.remove(&name);
        self.memories.insert(name.clone(), memory);
        match reconciled {
            Ok(reconciled) => self.reconciled(&name, reconciled),
            Err(error) => {
                let failures = self.failures.entry(name.clone()).or_default();
                let pause = PAUSES.wait(*failures, 0.0);
                *failures = failures.saturating_add(1);
                tracing::warn!(job = %name, %error, ?pause, "an attempt could not be looked at; again after a pause");
                self.requeues.set(&name, Instant::now() + pause);
            }
        }
    }

    fn reconciled(&mut self, name: &JobName, reconciled: Reconciled) {
        self.failures.remove(name);
        if let Some(at) = reconciled.wake_at {
            let pause = at.duration_since(Timestamp::now()).max(SignedDuration::ZERO);
            self.requeues.set(name, Instant::now() + pause.unsigned_abs());
        }
        if let Some(about) = reconciled.events {
            self.events.want(name, about);
        }
        if let Some(job) = reconciled.job {
            self.cache.found(job, Timestamp::now());
            self.touch(vec![Arc::clone(name)]);
        }
        if let Some(pods) = reconciled.pods {
            self.cache.refresh(name, pods, Timestamp::now());
            // The logs of Pods that no watch has shown are to be read too.
            self.touch(vec![Arc::clone(name)]);
        }
        // A capture may have begun meanwhile; where it ends, the attempt is looked at again.
        if reconciled.finished && self.captures.is_drained(name) {
            self.awaited.remove(name);
            self.captures.forget(name);
            // The Job of a finished attempt may stay for days; only its name is remembered, by its verdict.
            if self.cache.get(name).is_none_or(|tracked| !tracked.there) {
                self.cache.forget(name);
                self.memories.remove(name);
            }
        }
    }
}

#[cfg(test)]
mod tests;
