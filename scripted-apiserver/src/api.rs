//! What the verbs do to the store: no HTTP, no clock.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod eviction;
pub(crate) mod merge;
pub(crate) mod quota;
pub(crate) mod update;

use serde_json::Value;

use crate::store::{Key, Store};

/// Who writes, and when.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// The manager's name in `managedFields`: the client's, or a controller's.
    pub(crate) manager: String,
    pub(crate) now: jiff::Timestamp,
    pub(crate) dry_run: bool,
}

impl Caller {
    /// A part of the control plane.
    pub(crate) fn component(name: &str) -> Self {
        Self { manager: name.to_owned(), now: jiff::Timestamp::now(), dry_run: false }
    }
}

/// A controller's write to a known object: with its entry in `managedFields`, without the checks for clients.
pub(crate) fn write(store: &mut Store, caller: &Caller, key: &Key, subresource: &str, change: impl FnOnce(&mut Value)) {
    let Some(found) = store.get(key).cloned() else { return };
    let mut value = found.value.clone();
    change(&mut value);
    if value != found.value {
        crate::managed::record(&mut value, Some(&found.value), &caller.manager, subresource, caller.now);
        store.replace(key, value);
    }
}
