//! The cluster, and a namespace for each phase.

use std::time::{Duration, Instant};

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Namespace;
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

    /// Deletes a namespace and waits until it is gone.
    pub(crate) async fn clear(&self, namespace: &str) -> Outcome<()> {
        let begin = Instant::now();
        // The Jobs first, or their controller makes new Pods for those that go.
        let jobs = Api::<Job>::namespaced(self.client.clone(), namespace);
        // So many take longer than the server lets a request take: what it has deleted until then stays deleted.
        while let Err(error) = jobs.delete_collection(&DeleteParams::background(), &ListParams::default()).await {
            if begin.elapsed() > PATIENCE {
                return Err(error.into());
            }
            sleep(Duration::from_secs(1)).await;
        }
        let namespaces = Api::<Namespace>::all(self.client.clone());
        namespaces.delete(namespace, &DeleteParams::default()).await?;
        while namespaces.get_opt(namespace).await?.is_some() && begin.elapsed() < PATIENCE {
            sleep(Duration::from_secs(2)).await;
        }
        eprintln!("namespace {namespace} was gone after {:.0} s", begin.elapsed().as_secs_f64());
        Ok(())
    }
}

/// A figure of this process's memory in bytes. <https://docs.kernel.org/filesystems/proc.html>
pub(crate) fn resident(figure: &str) -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(figure)?.strip_prefix(':'));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()).ok_or("no such figure")?;
    Ok(kilobytes.parse::<u64>()? * 1024)
}

/// The processor time of this process in seconds.
pub(crate) fn processor() -> Outcome<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // Behind the name in brackets: utime and stime are fields 14 and 15, in hundredths of a second.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    Ok((ticks(11) + ticks(12)) / 100.0)
}
