//! A server, some tasks, and a submitter that may die and is started again with the same journal and ledger.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use keruta_submitter::cleanup::{Inventory, Retention, carry_out, plan};
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
    /// How far its submission and its cancel have come.
    stages: Mutex<[String; 2]>,
}

impl Subject {
    pub(crate) fn new(workload: Workload, exit: Option<i32>, lines: Vec<String>) -> Self {
        Self {
            workload,
            cancel_ms: None,
            submit_ms: 0,
            exit,
            lines,
            cancelled: Mutex::default(),
            stages: Mutex::default(),
        }
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
    /// How often the followers list everything in any case.
    pub(crate) relist: Duration,
    /// How many attempts are looked at, and how many logs are read, at once.
    pub(crate) parallel: usize,
    pub(crate) streams: usize,
    /// Speaks to the follower of the process that runs.
    handle: Mutex<Option<FollowHandle>>,
    /// Made as the binary makes it, once: to read the system's certificates takes a while.
    client: kube::Client,
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
        let client = client(&server);
        Self {
            server,
            subjects,
            journal: Arc::default(),
            ledger: Arc::default(),
            told: Arc::default(),
            relist: Duration::from_secs(5),
            parallel: 64,
            streams: 512,
            handle: Mutex::default(),
            client,
            begun: Instant::now(),
        }
    }

    /// With one task.
    pub(crate) async fn of(subject: Subject) -> Self {
        Self::start(vec![subject], SignedDuration::ZERO).await
    }

    /// A cluster whose every request is two steps of a process.
    pub(crate) fn cluster(&self, killer: &Arc<Killer>) -> Cluster {
        Cluster::new(killer.client(&self.client), "default", &self.server.url())
            .with_call_timeout(Duration::from_secs(2))
    }

    fn options(&self) -> FollowOptions {
        let mut options = FollowOptions::new(NAMESPACE);
        options.idle = Duration::from_secs(1);
        options.relist = self.relist;
        options.parallel = self.parallel;
        let mut logs = LogOptions::default();
        logs.streams = self.streams;
        logs.settings.idle = Duration::from_secs(1);
        logs.settings.idle_after_end = Duration::from_millis(500);
        logs.settings.pause = Duration::from_millis(50);
        logs.settings.longest_pause = Duration::from_millis(500);
        logs.settings.drain_limit = Duration::from_secs(10);
        options.logs = Some(logs);
        options.redactor = Arc::new(Redactor::new([SECRET]).unwrap());
        options
    }

    /// Runs one process until it dies or has no more to do.
    pub(crate) async fn process(&self, kill_at: Option<u64>) -> Died {
        self.process_with(Killer::at(kill_at)).await
    }

    /// The same, with a death of the caller's choice.
    pub(crate) async fn process_with(&self, killer: Arc<Killer>) -> Died {
        let mut work = std::pin::pin!(self.work(&killer));
        tokio::select! {
            () = &mut work => Died::Done,
            () = killer.killed() => Died::Killed(killer.last()),
            // The follower goes on in a task of its own, until `work` is dropped.
            () = sleep(PATIENCE) => panic!("after {PATIENCE:?} not all has ended\n{}", self.told().await),
        }
    }

    async fn work(&self, killer: &Arc<Killer>) {
        let cluster = self.cluster(killer);
        let journal =
            KilledJournal { killer: Arc::clone(killer), kept: Arc::clone(&self.journal), told: Arc::clone(&self.told) };
        let ledger = Arc::new(KilledLedger { killer: Arc::clone(killer), kept: Arc::clone(&self.ledger) });
        let kept: Arc<dyn Ledger> = Arc::<KilledLedger>::clone(&ledger);
        let follower = Follower::new(cluster.clone(), Arc::new(journal), self.options()).with_ledger(kept);
        let handle = follower.handle();
        *self.handle.lock().unwrap() = Some(handle.clone());
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
        let stage = |text: String| subject.stages.lock().unwrap()[0] = text;
        stage(format!("is submitted after {} ms", subject.submit_ms));
        self.until(subject.submit_ms).await;
        stage("is being submitted".to_owned());
        let bundle = subject.workload.bundle(NAMESPACE);
        let options = SubmitOptions { follow: true, backoff: backoff(), ..SubmitOptions::default() };
        loop {
            match submit(cluster, ledger, &bundle, &options, Timestamp::now()).await {
                Ok(submitted) => break stage(format!("is submitted, {:?}", submitted.created)),
                Err(error @ (SubmitError::Cancelled { .. } | SubmitError::HadAJob { .. })) => {
                    break stage(error.to_string());
                }
                Err(error) if error.is_transient() => {
                    stage(format!("is being submitted again: {error}"));
                    sleep(Duration::from_millis(20)).await;
                }
                Err(error) => panic!("{}: {error}: {error:?}", subject.workload.id),
            }
        }
        handle.expect(subject.attempt(), bundle.job_name());
    }

