use super::*;
use crate::review::finding::Finding;
use k8s_openapi::api::batch::v1::Job;
use serde_json::{Value, json};

fn claim(name: &str, mode: &str) -> Object {
    Object::from(
        serde_json::from_value::<PersistentVolumeClaim>(json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {"name": name}, "spec": {"accessModes": [mode]}}))
        .unwrap(),
    )
}

fn job(name: &str, claims: &[&str], patch: &Value) -> Object {
    let volumes: Vec<Value> = claims
        .iter()
        .enumerate()
        .map(|(n, claim)| json!({"name": format!("v{n}"), "persistentVolumeClaim": {"claimName": claim}}))
        .collect();
    let mounts: Vec<Value> =
        (0..claims.len()).map(|n| json!({"name": format!("v{n}"), "mountPath": format!("/v{n}")})).collect();
    let mut job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": {"template":
        {"spec": {"volumes": volumes, "containers": [{"name": "main", "volumeMounts": mounts}]}}}});
    json_patch::merge(&mut job, patch);
    Object::from(serde_json::from_value::<Job>(job).unwrap())
}

fn check(objects: &[Object], shared: &[SharedClaim], found: &mut Vec<Finding>) {
    let stream = Stream::new(objects);
    for object in objects {
        if let Some(pod) = PodView::of(object) {
            super::check(object, &pod, &stream, shared, &mut Sink::new(object.kind(), object.name(), found));
        }
    }
}

fn ids(objects: &[Object], shared: &[SharedClaim]) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    check(objects, shared, &mut found);
    found.into_iter().map(|finding| (finding.id.as_str(), finding.object.name)).collect()
}

fn shared(mode: &str, writers: &[&str], consent: bool) -> Vec<SharedClaim> {
    vec![SharedClaim {
        claim: "c".into(),
        access_modes: if mode.is_empty() { Vec::new() } else { vec![mode.into()] },
        writers: writers.iter().map(|&name| name.to_owned()).collect(),
        consent,
    }]
}

const POINTER: &str = "/spec/template/spec/volumes/0/persistentVolumeClaim";

#[test]
fn a_claim_that_others_write_to() {
    let plain = json!({});
    let follows = json!({"spec": {"template": {"spec": {"affinity": {"podAffinity":
        {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "kubernetes.io/hostname",
            "labelSelector": {"matchLabels": {"keruta.dev/workspace": "1"}}}]}}}}}});
    let zone = json!({"spec": {"template": {"spec": {"affinity": {"podAffinity":
        {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "topology.kubernetes.io/zone"}]}}}}}});
    let node = json!({"spec": {"template": {"spec": {"nodeSelector": {"kubernetes.io/hostname": "n"}}}}});
    let named = json!({"spec": {"template": {"spec": {"affinity": {"nodeAffinity":
        {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms":
            [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n"]}]}]}}}}}}});
    let reads = json!({"spec": {"template": {"spec": {"containers": [{"name": "main",
        "volumeMounts": [{"name": "v0", "mountPath": "/v0", "readOnly": true}]}]}}}});
    let parallel = json!({"spec": {"parallelism": 2}});
    let rwo = Some("storage-rwo-several-writers");
    let rwop = Some("storage-rwop-shared");
    let rwx = Some("storage-rwx-several-writers");
    for (mode, writers, consent, patch, expected) in [
        ("ReadWriteOnce", &["other"][..], false, &plain, rwo),
        ("ReadWriteOnce", &["other"], true, &plain, rwo),
        ("ReadWriteOnce", &["other"], false, &follows, None),
        ("ReadWriteOnce", &["other"], false, &node, None),
        ("ReadWriteOnce", &["other"], false, &named, None),
        ("ReadWriteOnce", &["other"], false, &zone, rwo),
        ("ReadWriteOnce", &["other"], false, &reads, None),
        ("ReadWriteOnce", &["me"], false, &plain, None),
        ("ReadWriteOnce", &[], false, &plain, None),
        ("ReadWriteOnce", &[], false, &parallel, rwo),
        ("ReadWriteOncePod", &["other"], true, &follows, rwop),
        ("ReadWriteOncePod", &[], false, &plain, None),
        ("ReadWriteOncePod", &[], false, &parallel, rwop),
        ("ReadWriteMany", &["other"], false, &plain, rwx),
        ("ReadWriteMany", &["other"], true, &plain, None),
        ("ReadOnlyMany", &["other"], false, &plain, None),
        ("", &["other"], false, &plain, None),
    ] {
        let objects = [job("me", &["c"], patch)];
        let mut found = Vec::new();
        check(&objects, &shared(mode, writers, consent), &mut found);
        assert_eq!(found.first().map(|finding| finding.id.as_str()), expected, "{mode} {writers:?} {patch}");
        assert!(found.len() <= 1 && found.iter().all(|finding| finding.pointer == POINTER));
    }
}

#[test]
fn jobs_of_one_stream_are_writers_of_one_another() {
    let plain = json!({});
    let objects = [claim("c", "ReadWriteOnce"), job("a", &["c"], &plain), job("b", &["c"], &plain)];
    let rwo = "storage-rwo-several-writers";
    assert_eq!(ids(&objects, &[]), [(rwo, "a".into()), (rwo, "b".into())]);
    let elsewhere = job("b", &["c"], &json!({"metadata": {"namespace": "n"}}));
    assert_eq!(ids(&[claim("c", "ReadWriteOnce"), job("a", &["c"], &plain), elsewhere], &[]), []);
    assert_eq!(ids(&[job("a", &["c"], &plain), job("b", &["c"], &plain)], &[]), []);
}

#[test]
fn two_claims_that_each_tie_the_pod() {
    let plain = json!({});
    let two = "storage-two-rwo-claims";
    for (first, second, expected) in [
        ("ReadWriteOnce", "ReadWriteOnce", 1),
        ("ReadWriteOnce", "ReadWriteOncePod", 1),
        ("ReadWriteOnce", "ReadWriteMany", 0),
        ("ReadWriteMany", "ReadOnlyMany", 0),
    ] {
        let objects = [claim("c", first), claim("d", second), job("a", &["c", "d"], &plain)];
        assert_eq!(ids(&objects, &[]), vec![(two, "a".to_owned()); expected], "{first} {second}");
    }
    assert_eq!(ids(&[claim("c", "ReadWriteOnce"), job("a", &["c", "c"], &plain)], &[]), []);
    assert_eq!(ids(&[claim("c", "ReadWriteOnce"), job("a", &["c", "unknown"], &plain)], &[]), []);
}
