//! One stretch of work on one cluster: until the lease, the settings or the cluster change.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use keruta_manifest::Settings;
use keruta_submitter::Attempt;
use keruta_submitter::classify::Policy;
use keruta_submitter::cluster::Cluster;
use keruta_submitter::follow::{FollowHandle, FollowOptions, Follower, LogOptions};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Runner;
use super::cluster::{ClusterState, choice};
use super::journal::{SharedJournal, StoreJournal};
use super::submit::{Submitter, Work};
use crate::queue::schedule;
use crate::store::{Epoch, InFlight, StoreError};

/// How many tasks that wait are looked at, at once.
const LOOKED_AT: u32 = 1000;
/// The pause after the database failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Why a stretch of work ended.
pub(super) enum SessionEnd {
    /// The lease is gone, or the program ends.
    Over,
    /// Another cluster, or none.
    SettingsChanged,
    /// The cluster cannot be used; it is to be tried again.
    Unreachable,
}

/// Takes the cluster away from the background jobs.
struct Away<'a>(&'a watch::Sender<Option<Cluster>>);

impl Drop for Away<'_> {
    fn drop(&mut self) {
        self.0.send_replace(None);
    }
}

/// What works on a cluster.
struct Session<'a> {
    runner: &'a Runner,
    epoch: Epoch,
    cluster: Cluster,
    journal: SharedJournal,
    followers: HashMap<String, FollowHandle>,
    running: JoinSet<String>,
    work: JoinSet<Work>,
    submitter: Arc<Submitter>,
    ours: CancellationToken,
}

impl Runner {
    pub(super) async fn session(&self, epoch: Epoch, ours: &CancellationToken) -> SessionEnd {
        let mut settings = self.settings.clone();
        let now = Arc::clone(&settings.borrow_and_update());
        if !now.enabled {
            self.state.send_replace(ClusterState::Disabled);
            tokio::select! {
                changed = settings.changed() => return end_of(changed.is_ok()),
                () = ours.cancelled() => return SessionEnd::Over,
            }
        }
        let cluster = match self.reach(&now).await {
            Ok(cluster) => cluster,
            Err((why, cure)) => {
                tracing::warn!(why, cure, "the cluster cannot be used; tasks stay in the queue");
                self.state.send_replace(ClusterState::Unreachable { why, cure });
                return SessionEnd::Unreachable;
            }
        };
        // What this stretch started ends with it, also when it is dropped.
        let ours = ours.child_token();
        let _guard = ours.clone().drop_guard();
        let journal = Arc::new(StoreJournal { store: self.store.clone(), logs: self.logs.clone(), epoch });
        let submitter = Submitter::new(&cluster, &journal, &self.options.metrics, self.tokens.clone());
        self.cluster.send_replace(Some(cluster.clone()));
        // Whoever works on it elsewhere stops with this stretch.
        let _away = Away(&self.cluster);
        Session {
            runner: self,
            epoch,
            cluster,
            journal,
            followers: HashMap::new(),
            running: JoinSet::new(),
            work: JoinSet::new(),
            submitter: Arc::new(submitter),
            ours,
        }
        .run(settings, now)
        .await
    }

    /// A client, and a first answer.
    async fn reach(&self, settings: &Settings) -> Result<Cluster, (String, String)> {
        let cluster = (self.connect)(settings).map_err(|error| (error.to_string(), error.cure()))?;
        let version = tokio::time::timeout(Duration::from_secs(10), cluster.client().apiserver_version()).await;
        let cure = || "check the cluster with `keruta-submitter doctor`".to_owned();
        let version = match version {
            Ok(Ok(version)) => version.git_version,
            Ok(Err(error)) => return Err((format!("{} does not answer: {error}", cluster.server()), cure())),
            Err(_) => return Err((format!("{} does not answer within 10 s", cluster.server()), cure())),
        };
        self.state.send_replace(ClusterState::Connected { server: cluster.server().to_owned(), version });
        Ok(cluster)
    }
}

