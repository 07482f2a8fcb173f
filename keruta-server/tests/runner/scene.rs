//! A scripted cluster, a store, and runners on them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use keruta_api::TaskStatus;
use keruta_manifest::Settings;
use keruta_server::auth::{Access, AccessOptions};
use keruta_server::jobs::Jobs;
use keruta_server::operation::ServerSettings;
use keruta_server::queue::Limits;
use keruta_server::runner::{ClusterState, Connect, Runner, RunnerOptions, TaskTokens};
use keruta_server::secret::Secrets;
use keruta_server::store::logs::LogStore;
use keruta_server::store::{Store, StoreError};
use keruta_server::task::{StoredTask, TaskSpec};
use keruta_submitter::cluster::{Cluster, ClusterConfig, Environment};
use scripted_apiserver::{ApiServer, Life};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The namespace of the tasks.
pub(crate) const NAMESPACE: &str = "tasks";
/// How long anything may take.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct Scene {
    pub(crate) server: ApiServer,
    pub(crate) store: Store,
    pub(crate) logs: LogStore,
    pub(crate) settings: watch::Sender<Arc<Settings>>,
    pub(crate) operation: watch::Sender<Arc<ServerSettings>>,
    kubeconfig: std::path::PathBuf,
    directory: TempDir,
}

/// A runner at work; it is killed when it is dropped.
pub(crate) struct Running {
    pub(crate) state: watch::Receiver<ClusterState>,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Scene {
    pub(crate) async fn start() -> Self {
        let settings =
            scripted_apiserver::Settings { second: Duration::from_millis(300), chronicle: true, ..Default::default() };
        let server = ApiServer::start_with(settings).await;
        server.create_namespace(NAMESPACE);
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&url(&directory)).await.unwrap();
        let kubeconfig = directory.path().join("kubeconfig");
        std::fs::write(&kubeconfig, server.kubeconfig()).unwrap();
        let settings = watch::Sender::new(settings_of(&json!({})));
        let logs = LogStore::start(store.clone());
        let scene = Self { server, store, logs, settings, operation: watch::Sender::default(), kubeconfig, directory };
        scene.operate(&json!({}));
        scene
    }

    /// Opens the store anew, as a process that starts again does.
    pub(crate) async fn reopen(&mut self) {
        self.store.database().close().await;
        let empty = tempfile::tempdir().unwrap();
        self.store = Store::open(&url(&empty)).await.unwrap();
        self.logs = LogStore::start(self.store.clone());
        let began = Instant::now();
        // What was killed lets go of the file a moment later.
        self.store = loop {
            match Store::open(&url(&self.directory)).await {
                Err(StoreError::InUse { .. }) if began.elapsed() < PATIENCE => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                opened => break opened.unwrap(),
            }
        };
        self.logs = LogStore::start(self.store.clone());
    }

    pub(crate) fn set(&self, settings: &Value) {
        self.settings.send_replace(settings_of(settings));
    }

    pub(crate) fn connect(&self) -> Connect {
        let kubeconfig = Some(self.kubeconfig.clone());
        Arc::new(move |_| {
            let config = ClusterConfig { kubeconfig: kubeconfig.clone(), ..ClusterConfig::default() };
            Cluster::connect(&config, &Environment::of_process())
        })
    }

    pub(crate) fn run(&self) -> Running {
        self.run_with("one", Limits::default())
    }

    pub(crate) fn run_with(&self, identity: &str, limits: Limits) -> Running {
        Running::of(self.runner(identity, limits))
    }

    /// Runs tasks as the server does: each attempt with a token of its own, and with the background jobs.
    pub(crate) fn run_whole(&self) -> Running {
        self.run_whole_as("one")
    }

    pub(crate) fn run_whole_as(&self, identity: &str) -> Running {
        let jobs = Jobs::new(
            self.store.clone(),
            self.logs.clone(),
            self.settings.subscribe(),
            self.operation.subscribe(),
            Secrets::default(),
        );
        let jobs = jobs.looking_every(Duration::from_millis(100));
        let tokens = TaskTokens::new(self.access(), self.operation.subscribe());
        Running::of(self.runner(identity, Limits::default()).with_tokens(tokens).with_jobs(jobs))
    }

    pub(crate) fn access(&self) -> Access {
        Access::new(self.store.clone(), AccessOptions::default()).unwrap()
    }

