//! Whether a Job that is there is the one that was to be created.

use k8s_openapi::api::batch::v1::Job;
use keruta_manifest::review::{KubernetesVersion, immutable_changes};
use serde_json::Value;

use crate::attempt::Attempt;
use crate::bundle::{Bundle, spec_hash};
use crate::observe::Stop;
use crate::observe::annotations::{EVIDENCE_FINALIZER, STOP};
use crate::verdict::Outcome;

/// What a Job that is there is to a bundle.
#[derive(Debug, PartialEq)]
pub(super) enum Existing {
    /// The same.
    Same,
    /// The same attempt, cancelled; a tombstone too.
    Cancelled(Option<Box<Stop>>),
    /// Another one.
    Other(Vec<String>),
}

/// Compares by what the two are for, then by the hash of what they do, then by every field that counts.
pub(super) fn compare(existing: &Job, bundle: &Bundle) -> Existing {
    match Attempt::of_job(existing) {
        None => return Existing::Other(vec!["it is none of keruta's: it lacks the labels of a task".to_owned()]),
        Some(attempt) if attempt != bundle.attempt => return Existing::Other(vec![format!("it is {attempt}")]),
        Some(_) => {}
    }
    if let Some(text) = annotation(existing, STOP) {
        match serde_json::from_str::<Stop>(text) {
            Ok(stop) if stop.verdict.outcome == Outcome::Cancelled => return Existing::Cancelled(Some(stop.into())),
            // Ended because it was stuck: the attempt's own Job, which its follower judges.
            Ok(_) => return Existing::Same,
            Err(_) => return Existing::Cancelled(None),
        }
    }
    if spec_hash(existing).is_some() && spec_hash(existing) == bundle.spec_hash() {
        return Existing::Same;
    }
    // A Job that was made from a live one has the server's defaults in its hash: what they do decides.
    let differences = differences(existing, &bundle.job);
    if differences.is_empty() { Existing::Same } else { Existing::Other(differences) }
}

pub(super) fn annotation<'a>(job: &'a Job, key: &str) -> Option<&'a str> {
    job.metadata.annotations.as_ref()?.get(key).map(String::as_str)
}

/// What the two Jobs do differently. What the API server fills in, and the finalizer that a follower adds, do not count.
fn differences(existing: &Job, wanted: &Job) -> Vec<String> {
    let json = |job: &Job| {
        let mut job = job.clone();
        set_finalizer(&mut job, false);
        serde_json::to_value(job).unwrap_or_default()
    };
    let (old, new) = (json(existing), json(wanted));
    let changes = immutable_changes(&old, &new, KubernetesVersion::default());
    let mut found: Vec<String> =
        changes.into_iter().map(|change| format!("{}: {}", change.pointer, change.message)).collect();
    for field in ["backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished"] {
        let of = |job: &Value| job["spec"][field].as_i64();
        let (before, after) = (of(&old), of(&new));
        // 6 is what the API server fills in.
        let is_default = field == "backoffLimit" && before == Some(6) && after.is_none();
        if before != after && !is_default {
            let show = |value: Option<i64>| value.map_or_else(|| "absent".to_owned(), |value| value.to_string());
            found.push(format!("{field} is {}, not {}", show(before), show(after)));
        }
    }
    found
}

/// Puts the finalizer into the Pod template by which a Pod's end stays visible, or takes it out.
pub(crate) fn set_finalizer(job: &mut Job, present: bool) {
    let Some(spec) = &mut job.spec else { return };
    let finalizers = if present {
        spec.template.metadata.get_or_insert_default().finalizers.get_or_insert_default()
    } else {
        let Some(finalizers) = spec.template.metadata.as_mut().and_then(|metadata| metadata.finalizers.as_mut()) else {
            return;
        };
        finalizers
    };
    finalizers.retain(|name| name != EVIDENCE_FINALIZER);
    if present {
        finalizers.push(EVIDENCE_FINALIZER.to_owned());
    }
    if finalizers.is_empty()
        && let Some(metadata) = &mut spec.template.metadata
    {
        metadata.finalizers = None;
    }
}
