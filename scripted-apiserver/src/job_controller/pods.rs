//! Making and ending a Job's Pods.

use serde_json::{Value, json};

use super::TRACKING;
use crate::api::delete::{Options, delete};
use crate::api::{Caller, create};
use crate::cluster::Cluster;
use crate::event::Event;
use crate::life::{LIFE, Life};
use crate::object::{finalizers, list, map, set_finalizers, text};
use crate::resource::Resource;
use crate::status::ApiError;
use crate::store::{Key, Store};

pub(super) const COMPONENT: &str = "job-controller";

pub(super) fn tell(cluster: &Cluster, store: &mut Store, job: &Value, warning: bool, reason: &str, message: &str) {
    if warning || cluster.settings.ordinary_events {
        Event { component: COMPONENT, warning, reason, message, field: "" }.tell(store, job, jiff::Timestamp::now());
    }
}

/// Makes a Pod of the Job's template. `false` where the API server refuses it.
pub(super) fn make(cluster: &Cluster, store: &mut Store, caller: &Caller, job: &Value) -> bool {
    let uid = text(job, "/metadata/uid");
    let template = &job["spec"]["template"];
    let life = template["metadata"]["annotations"][LIFE].as_str().map(serde_json::from_str::<Life>);
    let life = match life {
        None => Life::new(),
        Some(Ok(life)) => life,
        Some(Err(error)) => {
            let message = format!("Error creating: the annotation {LIFE} is no Life: {error}");
            tell(cluster, store, job, true, "FailedCreate", &message);
            return false;
        }
    };
    let index = {
        let mut lives = cluster.lives();
        let tried = lives.tried.entry(uid.to_owned()).or_default();
        *tried += 1;
        *tried - 1
    };
    let life = life.of_pod(index).clone();
    let made = match &life.refused {
        Some(refusal) => {
            let name = format!("{}-{}", text(job, "/metadata/name"), crate::name::suffix());
            Err(ApiError::forbidden(Resource::Pods, &name, &refusal.message))
        }
        None => create::create(store, caller, Resource::Pods, text(job, "/metadata/namespace"), pod(job)),
    };
    match made {
        Ok(pod) => {
            cluster.lives().of_pod.insert(pod.uid().to_owned(), life);
            let message = format!("Created pod: {}", pod.name());
            tell(cluster, store, job, false, "SuccessfulCreate", &message);
            true
        }
        Err(error) => {
            tell(cluster, store, job, true, "FailedCreate", &format!("Error creating: {}", error.message));
            false
        }
    }
}

/// The Pod of a Job's template: its labels, annotations and finalizers, and the finalizer that tracks it.
fn pod(job: &Value) -> Value {
    let template = &job["spec"]["template"];
    let name = text(job, "/metadata/name");
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "generateName": format!("{name}-"),
            "labels": template["metadata"]["labels"],
            "ownerReferences": [{
                "apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": job["metadata"]["uid"], "controller": true,
                "blockOwnerDeletion": true
            }]
        },
        "spec": template["spec"]
    });
    if let Some(annotations) = template["metadata"].get("annotations") {
        pod["metadata"]["annotations"] = annotations.clone();
    }
    let mut finalizers: Vec<String> = list(template, "/metadata/finalizers")
        .iter()
        .filter_map(|finalizer| finalizer.as_str().map(ToOwned::to_owned))
        .collect();
    finalizers.push(TRACKING.to_owned());
    set_finalizers(&mut pod, &finalizers);
    map(&mut pod, "spec");
    pod
}

/// Lets the Pod go as far as the Job is concerned.
pub(super) fn untrack(store: &mut Store, key: &Key) {
    store.modify(key, |pod| {
        let left: Vec<String> = finalizers(pod).into_iter().filter(|finalizer| finalizer != TRACKING).collect();
        set_finalizers(pod, &left);
    });
}

/// Deletes a Pod of the Job.
pub(super) fn end(cluster: &Cluster, store: &mut Store, caller: &Caller, job: &Value, key: &Key) {
    // It may be gone already.
    if delete(store, caller, key, &Options::default()).is_ok() {
        tell(cluster, store, job, false, "SuccessfulDelete", &format!("Deleted pod: {}", key.name));
    }
}
