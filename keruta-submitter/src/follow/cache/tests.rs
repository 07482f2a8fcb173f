use serde_json::json;

use super::*;

const NOW: Timestamp = Timestamp::constant(1_700_000_000, 0);
const NAME: &str = "keruta-job-a";

fn job(uid: &str, status: &serde_json::Value) -> ObservedJob {
    let job = json!({
        "metadata": {
            "name": NAME, "namespace": "tasks", "uid": uid, "labels": {"app": "keruta", "task-id": "a"},
        },
        "status": status,
    });
    ObservedJob::of(&serde_json::from_value(job).unwrap()).unwrap()
}

fn pod(uid: &str, phase: &str) -> ObservedPod {
    let owner = json!({"apiVersion": "batch/v1", "kind": "Job", "name": NAME, "uid": "job-1", "controller": true});
    let pod = json!({
        "metadata": {"name": uid, "uid": uid, "ownerReferences": [owner]},
        "status": {"phase": phase},
    });
    ObservedPod::of(&serde_json::from_value(pod).unwrap()).unwrap()
}

fn seen<O>(uid: &str, object: O) -> Change<O> {
    Change::Seen { uid: uid.to_owned(), object }
}

fn list_jobs(cache: &mut Cache, jobs: &[ObservedJob]) -> Vec<JobName> {
    cache.job(Change::ListBegan, NOW);
    for job in jobs {
        cache.job(seen(&job.uid.clone(), job.clone()), NOW);
    }
    cache.job(Change::ListEnded, NOW)
}

fn list_pods(cache: &mut Cache, pods: &[ObservedPod]) -> Vec<JobName> {
    cache.pod(Change::ListBegan, NOW);
    for pod in pods {
        cache.pod(seen(&pod.uid.clone(), pod.clone()), NOW);
    }
    cache.pod(Change::ListEnded, NOW)
}

#[test]
fn nothing_is_judged_before_both_lists_are_complete() {
    let mut cache = Cache::default();
    list_jobs(&mut cache, &[job("job-1", &json!({}))]);
    assert!(!cache.is_listed());
    assert_eq!(list_pods(&mut cache, &[]), [NAME.into()]);
    assert!(cache.is_listed());
}

#[test]
fn a_pod_that_comes_before_its_job_is_kept_for_it() {
    let mut cache = Cache::default();
    assert!(cache.pod(seen("pod-1", pod("pod-1", "Running")), NOW).is_empty());
    cache.job(seen("job-1", job("job-1", &json!({}))), NOW);
    assert_eq!(cache.get(NAME).unwrap().pods, [pod("pod-1", "Running")]);
}

#[test]
fn what_a_list_does_not_name_is_gone() {
    let mut cache = Cache::default();
    list_jobs(&mut cache, &[job("job-1", &json!({}))]);
    list_pods(&mut cache, &[pod("pod-1", "Running")]);
    assert_eq!(list_pods(&mut cache, &[]), [NAME.into()]);
    let tracked = cache.get(NAME).unwrap();
    assert!(tracked.is_gone(&tracked.pods[0]) && tracked.pods[0].deletion_at == Some(NOW));
    assert!(tracked.there);

    assert_eq!(list_jobs(&mut cache, &[]), [NAME.into()]);
    let tracked = cache.get(NAME).unwrap();
    assert!(!tracked.there && tracked.job.is_some());
}

#[test]
fn the_end_of_another_job_of_that_name_changes_nothing() {
    let mut cache = Cache::default();
    list_jobs(&mut cache, &[job("job-1", &json!({}))]);
    cache.job(seen("job-2", job("job-2", &json!({}))), NOW);
    assert_eq!(cache.job_gone(NAME, "job-1", NOW), None);
    assert!(cache.get(NAME).unwrap().there);
}

#[test]
fn the_same_object_again_touches_nothing() {
    let mut cache = Cache::default();
    list_jobs(&mut cache, &[job("job-1", &json!({}))]);
    list_pods(&mut cache, &[pod("pod-1", "Running")]);
    assert!(cache.job(seen("job-1", job("job-1", &json!({}))), NOW).is_empty());
    assert!(cache.pod(seen("pod-1", pod("pod-1", "Running")), NOW).is_empty());
    assert_eq!(cache.pod(seen("pod-1", pod("pod-1", "Failed")), NOW), [NAME.into()]);
}