    /// Sets how the server works; the jobs that tests wait for run every second.
    pub(crate) fn operate(&self, settings: &Value) {
        let mut settings = settings.clone();
        for job in ["removal", "token-secrets"] {
            settings["backgroundJobs"][job] = json!({"every": "1s"});
        }
        self.operation.send_replace(Arc::new(serde_json::from_value(settings).unwrap()));
    }

    /// Waits until something is so.
    pub(crate) async fn until_so(&self, what: &str, mut is_so: impl AsyncFnMut() -> bool) {
        let began = Instant::now();
        while !is_so().await {
            assert!(began.elapsed() < PATIENCE, "{what}: {:#?}", self.store.runs().await.unwrap());
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// The names of the objects of a kind.
    pub(crate) fn names(&self, resource: &str) -> Vec<String> {
        let objects = self.server.objects(resource, NAMESPACE);
        objects.iter().map(|object| object["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    }

    fn runner(&self, identity: &str, limits: Limits) -> Runner {
        let mut options = RunnerOptions::new(identity);
        options.limits = limits;
        options.lease = Duration::from_millis(1500);
        options.poll = Duration::from_millis(200);
        Runner::new(self.store.clone(), self.logs.clone(), self.settings.subscribe(), self.connect(), options)
    }

    /// Makes a task whose containers do this.
    pub(crate) async fn create(&self, id: &str, life: &Life, more: &Value) -> StoredTask {
        let (key, value) = life.annotation();
        let mut task = json!({
            "id": id, "image": "busybox:1.36", "command": ["sh", "-c", "true"], "backoffLimit": 0,
            "podPatch": {"merge": {"metadata": {"annotations": {key: value}}}},
        });
        for (field, value) in more.as_object().unwrap() {
            task[field] = value.clone();
        }
        let spec = TaskSpec::from_json(&task.to_string()).unwrap();
        self.store.create_task(spec, NAMESPACE, "ada", Timestamp::now()).await.unwrap()
    }

    /// Waits until a task is as it should be.
    pub(crate) async fn until(&self, id: &str, is_there: impl Fn(&StoredTask) -> bool) -> StoredTask {
        let began = Instant::now();
        loop {
            let task = self.store.task(id).await.unwrap();
            if is_there(&task) {
                return task;
            }
            assert!(began.elapsed() < PATIENCE, "{task:#?}\n{:#?}", self.store.events(Some(id), 0, 100).await.unwrap());
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    pub(crate) async fn until_status(&self, id: &str, status: TaskStatus) -> StoredTask {
        self.until(id, |task| task.status == status).await
    }

    /// The Jobs that there ever were of a task.
    pub(crate) fn jobs_of(&self, id: &str) -> Vec<String> {
        let mut uids: Vec<String> = self
            .server
            .chronicle("jobs", NAMESPACE)
            .into_iter()
            .filter(|(job, _)| job["metadata"]["labels"]["task-id"] == id)
            .map(|(job, _)| job["metadata"]["uid"].as_str().unwrap().to_owned())
            .collect();
        uids.sort();
        uids.dedup();
        uids
    }

    /// The statuses that a task went through.
    pub(crate) async fn statuses(&self, id: &str) -> Vec<TaskStatus> {
        let events = self.store.events(Some(id), 0, 1000).await.unwrap();
        events.into_iter().filter(|event| event.kind == "status").filter_map(|event| event.to).collect()
    }
}

impl Running {
    fn of(runner: Runner) -> Self {
        let (state, shutdown) = (runner.state(), CancellationToken::new());
        let task = tokio::spawn(runner.run(shutdown.clone()));
        Self { state, shutdown, task }
    }

    /// Ends it as a signal does.
    pub(crate) async fn shut_down(mut self) {
        self.shutdown.cancel();
        (&mut self.task).await.unwrap();
    }

    /// Ends it as `kill -9` does: nothing more is done.
    pub(crate) fn kill(self) {
        self.task.abort();
        drop(self);
    }

    pub(crate) async fn until_state(&mut self, is_there: impl Fn(&ClusterState) -> bool) {
        tokio::time::timeout(PATIENCE, self.state.wait_for(|state| is_there(state))).await.unwrap().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn url(directory: &TempDir) -> String {
    format!("sqlite:{}", directory.path().join("keruta.db").display())
}

fn settings_of(json: &Value) -> Arc<Settings> {
    Arc::new(Settings::from_json(&json.to_string()).unwrap())
}
