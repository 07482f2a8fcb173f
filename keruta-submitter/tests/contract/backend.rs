//! A cluster with a namespace for one test.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Namespace, Pod, ServiceAccount};
use keruta_submitter::bundle::Bundle;
use keruta_submitter::classify::Policy;
use keruta_submitter::cluster::{Cluster, ClusterConfig, Environment};
use keruta_submitter::follow::{FollowOptions, Follower};
use keruta_submitter::journal::{MemoryJournal, MemoryLedger};
use keruta_submitter::logs::{LogEntry, LogSource};
use keruta_submitter::submit::{SubmitError, SubmitOptions, Submitted, submit};
use keruta_submitter::{Attempt, TaskStatus, Verdict};
use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use scripted_apiserver::{ApiServer, Settings};
use serde_json::json;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::workload::Workload;

/// How long a real cluster may take for anything.
const PATIENCE: Duration = Duration::from_secs(90);

/// A cluster, a namespace of its own, and a submitter's memory.
pub(crate) struct World {
    /// As the submitter.
    pub(crate) cluster: Cluster,
    /// With all rights.
    pub(crate) admin: Cluster,
    pub(crate) namespace: String,
    pub(crate) journal: Arc<MemoryJournal>,
    pub(crate) ledger: MemoryLedger,
    pub(crate) policy: Policy,
    /// The stand-in; `None` on a real cluster.
    pub(crate) scripted: Option<ApiServer>,
    /// The API server of a real cluster, which others use or one alone.
    _use: Option<Use>,
}

/// Tests of a real cluster use one API server, which one of them restarts.
static API_SERVER: RwLock<()> = RwLock::const_new(());

