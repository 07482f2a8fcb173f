use keruta_manifest::lineage::Lineage;
use keruta_manifest::render::{RenderOptions, render};
use keruta_manifest::{Settings, Task, stream};
use proptest::prelude::*;

use super::*;

fn rendered(task: &str, lineage: impl Fn(&Task) -> Lineage) -> Rendered {
    let task = Task::from_json(task).unwrap();
    render(&task, &Settings::default(), &lineage(&task), &RenderOptions::default()).unwrap()
}

fn family() -> Vec<Object> {
    let repository = r#""repository": {"url": "https://example.com/r.git"}, "image": "i""#;
    let root = rendered(&format!(r#"{{"id": "root", {repository}}}"#), Lineage::of);
    let child = rendered(r#"{"id": "child", "parentId": "root", "image": "i"}"#, Lineage::of);
    child.objects.into_iter().chain(root.objects).collect()
}

#[test]
fn what_render_prints_is_read_back_in_every_form() {
    let objects = family();
    let mut yaml = String::new();
    stream::write_yaml(&mut yaml, &objects).unwrap();
    let json = stream::to_json(&objects).unwrap();
    let bundles = Bundle::read_stream(&yaml, "tasks").unwrap();
    assert_eq!(Bundle::read_stream(&json, "tasks").unwrap(), bundles);
    let names: Vec<_> = bundles.iter().map(Bundle::job_name).collect();
    assert_eq!(names, ["keruta-job-root", "keruta-job-child"], "the child's Job came first in the stream");
    assert!(bundles[0].claim.is_some() && bundles[1].claim.is_none());
    assert_eq!(bundles[1].claims_used().collect::<Vec<_>>(), ["git-repo-pvc-root"]);
    assert_eq!(bundles[1].attempt.namespace, "tasks");
}

#[test]
fn all_problems_come_at_once_with_their_documents() {
    let text = "
apiVersion: batch/v1
kind: Job
metadata: {name: keruta-job-a, labels: {app: keruta, task-id: a}}
spec: {template: {spec: {contianers: [], containers: [{name: main, imagee: i}]}}}
---
# nothing
---
apiVersion: v1
kind: Secret
metadata: {name: s}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: c, labels: {app: keruta}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: m, labels: {app: keruta, task-id: b}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: keruta-job-c, labels: {app: keruta, task-id: c}, annotations: {keruta.dev/attempt: zero}}
---
kind: [
";
    let problems = Bundle::read_stream(text, "tasks").unwrap_err();
    let lines: Vec<String> = problems.as_slice().iter().map(ToString::to_string).collect();
    let starts = [
        "document 1 (Job/keruta-job-a): unknown field spec.template.spec.containers[0].imagee",
        "document 1 (Job/keruta-job-a): unknown field spec.template.spec.contianers",
        "document 2 (Secret/s): it is a Secret of v1",
        "document 3: it lacks the labels",
        "document 4 (ConfigMap/m): the Job that it belongs to",
        "document 5 (Job/keruta-job-c): \"zero\" is no number",
        "document 6: it is no YAML",
    ];
    assert_eq!(lines.len(), starts.len(), "{problems}");
    for start in starts {
        assert!(lines.iter().any(|line| line.starts_with(start)), "{start}\n{problems}");
    }
}

#[test]
fn two_jobs_of_one_task_are_no_bundle() {
    let one = rendered(r#"{"id": "t", "image": "i"}"#, Lineage::of);
    let two = rendered(r#"{"id": "t", "image": "i", "attempt": 2}"#, Lineage::of);
    let objects: Vec<_> = one.objects.iter().cloned().chain(two.objects).collect();
    let problems = Bundle::read_stream(&stream::to_json(&objects).unwrap(), "n").unwrap_err();
    assert_eq!(problems.as_slice()[0].problem, BundleProblem::TwoJobs { task: "t".into(), first: 1 });
    let twice: Vec<_> = one.objects.iter().chain(&one.objects).cloned().collect();
    let problems = Bundle::read_stream(&stream::to_json(&twice).unwrap(), "n").unwrap_err();
    assert_eq!(problems.as_slice()[0].problem, BundleProblem::Twice { first: 1 });
}

#[test]
fn an_empty_stream_is_an_error() {
    for text in ["", "---\n", "# nothing\n", r#"{"apiVersion": "v1", "kind": "List", "items": []}"#] {
        let problems = Bundle::read_stream(text, "n").unwrap_err();
        assert_eq!(problems.as_slice()[0].problem, BundleProblem::Empty, "{text:?}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "[a-z:\\[\\]{}\\-\" \n]{0,80}") {
        let _ = Bundle::read_stream(&text, "n");
        let _ = Bundle::read_stream(&format!("{{{text}"), "n");
    }
}
