//! What comes before a container runs: a node, volumes, a sandbox, an image, a configuration.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::pod::{Pod, Stopped};
use super::state::Now;
use super::{NODE, status};
use crate::api::{self, Caller};
use crate::cluster::locked;
use crate::control::unbound;
use crate::life::{ImageTrouble, Trouble};
use crate::object::{list, text};
use crate::resource::Resource;
use crate::store::{Key, Store};

/// The trouble, unless it has healed since.
fn lasting(trouble: Option<&Trouble>, since: Instant) -> Option<&Trouble> {
    let healed =
        |trouble: &Trouble| trouble.heals_after_ms.is_some_and(|after| since.elapsed() >= Duration::from_millis(after));
    trouble.filter(|trouble| !healed(trouble))
}

/// Waits for a node, and takes it.
pub(super) async fn schedule(pod: &Arc<Pod>) -> Result<(), Stopped> {
    let since = Instant::now();
    let mut told = String::new();
    loop {
        let current = pod.current();
        if text(&current, "/spec/nodeName") == NODE {
            return Ok(());
        }
        let Some(message) = no_node(pod, &current, since) else { break };
        if message != told {
            pod.write("kube-scheduler", |pod, now| {
                status::set(pod, "PodScheduled", false, "Unschedulable", &message, now);
            });
            pod.tell("default-scheduler", true, "FailedScheduling", &message, "");
            told = message;
        }
        pod.sleep(pod.cluster.settings.retry).await?;
    }
    let caller = Caller::component("kube-scheduler");
    pod.cluster.write(|store| {
        if store.get(&pod.key).is_some_and(|found| found.uid() == pod.uid) {
            api::write(store, &caller, &pod.key, "binding", |object| {
                object["spec"]["nodeName"] = json!(NODE);
                status::set(object, "PodScheduled", true, "", "", caller.now);
            });
        }
    });
    let message = format!("Successfully assigned {}/{} to {NODE}", pod.key.namespace, pod.key.name);
    pod.tell("default-scheduler", false, "Scheduled", &message, "");
    Ok(())
}

/// Why no node takes the Pod.
fn no_node(pod: &Pod, current: &Value, since: Instant) -> Option<String> {
    let help = "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.";
    if let Some(trouble) = lasting(pod.life.unschedulable.as_ref(), since) {
        return Some(trouble.message.clone());
    }
    if let Some(why) = pod.cluster.read(|store| unbound(store, current)) {
        return Some(format!("0/1 nodes are available: {why}. {help}"));
    }
    let labels = pod.cluster.read(|store| {
        store.get(&Key::new(Resource::Nodes, "", NODE)).map(|node| node.value["metadata"]["labels"].clone())
    });
    let wanted = current["spec"]["nodeSelector"].as_object()?;
    let labels = labels.unwrap_or_default();
    let fits = wanted.iter().all(|(key, value)| labels[key.as_str()] == *value);
    (!fits).then(|| {
        format!("0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, {help}")
    })
}

/// The kubelet may refuse the Pod.
pub(super) fn rejected(pod: &Pod) -> bool {
    let Some(refusal) = &pod.life.rejected else { return false };
    pod.update(|state| {
        state.ended = true;
        state.failed = Some((refusal.reason.clone(), refusal.message.clone()));
    });
    pod.tell("kubelet", true, &refusal.reason, &refusal.message, "");
    true
}

/// Mounts the volumes and makes the sandbox.
pub(super) async fn sandbox(pod: &Arc<Pod>) -> Result<(), Stopped> {
    let since = Instant::now();
    loop {
        let missing = pod.cluster.read(|store| missing_volume(store, &pod.object));
        let mount = lasting(pod.life.failed_mount.as_ref(), since).map(|trouble| trouble.message.clone()).or(missing);
        let sandbox = lasting(pod.life.failed_sandbox.as_ref(), since);
        match (mount, sandbox) {
            (Some(message), _) => pod.tell("kubelet", true, "FailedMount", &message, ""),
            (None, Some(trouble)) => pod.tell("kubelet", true, "FailedCreatePodSandBox", &trouble.message, ""),
            (None, None) => break,
        }
        pod.sleep(pod.cluster.settings.retry).await?;
    }
    pod.sleep(Duration::from_millis(1)).await?;
    pod.update(|state| state.sandbox = true);
    Ok(())
}

/// A volume of a Secret or ConfigMap that does not exist, in the kubelet's words.
fn missing_volume(store: &Store, pod: &Value) -> Option<String> {
    let namespace = text(pod, "/metadata/namespace");
    list(pod, "/spec/volumes").iter().find_map(|volume| {
        let secret = text(volume, "/secret/secretName");
        let config = text(volume, "/configMap/name");
        let (kind, resource, name, source) = if secret.is_empty() {
            ("configmap", Resource::ConfigMaps, config, &volume["configMap"])
        } else {
            ("secret", Resource::Secrets, secret, &volume["secret"])
        };
        let there = name.is_empty()
            || source["optional"] == true
            // Every namespace of a real cluster has it.
            || name == "kube-root-ca.crt"
            || store.get(&Key::new(resource, namespace, name)).is_some();
        let volume = text(volume, "/name");
        (!there).then(|| format!("MountVolume.SetUp failed for volume \"{volume}\" : {kind} \"{name}\" not found"))
    })
}

fn wait_state(pod: &Pod, index: usize, reason: &'static str, message: &str) {
    pod.update(|state| state.containers[index].now = Now::Waiting { reason, message: message.to_owned() });
}

/// The container's place in the spec, as Events name it.
pub(super) fn field(pod: &Pod, index: usize) -> String {
    let state = locked(&pod.state);
    let container = &state.containers[index];
    let list = if container.init { "initContainers" } else { "containers" };
    format!("spec.{list}{{{}}}", container.name)
}

