//! The volume controllers: claims of a known class are bound, claims in use are protected.

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::object::{deleting, finalizers, list, map, set_finalizers, text};
use crate::resource::Resource;
use crate::store::{ChangeKind, Key, Notice, Store};

const PROTECTION: &str = "kubernetes.io/pvc-protection";

/// Does what a change calls for.
pub(super) fn notice(cluster: &Cluster, notice: &Notice) {
    let namespace = notice.object.namespace();
    match (notice.resource, notice.kind) {
        (Resource::PersistentVolumeClaims, ChangeKind::Added | ChangeKind::Modified) => {
            let key = Key::new(notice.resource, namespace, notice.object.name());
            cluster.write(|store| {
                bind(store, &key, false);
                unprotect(store, &key);
            });
        }
        // A scheduled Pod is the first consumer that its claims wait for.
        (Resource::Pods, _) => {
            let claims: Vec<Key> = claims(&notice.object.value)
                .map(|claim| Key::new(Resource::PersistentVolumeClaims, namespace, claim))
                .collect();
            if !claims.is_empty() {
                let first_consumer = notice.kind != ChangeKind::Deleted;
                cluster.write(|store| {
                    for key in &claims {
                        bind(store, key, first_consumer);
                        unprotect(store, key);
                    }
                });
            }
        }
        _ => {}
    }
}

/// The claims that a Pod mounts.
pub(crate) fn claims(pod: &Value) -> impl Iterator<Item = &str> {
    list(pod, "/spec/volumes")
        .iter()
        .map(|volume| text(volume, "/persistentVolumeClaim/claimName"))
        .filter(|claim| !claim.is_empty())
}

/// Why a Pod cannot be scheduled because of its claims, in the scheduler's words.
pub(crate) fn unbound(store: &Store, pod: &Value) -> Option<String> {
    let namespace = text(pod, "/metadata/namespace");
    for claim in claims(pod) {
        match store.get(&Key::new(Resource::PersistentVolumeClaims, namespace, claim)) {
            None => return Some(format!("persistentvolumeclaim \"{claim}\" not found")),
            Some(found) if deleting(&found.value) => {
                return Some(format!("persistentvolumeclaim \"{claim}\" is being deleted"));
            }
            Some(found) if text(&found.value, "/status/phase") != "Bound" => {
                return Some("pod has unbound immediate PersistentVolumeClaims".to_owned());
            }
            Some(_) => {}
        }
    }
    None
}

fn bind(store: &mut Store, key: &Key, first_consumer: bool) {
    let Some(claim) = store.get(key).cloned() else { return };
    if text(&claim.value, "/status/phase") != "Pending" {
        return;
    }
    let classes = store.all(Resource::StorageClasses, None);
    let wanted = claim.value["spec"]["storageClassName"].as_str();
    let default = "storageclass.kubernetes.io/is-default-class";
    let class = classes.iter().find(|class| match wanted {
        Some(wanted) => class.name() == wanted,
        None => class.value["metadata"]["annotations"][default] == "true",
    });
    let Some(class) = class else { return };
    // A class without a provisioner makes no volumes.
    let waits = text(&class.value, "/volumeBindingMode") == "WaitForFirstConsumer" && !first_consumer;
    if waits || text(&class.value, "/provisioner") == "kubernetes.io/no-provisioner" {
        return;
    }
    let (class, uid) = (class.name().to_owned(), claim.uid().to_owned());
    store.modify(key, |value| {
        value["spec"]["storageClassName"] = json!(class);
        value["spec"]["volumeName"] = json!(format!("pvc-{uid}"));
        let storage = value["spec"]["resources"]["requests"]["storage"].clone();
        let modes = value["spec"]["accessModes"].clone();
        value["status"] = json!({"phase": "Bound", "accessModes": modes, "capacity": {"storage": storage}});
        map(&mut value["metadata"], "annotations").insert("pv.kubernetes.io/bind-completed".to_owned(), json!("yes"));
    });
}

/// Lets a deleted claim go once no running Pod mounts it.
fn unprotect(store: &mut Store, key: &Key) {
    let Some(claim) = store.get(key).cloned() else { return };
    if !deleting(&claim.value) || !finalizers(&claim.value).iter().any(|finalizer| finalizer == PROTECTION) {
        return;
    }
    let used = store.all(Resource::Pods, Some(&key.namespace)).iter().any(|pod| {
        !matches!(text(&pod.value, "/status/phase"), "Succeeded" | "Failed")
            && claims(&pod.value).any(|name| name == key.name)
    });
    if !used {
        store.modify(key, |value| {
            let left: Vec<String> = finalizers(value).into_iter().filter(|known| known != PROTECTION).collect();
            set_finalizers(value, &left);
        });
    }
}
