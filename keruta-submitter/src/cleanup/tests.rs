use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::testing::Server;

const HOUR: i64 = 3600;

fn at(hours: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + hours * HOUR).unwrap()
}

fn now() -> Timestamp {
    at(100)
}

fn meta(name: &str, task: Option<&str>, created: i64) -> Value {
    let labels = task.map(|task| json!({"app": "keruta", "task-id": task, "app.kubernetes.io/managed-by": "keruta"}));
    json!({"name": name, "namespace": "tasks", "uid": format!("uid-{name}"), "labels": labels,
        "creationTimestamp": at(created)})
}

fn pod_spec(claim: &str) -> Value {
    json!({"containers": [{"name": "main"}], "volumes": [{"name": "w", "persistentVolumeClaim": {"claimName": claim}}]})
}

/// A Job that ended in an hour, or has not.
fn job(name: &str, task: Option<&str>, claim: &str, ended: Option<i64>, verdict: bool) -> Value {
    let mut metadata = meta(name, task, 0);
    if verdict {
        metadata["annotations"] =
            json!({"keruta.dev/verdict": r#"{"outcome":"Completed","retryable":false,"evidence":{}}"#});
    }
    let conditions =
        ended.map(|ended| json!([{"type": "Complete", "status": "True", "lastTransitionTime": at(ended)}]));
    json!({"metadata": metadata, "spec": {"template": {"metadata": {"finalizers": ["keruta.dev/evidence"]},
        "spec": pod_spec(claim)}}, "status": {"conditions": conditions}})
}

fn claim(name: &str, task: Option<&str>, retention: Option<&str>, created: i64) -> Value {
    let mut metadata = meta(name, task, created);
    if let Some(retention) = retention {
        metadata["annotations"] = json!({"keruta.dev/retention": retention});
    }
    json!({"metadata": metadata})
}

fn pod(name: &str, owner: &str, claim: &str, phase: &str) -> Value {
    let mut metadata = meta(name, Some("a"), 0);
    metadata["finalizers"] = json!(["keruta.dev/evidence", "other/one"]);
    metadata["ownerReferences"] =
        json!([{"apiVersion": "batch/v1", "kind": "Job", "name": owner, "uid": format!("uid-{owner}")}]);
    json!({"metadata": metadata, "spec": pod_spec(claim), "status": {"phase": phase}})
}

fn inventory(jobs: &[Value], pods: &[Value], config_maps: &[Value], claims: &[Value]) -> Inventory {
    fn typed<K: serde::de::DeserializeOwned>(values: &[Value]) -> Vec<K> {
        values.iter().map(|value| serde_json::from_value(value.clone()).unwrap()).collect()
    }
    let (jobs, pods, config_maps, claims) = (typed(jobs), typed(pods), typed(config_maps), typed(claims));
    Inventory { jobs, pods, config_maps, claims, namespace_goes: false }
}

fn kept_for(hours: u32) -> Retention {
    Retention::default().jobs(Some(Duration::from_secs(hours * 3600)))
}

fn names(removals: &[Removal]) -> Vec<String> {
    removals.iter().map(|removal| format!("{} {}", removal.object.kind, removal.object.name)).collect()
}

#[test]
fn ended_jobs_go_when_their_time_is_over() {
    let jobs = [
        job("old", Some("a"), "c", Some(10), true),
        job("young", Some("b"), "c", Some(95), true),
        job("running", Some("c"), "c", None, false),
        job("foreign", None, "c", Some(10), false),
        job("unjudged-just-ended", Some("d"), "c", Some(100), false),
    ];
    let all = inventory(&jobs, &[], &[], &[]);
    assert_eq!(names(&plan(&all, &kept_for(24), now())), ["Job old"]);
    assert_eq!(names(&plan(&all, &kept_for(0), now())), ["Job old", "Job young"], "one waits for its verdict");
    assert!(plan(&all, &Retention::default(), now()).is_empty());
}

#[test]
fn files_without_a_job_go_and_those_of_an_ended_job_stay_for_a_retry() {
    let map = |name: &str, created| json!({"metadata": meta(name, Some("a"), created), "data": {}});
    let mut owned = map("owned", 0);
    owned["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "batch/v1", "kind": "Job", "name": "x", "uid": "gone"}]);
    let mut by_hand = map("by-hand", 0);
    by_hand["metadata"]["labels"].as_object_mut().unwrap().remove("app.kubernetes.io/managed-by");
    let maps = [map("orphan", 0), map("new", 100), map("ended", 0), map("goes", 0), owned, by_hand];
    let jobs = [job("ended", Some("a"), "c", Some(99), true), job("goes", Some("a"), "c", Some(1), true)];
    let all = inventory(&jobs, &[], &maps, &[]);
    assert_eq!(names(&plan(&all, &kept_for(24), now())), ["Job goes", "ConfigMap goes", "ConfigMap orphan"]);
}

#[test]
fn claims_go_by_their_annotation_and_never_in_use() {
    let claims = [
        claim("keep", Some("a"), None, 0),
        claim("with", Some("a"), Some("delete-with-task"), 0),
        claim("after", Some("b"), Some("after 72h"), 0),
        claim("later", Some("c"), Some("after 96h"), 0),
        claim("odd", Some("d"), Some("whenever"), 0),
        claim("new", Some("e"), Some("delete-with-task"), 100),
        claim("foreign", None, Some("delete-with-task"), 0),
    ];
    let ended = [job("jb", Some("b"), "after", Some(20), true), job("jc", Some("c"), "later", Some(20), true)];
    let all = inventory(&ended, &[], &[], &claims);
    let removed = names(&plan(&all, &Retention::default(), now()));
    assert_eq!(removed, ["PersistentVolumeClaim after", "PersistentVolumeClaim with"]);
    // A child's Job that has not ended, and a Pod of nobody, use them.
    let jobs = [job("child", Some("z"), "with", None, false)];
    let mut stranger = pod("p", "none", "after", "Running");
    stranger["metadata"]["labels"] = Value::Null;
    let all = inventory(&jobs, &[stranger], &[], &claims[..3]);
    assert!(plan(&all, &Retention::default(), now()).is_empty());
    // A Job that goes in the same plan holds nothing up.
    let all = inventory(&[job("ja", Some("a"), "with", Some(10), true)], &[], &[], &claims[1..2]);
    assert!(plan(&all, &Retention::default(), now()).is_empty());
    assert_eq!(names(&plan(&all, &kept_for(1), now())), ["Job ja", "PersistentVolumeClaim with"]);
    // A Job that tells when a claim's time is over stays so long.
    let all = inventory(&ended, &[], &[], &claims);
    let removed = names(&plan(&all, &kept_for(1), now()));
    assert_eq!(removed, ["Job jb", "PersistentVolumeClaim after", "PersistentVolumeClaim with"]);
}

#[test]
fn evidence_that_nobody_can_want_is_released() {
    let jobs = [job("judged", Some("a"), "c", Some(10), true), job("unjudged", Some("a"), "c", Some(10), false)];
    let pods = [
        pod("used", "judged", "c", "Failed"),
        pod("wanted", "unjudged", "c", "Failed"),
        pod("orphan", "gone", "c", "Failed"),
    ];
    let all = inventory(&jobs, &pods, &[], &[]);
    let removals = plan(&all, &Retention::default(), now());
    assert_eq!(names(&removals), ["Pod orphan", "Pod used"]);
    assert_eq!(removals[0].why, Why::EvidenceOfNone);
}

#[test]
fn evidence_does_not_hold_up_the_deletion_of_its_namespace() {
    let deleted = |name: &str, at: Timestamp| {
        let mut pod = pod(name, "unjudged", "c", "Failed");
        pod["metadata"]["deletionTimestamp"] = json!(at);
        pod
    };
    let jobs = [job("unjudged", Some("a"), "c", Some(10), false)];
    let minute = jiff::SignedDuration::from_mins(1);
    let pods = [deleted("held", now() - minute), deleted("new", now()), pod("kept", "unjudged", "c", "Failed")];
    let mut all = inventory(&jobs, &pods, &[], &[]);
    assert!(plan(&all, &Retention::default(), now()).is_empty(), "its verdict may still come");
    all.namespace_goes = true;
    let removals = plan(&all, &Retention::default(), now());
    assert_eq!((names(&removals), &removals[0].why), (vec!["Pod held".to_owned()], &Why::NamespaceGoes));
}

#[tokio::test]
async fn a_removal_is_of_that_object_alone() {
    let server = Server::default();
    let base = "/api/v1/namespaces/tasks";
    server.put(&format!("{base}/pods/used"), pod("used", "gone", "c", "Failed"));
    server.put(&format!("{base}/configmaps/orphan"), json!({"metadata": meta("orphan", Some("a"), 0)}));
    server.put(&format!("{base}/persistentvolumeclaims/with"), claim("with", Some("a"), Some("delete-with-task"), 0));
    let all = Inventory::list(&server.cluster(), "tasks").await.unwrap();
    let removals = plan(&all, &Retention::default(), now());
    assert_eq!(names(&removals), ["Pod used", "ConfigMap orphan", "PersistentVolumeClaim with"]);
    for removal in &removals {
        assert_eq!(carry_out(&server.cluster(), removal, true).await.unwrap(), Outcome::Rehearsed);
    }
    assert!(server.writes().is_empty());
    for removal in &removals {
        assert_eq!(carry_out(&server.cluster(), removal, false).await.unwrap(), Outcome::Done, "{}", removal.object);
    }
    assert_eq!(server.get(&format!("{base}/pods/used")).unwrap()["metadata"]["finalizers"], json!(["other/one"]));
    for removal in &removals {
        assert_eq!(carry_out(&server.cluster(), removal, false).await.unwrap(), Outcome::Gone, "{}", removal.object);
    }
    // A later object of that name is another.
    server.put(&format!("{base}/configmaps/orphan"), json!({"metadata": {"name": "orphan", "uid": "new"}}));
    assert_eq!(carry_out(&server.cluster(), &removals[1], false).await.unwrap(), Outcome::Gone);
    // And a claim that is used since the plan stays.
    server.put(&format!("{base}/persistentvolumeclaims/with"), claim("with", Some("a"), Some("delete-with-task"), 0));
    server.put(&format!("{base}/pods/late"), pod("late", "gone", "with", "Pending"));
    assert_eq!(carry_out(&server.cluster(), &removals[2], false).await.unwrap(), Outcome::InUse);
}

prop_compose! {
    fn any_job(index: usize)(ours: bool, claim in "[ab]", ended in proptest::option::of(0_i64..101), verdict: bool) -> Value {
        job(&format!("j{index}"), ours.then_some("t"), &claim, ended, verdict)
    }
}
prop_compose! {
    fn any_pod(index: usize)(ours: bool, claim in "[ab]", owner in "j[0-3]", phase in "Pending|Running|Succeeded|Failed") -> Value {
        let mut pod = pod(&format!("p{index}"), &owner, &claim, &phase);
        if !ours { pod["metadata"]["labels"] = Value::Null; }
        pod
    }
}
prop_compose! {
    fn any_claim(name: &'static str)(ours: bool, rule in proptest::option::of("delete-with-task|after (1h|99h)|x"), created in 0_i64..101) -> Value {
        claim(name, ours.then_some("t"), rule.as_deref(), created)
    }
}

proptest! {
    #[test]
    fn no_plan_names_what_is_not_ours_or_is_in_use(
        jobs in (any_job(0), any_job(1), any_job(2)), pods in (any_pod(0), any_pod(1)),
        claims in (any_claim("a"), any_claim("b")), hours in proptest::option::of(0_u32..50),
    ) {
        let jobs = [jobs.0, jobs.1, jobs.2];
        let pods = [pods.0, pods.1];
        let claims = [claims.0, claims.1];
        let all = inventory(&jobs, &pods, &[], &claims);
        let retention = Retention::default().jobs(hours.map(|hours| Duration::from_secs(hours * 3600)));
        let removals = plan(&all, &retention, now());
        let objects: BTreeSet<&ObjectId> = removals.iter().map(|removal| &removal.object).collect();
        prop_assert_eq!(objects.len(), removals.len(), "nothing twice");
        for removal in &removals {
            let name = removal.object.name.as_str();
            let of = |values: &[Value]| values.iter().find(|value| value["metadata"]["name"] == name).cloned();
            let object = of(&jobs).or_else(|| of(&pods)).or_else(|| of(&claims)).unwrap();
            prop_assert_eq!(&object["metadata"]["labels"]["app"], "keruta");
            match removal.object.kind {
                Kind::Job => prop_assert!(!object["status"]["conditions"].is_null()),
                Kind::PersistentVolumeClaim => {
                    let uses = |spec: &Value| spec["volumes"][0]["persistentVolumeClaim"]["claimName"] == name;
                    prop_assert!(!jobs.iter().any(|job| job["status"]["conditions"].is_null() && uses(&job["spec"]["template"]["spec"])));
                    prop_assert!(!pods.iter().any(|pod| ["Pending", "Running"].iter().any(|phase| pod["status"]["phase"] == *phase) && uses(&pod["spec"])));
                }
                _ => {}
            }
        }
    }
}
