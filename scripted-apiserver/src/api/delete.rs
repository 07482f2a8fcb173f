//! Delete.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Caller;
use crate::object::{Object, deleting, finalizers, int, map, seconds, set_finalizers, text};
use crate::resource::Resource;
use crate::status::{ApiError, Result};
use crate::store::{Key, Store};

/// What becomes of an object's dependents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Propagation {
    Background,
    Foreground,
    Orphan,
}

/// `DeleteOptions`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) grace_seconds: Option<i64>,
    pub(crate) propagation: Option<Propagation>,
    pub(crate) uid: Option<String>,
    pub(crate) resource_version: Option<String>,
}

impl Options {
    /// Reads the options from a body or from query parameters of the same names.
    pub(crate) fn parse(body: &Value, query: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let word = |name: &str| body[name].as_str().map(ToOwned::to_owned).or_else(|| query(name));
        let propagation = match word("propagationPolicy").as_deref() {
            None | Some("") => None,
            Some("Background") => Some(Propagation::Background),
            Some("Foreground") => Some(Propagation::Foreground),
            Some("Orphan") => Some(Propagation::Orphan),
            Some(other) => {
                let message = format!(
                    "Unsupported value: \"{other}\": supported values: \"Background\", \"Foreground\", \"Orphan\", \"nil\""
                );
                let cause = crate::status::Cause {
                    field: "propagationPolicy".to_owned(),
                    reason: "FieldValueNotSupported",
                    message,
                };
                return Err(ApiError::invalid_kind("DeleteOptions", "meta.k8s.io", "", &[cause]));
            }
        };
        let grace_seconds = body["gracePeriodSeconds"]
            .as_i64()
            .or_else(|| query("gracePeriodSeconds").and_then(|text| text.parse().ok()));
        let precondition = |name: &str| body["preconditions"][name].as_str().map(ToOwned::to_owned);
        Ok(Self {
            grace_seconds,
            propagation,
            uid: precondition("uid"),
            resource_version: precondition("resourceVersion"),
        })
    }
}

/// Deletes an object, or begins to: the object while it stays (finalizers, graceful end), and what a client is told.
pub(crate) fn delete(store: &mut Store, caller: &Caller, key: &Key, options: &Options) -> Result<Value> {
    let found = store.get(key).cloned().ok_or_else(|| ApiError::not_found(key.resource, &key.name))?;
    preconditions(key, &found, options)?;
    if caller.dry_run {
        return Ok(found.value.clone());
    }
    let mut value = found.value.clone();
    let mut known = finalizers(&value);
    for (policy, finalizer) in [(Propagation::Orphan, "orphan"), (Propagation::Foreground, "foregroundDeletion")] {
        let wanted = propagation(key.resource, options) == policy;
        if wanted && !deleting(&value) && !known.iter().any(|known| known == finalizer) {
            known.push(finalizer.to_owned());
        }
    }
    let grace = grace(key.resource, &value, options);
    if known.is_empty() && grace == 0 && key.resource != Resource::Namespaces {
        // Pods and claims return themselves (`ReturnDeletedObject`), others a Status.
        let gone = store.remove(key).unwrap_or(found);
        return Ok(match key.resource {
            Resource::Pods | Resource::PersistentVolumeClaims | Resource::ResourceQuotas => gone.value.clone(),
            _ => success(key, &gone),
        });
    }
    let shorter = int(&value, "/metadata/deletionGracePeriodSeconds").is_none_or(|known| grace < known);
    if !deleting(&value) || shorter {
        mark(&mut value, caller, grace);
        if key.resource.has_generation() && !deleting(&found.value) {
            let generation = int(&value, "/metadata/generation").unwrap_or(1) + 1;
            map(&mut value, "metadata").insert("generation".to_owned(), json!(generation));
        }
    }
    if key.resource == Resource::Namespaces {
        value["status"] = json!({"phase": "Terminating"});
    }
    set_finalizers(&mut value, &known);
    Ok(store.replace(key, value).value.clone())
}

fn preconditions(key: &Key, found: &Arc<Object>, options: &Options) -> Result<()> {
    if let Some(uid) = options.uid.as_deref().filter(|uid| *uid != found.uid()) {
        let why = format!(
            "the UID in the precondition ({uid}) does not match the UID in record ({}). The object might have been \
             deleted and then recreated",
            found.uid()
        );
        return Err(ApiError::precondition(key.resource, &key.name, &why));
    }
    if let Some(rv) = options.resource_version.as_deref().filter(|rv| *rv != found.rv.to_string()) {
        let why = format!(
            "the ResourceVersion in the precondition ({rv}) does not match the ResourceVersion in record ({}). The \
             object might have been modified",
            found.rv
        );
        return Err(ApiError::precondition(key.resource, &key.name, &why));
    }
    Ok(())
}

/// A Job that is deleted without a policy leaves its Pods (`jobStrategy.DefaultGarbageCollectionPolicy` of batch/v1).
fn propagation(resource: Resource, options: &Options) -> Propagation {
    let usual = if resource == Resource::Jobs { Propagation::Orphan } else { Propagation::Background };
    options.propagation.unwrap_or(usual)
}

/// The seconds that a Pod gets to end; none where no kubelet has it or it has ended (`podStrategy.CheckGracefulDelete`).
fn grace(resource: Resource, value: &Value, options: &Options) -> i64 {
    let ended = matches!(text(value, "/status/phase"), "Succeeded" | "Failed");
    if resource != Resource::Pods || ended || text(value, "/spec/nodeName").is_empty() {
        return 0;
    }
    let own = int(value, "/spec/terminationGracePeriodSeconds").unwrap_or(30);
    options.grace_seconds.unwrap_or(own).max(0)
}

fn mark(value: &mut Value, caller: &Caller, grace: i64) {
    let at = caller.now.checked_add(jiff::SignedDuration::from_secs(grace)).unwrap_or(caller.now);
    let metadata = map(value, "metadata");
    metadata.insert("deletionTimestamp".to_owned(), json!(seconds(at)));
    metadata.insert("deletionGracePeriodSeconds".to_owned(), json!(grace));
}

fn success(key: &Key, gone: &Object) -> Value {
    let mut details = json!({"name": key.name, "kind": key.resource.plural(), "uid": gone.uid()});
    if !key.resource.group().is_empty() {
        details["group"] = json!(key.resource.group());
    }
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
}
