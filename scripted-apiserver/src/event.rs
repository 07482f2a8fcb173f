//! Events.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Value, json};

use crate::api::{Caller, create};
use crate::object::{int, micros, seconds, text};
use crate::resource::Resource;
use crate::store::{Key, Store};

/// Something to tell about an object.
pub(crate) struct Event<'a> {
    pub(crate) component: &'a str,
    pub(crate) warning: bool,
    pub(crate) reason: &'a str,
    pub(crate) message: &'a str,
    /// `spec.containers{main}`; empty where it is about the whole object.
    pub(crate) field: &'a str,
}

impl Event<'_> {
    /// Tells it about `object`; the same again is counted.
    pub(crate) fn tell(&self, store: &mut Store, object: &Value, now: jiff::Timestamp) {
        let namespace = text(object, "/metadata/namespace");
        let mut hasher = DefaultHasher::new();
        (text(object, "/metadata/uid"), self.reason, self.message, self.field).hash(&mut hasher);
        let name = format!("{}.{:016x}", text(object, "/metadata/name"), hasher.finish());
        let key = Key::new(Resource::Events, namespace, &name);
        if let Some(known) = store.get(&key) {
            let count = int(&known.value, "/count").unwrap_or(1) + 1;
            store.modify(&key, |value| {
                value["count"] = json!(count);
                value["lastTimestamp"] = json!(seconds(now));
            });
            return;
        }
        let mut about = json!({
            "kind": object["kind"], "namespace": namespace, "name": object["metadata"]["name"],
            "uid": object["metadata"]["uid"], "apiVersion": object["apiVersion"],
            "resourceVersion": object["metadata"]["resourceVersion"]
        });
        if !self.field.is_empty() {
            about["fieldPath"] = json!(self.field);
        }
        let kind = if self.warning { "Warning" } else { "Normal" };
        let mut event = json!({
            "metadata": {"name": name, "namespace": namespace}, "involvedObject": about, "reason": self.reason,
            "message": self.message, "type": kind, "reportingComponent": self.component, "reportingInstance": ""
        });
        // The scheduler tells its events through events.k8s.io, which leaves the older fields empty.
        if self.component == "default-scheduler" {
            for (field, value) in [
                ("source", json!({})),
                ("firstTimestamp", Value::Null),
                ("lastTimestamp", Value::Null),
                ("eventTime", json!(micros(now))),
                ("action", json!("Scheduling")),
            ] {
                event[field] = value;
            }
        } else {
            for (field, value) in [
                ("source", json!({"component": self.component})),
                ("firstTimestamp", json!(seconds(now))),
                ("lastTimestamp", json!(seconds(now))),
                ("count", json!(1)),
                ("eventTime", Value::Null),
            ] {
                event[field] = value;
            }
        }
        let caller = Caller { now, ..Caller::component(self.component) };
        // A namespace that ends takes no more events.
        let _ = create::create(store, &caller, Resource::Events, namespace, event);
    }
}
