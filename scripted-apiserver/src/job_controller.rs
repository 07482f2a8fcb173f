//! The Job controller, by the rules of Kubernetes 1.36 (`pkg/controller/job/job_controller.go`).

mod count;
mod pods;
mod policy;
mod status;
mod sync;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

use crate::cluster::Cluster;
use crate::object::{finalizers, list, text};
use crate::resource::Resource;
use crate::store::{ChangeKind, Key, Notice};

/// The finalizer that keeps a Pod until its Job has counted it.
pub(crate) const TRACKING: &str = "batch.kubernetes.io/job-tracking";

/// A Job to look at: its key and uid.
type Item = (Key, String);

/// What the controller remembers of a Job beside its object.
#[derive(Default)]
pub(crate) struct Memory {
    /// `status.startTime` and the precise time that it stands for.
    start: Option<(String, Timestamp)>,
    /// How many Pods failed, and when the last one did.
    failures: u32,
    last_failure: Option<Timestamp>,
}

/// Gives the Jobs that changed to the worker.
pub(crate) struct Jobs {
    queue: mpsc::UnboundedSender<Item>,
    worker: JoinHandle<()>,
}

impl Drop for Jobs {
    fn drop(&mut self) {
        self.worker.abort();
    }
}

impl Jobs {
    pub(crate) fn start(cluster: &Arc<Cluster>) -> Self {
        let (queue, items) = mpsc::unbounded_channel();
        let worker = tokio::spawn(work(Arc::clone(cluster), items, queue.clone()));
        Self { queue, worker }
    }

    /// Does what a change calls for.
    pub(crate) fn notice(&self, notice: &Notice) {
        let object = &notice.object;
        let item = match notice.resource {
            Resource::Jobs => {
                Some((Key::new(Resource::Jobs, object.namespace(), object.name()), object.uid().to_owned()))
            }
            Resource::Pods => {
                let owners = list(&object.value, "/metadata/ownerReferences");
                let owner = owners.iter().find(|owner| text(owner, "/kind") == "Job");
                // A Pod that is gone and was counted has nothing more to say.
                let counted = notice.kind == ChangeKind::Deleted
                    && !finalizers(&object.value).iter().any(|finalizer| finalizer == TRACKING)
                    && matches!(text(&object.value, "/status/phase"), "Succeeded" | "Failed");
                owner.filter(|_| !counted).map(|owner| {
                    let key = Key::new(Resource::Jobs, object.namespace(), text(owner, "/name"));
                    (key, text(owner, "/uid").to_owned())
                })
            }
            _ => None,
        };
        if let Some(item) = item {
            // The worker ends with the server alone.
            let _ = self.queue.send(item);
        }
    }
}

async fn work(cluster: Arc<Cluster>, mut items: mpsc::UnboundedReceiver<Item>, queue: mpsc::UnboundedSender<Item>) {
    let mut memories: HashMap<String, Memory> = HashMap::new();
    // When it comes to each Job first.
    let mut first: HashMap<String, Instant> = HashMap::new();
    let mut later = JoinSet::new();
    let mut batch = Vec::new();
    while items.recv_many(&mut batch, 1024).await > 0 {
        let distinct: BTreeSet<Item> = batch.drain(..).collect();
        for (key, uid) in distinct {
            let (now, delay) = (Instant::now(), cluster.settings.job_delay);
            let due = *first.entry(uid.clone()).or_insert_with(|| {
                if !delay.is_zero() {
                    again(&mut later, &queue, (key.clone(), uid.clone()), delay);
                }
                now + delay
            });
            if now < due {
                continue;
            }
            let memory = memories.entry(uid.clone()).or_default();
            match cluster.write(|store| sync::sync(&cluster, store, &key, &uid, memory)) {
                sync::Next::Gone => {
                    memories.remove(&uid);
                    cluster.lives().tried.remove(&uid);
                }
                sync::Next::Wait => {}
                sync::Next::After(time) => again(&mut later, &queue, (key, uid), time),
            }
        }
        while later.try_join_next().is_some() {}
    }
}

/// Has a Job looked at again after this time.
fn again(later: &mut JoinSet<()>, queue: &mpsc::UnboundedSender<Item>, item: Item, time: Duration) {
    let queue = queue.clone();
    later.spawn(async move {
        tokio::time::sleep(time).await;
        // The worker ends with the server alone.
        let _ = queue.send(item);
    });
}
