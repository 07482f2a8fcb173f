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

fn list_jobs(world: &mut World, jobs: &[ObservedJob]) -> Vec<Box<str>> {
    world.job(Change::ListBegan, NOW);
    for job in jobs {
        world.job(seen(&job.uid.clone(), job.clone()), NOW);
    }
    world.job(Change::ListEnded, NOW)
}

fn list_pods(world: &mut World, pods: &[ObservedPod]) -> Vec<Box<str>> {
    world.pod(Change::ListBegan, NOW);
    for pod in pods {
        world.pod(seen(&pod.uid.clone(), pod.clone()), NOW);
    }
    world.pod(Change::ListEnded, NOW)
}

#[test]
fn nothing_is_judged_before_both_lists_are_complete() {
    let mut world = World::default();
    list_jobs(&mut world, &[job("job-1", &json!({}))]);
    assert!(!world.is_listed());
    assert_eq!(list_pods(&mut world, &[]), [NAME.into()]);
    assert!(world.is_listed());
}

#[test]
fn a_pod_that_comes_before_its_job_is_kept_for_it() {
    let mut world = World::default();
    assert!(world.pod(seen("pod-1", pod("pod-1", "Running")), NOW).is_empty());
    world.job(seen("job-1", job("job-1", &json!({}))), NOW);
    assert_eq!(world.snapshot(NAME).unwrap().pods, [pod("pod-1", "Running")]);
}

#[test]
fn what_a_list_does_not_name_is_gone() {
    let mut world = World::default();
    list_jobs(&mut world, &[job("job-1", &json!({}))]);
    list_pods(&mut world, &[pod("pod-1", "Running")]);
    assert_eq!(list_pods(&mut world, &[]), [NAME.into()]);
    let snapshot = world.snapshot(NAME).unwrap();
    assert!(snapshot.is_gone(&snapshot.pods[0]) && snapshot.pods[0].deletion_at == Some(NOW));
    assert!(snapshot.there);

    assert_eq!(list_jobs(&mut world, &[]), [NAME.into()]);
    let snapshot = world.snapshot(NAME).unwrap();
    assert!(!snapshot.there && snapshot.job.is_some());
}

#[test]
fn the_end_of_another_job_of_that_name_changes_nothing() {
    let mut world = World::default();
    list_jobs(&mut world, &[job("job-1", &json!({}))]);
    world.job(seen("job-2", job("job-2", &json!({}))), NOW);
    assert_eq!(world.job_gone(NAME, "job-1", NOW), None);
    assert!(world.snapshot(NAME).unwrap().there);
}

#[test]
fn the_same_object_again_touches_nothing() {
    let mut world = World::default();
    list_jobs(&mut world, &[job("job-1", &json!({}))]);
    list_pods(&mut world, &[pod("pod-1", "Running")]);
    assert!(world.job(seen("job-1", job("job-1", &json!({}))), NOW).is_empty());
    assert!(world.pod(seen("pod-1", pod("pod-1", "Running")), NOW).is_empty());
    assert_eq!(world.pod(seen("pod-1", pod("pod-1", "Failed")), NOW), [NAME.into()]);
}

#[test]
fn pods_are_current_when_as_many_have_ended_as_the_job_counts() {
    let complete = json!({"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]});
    let mut world = World::default();
    list_jobs(&mut world, &[job("job-1", &json!({"active": 1}))]);
    list_pods(&mut world, &[pod("pod-1", "Running")]);
    assert!(world.snapshot(NAME).unwrap().pods_are_current());
    world.job(seen("job-1", job("job-1", &complete)), NOW);
    assert!(!world.snapshot(NAME).unwrap().pods_are_current());
    world.pod(seen("pod-1", pod("pod-1", "Succeeded")), NOW);
    assert!(world.snapshot(NAME).unwrap().pods_are_current());
}

#[test]
fn an_expected_attempt_is_known_before_its_job() {
    let mut world = World::default();
    let attempt = Attempt { namespace: "tasks".into(), task: "a".into(), number: 1 };
    world.expect(NAME, attempt, NOW);
    assert!(world.snapshot(NAME).unwrap().job.is_none());
    world.found(job("job-1", &json!({})), NOW);
    assert!(world.snapshot(NAME).unwrap().there);
    world.forget(NAME);
    assert!(world.snapshot(NAME).is_none() && world.jobs.is_empty());
}
