//! The scripted API server, seen by kube's client.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod api;
mod faults;
mod jobs;
mod logs;
mod watches;

use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::api::{Api, ListParams, PostParams};
use kube::{Client, Config};
use scripted_apiserver::{ApiServer, Life, Settings};
use serde_json::{Value, json};

/// A namespace of a server.
struct Lab {
    server: ApiServer,
    client: Client,
}

const NS: &str = "tasks";

impl Lab {
    async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    async fn with(settings: Settings) -> Self {
        let server = ApiServer::start_with(settings).await;
        server.create_namespace(NS);
        let client = Client::try_from(Config::new(server.url().parse().unwrap())).unwrap();
        Self { server, client }
    }

    fn jobs(&self) -> Api<Job> {
        Api::namespaced(self.client.clone(), NS)
    }

    fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.client.clone(), NS)
    }

    fn config_maps(&self) -> Api<ConfigMap> {
        Api::namespaced(self.client.clone(), NS)
    }

    /// Creates a Job of one container `main`, with the evidence finalizer on its Pods, changed by `change`.
    async fn job(&self, name: &str, life: &Life, change: impl FnOnce(&mut Value)) -> Job {
        let (key, life) = life.annotation();
        let mut job = json!({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "labels": {"app": "keruta"}},
            "spec": {"backoffLimit": 0, "template": {
                "metadata": {"annotations": {key: life}, "labels": {"app": "keruta"}, "finalizers": ["keruta.dev/evidence"]},
                "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox:1.36"}]}
            }}
        });
        change(&mut job);
        let job = serde_json::from_value(job).unwrap();
        self.jobs().create(&PostParams::default(), &job).await.unwrap()
    }

    /// The Pods of a Job, oldest first.
    async fn pods_of(&self, job: &str) -> Vec<Pod> {
        let labels = ListParams::default().labels(&format!("batch.kubernetes.io/job-name={job}"));
        let mut pods = self.pods().list(&labels).await.unwrap().items;
        pods.sort_by_key(|pod| pod.metadata.resource_version.clone().unwrap().parse::<u64>().unwrap());
        pods
    }

    /// Waits until the Job is as wanted.
    async fn wait_job(&self, name: &str, wanted: impl Fn(&Job) -> bool) -> Job {
        let wait = async {
            loop {
                let job = self.jobs().get(name).await.unwrap();
                if wanted(&job) {
                    return job;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let Ok(found) = tokio::time::timeout(Duration::from_secs(8), wait).await else {
            panic!("the Job stays {:#?}", self.jobs().get(name).await.unwrap().status)
        };
        found
    }

    /// Waits until the Job's first Pod is as wanted.
    async fn wait_pod(&self, job: &str, wanted: impl Fn(&Pod) -> bool) -> Pod {
        let wait = async {
            loop {
                if let Some(pod) = self.pods_of(job).await.into_iter().next().filter(&wanted) {
                    return pod;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let Ok(found) = tokio::time::timeout(Duration::from_secs(8), wait).await else {
            panic!("the Pods stay {:#?}", self.pods_of(job).await)
        };
        found
    }
}

fn condition<'a>(job: &'a Job, kind: &str) -> Option<&'a k8s_openapi::api::batch::v1::JobCondition> {
    job.status
        .as_ref()?
        .conditions
        .as_ref()?
        .iter()
        .find(|condition| condition.type_ == kind && condition.status == "True")
}

fn pod_condition<'a>(pod: &'a Pod, kind: &str) -> Option<&'a k8s_openapi::api::core::v1::PodCondition> {
    pod.status.as_ref()?.conditions.as_ref()?.iter().find(|condition| condition.type_ == kind)
}

fn phase(pod: &Pod) -> &str {
    pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default()
}

fn waiting(pod: &Pod) -> &str {
    pod.status
        .as_ref()
        .and_then(|status| {
            status.container_statuses.as_ref()?.first()?.state.as_ref()?.waiting.as_ref()?.reason.as_deref()
        })
        .unwrap_or_default()
}

fn config_map(name: &str) -> ConfigMap {
    serde_json::from_value(json!({"metadata": {"name": name}, "data": {"x": "1"}})).unwrap()
}

/// The Status of a refusal.
fn refusal<T: std::fmt::Debug>(result: Result<T, kube::Error>) -> Box<kube::core::Status> {
    match result.unwrap_err() {
        kube::Error::Api(status) => status,
        other => panic!("no Status: {other}"),
    }
}