#[expect(dead_code, reason = "they are held")]
enum Use {
    Shared(RwLockReadGuard<'static, ()>),
    Alone(RwLockWriteGuard<'static, ()>),
}

impl World {
    /// `name` tells the namespaces of the tests apart.
    pub(crate) async fn start(name: &str) -> Self {
        let real = std::env::var_os("KERUTA_TEST_KUBECONFIG").is_some();
        Self::start_with(name, if real { Some(Use::Shared(API_SERVER.read().await)) } else { None }).await
    }

    /// The same, with an API server that no other test uses.
    pub(crate) async fn start_alone(name: &str) -> Self {
        let real = std::env::var_os("KERUTA_TEST_KUBECONFIG").is_some();
        Self::start_with(name, if real { Some(Use::Alone(API_SERVER.write().await)) } else { None }).await
    }

    /// A stand-in with settings of its own; `None` where there is a real cluster.
    pub(crate) async fn start_scripted(name: &str, settings: Settings) -> Option<Self> {
        if std::env::var_os("KERUTA_TEST_KUBECONFIG").is_some() {
            return None;
        }
        let server = ApiServer::start_with(settings).await;
        Some(Self::start_on(name, connect(&server), Some(server), None).await)
    }

    async fn start_with(name: &str, of_server: Option<Use>) -> Self {
        let (cluster, scripted) = if let Some(path) = std::env::var_os("KERUTA_TEST_KUBECONFIG") {
            let config = ClusterConfig { kubeconfig: Some(PathBuf::from(path)), ..ClusterConfig::default() };
            (Cluster::connect(&config, &Environment::of_process()).unwrap(), None)
        } else {
            // Deadlines, grace periods and the like are short.
            let settings = Settings { second: Duration::from_millis(300), ..Settings::default() };
            let server = ApiServer::start_with(settings).await;
            (connect(&server), Some(server))
        };
        Self::start_on(name, cluster, scripted, of_server).await
    }

    async fn start_on(name: &str, cluster: Cluster, scripted: Option<ApiServer>, of_server: Option<Use>) -> Self {
        let namespace = format!("contract-{name}-{:x}", Timestamp::now().as_millisecond() & 0xff_ffff);
        let body = serde_json::from_value(json!({"metadata": {"name": namespace}})).unwrap();
        let namespaces: Api<Namespace> = Api::all(cluster.client().clone());
        namespaces.create(&PostParams::default(), &body).await.unwrap();
        let mut policy = Policy::default();
        let grace: keruta_manifest::value::Duration = if scripted.is_some() { "1s" } else { "3s" }.parse().unwrap();
        policy.grace.image_pull = grace;
        policy.grace.unschedulable = grace;
        // A provisioner of volumes may have much to do.
        policy.grace.volume_unbound = if scripted.is_some() { grace } else { "60s".parse().unwrap() };
        policy.grace.crash_loop = grace;
        policy.stuck_after = "1s".parse().unwrap();
        let (admin, journal, ledger) = (cluster.clone(), Arc::default(), MemoryLedger::default());
        let world = Self { cluster, admin, namespace, journal, ledger, policy, scripted, _use: of_server };
        if world.scripted.is_none() {
            // Before, Pods are refused, for longer than a grace where the controllers have much to do.
            let account = async || world.admin.get::<ServiceAccount>(&world.namespace, "default").await.unwrap();
            world.until("the namespace has its ServiceAccount", account).await;
        }
        world
    }

    pub(crate) fn attempt(&self, workload: &Workload) -> Attempt {
        Attempt { namespace: self.namespace.clone(), task: workload.id.clone(), number: workload.attempt }
    }

    /// Submits as somebody who follows.
    pub(crate) async fn submit(&self, workload: &Workload) -> Submitted {
        self.try_submit(&workload.bundle(&self.namespace)).await.unwrap()
    }

    pub(crate) async fn try_submit(&self, bundle: &Bundle) -> Result<Submitted, SubmitError> {
        let options = SubmitOptions { follow: true, ..SubmitOptions::default() };
        submit(&self.cluster, &self.ledger, bundle, &options, Timestamp::now()).await
    }

    /// How attempts are followed until all have ended.
    pub(crate) fn options(&self) -> FollowOptions {
        let mut options = FollowOptions::new(&self.namespace);
        options.policy = self.policy.clone();
        options.until_ended = true;
        if let (Some(_), Some(logs)) = (&self.scripted, &mut options.logs) {
            // The stand-in is quick to answer.
            logs.settings.pause = Duration::from_millis(100);
        }
        options
    }

    /// How long every state that may heal is watched.
    pub(crate) fn grace(&self) -> Duration {
        Duration::from_secs(self.policy.grace.image_pull.as_secs().into())
    }

    /// Follows these attempts until all have ended; drop the answer to end it before.
    pub(crate) fn follow(&self, workloads: &[&Workload]) -> Following {
        self.follow_into(&self.journal, self.options(), workloads)
    }

    pub(crate) fn follow_into(
        &self,
        journal: &Arc<MemoryJournal>,
        options: FollowOptions,
        workloads: &[&Workload],
    ) -> Following {
        let journal: Arc<MemoryJournal> = Arc::clone(journal);
        let follower = Follower::new(self.cluster.clone(), journal, options);
        for workload in workloads {
            follower.handle().expect(self.attempt(workload), workload.bundle(&self.namespace).job_name());
        }
        let shutdown = CancellationToken::new();
        let stopped = shutdown.clone();
        let run = tokio::spawn(async move { follower.run(stopped).await.unwrap() });
        Following { run, shutdown }
    }

    /// Submits, follows to the end, and says how it ended.
    pub(crate) async fn run(&self, workload: &Workload) -> Verdict {
        self.submit(workload).await;
        self.follow(&[workload]).ended().await;
        self.verdict(workload)
    }

    /// The verdict in the journal.
    pub(crate) fn verdict(&self, workload: &Workload) -> Verdict {
        verdict(&self.journal, &self.attempt(workload))
    }

    /// The changes of status in the journal.
    pub(crate) fn statuses(&self, workload: &Workload) -> Vec<TaskStatus> {
        let attempt = self.attempt(workload);
        self.journal.changes().iter().filter(|change| change.attempt == attempt).map(|change| change.status).collect()
    }

    /// All lines of a container, over all its runs in all Pods, as texts; a gap reads `<gap: …>`.
    pub(crate) fn lines(&self, container: &str) -> Vec<String> {
        lines(&self.journal, container)
    }

    pub(crate) async fn job(&self, workload: &Workload) -> Option<Job> {
        let name = workload.bundle(&self.namespace).job_name().to_owned();
        self.cluster.get(&self.namespace, &name).await.unwrap()
    }

    pub(crate) async fn pods(&self) -> Vec<Pod> {
        self.cluster.list(&self.namespace, "app=keruta").await.unwrap()
    }

    /// Waits until a container of a Pod runs, and says which Pod.
    pub(crate) async fn running(&self, container: &str) -> String {
        self.until("a container runs", async || {
            let running = |pod: &&Pod| {
                let status = pod.status.as_ref();
                status.and_then(|status| status.container_statuses.as_ref()).into_iter().flatten().any(|status| {
                    status.name == container && status.state.as_ref().is_some_and(|state| state.running.is_some())
                })
            };
            self.pods().await.iter().find(running).and_then(|pod| pod.metadata.name.clone())
        })
        .await
    }

    /// Waits until something is there.
    pub(crate) async fn until<T>(&self, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
        let waiting = async {
            loop {
                if let Some(found) = look().await {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(if self.scripted.is_some() { 5 } else { 200 })).await;
            }
        };
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(found) => found,
            Err(elapsed) => panic!("waited in vain: {what}: {elapsed}; the journal has {:#?}", self.journal.changes()),
        }
    }

    /// Deletes the namespace. Nothing of ours may hold it up.
    pub(crate) async fn finish(self) {
        if let Some(scripted) = &self.scripted {
            scripted.allow_all();
        }
        let finalizer = |pod: &Pod| pod.metadata.finalizers.iter().flatten().any(|name| name == "keruta.dev/evidence");
        let held: Vec<_> =
            self.admin.list(&self.namespace, "app=keruta").await.unwrap().into_iter().filter(finalizer).collect();
        let names: Vec<_> = held.iter().filter_map(|pod| pod.metadata.name.clone()).collect();
        let pods: Api<Pod> = self.admin.api(&self.namespace);
        for name in &names {
            let patch = Patch::Merge(json!({"metadata": {"finalizers": null}}));
            let _ = pods.patch(name, &PatchParams::default(), &patch).await;
        }
        let namespaces: Api<Namespace> = Api::all(self.admin.client().clone());
        let _ = namespaces.delete(&self.namespace, &DeleteParams::default()).await;
        assert!(names.is_empty(), "these Pods were not let go: {names:?}");
    }

    /// How many Jobs there are.
    pub(crate) async fn count_jobs(&self) -> usize {
        self.cluster.api::<Job>(&self.namespace).list(&ListParams::default()).await.unwrap().items.len()
    }
}

/// The one verdict on an attempt in a journal.
pub(crate) fn verdict(journal: &MemoryJournal, attempt: &Attempt) -> Verdict {
    let changes = journal.changes();
    let mut verdicts = changes.iter().filter(|change| change.attempt == *attempt).filter_map(|it| it.verdict.clone());
    match (verdicts.next(), verdicts.next()) {
        (Some(verdict), None) => verdict,
        _ => panic!("one verdict, not {changes:#?}"),
    }
}

/// All lines of a container in a journal; see [`World::lines`].
pub(crate) fn lines(journal: &MemoryJournal, container: &str) -> Vec<String> {
    let runs = runs(journal, container).into_iter();
    runs.flat_map(|(_, lines)| lines).map(|line| String::from_utf8_lossy(&line).into_owned()).collect()
}

/// The lines of each run of a container, the earliest first.
pub(crate) fn runs(journal: &MemoryJournal, container: &str) -> Vec<(LogSource, Vec<Vec<u8>>)> {
    let mut sources = journal.sources();
    sources.retain(|source| source.container == container);
    let first = |source: &LogSource| {
        journal.entries(source).iter().find_map(|entry| match entry {
            LogEntry::Line(line) => Some(line.timestamp),
            LogEntry::Gap(_) => None,
        })
    };
    sources.sort_by_key(|source| (first(source), source.restart));
    let lines = |source: &LogSource| {
        let mut lines: Vec<Vec<u8>> = Vec::new();
        let mut open = false;
        for entry in journal.entries(source) {
            let (text, continues) = match entry {
                LogEntry::Line(line) => (line.message.to_vec(), line.continues),
                LogEntry::Gap(gap) => (format!("<gap: {}>", gap.reason).into_bytes(), false),
            };
            match lines.last_mut().filter(|_| open) {
                Some(last) => last.extend(text),
                None => lines.push(text),
            }
            open = continues;
        }
        lines
    };
    sources.into_iter().map(|source| (source.clone(), lines(&source))).collect()
}

/// A client of the stand-in.
pub(crate) fn connect(server: &ApiServer) -> Cluster {
    let mut config = kube::Config::new(server.url().parse().unwrap());
    config.default_retry = false;
    Cluster::new(kube::Client::try_from(config).unwrap(), "default", &server.url())
}

/// A follower at work.
pub(crate) struct Following {
    run: JoinHandle<()>,
    shutdown: CancellationToken,
}

impl Following {
    /// Waits until all has ended.
    pub(crate) async fn ended(mut self) {
        let ended = tokio::time::timeout(PATIENCE, &mut self.run).await;
        ended.expect("the follower ends in time").unwrap();
    }

    /// Kills it in the middle of whatever it does.
    pub(crate) fn kill(self) {
        drop(self);
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.run.abort();
        self.shutdown.cancel();
    }
}