/// Waits for the container's image and its configuration.
pub(super) async fn prepare(pod: &Arc<Pod>, index: usize) -> Result<(), Stopped> {
    let (name, image) = {
        let state = locked(&pod.state);
        (state.containers[index].name.clone(), state.containers[index].image.clone())
    };
    let field = field(pod, index);
    let life = pod.life.containers.get(&name).cloned().unwrap_or_default();
    let since = Instant::now();
    pull(pod, index, &image, &field, life.image.as_ref(), since).await?;
    loop {
        let missing = pod.cluster.read(|store| missing_reference(store, pod, index));
        let told = lasting(life.config_error.as_ref(), since).map(|trouble| trouble.message.clone());
        let create = lasting(life.create_error.as_ref(), since).map(|trouble| trouble.message.clone());
        let (reason, message) = match (told.or(missing), create) {
            (Some(message), _) => ("CreateContainerConfigError", message),
            (None, Some(message)) => ("CreateContainerError", message),
            (None, None) => return Ok(()),
        };
        wait_state(pod, index, reason, &message);
        pod.tell("kubelet", true, "Failed", &format!("Error: {message}"), &field);
        pod.sleep(pod.cluster.settings.retry).await?;
    }
}

async fn pull(
    pod: &Arc<Pod>,
    index: usize,
    image: &str,
    field: &str,
    trouble: Option<&ImageTrouble>,
    since: Instant,
) -> Result<(), Stopped> {
    let retry = pod.cluster.settings.retry;
    match trouble {
        None => {
            let message =
                format!("Container image \"{image}\" already present on machine and can be accessed by the pod");
            pod.tell("kubelet", false, "Pulled", &message, field);
        }
        Some(ImageTrouble::SlowMs(time)) => {
            pod.tell("kubelet", false, "Pulling", &format!("Pulling image \"{image}\""), field);
            pod.sleep(Duration::from_millis(*time)).await?;
            let message = format!("Successfully pulled image \"{image}\" in {time}ms ({time}ms including waiting)");
            pod.tell("kubelet", false, "Pulled", &message, field);
        }
        Some(ImageTrouble::InvalidName) => {
            let message = format!(
                "Failed to apply default image tag \"{image}\": couldn't parse image name \"{image}\": invalid reference format"
            );
            loop {
                wait_state(pod, index, "InvalidImageName", &message);
                pod.tell("kubelet", true, "InspectFailed", &message, field);
                pod.tell("kubelet", true, "Failed", "Error: InvalidImageName", field);
                pod.sleep(retry).await?;
            }
        }
        Some(ImageTrouble::NeverPull) => loop {
            let message = format!("Container image \"{image}\" is not present with pull policy of Never");
            wait_state(pod, index, "ErrImageNeverPull", &message);
            pod.tell("kubelet", true, "ErrImageNeverPull", &message, field);
            pod.tell("kubelet", true, "Failed", "Error: ErrImageNeverPull", field);
            pod.sleep(retry).await?;
        },
        Some(ImageTrouble::PullFails(trouble)) => {
            while lasting(Some(trouble), since).is_some() {
                pod.tell("kubelet", false, "Pulling", &format!("Pulling image \"{image}\""), field);
                let message = format!("Failed to pull image \"{image}\": {}", trouble.message);
                pod.tell("kubelet", true, "Failed", &message, field);
                pod.tell("kubelet", true, "Failed", "Error: ErrImagePull", field);
                wait_state(pod, index, "ErrImagePull", &trouble.message);
                pod.sleep(retry).await?;
                let message = format!("Back-off pulling image \"{image}\"");
                pod.tell("kubelet", false, "BackOff", &message, field);
                pod.tell("kubelet", true, "Failed", "Error: ImagePullBackOff", field);
                let why = format!("Back-off pulling image \"{image}\": ErrImagePull: {}", trouble.message);
                wait_state(pod, index, "ImagePullBackOff", &why);
                pod.sleep(retry).await?;
            }
        }
    }
    Ok(())
}

/// An environment variable from a Secret or ConfigMap that has no such key, in the kubelet's words.
fn missing_reference(store: &Store, pod: &Pod, index: usize) -> Option<String> {
    let spec = locked(&pod.state).containers[index].spec.clone();
    let namespace = &pod.key.namespace;
    let sources = [("secret", "Secret", Resource::Secrets), ("configmap", "ConfigMap", Resource::ConfigMaps)];
    for variable in list(&spec, "/env") {
        for ((lower, title, resource), field) in sources.into_iter().zip(["secretKeyRef", "configMapKeyRef"]) {
            let reference = &variable["valueFrom"][field];
            let (name, key) = (text(reference, "/name"), text(reference, "/key"));
            if name.is_empty() || reference["optional"] == true {
                continue;
            }
            let Some(found) = store.get(&Key::new(resource, namespace, name)) else {
                return Some(format!("{lower} \"{name}\" not found"));
            };
            let has = |part: &str| found.value[part].get(key).is_some();
            if !has("data") && !has("stringData") && !has("binaryData") {
                return Some(format!("couldn't find key {key} in {title} {namespace}/{name}"));
            }
        }
    }
    for source in list(&spec, "/envFrom") {
        for ((lower, _, resource), field) in sources.into_iter().zip(["secretRef", "configMapRef"]) {
            let reference = &source[field];
            let name = text(reference, "/name");
            if !name.is_empty()
                && reference["optional"] != true
                && store.get(&Key::new(resource, namespace, name)).is_none()
            {
                return Some(format!("{lower} \"{name}\" not found"));
            }
        }
    }
    None
}