#[test]
fn pods_are_current_when_as_many_have_ended_as_the_job_counts() {
    let complete = json!({"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]});
    let mut cache = Cache::default();
    list_jobs(&mut cache, &[job("job-1", &json!({"active": 1}))]);
    list_pods(&mut cache, &[pod("pod-1", "Running")]);
    assert!(cache.get(NAME).unwrap().pods_are_current());
    cache.job(seen("job-1", job("job-1", &complete)), NOW);
    assert!(!cache.get(NAME).unwrap().pods_are_current());
    cache.pod(seen("pod-1", pod("pod-1", "Succeeded")), NOW);
    assert!(cache.get(NAME).unwrap().pods_are_current());
}

/// Its phase stays Pending for ever.
#[test]
fn a_pod_that_was_deleted_before_it_had_a_node_has_ended() {
    let failed = json!({"failed": 1, "conditions": [{"type": "Failed", "status": "True"}]});
    let mut cache = Cache::default();
    list_jobs(&mut cache, &[job("job-1", &failed)]);
    list_pods(&mut cache, &[pod("pod-1", "Pending")]);
    assert!(!cache.get(NAME).unwrap().pods_are_current());
    let deleted = ObservedPod { deletion_at: Some(NOW), ..pod("pod-1", "Pending") };
    cache.pod(seen("pod-1", deleted), NOW);
    assert!(cache.get(NAME).unwrap().pods_are_current());
}

#[test]
fn an_expected_attempt_is_known_before_its_job() {
    let mut cache = Cache::default();
    let attempt = Attempt { namespace: "tasks".into(), task: "a".into(), number: 1 };
    cache.expect(NAME, attempt, NOW);
    assert!(cache.get(NAME).unwrap().job.is_none());
    cache.found(job("job-1", &json!({})), NOW);
    assert!(cache.get(NAME).unwrap().there);
    cache.forget(NAME);
    assert!(cache.get(NAME).is_none());
}

fn at<O>(version: &str, mut object: O, set: impl FnOnce(&mut O) -> &mut Box<str>) -> O {
    *set(&mut object) = version.into();
    object
}

fn job_at(version: &str, status: &serde_json::Value) -> ObservedJob {
    at(version, job("job-1", status), |job| &mut job.resource_version)
}

fn pod_at(version: &str, phase: &str) -> ObservedPod {
    at(version, pod("pod-1", phase), |pod| &mut pod.resource_version)
}

#[test]
fn an_answer_that_is_older_than_the_watch_changes_nothing() {
    let mut cache = Cache::default();
    list_jobs(&mut cache, &[job_at("5", &json!({"active": 1}))]);
    list_pods(&mut cache, &[pod_at("6", "Running")]);
    cache.pod(seen("pod-1", pod_at("8", "Succeeded")), NOW);
    cache.refresh(NAME, vec![pod_at("7", "Running")], NOW);
    assert_eq!(cache.get(NAME).unwrap().pods, [pod_at("8", "Succeeded")]);
    // What is gone stays gone.
    cache.pod(Change::Gone { uid: "pod-1".to_owned(), object: pod_at("10", "Succeeded") }, NOW);
    cache.job(Change::Gone { uid: "job-1".to_owned(), object: job_at("11", &json!({"succeeded": 1})) }, NOW);
    cache.refresh(NAME, vec![pod_at("9", "Succeeded")], NOW);
    cache.found(job_at("9", &json!({"succeeded": 1})), NOW);
    let tracked = cache.get(NAME).unwrap();
    assert!(!tracked.there && tracked.is_gone(&tracked.pods[0]));
}

#[test]
fn what_a_list_did_not_show_and_the_server_does_is_there() {
    let mut cache = Cache::default();
    list_jobs(&mut cache, &[job_at("5", &json!({}))]);
    list_pods(&mut cache, &[pod_at("6", "Running")]);
    list_jobs(&mut cache, &[]);
    list_pods(&mut cache, &[]);
    cache.found(job_at("5", &json!({})), NOW);
    cache.refresh(NAME, vec![pod_at("6", "Running")], NOW);
    let tracked = cache.get(NAME).unwrap();
    assert!(tracked.there && !tracked.is_gone(&tracked.pods[0]));
}

#[test]
fn a_new_version_alone_touches_nothing() {
    let mut cache = Cache::default();
    list_jobs(&mut cache, &[job("job-1", &json!({}))]);
    list_pods(&mut cache, &[pod_at("6", "Running")]);
    assert!(cache.pod(seen("pod-1", pod_at("7", "Running")), NOW).is_empty());
    cache.refresh(NAME, vec![pod_at("6", "Pending")], NOW);
    assert_eq!(cache.get(NAME).unwrap().pods, [pod_at("7", "Running")]);
}

#[test]
fn the_pods_of_a_job_that_was_never_seen_belong_to_its_attempt() {
    let mut cache = Cache::default();
    list_jobs(&mut cache, &[]);
    list_pods(&mut cache, &[pod_at("6", "Running")]);
    let attempt = Attempt { namespace: "tasks".into(), task: "a".into(), number: 1 };
    cache.expect(NAME, attempt, NOW);
    assert!(!cache.get(NAME).unwrap().pods_are_current());
    assert_eq!(cache.pod(seen("pod-1", pod_at("7", "Failed")), NOW), [NAME.into()]);
    assert_eq!(cache.get(NAME).unwrap().pods, [pod_at("7", "Failed")]);
    cache.forget(NAME);
    assert!(cache.tracked.is_empty() && cache.pods.is_empty() && cache.early.is_empty());
}

#[test]
fn what_an_earlier_job_of_the_name_left_belongs_to_the_attempt() {
    let complete = json!({"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]});
    let mut cache = Cache::default();
    let mut other = pod("pod-2", "Succeeded");
    other.job_uid = "job-2".into();
    list_pods(&mut cache, &[pod("pod-1", "Running"), other]);
    list_jobs(&mut cache, &[job("job-2", &complete)]);
    let tracked = cache.get(NAME).unwrap();
    assert_eq!(tracked.pods.len(), 2);
    assert!(tracked.pods_are_current(), "the other Job's Pod does not count");
}
