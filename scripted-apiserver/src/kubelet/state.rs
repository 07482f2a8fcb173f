//! What the kubelet knows of a Pod's containers.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::object::{list, seconds, text};

/// The end of a container's run.
#[derive(Clone, Debug)]
pub(super) struct Ended {
    pub(super) code: i32,
    pub(super) reason: &'static str,
    pub(super) message: String,
    pub(super) started: Option<Timestamp>,
    pub(super) finished: Option<Timestamp>,
    pub(super) id: String,
}

#[derive(Clone, Debug)]
pub(super) enum Now {
    Waiting { reason: &'static str, message: String },
    Running { since: Timestamp },
    Ended(Ended),
}

/// A container of the Pod.
#[derive(Clone, Debug)]
pub(super) struct Container {
    pub(super) name: String,
    pub(super) image: String,
    pub(super) init: bool,
    pub(super) sidecar: bool,
    pub(super) fallback_to_logs: bool,
    pub(super) spec: Value,
    pub(super) now: Now,
    pub(super) last: Option<Ended>,
    pub(super) restarts: u32,
    pub(super) id: String,
}

/// The containers and how far the Pod is.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) containers: Vec<Container>,
    pub(super) sandbox: bool,
    pub(super) started: Timestamp,
    /// The phase is final.
    pub(super) ended: bool,
    /// The Pod fails whatever its containers say, with this reason and message.
    pub(super) failed: Option<(String, String)>,
}

impl State {
    pub(super) fn new(pod: &Value, now: Timestamp) -> Self {
        let init = list(pod, "/spec/initContainers").iter().map(|spec| (true, spec));
        let main = list(pod, "/spec/containers").iter().map(|spec| (false, spec));
        let has_init = !list(pod, "/spec/initContainers").is_empty();
        let reason = if has_init { "PodInitializing" } else { "ContainerCreating" };
        let containers = init
            .chain(main)
            .map(|(init, spec)| Container {
                name: text(spec, "/name").to_owned(),
                image: text(spec, "/image").to_owned(),
                init,
                sidecar: init && text(spec, "/restartPolicy") == "Always",
                fallback_to_logs: text(spec, "/terminationMessagePolicy") == "FallbackToLogsOnError",
                spec: spec.clone(),
                now: Now::Waiting { reason, message: String::new() },
                last: None,
                restarts: 0,
                id: String::new(),
            })
            .collect();
        Self { containers, sandbox: false, started: now, ended: false, failed: None }
    }

    /// The Pod's phase, as the kubelet computes it from its containers.
    pub(super) fn phase(&self) -> &'static str {
        let code = |container: &Container| match &container.now {
            Now::Ended(ended) => Some(ended.code),
            _ => None,
        };
        if self.ended {
            let all_zero = self
                .containers
                .iter()
                .filter(|container| !container.sidecar)
                .all(|container| code(container) == Some(0));
            return if all_zero && self.failed.is_none() { "Succeeded" } else { "Failed" };
        }
        let waits = |container: &Container| matches!(container.now, Now::Waiting { .. }) && container.last.is_none();
        let mut main = self.containers.iter().filter(|container| !container.init);
        if main.any(waits) { "Pending" } else { "Running" }
    }

    /// Whether every container that counts has ended, though the phase does not say so yet.
    pub(super) fn done(&self) -> bool {
        let mut counted = self.containers.iter().filter(|container| !container.sidecar);
        let failed_init = self.containers.iter().any(|container| {
            container.init && !container.sidecar && matches!(&container.now, Now::Ended(ended) if ended.code != 0)
        });
        failed_init || counted.all(|container| matches!(container.now, Now::Ended(_)))
    }
}

impl Container {
    /// An init container that has done its part, so that the next may start.
    pub(super) fn initialized(&self) -> bool {
        match &self.now {
            _ if !self.init => true,
            Now::Ended(ended) if !self.sidecar => ended.code == 0,
            _ => self.sidecar && (matches!(self.now, Now::Running { .. } | Now::Ended(_)) || self.last.is_some()),
        }
    }

    pub(super) fn ready(&self) -> bool {
        match &self.now {
            Now::Running { .. } => !self.init || self.sidecar,
            Now::Ended(ended) => self.init && !self.sidecar && ended.code == 0,
            Now::Waiting { .. } => false,
        }
    }

    /// Its entry in `containerStatuses`.
    pub(super) fn status(&self) -> Value {
        let running = matches!(self.now, Now::Running { .. });
        let state = match &self.now {
            Now::Waiting { reason, message } if message.is_empty() => json!({"waiting": {"reason": reason}}),
            Now::Waiting { reason, message } => json!({"waiting": {"reason": reason, "message": message}}),
            Now::Running { since } => json!({"running": {"startedAt": seconds(*since)}}),
            Now::Ended(ended) => json!({"terminated": ended.json()}),
        };
        let last = self.last.as_ref().map_or_else(|| json!({}), |last| json!({"terminated": last.json()}));
        let image_id = if self.id.is_empty() { "" } else { "docker.io/library/scripted@sha256:0" };
        let mut status = json!({
            "name": self.name, "state": state, "lastState": last, "ready": self.ready(), "restartCount": self.restarts,
            "image": self.image, "imageID": image_id, "started": running
        });
        if !self.id.is_empty() {
            status["containerID"] = json!(self.id);
        }
        status
    }
}

impl Ended {
    fn json(&self) -> Value {
        let time = |time: Option<Timestamp>| time.map_or(Value::Null, |time| json!(seconds(time)));
        let mut ended = json!({
            "exitCode": self.code, "reason": self.reason, "startedAt": time(self.started),
            "finishedAt": time(self.finished)
        });
        if !self.message.is_empty() {
            ended["message"] = json!(self.message);
        }
        if !self.id.is_empty() {
            ended["containerID"] = json!(self.id);
        }
        ended
    }

    /// A container that never came to run when its Pod was ended.
    pub(super) fn unknown() -> Self {
        Self {
            code: 137,
            reason: "ContainerStatusUnknown",
            message: "The container could not be located when the pod was terminated".to_owned(),
            started: None,
            finished: None,
            id: String::new(),
        }
    }
}
