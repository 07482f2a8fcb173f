//! The Pods' `eviction` subresource.

use serde_json::{Value, json};

use super::Caller;
use super::delete::{Options, delete};
use crate::object::{seconds, set_condition, text};
use crate::status::{ApiError, Result};
use crate::store::{Key, Store};

/// Evicts a Pod: tells why in its `DisruptionTarget` condition, then deletes it.
pub(crate) fn evict(store: &mut Store, caller: &Caller, key: &Key, options: &Options) -> Result<Value> {
    let found = store.get(key).cloned().ok_or_else(|| ApiError::not_found(key.resource, &key.name))?;
    let ended = matches!(text(&found.value, "/status/phase"), "Succeeded" | "Failed");
    if !caller.dry_run {
        if !ended {
            disrupt(store, key, "EvictionByEvictionAPI", "Eviction API: evicting", caller.now);
        }
        delete(store, caller, key, options)?;
    }
    Ok(json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}))
}

/// Writes the condition that says who ends a Pod from outside.
pub(crate) fn disrupt(store: &mut Store, key: &Key, reason: &str, message: &str, now: jiff::Timestamp) {
    store.modify(key, |pod| {
        let observed = pod["metadata"]["generation"].clone();
        set_condition(
            pod,
            json!({
                "type": "DisruptionTarget", "observedGeneration": observed, "status": "True", "lastProbeTime": null,
                "lastTransitionTime": seconds(now), "reason": reason, "message": message
            }),
        );
    });
}
