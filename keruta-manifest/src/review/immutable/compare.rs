//! What differs between two manifests, beside what the API server fills in by itself.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::review::quantity::nanos;
use crate::review::sink::{segment, short};

/// One difference, at the deepest place that still names it.
pub(super) struct Change<'v> {
    pub(super) pointer: String,
    pub(super) old: Option<&'v Value>,
    pub(super) new: Option<&'v Value>,
}

impl Change<'_> {
    /// The difference as the rest of a sentence. Values that can hold secrets or long texts are not shown.
    pub(super) fn describe(&self) -> String {
        const HIDDEN: [&str; 7] = ["/env/", "/command", "/args", "/annotations", "/data", "/stringData", "/binaryData"];
        let hidden = HIDDEN.iter().any(|part| self.pointer.contains(part));
        let show = |value: &Value| match value {
            Value::String(text) if !hidden => Some(format!("\"{}\"", short(text))),
            Value::Bool(_) | Value::Number(_) if !hidden => Some(value.to_string()),
            _ => None,
        };
        match (self.old, self.new) {
            (None, Some(new)) => show(new).map_or_else(|| "it was added".to_owned(), |new| format!("{new} was added")),
            (Some(old), None) => {
                show(old).map_or_else(|| "it was removed".to_owned(), |old| format!("{old} was removed"))
            }
            (Some(old), Some(new)) => match (show(old), show(new)) {
                (Some(old), Some(new)) => format!("it was {old} and is now {new}"),
                _ => "it differs".to_owned(),
            },
            (None, None) => "it differs".to_owned(),
        }
    }
}

/// Every difference below a place.
pub(super) fn changes<'v>(old: Option<&'v Value>, new: Option<&'v Value>, pointer: &str) -> Vec<Change<'v>> {
    let mut out = Vec::new();
    collect(old, new, pointer, &mut out);
    out
}

/// Whether there is no difference.
pub(super) fn same(old: Option<&Value>, new: Option<&Value>, pointer: &str) -> bool {
    changes(old, new, pointer).is_empty()
}

fn collect<'v>(old: Option<&'v Value>, new: Option<&'v Value>, pointer: &str, out: &mut Vec<Change<'v>>) {
    let present = |value: &&Value| !is_empty(value);
    match (old.filter(present), new.filter(present)) {
        (None, None) => {}
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for key in keys {
                collect(old.get(key), new.get(key), &format!("{pointer}/{}", segment(key)), out);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) if old.len() == new.len() => {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                collect(Some(old), Some(new), &format!("{pointer}/{index}"), out);
            }
        }
        // A structure that only one side has differs where its parts do, so that one full of defaults does not.
        (Some(Value::Object(old)), None) => one_sided(old, pointer, |value| (Some(value), None), out),
        (None, Some(Value::Object(new))) => one_sided(new, pointer, |value| (None, Some(value)), out),
        (Some(old), Some(new)) if old == new || equal_quantities(old, new, pointer) => {}
        (Some(value), None) if is_default(pointer, value) || is_assigned(pointer) => {}
        (None, Some(value)) if is_default(pointer, value) => {}
        (old, new) => out.push(Change { pointer: pointer.to_owned(), old, new }),
    }
}

fn one_sided<'v>(
    fields: &'v Map<String, Value>,
    pointer: &str,
    side: impl Fn(&'v Value) -> (Option<&'v Value>, Option<&'v Value>),
    out: &mut Vec<Change<'v>>,
) {
    for (key, value) in fields {
        let (old, new) = side(value);
        collect(old, new, &format!("{pointer}/{}", segment(key)), out);
    }
}

/// Null, and lists and maps without entries, are as good as absent; the Kubernetes types make no difference.
/// (A volume without a source is an emptyDir.)
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

fn equal_quantities(old: &Value, new: &Value, pointer: &str) -> bool {
    let text = |value: &Value| match value {
        Value::String(text) => nanos(text),
        Value::Number(number) => nanos(&number.to_string()),
        _ => None,
    };
    (pointer.contains("/resources/") || pointer.ends_with("/sizeLimit") || pointer.ends_with("/divisor"))
        && text(old).is_some()
        && text(old) == text(new)
}

/// What the API server writes where a manifest says nothing (`SetDefaults_…` of `core/v1` and `batch/v1`).
fn is_default(pointer: &str, value: &Value) -> bool {
    let field = pointer.rsplit('/').next().unwrap_or_default();
    match value {
        Value::String(text) => matches!(
            (field, text.as_str()),
            ("terminationMessagePath", "/dev/termination-log")
                | ("terminationMessagePolicy", "File")
                | ("imagePullPolicy", "Always" | "IfNotPresent")
                | ("dnsPolicy", "ClusterFirst")
                | ("schedulerName", "default-scheduler")
                | ("protocol", "TCP")
                | ("apiVersion", "v1")
                | ("divisor", "0")
                | ("scheme", "HTTP")
                | ("path", "/")
                | ("volumeMode", "Filesystem")
                | ("completionMode", "NonIndexed")
                | ("managedBy", "kubernetes.io/job-controller")
                | ("type" | "service", "")
                | ("status", "True")
        ),
        Value::Number(number) => matches!(
            (field, number.as_i64()),
            ("terminationGracePeriodSeconds", Some(30))
                | ("defaultMode", Some(420))
                | ("failureThreshold", Some(3))
                | ("periodSeconds", Some(10))
                | ("successThreshold" | "timeoutSeconds", Some(1))
                | ("expirationSeconds", Some(3600))
        ),
        Value::Bool(set) => match field {
            "enableServiceLinks" => *set,
            "readOnly" | "stdin" | "stdinOnce" | "tty" | "hostNetwork" | "hostPID" | "hostIPC" => !set,
            _ => false,
        },
        _ => false,
    }
}

/// What the cluster adds to a Job's template: the labels that tie Pods to it, and a copy of the service account.
fn is_assigned(pointer: &str) -> bool {
    const LABELS: [&str; 4] = [
        "/metadata/labels/controller-uid",
        "/metadata/labels/job-name",
        "/metadata/labels/batch.kubernetes.io~1controller-uid",
        "/metadata/labels/batch.kubernetes.io~1job-name",
    ];
    LABELS.iter().any(|label| pointer.ends_with(label)) || pointer.ends_with("/template/spec/serviceAccount")
}
