use keruta_manifest::lineage::Lineage;
use keruta_manifest::render::{RenderOptions, render};
use keruta_manifest::{Settings, Task};
use serde_json::{Value, json};

use super::*;

fn bundle(attempt: u32) -> Bundle {
    let text = format!(
        r#"{{"id": "t1", "attempt": {attempt}, "image": "i", "timeoutSeconds": 90, "title": "T",
            "files": [{{"content": "A", "path": "/etc/a.txt"}}], "repository": {{"url": "https://example.com/r.git"}}}}"#
    );
    let task = Task::from_json(&text).unwrap();
    let rendered = render(&task, &Settings::default(), &Lineage::of(&task), &RenderOptions::default()).unwrap();
    Bundle::of_rendered(rendered, "tasks").unwrap()
}

/// The Job as the cluster has it after its end.
fn ended(bundle: &Bundle, change: impl Fn(&mut Value)) -> Job {
    let mut job = serde_json::to_value(&bundle.job).unwrap();
    job["metadata"]["uid"] = json!("u");
    job["metadata"]["resourceVersion"] = json!("9");
    job["metadata"]["annotations"][VERDICT] = json!("{}");
    job["spec"]["selector"] = json!({"matchLabels": {"batch.kubernetes.io/controller-uid": "u"}});
    job["spec"]["completions"] = json!(1);
    job["spec"]["parallelism"] = json!(1);
    job["spec"]["suspend"] = json!(false);
    job["spec"]["template"]["metadata"]["labels"]["batch.kubernetes.io/controller-uid"] = json!("u");
    job["spec"]["template"]["metadata"]["labels"]["job-name"] = json!("keruta-job-t1");
    job["spec"]["template"]["metadata"]["finalizers"] = json!(["keruta.dev/evidence"]);
    job["spec"]["template"]["spec"]["dnsPolicy"] = json!("ClusterFirst");
    job["status"] = json!({"conditions": [{"type": "Failed", "status": "True"}]});
    change(&mut job);
    serde_json::from_value(job).unwrap()
}

#[test]
fn the_next_attempt_does_the_same_under_the_next_name() {
    let (first, second) = (bundle(1), bundle(2));
    let next = next_attempt(&ended(&first, |_| {}), first.config_map.as_ref(), []).unwrap();
    assert_eq!(next.attempt, second.attempt);
    assert_eq!(next.job_name(), "keruta-job-t1-attempt-2");
    assert_eq!(next.config_map, second.config_map);
    assert_eq!(next.claim, None, "the claim stays what it is");
    assert_eq!(next.job.metadata.labels, second.job.metadata.labels);
    assert!(next.job.status.is_none() && next.job.metadata.uid.is_none());
    let spec = next.job.spec.clone().unwrap();
    assert!(spec.selector.is_none() && spec.suspend.is_none());
    assert_eq!(spec.template.metadata, second.job.spec.as_ref().unwrap().template.metadata);
    let annotations = next.job.metadata.annotations.as_ref().unwrap();
    assert!(!annotations.contains_key(VERDICT));
    assert_eq!(annotations[well_known::TITLE], "T");
    // What a rendering of the second attempt would be is the same work.
    assert_ne!(next.spec_hash(), first.spec_hash());
    let third = next_attempt(&ended(&next, |_| {}), next.config_map.as_ref(), [&first.attempt]).unwrap();
    assert_eq!(third.job_name(), "keruta-job-t1-attempt-3");
}

#[test]
fn an_order_to_end_does_not_outlive_its_attempt() {
    let first = bundle(1);
    let cancelled = ended(&first, |job| {
        job["metadata"]["annotations"][STOP] = json!("{}");
        job["metadata"]["annotations"][BEFORE_STOP] = json!(r#"{"parallelism":1,"activeDeadlineSeconds":90}"#);
        job["spec"]["parallelism"] = json!(0);
        job["spec"]["activeDeadlineSeconds"] = json!(1);
    });
    let next = next_attempt(&cancelled, first.config_map.as_ref(), []).unwrap();
    let spec = next.job.spec.unwrap();
    assert_eq!((spec.parallelism, spec.active_deadline_seconds), (Some(1), Some(90)));
    let annotations = next.job.metadata.annotations.unwrap();
    assert!(!annotations.contains_key(STOP) && !annotations.contains_key(BEFORE_STOP));
}

#[test]
fn the_number_in_the_environment_is_the_new_one() {
    let first = bundle(1);
    let job = ended(&first, |job| {
        let env = job["spec"]["template"]["spec"]["containers"][0]["env"].as_array_mut().unwrap();
        env.push(json!({"name": "KERUTA_TASK_ATTEMPT", "value": "1"}));
    });
    let next = next_attempt(&job, first.config_map.as_ref(), []).unwrap();
    let text = serde_json::to_string(&next.job).unwrap();
    assert!(text.contains(r#"{"name":"KERUTA_TASK_ATTEMPT","value":"2"}"#), "{text}");
}

#[test]
fn what_has_no_next_attempt_is_refused() {
    let first = bundle(1);
    let files = first.config_map.as_ref();
    let running = ended(&first, |job| job["status"] = json!({"active": 1}));
    assert_eq!(next_attempt(&running, files, []), Err(RetryError::Running(first.attempt.clone())));
    let later = Attempt { number: 3, ..first.attempt.clone() };
    let done = ended(&first, |_| {});
    assert_eq!(next_attempt(&done, files, [&first.attempt, &later]), Err(RetryError::Later(later)));
    assert_eq!(next_attempt(&done, None, []), Err(RetryError::FilesGone("keruta-job-t1".into())));
    let foreign = ended(&first, |job| job["metadata"]["labels"] = json!({"app": "other"}));
    assert_eq!(next_attempt(&foreign, files, []), Err(RetryError::Foreign));
    let long = ended(&first, |job| job["metadata"]["name"] = json!("x".repeat(60)));
    assert!(matches!(next_attempt(&long, None, []), Err(RetryError::Name(_) | RetryError::FilesGone(_))));
}