impl Session<'_> {
    async fn run(
        mut self,
        mut settings: tokio::sync::watch::Receiver<Arc<Settings>>,
        mut now: Arc<Settings>,
    ) -> SessionEnd {
        let mut changes = self.runner.store.changes();
        loop {
            changes.mark_unchanged();
            let pause = match self.look(&now).await {
                Ok(pause) => pause,
                Err(StoreError::Fenced) => return SessionEnd::Over,
                Err(error) => {
                    tracing::warn!(%error, "the queue could not be looked at");
                    PAUSE
                }
            };
            tokio::select! {
                _ = changes.changed() => {}
                () = tokio::time::sleep(pause) => {}
                Some(done) = self.work.join_next() => if let Ok(work) = done {
                    self.submitter.end(&work);
                },
                Some(namespace) = self.running.join_next() => if let Ok(namespace) = namespace {
                    // The watch was refused; the next look starts it again.
                    self.followers.remove(&namespace);
                    tokio::time::sleep(PAUSE).await;
                },
                known = settings.changed() => {
                    let next = Arc::clone(&settings.borrow_and_update());
                    if known.is_err() || choice(&next) != choice(&now) {
                        return end_of(known.is_ok());
                    }
                    now = next;
                }
                () = self.ours.cancelled() => {
                    self.running.shutdown().await;
                    return SessionEnd::Over;
                }
            }
        }
    }

    /// One look at the queue: begins what can begin, and says how long nothing else is to be done.
    async fn look(&mut self, settings: &Arc<Settings>) -> Result<Duration, StoreError> {
        let now = Timestamp::now();
        let in_flight = self.runner.store.in_flight().await?;
        for task in &in_flight {
            self.follow(task, settings);
            if task.is_cancelled {
                self.begin(Work::Stop(attempt_of(task)), settings);
            } else if !task.is_submitted {
                // Claimed by a runner that did not come to the end of it, or by this one just now.
                self.begin(Work::Submit(attempt_of(task)), settings);
            }
        }
        let queued = self.runner.store.queued(now, LOOKED_AT).await?;
        let schedule = schedule(&queued, &in_flight, &self.runner.options.limits);
        for id in schedule.start {
            let Some(task) = self.runner.store.claim(id, self.epoch, now).await? else { continue };
            let attempt = Attempt { namespace: task.namespace.clone(), task: id.to_owned(), number: task.attempt };
            self.follower(&task.namespace, settings);
            self.begin(Work::Submit(attempt), settings);
        }
        let waiting: Vec<_> = schedule.waiting.into_iter().map(|(id, why)| (id.to_owned(), why.to_string())).collect();
        self.runner.store.note_waiting(&waiting).await?;
        let held_back = self.runner.store.next_not_before(now).await?;
        let until = held_back.and_then(|at| Duration::try_from(at.duration_since(now)).ok());
        Ok(until.unwrap_or(self.runner.options.poll).min(self.runner.options.poll))
    }

    /// Begins what is not under way already.
    fn begin(&mut self, work: Work, settings: &Arc<Settings>) {
        if !self.submitter.start(&work) {
            return;
        }
        let handle = self.followers.get(&work.attempt().namespace).cloned();
        let (submitter, settings, ours) = (Arc::clone(&self.submitter), Arc::clone(settings), self.ours.clone());
        self.work.spawn(async move {
            tokio::select! {
                () = submitter.carry_out(&work, &settings, handle.as_ref()) => {}
                () = ours.cancelled() => {}
            }
            work
        });
    }

    /// Has an attempt with a Job followed, also where the Job is gone meanwhile.
    fn follow(&mut self, task: &InFlight, settings: &Arc<Settings>) {
        let is_new = !self.followers.contains_key(&task.namespace);
        let handle = self.follower(&task.namespace, settings);
        if let (true, Some(job)) = (is_new || self.submitter.is_unexpected(task), &task.job) {
            handle.expect(attempt_of(task), job);
        }
    }

    /// The follower of a namespace, started where there is none.
    fn follower(&mut self, namespace: &str, settings: &Settings) -> FollowHandle {
        if let Some(handle) = self.followers.get(namespace) {
            return handle.clone();
        }
        let mut options = FollowOptions::new(namespace);
        options.policy = Policy { grace: settings.grace.clone(), ..Policy::default() };
        let mut logs = LogOptions::default();
        // What agents send is in the same store.
        logs.by_agents = true;
        options.logs = Some(logs);
        options.metrics = Arc::clone(&self.runner.options.metrics);
        let follower =
            Follower::new(self.cluster.clone(), self.journal.clone(), options).with_ledger(self.journal.clone());
        let handle = follower.handle();
        let (name, ours) = (namespace.to_owned(), self.ours.clone());
        self.running.spawn(async move {
            if let Err(error) = follower.run(ours).await {
                tracing::warn!(%error, namespace = name, "the namespace cannot be followed");
            }
            name
        });
        self.followers.insert(namespace.to_owned(), handle.clone());
        handle
    }
}

fn attempt_of(task: &InFlight) -> Attempt {
    Attempt { namespace: task.namespace.clone(), task: task.id.clone(), number: task.attempt }
}

const fn end_of(settings_are_there: bool) -> SessionEnd {
    if settings_are_there { SessionEnd::SettingsChanged } else { SessionEnd::Over }
}
