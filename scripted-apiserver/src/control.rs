//! The controllers' loop, and what a test can do to a Pod.

mod gc;
mod volumes;

pub(crate) use volumes::unbound;

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::api::delete::Options;
use crate::api::{Caller, delete, eviction};
use crate::cluster::Cluster;
use crate::life::{DisruptionKind, End};
use crate::log::LogFile;
use crate::resource::Resource;
use crate::store::{Key, Notice};

/// Runs all controllers until it is aborted.
pub(crate) async fn run(cluster: Arc<Cluster>, mut notices: mpsc::UnboundedReceiver<Notice>) {
    let jobs = crate::job_controller::Jobs::start(&cluster);
    let mut kubelet = crate::kubelet::Kubelet::new(Arc::clone(&cluster));
    while let Some(notice) = notices.recv().await {
        gc::notice(&cluster, &notice);
        volumes::notice(&cluster, &notice);
        jobs.notice(&notice);
        kubelet.notice(&notice);
    }
}

/// A Pod that a test does something to. Each returns `false` where the Pod is not there.
#[derive(Clone)]
pub struct PodHandle {
    cluster: Arc<Cluster>,
    key: Key,
}

impl PodHandle {
    pub(crate) fn new(cluster: Arc<Cluster>, namespace: &str, name: &str) -> Self {
        Self { cluster, key: Key::new(Resource::Pods, namespace, name) }
    }

    fn there(&self) -> bool {
        self.cluster.read(|store| store.get(&self.key).is_some())
    }

    /// Evicts it through the Eviction API, as `kubectl drain` does.
    #[allow(clippy::must_use_candidate, reason = "most tests know that it is there")]
    pub fn evict(&self) -> bool {
        let caller = Caller::component("kubectl");
        self.cluster.write(|store| eviction::evict(store, &caller, &self.key, &Options::default())).is_ok()
    }

    /// Deletes it, with its own grace period.
    #[allow(clippy::must_use_candidate, reason = "most tests know that it is there")]
    pub fn delete(&self) -> bool {
        let caller = Caller::component("kubectl");
        self.cluster.write(|store| delete::delete(store, &caller, &self.key, &Options::default())).is_ok()
    }

    /// Deletes it as `kubectl delete --force` does: with no grace period.
    #[allow(clippy::must_use_candidate, reason = "most tests know that it is there")]
    pub fn force_delete(&self) -> bool {
        let caller = Caller::component("kubectl");
        let options = Options { grace_seconds: Some(0), ..Options::default() };
        self.cluster.write(|store| delete::delete(store, &caller, &self.key, &options)).is_ok()
    }

    /// Its node stops answering: logs are out of reach, the taint manager deletes the Pod, and the Pod garbage collector
    /// marks it failed.
    #[allow(clippy::must_use_candidate, reason = "most tests know that it is there")]
    pub fn lose_node(&self) -> bool {
        self.disrupt(DisruptionKind::NodeLost)
    }

    /// The scheduler makes room for a Pod of higher priority.
    #[allow(clippy::must_use_candidate, reason = "most tests know that it is there")]
    pub fn preempt(&self) -> bool {
        self.disrupt(DisruptionKind::Preemption)
    }

    /// Anything that can come over it from outside.
    #[allow(clippy::must_use_candidate, reason = "most tests know that it is there")]
    pub fn disrupt(&self, kind: DisruptionKind) -> bool {
        let there = self.there();
        if there {
            crate::kubelet::disrupt(&self.cluster, &self.key, kind);
        }
        there
    }

    /// Writes a line into the log of a container that runs: of one that the test itself runs.
    #[allow(clippy::must_use_candidate, reason = "most tests know that it is there")]
    pub fn write_line(&self, container: &str, line: &[u8]) -> bool {
        let Some(file) = self.log_files(container).pop() else { return false };
        file.append(self.cluster.node_time(), line, false, self.cluster.settings.log_max_size);
        true
    }

    /// Ends a container, with what it wrote to its termination message file. Its script is best one that never ends
    /// ([`crate::Run::forever`] with [`crate::OnTerm::Ignore`]): so a test runs it itself.
    #[allow(clippy::must_use_candidate, reason = "most tests know that it is there")]
    pub fn end_container(&self, container: &str, end: End, message: &str) -> bool {
        let uid = self.cluster.read(|store| store.get(&self.key).map(|pod| pod.uid().to_owned()));
        let control = uid.and_then(|uid| self.cluster.pods().get(&uid).cloned());
        if let Some(control) = &control {
            control.end(container, end, message);
        }
        control.is_some()
    }

    /// Rotates a container's log: what was written is no longer served to new readers.
    #[allow(clippy::must_use_candidate, reason = "most tests know that it is there")]
    pub fn rotate_log(&self, container: &str) -> bool {
        let files = self.log_files(container);
        for file in &files {
            file.rotate();
        }
        !files.is_empty()
    }

    /// The logs of a container's runs, as far as they are kept, the newest last.
    fn log_files(&self, container: &str) -> Vec<Arc<LogFile>> {
        let uid = self.cluster.read(|store| store.get(&self.key).map(|pod| pod.uid().to_owned()));
        let files = uid.and_then(|uid| self.cluster.logs().get(&(uid, container.to_owned())).cloned());
        files.unwrap_or_default()
    }
}
