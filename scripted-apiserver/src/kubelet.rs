//! The scheduler and the kubelet: they drive each Pod through the life that its script tells.

mod container;
mod disrupt;
mod pod;
mod start;
mod state;
mod status;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

pub(crate) use disrupt::disrupt;

use crate::cluster::Cluster;
use crate::life::End;
use crate::object::{deleting, int};
use crate::resource::Resource;
use crate::store::{ChangeKind, Key, Notice};

/// The name of the one node.
pub(crate) const NODE: &str = "lab";

/// What a Pod is to do.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Order {
    #[default]
    Live,
    /// End within the grace period.
    Stop(Stop),
    /// The object is gone.
    Gone,
}

/// Why and how fast a Pod ends.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Stop {
    pub(crate) grace: Duration,
    /// Reason and message of the Pod's status, where the kubelet ends it on its own.
    pub(crate) by_kubelet: Option<(&'static str, &'static str)>,
}

/// The line from the rest of the cluster to a Pod's kubelet.
pub(crate) struct PodControl {
    order: watch::Sender<Order>,
    node_lost: AtomicBool,
    /// How containers have ended that a test runs itself, and their termination messages.
    ends: watch::Sender<HashMap<String, (End, String)>>,
}

impl PodControl {
    fn new() -> Self {
        Self {
            order: watch::Sender::new(Order::Live),
            node_lost: AtomicBool::new(false),
            ends: watch::Sender::default(),
        }
    }

    pub(crate) fn node_lost(&self) -> bool {
        self.node_lost.load(Ordering::SeqCst)
    }

    /// Ends a container as its test says.
    pub(crate) fn end(&self, container: &str, end: End, message: &str) {
        self.ends.send_modify(|ends| {
            ends.insert(container.to_owned(), (end, message.to_owned()));
        });
    }

    /// How a container ended, once a test has said so.
    async fn by_hand(&self, container: &str) -> (End, String) {
        let mut ends = self.ends.subscribe();
        // The sender lives as long as this.
        let told = ends.wait_for(|ends| ends.contains_key(container)).await;
        let told = told.ok().and_then(|ends| ends.get(container).cloned());
        match told {
            Some(told) => told,
            None => std::future::pending().await,
        }
    }

    /// A later order never takes an earlier one back.
    fn give(&self, order: Order) {
        self.order.send_if_modified(|known| {
            let stronger = match (&*known, &order) {
                (Order::Gone, _) | (_, Order::Live) => false,
                (Order::Stop(old), Order::Stop(new)) => new.grace < old.grace,
                _ => true,
            };
            if stronger {
                *known = order;
            }
            stronger
        });
    }
}

/// Starts and stops the Pods.
pub(crate) struct Kubelet {
    cluster: Arc<Cluster>,
    pods: JoinSet<()>,
}

impl Kubelet {
    pub(crate) fn new(cluster: Arc<Cluster>) -> Self {
        Self { cluster, pods: JoinSet::new() }
    }

    /// Does what a change calls for.
    pub(crate) fn notice(&mut self, notice: &Notice) {
        if notice.resource != Resource::Pods {
            return;
        }
        let object = &notice.object;
        let uid = object.uid().to_owned();
        match notice.kind {
            ChangeKind::Added => {
                let control = Arc::new(PodControl::new());
                self.cluster.pods().insert(uid, Arc::clone(&control));
                let key = Key::new(Resource::Pods, object.namespace(), object.name());
                let pod = pod::Pod::new(Arc::clone(&self.cluster), key, &object.value, control);
                self.pods.spawn(pod::run(Arc::new(pod)));
            }
            ChangeKind::Modified if deleting(&object.value) => {
                let grace = int(&object.value, "/metadata/deletionGracePeriodSeconds").unwrap_or_default();
                let stop = Stop { grace: self.cluster.seconds(grace), by_kubelet: None };
                if let Some(control) = self.cluster.pods().get(&uid) {
                    control.give(Order::Stop(stop));
                }
            }
            ChangeKind::Modified => {}
            ChangeKind::Deleted => {
                if let Some(control) = self.cluster.pods().remove(&uid) {
                    control.give(Order::Gone);
                }
                self.cluster.lives().of_pod.remove(&uid);
                self.cluster.logs().retain(|(of, _), files| {
                    let keep = *of != uid;
                    if !keep {
                        for file in files.iter() {
                            file.remove();
                        }
                    }
                    keep
                });
            }
        }
        while self.pods.try_join_next().is_some() {}
    }
}
