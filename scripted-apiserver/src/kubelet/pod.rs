//! One Pod from its creation to its end.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::state::{Ended, Now, State};
use super::{NODE, Order, PodControl, Stop, disrupt, status};
use crate::api::delete::Options;
use crate::api::{self, Caller, delete};
use crate::cluster::{Cluster, locked};
use crate::event::Event;
use crate::life::{LIFE, Life};
use crate::object::text;
use crate::store::Key;

/// Between the end of the last container and the Pod's final phase (about a second in Kubernetes).
const SETTLE: Duration = Duration::from_millis(5);

/// The Pod is to end, or is gone.
#[derive(Debug)]
pub(super) struct Stopped;

pub(super) struct Pod {
    pub(super) cluster: Arc<Cluster>,
    pub(super) key: Key,
    pub(super) uid: String,
    pub(super) object: Value,
    pub(super) life: Life,
    pub(super) control: Arc<PodControl>,
    pub(super) state: Mutex<State>,
    /// The main containers have ended: the sidecars follow.
    pub(super) sidecars_end: watch::Sender<bool>,
}

impl Pod {
    pub(super) fn new(cluster: Arc<Cluster>, key: Key, object: &Value, control: Arc<PodControl>) -> Self {
        let uid = text(object, "/metadata/uid").to_owned();
        let told = || {
            let json = object["metadata"]["annotations"][LIFE].as_str()?;
            serde_json::from_str(json).ok()
        };
        let life = cluster.lives().of_pod.get(&uid).cloned().or_else(told).unwrap_or_default();
        let state = Mutex::new(State::new(object, Timestamp::now()));
        let sidecars_end = watch::Sender::new(false);
        Self { cluster, key, uid, object: object.clone(), life, control, state, sidecars_end }
    }

    /// The Pod's object as it is now; as it was where it is gone.
    pub(super) fn current(&self) -> Value {
        let found = self.cluster.read(|store| store.get(&self.key).cloned());
        found.filter(|found| found.uid() == self.uid).map_or_else(|| self.object.clone(), |found| found.value.clone())
    }

    pub(super) fn order(&self) -> watch::Receiver<Order> {
        self.control.order.subscribe()
    }

    /// The order to end, once there is one.
    pub(super) async fn stopped(&self) -> Stop {
        let mut order = self.order();
        // The sender lives as long as this Pod.
        let ordered = order.wait_for(|order| *order != Order::Live).await;
        match ordered.as_deref() {
            Ok(Order::Stop(stop)) => stop.clone(),
            _ => Stop::default(),
        }
    }

    /// Waits, unless the Pod is to end.
    pub(super) async fn sleep(&self, time: Duration) -> Result<(), Stopped> {
        tokio::select! {
            () = tokio::time::sleep(time) => Ok(()),
            _ = self.stopped() => Err(Stopped),
        }
    }

    /// Changes the state and writes the status.
    pub(super) fn update(&self, change: impl FnOnce(&mut State)) {
        let state = {
            let mut state = locked(&self.state);
            change(&mut state);
            state.clone()
        };
        if self.control.node_lost() {
            return;
        }
        self.write("kubelet", |pod, now| status::write(pod, &state, now));
    }

    /// Writes to the Pod's status as a part of the control plane.
    pub(super) fn write(&self, component: &str, change: impl FnOnce(&mut Value, Timestamp)) {
        let caller = Caller::component(component);
        self.cluster.write(|store| {
            if store.get(&self.key).is_some_and(|found| found.uid() == self.uid) {
                api::write(store, &caller, &self.key, "status", |pod| change(pod, caller.now));
            }
        });
    }

    pub(super) fn tell(&self, component: &str, warning: bool, reason: &str, message: &str, field: &str) {
        if !warning && !self.cluster.settings.ordinary_events {
            return;
        }
        let event = Event { component, warning, reason, message, field };
        let object = self.current();
        self.cluster.write(|store| event.tell(store, &object, Timestamp::now()));
    }
}

/// Drives a Pod until its object is gone.
pub(super) async fn run(pod: Arc<Pod>) {
    let mut beside = JoinSet::new();
    if let Some(disruption) = pod.life.disruption {
        let pod = Arc::clone(&pod);
        beside.spawn(async move {
            tokio::time::sleep(Duration::from_millis(disruption.after_ms)).await;
            if pod.current()["metadata"]["uid"] == pod.uid {
                disrupt(&pod.cluster, &pod.key, disruption.kind);
            }
        });
    }
    let lived = live(&pod).await;
    let stop = if lived.is_err() { Some(pod.stopped().await) } else { None };
    let scheduled = text(&pod.current(), "/spec/nodeName") == NODE;
    if pod.control.node_lost() {
        gone(&pod).await;
        return;
    }
    if let Some(stop) = stop {
        if !scheduled {
            fail_unscheduled(&pod).await;
            gone(&pod).await;
            return;
        }
        end_early(&pod, &stop);
        if stop.by_kubelet.is_none() {
            forget_logs_later(&pod);
        }
    } else {
        tokio::time::sleep(SETTLE).await;
        pod.update(|state| state.ended = true);
    }
    // A Pod that has ended stays until somebody deletes it; one that was deleted goes now.
    if scheduled {
        remove_when_deleted(&pod).await;
    }
    gone(&pod).await;
}

