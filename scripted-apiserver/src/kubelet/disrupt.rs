//! What comes over a Pod from outside.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Order, Stop, status};
use crate::api::delete::{Options, delete};
use crate::api::eviction::{disrupt as target, evict};
use crate::api::{self, Caller};
use crate::cluster::Cluster;
use crate::life::DisruptionKind;
use crate::object::{int, map, text};
use crate::store::Key;

const LOW_MEMORY: &str = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. ";
const SHUTDOWN: &str = "Pod was terminated in response to imminent node shutdown.";

/// Does it, by the same ways as the parts of a real cluster.
pub(crate) fn disrupt(cluster: &Arc<Cluster>, key: &Key, kind: DisruptionKind) {
    let Some(pod) = cluster.read(|store| store.get(key).cloned()) else { return };
    let control = cluster.pods().get(pod.uid()).cloned();
    let options = Options::default();
    match kind {
        DisruptionKind::Eviction => {
            let caller = Caller::component("kubectl");
            // It may be gone already; so with the others.
            let _ = cluster.write(|store| evict(store, &caller, key, &options));
        }
        DisruptionKind::Deletion => {
            let caller = Caller::component("kubectl");
            let _ = cluster.write(|store| delete(store, &caller, key, &options));
        }
        // The scheduler's victims are Pods that take room.
        DisruptionKind::Preemption if matches!(text(&pod.value, "/status/phase"), "Succeeded" | "Failed") => {}
        DisruptionKind::Preemption => {
            let caller = Caller::component("kube-scheduler");
            let message = "default-scheduler: preempting to accommodate a higher priority pod";
            cluster.write(|store| {
                target(store, key, "PreemptionByScheduler", message, caller.now);
                let _ = delete(store, &caller, key, &options);
            });
        }
        DisruptionKind::NodePressure | DisruptionKind::NodeShutdown => {
            let grace = int(&pod.value, "/spec/terminationGracePeriodSeconds").unwrap_or(30);
            let stop = if kind == DisruptionKind::NodePressure {
                Stop { grace: std::time::Duration::ZERO, by_kubelet: Some(("Evicted", LOW_MEMORY)) }
            } else {
                Stop { grace: cluster.seconds(grace), by_kubelet: Some(("Terminated", SHUTDOWN)) }
            };
            if let Some(control) = control {
                control.give(Order::Stop(stop));
            }
        }
        DisruptionKind::NodeLost => {
            if let Some(control) = control {
                control.node_lost.store(true, Ordering::SeqCst);
            }
            let uid = pod.uid().to_owned();
            tokio::spawn(lose(Arc::clone(cluster), key.clone(), uid));
        }
    }
}

/// The node lifecycle controller, then the taint manager, then the Pod garbage collector.
async fn lose(cluster: Arc<Cluster>, key: Key, uid: String) {
    let caller = Caller::component("kube-controller-manager");
    cluster.write(|store| {
        api::write(store, &caller, &key, "status", |pod| status::set(pod, "Ready", false, "", "", caller.now));
    });
    tokio::time::sleep(cluster.settings.retry).await;
    let same = |cluster: &Cluster| cluster.read(|store| store.get(&key).is_some_and(|pod| pod.uid() == uid));
    if !same(&cluster) {
        return;
    }
    let caller = Caller::component("kube-controller-manager");
    cluster.write(|store| {
        target(store, &key, "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint", caller.now);
        // It may be gone already.
        let _ = delete(store, &caller, &key, &Options::default());
    });
    tokio::time::sleep(cluster.settings.retry).await;
    if !same(&cluster) {
        return;
    }
    let caller = Caller::component("kube-controller-manager");
    cluster.write(|store| {
        api::write(store, &caller, &key, "status", |pod| {
            if !matches!(text(pod, "/status/phase"), "Succeeded" | "Failed") {
                map(pod, "status").insert("phase".to_owned(), "Failed".into());
            }
        });
        target(store, &key, "DeletionByPodGC", "PodGC: node no longer exists", caller.now);
        let options = Options { grace_seconds: Some(0), ..Options::default() };
        let _ = delete(store, &caller, &key, &options);
    });
}
