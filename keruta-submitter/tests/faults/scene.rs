//! A server, some tasks, and a submitter that may die and is started again with the same journal and ledger.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use keruta_submitter::cluster::{Backoff, Cluster, ClusterConfig, Environment};
use keruta_submitter::follow::{FollowHandle, FollowOptions, Follower, LogOptions};
use keruta_submitter::journal::{Ledger, MemoryJournal, MemoryLedger, StatusChange};
use keruta_submitter::logs::Redactor;
use keruta_submitter::observe::Stop;
use keruta_submitter::stop::{StopTarget, Stopped, stop};
use keruta_submitter::submit::{SubmitError, SubmitOptions, submit};
use keruta_submitter::{Attempt, Evidence, Outcome, Verdict};
use scripted_apiserver::{ApiServer, Settings};
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::killer::{KilledJournal, KilledLedger, Killer};
use crate::workload::Workload;

pub(crate) const NAMESPACE: &str = "tasks";
/// What containers print and no log may have.
pub(crate) const SECRET: &str = "s3cret-of-the-task";
/// How long a process may take when nothing goes wrong any more.
const PATIENCE: Duration = Duration::from_secs(60);

/// A task, and when somebody cancels it.
pub(crate) struct Subject {
    pub(crate) workload: Workload,
    /// After so many milliseconds of the scene.
    pub(crate) cancel_ms: Option<u64>,
    /// After so many milliseconds of the scene.
    pub(crate) submit_ms: u64,
    /// The exit code that its container has if nobody disturbs it; `None` where it runs for ever.
    pub(crate) exit: Option<i32>,
    /// The lines that it then prints.
    pub(crate) lines: Vec<String>,
    /// What became of the order to cancel it.
    pub(crate) cancelled: Mutex<Option<Stopped>>,
}

impl Subject {
    pub(crate) fn new(workload: Workload, exit: Option<i32>, lines: Vec<String>) -> Self {
        Self { workload, cancel_ms: None, submit_ms: 0, exit, lines, cancelled: Mutex::default() }
    }

    pub(crate) fn cancel_at(mut self, ms: u64) -> Self {
        self.cancel_ms = Some(ms);
        self
    }

    pub(crate) fn submit_at(mut self, ms: u64) -> Self {
        self.submit_ms = ms;
        self
    }

    pub(crate) fn attempt(&self) -> Attempt {
        Attempt { namespace: NAMESPACE.into(), task: self.workload.id.clone(), number: self.workload.attempt }
    }

    pub(crate) fn job(&self) -> String {
        self.workload.bundle(NAMESPACE).job_name().to_owned()
    }
}

/// How a process came to its end.
#[derive(Debug)]
pub(crate) enum Died {
    /// All tasks have ended and nothing is left to do.
    Done,
    /// It was killed at this step.
    Killed(String),
}

pub(crate) struct Scene {
    pub(crate) server: ApiServer,
    pub(crate) subjects: Vec<Subject>,
    pub(crate) journal: Arc<MemoryJournal>,
    pub(crate) ledger: Arc<MemoryLedger>,
    /// Every status that the journal was ever told.
    pub(crate) told: Arc<Mutex<Vec<StatusChange>>>,
    begun: Instant,
}

impl Scene {
    pub(crate) async fn start(subjects: Vec<Subject>, node_clock: SignedDuration) -> Self {
        let settings = Settings {
            bookmarks: Duration::from_millis(150),
            retry: Duration::from_millis(30),
            logs_after_end: Duration::from_secs(3),
            chronicle: true,
            node_clock,
            ..Settings::default()
        };
        let server = ApiServer::start_with(settings).await;
        server.create_namespace(NAMESPACE);
        Self {
            server,
            subjects,
            journal: Arc::default(),
            ledger: Arc::default(),
            told: Arc::default(),
            begun: Instant::now(),
        }
    }

    /// With one task.
    pub(crate) async fn of(subject: Subject) -> Self {
        Self::start(vec![subject], SignedDuration::ZERO).await
    }

    /// A client made as the binary makes it, whose requests are steps of a process.
    pub(crate) fn cluster(&self, killer: &Arc<Killer>) -> Cluster {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("kubeconfig");
        std::fs::write(&path, self.server.kubeconfig()).unwrap();
        let config = ClusterConfig { kubeconfig: Some(path), ..ClusterConfig::default() };
        let cluster = Cluster::connect(&config, &Environment::default()).unwrap();
        Cluster::new(killer.client(cluster.client()), "default", &self.server.url())
            .with_call_timeout(Duration::from_secs(2))
    }

    pub(crate) fn options() -> FollowOptions {
        let mut options = FollowOptions::new(NAMESPACE);
        options.idle = Duration::from_secs(1);
        options.relist = Duration::from_secs(5);
        let mut logs = LogOptions::default();
        logs.redactor = Arc::new(Redactor::new([SECRET]).unwrap());
        logs.settings.idle = Duration::from_secs(1);
        logs.settings.idle_after_end = Duration::from_millis(500);
        logs.settings.pause = Duration::from_millis(50);
        logs.settings.longest_pause = Duration::from_millis(500);
        logs.settings.drain_limit = Duration::from_secs(10);
        options.logs = Some(logs);
        options
    }

    /// Runs one process until it dies or has no more to do.
    pub(crate) async fn process(&self, kill_at: Option<u64>) -> Died {
        let killer = Killer::at(kill_at);
        tokio::select! {
            done = timeout(PATIENCE, self.work(&killer)) => {
                assert!(done.is_ok(), "not all tasks end: {}", self.rest());
                Died::Done
            }
            () = killer.killed() => Died::Killed(killer.last()),
        }
    }

