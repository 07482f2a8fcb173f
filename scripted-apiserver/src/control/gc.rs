//! The garbage collector: dependents of what is gone, foreground and orphan deletion, namespaces.

use serde_json::Value;

use crate::api::delete::{Options, Propagation, delete};
use crate::api::{Caller, quota};
use crate::cluster::Cluster;
use crate::object::{deleting, finalizers, flag, list, map, set_finalizers, text};
use crate::resource::{ALL, Resource};
use crate::store::{ChangeKind, Key, Notice, Store};

/// Does what a change calls for.
pub(super) fn notice(cluster: &Cluster, notice: &Notice) {
    let object = &notice.object;
    let key = Key::new(notice.resource, object.namespace(), object.name());
    let caller = Caller::component("kube-controller-manager");
    if notice.kind == ChangeKind::Deleted {
        cluster.write(|store| {
            for dependent in store.owned_by(object.uid()) {
                owner_gone(store, &caller, &dependent, object.uid());
            }
            for owner in list(&object.value, "/metadata/ownerReferences") {
                finish_owner(store, &caller, &key.namespace, owner);
            }
            finish_namespace(store, object.namespace());
        });
    } else if deleting(&object.value) {
        let pending = finalizers(&object.value);
        let is = |name: &str| pending.iter().any(|finalizer| finalizer == name);
        if is("orphan") {
            cluster.write(|store| orphan(store, &key, object.uid()));
        } else if is("foregroundDeletion") {
            cluster.write(|store| foreground(store, &caller, &key, object.uid()));
        }
        if notice.resource == Resource::Namespaces {
            cluster.write(|store| empty_namespace(store, &caller, &key.name));
        }
    } else if !list(&object.value, "/metadata/ownerReferences").is_empty() {
        cluster.write(|store| absent_owner(store, &caller, &key, &object.value));
    }
    if notice.kind != ChangeKind::Modified || notice.resource == Resource::ResourceQuotas {
        cluster.write(|store| refresh_quotas(store, &key.namespace));
    }
}

fn owner_gone(store: &mut Store, caller: &Caller, key: &Key, uid: &str) {
    let Some(found) = store.get(key).cloned() else { return };
    let owners = list(&found.value, "/metadata/ownerReferences");
    if owners.iter().any(|owner| text(owner, "/uid") != uid && exists(store, &key.namespace, owner)) {
        store.modify(key, |value| drop_owner(value, uid));
    } else if !deleting(&found.value) {
        let options = Options { propagation: Some(Propagation::Background), ..Options::default() };
        // It may have gone by itself.
        let _ = delete(store, caller, key, &options);
    }
}

fn exists(store: &Store, namespace: &str, owner: &Value) -> bool {
    let resource = ALL
        .into_iter()
        .find(|known| known.kind() == text(owner, "/kind") && known.api_version() == text(owner, "/apiVersion"));
    // An owner of a kind that is unknown here cannot be judged.
    let Some(resource) = resource else { return true };
    let namespace = if resource.namespaced() { namespace } else { "" };
    store
        .get(&Key::new(resource, namespace, text(owner, "/name")))
        .is_some_and(|found| found.uid() == text(owner, "/uid"))
}

fn absent_owner(store: &mut Store, caller: &Caller, key: &Key, value: &Value) {
    let owners = list(value, "/metadata/ownerReferences");
    if !owners.iter().any(|owner| exists(store, &key.namespace, owner)) {
        let options = Options { propagation: Some(Propagation::Background), ..Options::default() };
        let _ = delete(store, caller, key, &options);
    }
}

fn drop_owner(value: &mut Value, uid: &str) {
    let metadata = map(value, "metadata");
    let owners: Vec<Value> = metadata
        .get("ownerReferences")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(|owner| text(owner, "/uid") != uid)
        .cloned()
        .collect();
    if owners.is_empty() {
        metadata.remove("ownerReferences");
    } else {
        metadata.insert("ownerReferences".to_owned(), owners.into());
    }
}

fn without(store: &mut Store, key: &Key, finalizer: &str) {
    store.modify(key, |value| {
        let left: Vec<String> = finalizers(value).into_iter().filter(|known| known != finalizer).collect();
        set_finalizers(value, &left);
    });
}

fn orphan(store: &mut Store, key: &Key, uid: &str) {
    for dependent in store.owned_by(uid) {
        store.modify(&dependent, |value| drop_owner(value, uid));
    }
    without(store, key, "orphan");
}

/// Deletes the dependents; the owner goes once none is left that blocks it.
fn foreground(store: &mut Store, caller: &Caller, key: &Key, uid: &str) {
    let mut blocked = false;
    for dependent in store.owned_by(uid) {
        let Some(found) = store.get(&dependent).cloned() else { continue };
        let owners = list(&found.value, "/metadata/ownerReferences");
        let blocks = owners.iter().any(|owner| text(owner, "/uid") == uid && flag(owner, "/blockOwnerDeletion"));
        if !deleting(&found.value) {
            let options = Options { propagation: Some(Propagation::Foreground), ..Options::default() };
            let _ = delete(store, caller, &dependent, &options);
        }
        blocked |= blocks && store.get(&dependent).is_some();
    }
    if !blocked {
        without(store, key, "foregroundDeletion");
    }
}

/// A dependent is gone: an owner that waits for its dependents may go.
fn finish_owner(store: &mut Store, caller: &Caller, namespace: &str, owner: &Value) {
    if text(owner, "/kind") != "Job" {
        return;
    }
    let key = Key::new(Resource::Jobs, namespace, text(owner, "/name"));
    let uid = text(owner, "/uid");
    let waits = store.get(&key).is_some_and(|job| {
        job.uid() == uid && finalizers(&job.value).iter().any(|finalizer| finalizer == "foregroundDeletion")
    });
    if waits {
        foreground(store, caller, &key, uid);
    }
}

fn empty_namespace(store: &mut Store, caller: &Caller, name: &str) {
    for resource in ALL.into_iter().filter(|resource| resource.namespaced()) {
        for object in store.all(resource, Some(name)).iter().filter(|object| !deleting(&object.value)) {
            let options = Options { propagation: Some(Propagation::Background), ..Options::default() };
            let _ = delete(store, caller, &Key::new(resource, name, object.name()), &options);
        }
    }
    finish_namespace(store, name);
}

fn finish_namespace(store: &mut Store, name: &str) {
    let key = Key::new(Resource::Namespaces, "", name);
    let ending = store.get(&key).is_some_and(|namespace| deleting(&namespace.value));
    let empty = || {
        ALL.into_iter()
            .filter(|resource| resource.namespaced())
            .all(|resource| store.all(resource, Some(name)).is_empty())
    };
    if ending && empty() {
        store.remove(&key);
    }
}

fn refresh_quotas(store: &mut Store, namespace: &str) {
    for found in store.all(Resource::ResourceQuotas, Some(namespace)) {
        let status = quota::status(store, &found.value);
        let key = Key::new(Resource::ResourceQuotas, namespace, found.name());
        store.modify(&key, |value| value["status"] = status);
    }
}