async fn live(pod: &Arc<Pod>) -> Result<(), Stopped> {
    super::start::schedule(pod).await?;
    if super::start::rejected(pod) {
        return Ok(());
    }
    pod.update(|_| ());
    super::start::sandbox(pod).await?;
    containers(pod).await
}

/// Runs the containers: the init ones in their order, then the others together, then the end of the sidecars.
async fn containers(pod: &Arc<Pod>) -> Result<(), Stopped> {
    let (init, main): (Vec<usize>, Vec<usize>) = {
        let state = locked(&pod.state);
        (0..state.containers.len()).partition(|index| state.containers[*index].init)
    };
    let mut sidecars = JoinSet::new();
    for index in init {
        let sidecar = locked(&pod.state).containers[index].sidecar;
        if sidecar {
            super::start::prepare(pod, index).await?;
            let (started, begins) = tokio::sync::oneshot::channel();
            sidecars.spawn(super::container::run(Arc::clone(pod), index, Some(started)));
            // A sidecar that ends before it says so has begun.
            let _ = begins.await;
        } else if super::container::run(Arc::clone(pod), index, None).await? != 0 {
            return end_sidecars(pod, sidecars).await;
        }
    }
    let mut running = JoinSet::new();
    for index in main {
        running.spawn(super::container::run(Arc::clone(pod), index, None));
    }
    let mut stopped = false;
    while let Some(ended) = running.join_next().await {
        stopped |= !matches!(ended, Ok(Ok(_)));
    }
    end_sidecars(pod, sidecars).await?;
    if stopped { Err(Stopped) } else { Ok(()) }
}

async fn end_sidecars(pod: &Arc<Pod>, mut sidecars: JoinSet<Result<i32, Stopped>>) -> Result<(), Stopped> {
    pod.sidecars_end.send_replace(true);
    let mut stopped = false;
    while let Some(ended) = sidecars.join_next().await {
        stopped |= matches!(ended, Ok(Err(Stopped)));
    }
    if stopped && *pod.order().borrow() != Order::Live { Err(Stopped) } else { Ok(()) }
}

/// The status of a Pod that was ended: what never ran is unknown.
fn end_early(pod: &Pod, stop: &Stop) {
    // The kubelet sets the condition when it begins to end the Pod, and the phase when the containers have ended
    // (`mergePodStatus` in pkg/kubelet/status/status_manager.go).
    if let Some((_, message)) = stop.by_kubelet {
        pod.write("kubelet", |pod, now| {
            status::set(pod, "DisruptionTarget", true, "TerminationByKubelet", message, now);
        });
    }
    pod.update(|state| {
        state.ended = true;
        state.failed = stop.by_kubelet.map(|(reason, message)| (reason.to_owned(), message.to_owned()));
        for container in &mut state.containers {
            if matches!(container.now, Now::Waiting { .. }) {
                container.now = Now::Ended(Ended::unknown());
            }
        }
    });
}

/// The Pod garbage collector marks a deleted Pod that no node ever had.
async fn fail_unscheduled(pod: &Pod) {
    tokio::time::sleep(pod.cluster.settings.retry).await;
    pod.write("kube-controller-manager", |pod, _| {
        crate::object::map(pod, "status").insert("phase".to_owned(), "Failed".into());
    });
}

/// The logs of a Pod that was ended by a deletion go with its containers, also where a finalizer keeps the object.
fn forget_logs_later(pod: &Arc<Pod>) {
    let pod = Arc::clone(pod);
    tokio::spawn(async move {
        tokio::time::sleep(pod.cluster.settings.logs_after_end).await;
        for ((of, _), files) in pod.cluster.logs().iter() {
            if *of == pod.uid {
                for file in files {
                    file.remove();
                }
            }
        }
    });
}

async fn remove_when_deleted(pod: &Pod) {
    let mut order = pod.order();
    loop {
        if *order.borrow_and_update() == Order::Gone {
            return;
        }
        if crate::object::deleting(&pod.current()) {
            let caller = Caller::component("kubelet");
            let options = Options { grace_seconds: Some(0), uid: Some(pod.uid.clone()), ..Options::default() };
            // It may be gone already.
            let _ = pod.cluster.write(|store| delete::delete(store, &caller, &pod.key, &options));
            return;
        }
        if order.changed().await.is_err() {
            return;
        }
    }
}

async fn gone(pod: &Pod) {
    // The sender lives as long as this Pod.
    let _ = pod.order().wait_for(|order| *order == Order::Gone).await;
}
