//! The cluster, and a namespace for each phase.

use std::time::{Duration, Instant};

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use keruta_submitter::cluster::Cluster;
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::client::ClientBuilder;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use serde_json::json;
use tokio::time::sleep;

use crate::count::Requests;
use crate::{KUBECONFIG, Outcome};

/// How long the cluster may take to come to rest.
const PATIENCE: Duration = Duration::from_secs(1800);

/// A client of the cluster, and what it asks.
pub(crate) struct Place {
    pub(crate) client: Client,
    pub(crate) server: String,
    pub(crate) requests: Requests,
}

impl Place {
    pub(crate) async fn reach() -> Outcome<Self> {
        let path = std::env::var_os(KUBECONFIG).ok_or("no cluster is named")?;
        let kubeconfig = Kubeconfig::read_from(path)?;
        let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
        config.default_retry = false;
        let (server, requests) = (config.cluster_url.to_string(), Requests::default());
        let client = ClientBuilder::try_from(config)?.with_layer(&requests).build();
        Ok(Self { client, server, requests })
    }

    pub(crate) fn cluster(&self) -> Cluster {
        Cluster::new(self.client.clone(), "default", &self.server)
    }

    pub(crate) async fn version(&self) -> Outcome<String> {
        Ok(self.client.apiserver_version().await?.git_version)
    }

    pub(crate) async fn make(&self, phase: &str) -> Outcome<String> {
        let name = format!("scale-{phase}-{:x}", jiff::Timestamp::now().as_millisecond() & 0xfff_ffff);
        let body = serde_json::from_value(json!({"metadata": {"name": name}}))?;
        Api::<Namespace>::all(self.client.clone()).create(&PostParams::default(), &body).await?;
        // Its service account comes a moment later; without it Pods are refused.
        let accounts = Api::<k8s_openapi::api::core::v1::ServiceAccount>::namespaced(self.client.clone(), &name);
        while accounts.get_opt("default").await?.is_none() {
            sleep(Duration::from_millis(100)).await;
        }
        Ok(name)
    }

    /// Waits until every Job has its Pod, so that the next phase does not compete with their making.
    pub(crate) async fn settle(&self, namespace: &str, pods: usize) -> Outcome<()> {
        let (begin, api) = (Instant::now(), Api::<Pod>::namespaced(self.client.clone(), namespace));
        while count(&api).await? < pods && begin.elapsed() < PATIENCE {
            sleep(Duration::from_secs(2)).await;
        }
        Ok(())
    }

    /// Deletes a namespace and waits until it is gone.
    pub(crate) async fn clear(&self, namespace: &str) -> Outcome<()> {
        let begin = Instant::now();
        // The Jobs first, or their controller makes new Pods for those that go.
        let jobs = Api::<Job>::namespaced(self.client.clone(), namespace);
        jobs.delete_collection(&DeleteParams::background(), &ListParams::default()).await?;
        let namespaces = Api::<Namespace>::all(self.client.clone());
        namespaces.delete(namespace, &DeleteParams::default()).await?;
        while namespaces.get_opt(namespace).await?.is_some() && begin.elapsed() < PATIENCE {
            sleep(Duration::from_secs(2)).await;
        }
        eprintln!("namespace {namespace} was gone after {:.0} s", begin.elapsed().as_secs_f64());
        Ok(())
    }
}

async fn count(pods: &Api<Pod>) -> Outcome<usize> {
    let page = pods.list_metadata(&ListParams::default().limit(1)).await?;
    let rest = usize::try_from(page.metadata.remaining_item_count.unwrap_or(0)).unwrap_or(0);
    Ok(page.items.len() + rest)
}