    async fn work(&self, killer: &Arc<Killer>) {
        let cluster = self.cluster(killer);
        let journal =
            KilledJournal { killer: Arc::clone(killer), kept: Arc::clone(&self.journal), told: Arc::clone(&self.told) };
        let ledger = Arc::new(KilledLedger { killer: Arc::clone(killer), kept: Arc::clone(&self.ledger) });
        let kept: Arc<dyn Ledger> = Arc::<KilledLedger>::clone(&ledger);
        let follower = Follower::new(cluster.clone(), Arc::new(journal), Self::options()).with_ledger(kept);
        let handle = follower.handle();
        let shutdown = CancellationToken::new();
        let stopped = shutdown.clone();
        // Aborted when this future is dropped.
        let mut following = JoinSet::new();
        following.spawn(async move { follower.run(stopped).await });
        let tasks = self.subjects.iter().map(|subject| async {
            let submitting = self.submit(&cluster, &ledger, &handle, subject);
            let cancelling = self.cancel(&cluster, &ledger, &handle, subject);
            tokio::join!(submitting, cancelling);
        });
        futures::future::join_all(tasks).await;
        while !self.is_settled() {
            sleep(Duration::from_millis(10)).await;
            if let Some(ended) = following.try_join_next() {
                panic!("the follower gave up: {ended:?}");
            }
        }
        shutdown.cancel();
        following.join_next().await.unwrap().unwrap().unwrap();
    }

    async fn submit(&self, cluster: &Cluster, ledger: &KilledLedger, handle: &FollowHandle, subject: &Subject) {
        self.until(subject.submit_ms).await;
        let bundle = subject.workload.bundle(NAMESPACE);
        let options = SubmitOptions { follow: true, backoff: backoff(), ..SubmitOptions::default() };
        loop {
            match submit(cluster, ledger, &bundle, &options, Timestamp::now()).await {
                Ok(_) | Err(SubmitError::Cancelled { .. } | SubmitError::HadAJob { .. }) => break,
                Err(error) if error.is_transient() => sleep(Duration::from_millis(20)).await,
                Err(error) => panic!("{}: {error}", subject.workload.id),
            }
        }
        handle.expect(subject.attempt(), bundle.job_name());
    }

    async fn cancel(&self, cluster: &Cluster, ledger: &KilledLedger, handle: &FollowHandle, subject: &Subject) {
        let Some(at) = subject.cancel_ms else { return };
        if subject.cancelled.lock().unwrap().is_some() {
            return;
        }
        self.until(at).await;
        let target = StopTarget::of_bundle(&subject.workload.bundle(NAMESPACE));
        loop {
            match stop(cluster, ledger, &target, &order(), backoff(), Timestamp::now()).await {
                Ok(stopped) => {
                    *subject.cancelled.lock().unwrap() = Some(stopped);
                    return handle.expect(subject.attempt(), target.job);
                }
                Err(_) => sleep(Duration::from_millis(20)).await,
            }
        }
    }

    /// Waits until so many milliseconds of the scene have passed.
    pub(crate) async fn until(&self, ms: u64) {
        tokio::time::sleep_until(self.begun + Duration::from_millis(ms)).await;
    }

    /// Whether every task has ended and no Pod is held.
    fn is_settled(&self) -> bool {
        let changes = self.journal.changes();
        let ended = |subject: &Subject| {
            let attempt = subject.attempt();
            changes.iter().any(|change| change.attempt == attempt && change.verdict.is_some())
        };
        self.subjects.iter().all(ended) && self.held_pods().is_empty()
    }

    /// The Pods that wait for us.
    pub(crate) fn held_pods(&self) -> Vec<Value> {
        let mut pods = self.server.objects("pods", NAMESPACE);
        pods.retain(|pod| {
            let finalizers = pod["metadata"]["finalizers"].as_array().into_iter().flatten();
            finalizers.into_iter().any(|name| name == "keruta.dev/evidence")
        });
        pods
    }

    /// What there is, for a person to read.
    fn rest(&self) -> String {
        let mut text = String::new();
        for change in self.journal.changes() {
            let outcome = change.verdict.map(|verdict| verdict.outcome);
            writeln!(text, "{} {} {outcome:?}", change.attempt, change.status).unwrap();
        }
        for subject in &self.subjects {
            let id = &subject.workload.id;
            writeln!(text, "{id}: cancel at {:?}: {:?}", subject.cancel_ms, subject.cancelled.lock().unwrap()).unwrap();
        }
        for resource in ["jobs", "pods"] {
            for object in self.server.objects(resource, NAMESPACE) {
                writeln!(text, "{} {:#}", object["metadata"], object["status"]).unwrap();
            }
        }
        text
    }

    /// The verdict of the only task.
    pub(crate) fn verdict(&self) -> Verdict {
        self.journal.changes().into_iter().find_map(|change| change.verdict).unwrap()
    }
}

pub(crate) fn order() -> Stop {
    let evidence = Evidence { summary: "cancelled by a test".into(), ..Evidence::default() };
    let verdict = Verdict { outcome: Outcome::Cancelled, retryable: false, evidence };
    Stop { verdict, at: Timestamp::now(), by: "faults".into() }
}

fn backoff() -> Backoff {
    Backoff {
        first: Duration::from_millis(20),
        longest: Duration::from_millis(200),
        total: Duration::from_millis(1500),
    }
}