    async fn cancel(&self, cluster: &Cluster, ledger: &KilledLedger, handle: &FollowHandle, subject: &Subject) {
        let Some(at) = subject.cancel_ms else { return };
        if subject.cancelled.lock().unwrap().is_some() {
            return;
        }
        let stage = |text: String| subject.stages.lock().unwrap()[1] = text;
        stage(format!("is cancelled after {at} ms"));
        self.until(at).await;
        stage("is being cancelled".to_owned());
        let target = StopTarget::of_bundle(&subject.workload.bundle(NAMESPACE));
        loop {
            match stop(cluster, ledger, &target, &order(), backoff(), Timestamp::now()).await {
                Ok(stopped) => {
                    stage(format!("is cancelled: {stopped:?}"));
                    *subject.cancelled.lock().unwrap() = Some(stopped);
                    return handle.expect(subject.attempt(), target.job);
                }
                Err(error) => {
                    stage(format!("is being cancelled again: {error}"));
                    sleep(Duration::from_millis(20)).await;
                }
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

    /// What a cleanup without patience leaves of the tasks, when nothing goes wrong any more: nothing.
    pub(crate) async fn cleaned(&self) -> Vec<String> {
        self.server.faults().clear();
        let cluster = self.cluster(&Killer::at(None)).with_call_timeout(PATIENCE);
        let zero = "0s".parse().unwrap();
        let retention = Retention::default().jobs(Some(zero)).orphans(zero).evidence(zero);
        let mut left = Vec::new();
        // Kubernetes collects what belongs to a Job a moment later.
        for _ in 0..200 {
            left = ["jobs", "pods", "configmaps", "persistentvolumeclaims"]
                .iter()
                .flat_map(|resource| {
                    self.server.objects(resource, NAMESPACE).into_iter().map(|of| brief(resource, &of))
                })
                .filter(|brief| !brief.contains("kube-root-ca.crt"))
                .collect();
            if left.is_empty() {
                break;
            }
            // The first request may take a connection that a restart has closed.
            let Ok(inventory) = Inventory::list(&cluster, NAMESPACE).await else { continue };
            for removal in plan(&inventory, &retention, Timestamp::now()) {
                // What is in use for a moment is tried again.
                let _ = carry_out(&cluster, &removal, false).await;
            }
            sleep(Duration::from_millis(25)).await;
        }
        left
    }

    /// What is waited for, for a person to read: each task, what the follower sees of it, and what there is.
    pub(crate) async fn told(&self) -> String {
        let mut text = String::new();
        for subject in &self.subjects {
            let attempt = subject.attempt();
            let of = |change: &StatusChange| change.attempt == attempt;
            let statuses: Vec<String> =
                self.journal.changes().iter().filter(|change| of(change)).map(|c| c.status.to_string()).collect();
            let stages = subject.stages.lock().unwrap().join("; ");
            writeln!(text, "{}: {stages}; its status was {}", subject.workload.id, statuses.join(", ")).unwrap();
        }
        let handle = self.handle.lock().unwrap().clone();
        let followed = async { handle?.followed().await };
        match timeout(Duration::from_secs(5), followed).await {
            Ok(Some(followed)) => followed.iter().for_each(|one| writeln!(text, "the follower: {one}").unwrap()),
            Ok(None) => text.push_str("there is no follower\n"),
            Err(_) => text.push_str("the follower does not answer\n"),
        }
        for resource in ["jobs", "pods"] {
            for object in self.server.objects(resource, NAMESPACE) {
                writeln!(text, "{}", brief(resource, &object)).unwrap();
            }
        }
        let requests = self.server.requests();
        let begun = requests.first().map(|asked| asked.at);
        for asked in requests.iter().rev().take(60).rev() {
            let ms = begun.map_or(0, |begun| asked.at.duration_since(begun).as_millis());
            writeln!(text, "{ms} ms: {} {} {} {}", asked.verb, asked.resource, asked.name, asked.query).unwrap();
        }
        text
    }

    /// The verdict of the only task.
    pub(crate) fn verdict(&self) -> Verdict {
        self.journal.changes().into_iter().find_map(|change| change.verdict).unwrap()
    }
}

fn client(server: &ApiServer) -> kube::Client {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("kubeconfig");
    std::fs::write(&path, server.kubeconfig()).unwrap();
    let config = ClusterConfig { kubeconfig: Some(path), ..ClusterConfig::default() };
    Cluster::connect(&config, &Environment::default()).unwrap().client().clone()
}

/// What matters of an object, in one line.
fn brief(resource: &str, object: &Value) -> String {
    let metadata = &object["metadata"];
    let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
    let conditions: Vec<&str> =
        conditions.filter(|c| c["status"] == "True").filter_map(|c| c["type"].as_str()).collect();
    let annotations = metadata["annotations"].as_object().into_iter().flatten().map(|(key, _)| key.as_str());
    let annotations: Vec<&str> = annotations.filter(|key| key.starts_with("keruta.dev/")).collect();
    format!(
        "{resource}: {} {} at {} {conditions:?} {annotations:?} finalizers {} owned by {} deleted {}",
        metadata["name"],
        object["status"]["phase"],
        metadata["resourceVersion"],
        metadata["finalizers"],
        metadata["ownerReferences"][0]["uid"],
        metadata["deletionTimestamp"],
    )
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
