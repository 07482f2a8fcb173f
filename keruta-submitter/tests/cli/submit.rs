//! `submit`: one task, to its end and without waiting.

use scripted_apiserver::{Life, Run as Does};
use serde_json::Value;

use super::world::{World, objects, task, with_life};

#[test]
fn what_completes_ends_with_0() {
    let world = World::new().task(&task("a", Does::new().line("hello").exit(0)));
    let run = world.run(&["submit", "--task", "task.json", "--wait"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.starts_with("a COMPLETED after ") && run.stdout.lines().count() == 1, "{run:?}");
    assert!(run.stderr.contains("a: job.batch/keruta-job-a created\n"), "{run:?}");
    let job = world.wait_for("jobs", |_| true);
    assert!(job["metadata"]["annotations"]["keruta.dev/verdict"].as_str().unwrap().contains("Completed"));
    let pod = world.wait_for("pods", |_| true);
    assert!(pod["metadata"]["finalizers"].is_null(), "the evidence is released: {pod}");
}

#[test]
fn what_fails_ends_with_1_and_its_evidence() {
    let world = World::new().task(&task("a", Does::new().line("one").line("ERROR: two").exit(3)));
    let run = world.run(&["submit", "--task", "task.json", "--wait"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.starts_with("a FAILED after "), "{run:?}");
    for part in ["error: a failed: CommandFailed: ", "exit code 3", "ERROR: two"] {
        assert!(run.stderr.contains(part), "{part}: {run:?}");
    }
}

#[test]
fn the_containers_own_code_where_it_is_asked_for() {
    let world = World::new().task(&task("a", Does::new().exit(42)));
    assert_eq!(world.run(&["submit", "--task", "task.json", "--wait", "--exit-code-from-task"]).code, 42);
}

#[test]
fn logs_come_in_order_and_before_the_result() {
    let life = Life::new()
        .container("prepare", Does::new().line("prepared"))
        .container("main", Does::new().numbered("line ", 200, 300).exit(0));
    let mut value = with_life("a", &life);
    value["initSteps"] = serde_json::json!([{"run": {"name": "prepare", "image": "a/b:1", "command": ["prepare"]}}]);
    let run = World::new().task(&value).run(&["submit", "--task", "task.json", "--wait", "--logs"]);
    assert_eq!(run.code, 0, "{run:?}");
    let mut expected = vec!["prepare | prepared".to_owned()];
    expected.extend((1..=200).map(|number| format!("main | line {number}")));
    let shown: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(shown[..201], expected);
    assert!(shown.len() == 202 && shown[201].starts_with("a COMPLETED after "), "{:?}", &shown[201..]);
    assert!(run.stderr.contains("a: step 1/1 prepare\n"), "{}", run.stderr);
}

#[test]
fn without_waiting_it_is_told_as_kubectl_does() {
    let world = World::new().task(&task("a", Does::new().forever()));
    let run = world.run(&["submit", "--task", "task.json"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "job.batch/keruta-job-a created\n"), "{run:?}");
    assert_eq!(run.stderr, "");
    let again = world.run(&["submit", "--task", "task.json"]);
    assert_eq!((again.code, again.stdout.as_str()), (0, "job.batch/keruta-job-a unchanged\n"), "{again:?}");
    assert_eq!(world.server.objects("jobs", super::world::NAMESPACE).len(), 1);
}

#[test]
fn an_attempt_that_had_a_job_is_not_run_again() {
    let world = World::new().task(&task("a", Does::new().exit(0)));
    assert_eq!(world.run(&["submit", "--task", "task.json", "--wait"]).code, 0);
    assert!(world.server.delete_job(super::world::NAMESPACE, "keruta-job-a"));
    world.server.clear_requests();
    let again = world.run(&["submit", "--task", "task.json", "--wait"]);
    assert_eq!(again.code, 5, "{again:?}");
    assert!(again.stderr.contains("had a Job, which is gone") && again.stderr.contains("retry"), "{again:?}");
    assert_eq!(world.count("create", "jobs"), 0);
}

#[test]
fn a_stream_of_manifests_is_submitted() {
    let world = World::new();
    let value = task("a", Does::new().exit(0));
    let life = value["podPatch"]["merge"]["metadata"]["annotations"].clone();
    let manifest = serde_json::json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {
            "name": "keruta-job-a", "labels": {"app": "keruta", "task-id": "a"},
            "annotations": {"keruta.dev/spec-hash": "x"},
        },
        "spec": {"backoffLimit": 0, "template": {
            "metadata": {"labels": {"app": "keruta", "task-id": "a"}, "annotations": life},
            "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "a/b:1"}]},
        }},
    });
    let run = world.run_with(&["submit", "-f", "-", "--wait"], &manifest.to_string());
    assert_eq!(run.code, 0, "{run:?}");
    let wrong = world.run_with(&["submit", "-f", "-"], "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\n");
    assert_eq!(wrong.code, 3, "{wrong:?}");
    assert!(wrong.stderr.contains("<stdin> cannot be submitted") && wrong.stderr.contains("Secret"), "{wrong:?}");
}

#[test]
fn programs_are_told_in_json() {
    let world = World::new().task(&task("a", Does::new().line("WARN: odd").exit(2)));
    let run = world.run(&["submit", "--task", "task.json", "--wait", "--logs", "-o", "ndjson"]);
    assert_eq!(run.code, 1, "{run:?}");
    let objects = objects(&run.stdout);
    let types: Vec<&str> = objects.iter().map(|object| object["type"].as_str().unwrap()).collect();
    assert_eq!((types[0], *types.last().unwrap()), ("submitted", "result"), "{types:?}");
    let log = objects.iter().find(|object| object["type"] == "log").unwrap();
    assert_eq!((&log["level"], &log["message"], &log["line"]), (&"WARN".into(), &"WARN: odd".into(), &1.into()));
    let result = objects.last().unwrap();
    assert_eq!((&result["status"], &result["task"]), (&"FAILED".into(), &"a".into()));
    assert_eq!(
        (&result["verdict"]["cause"], &result["verdict"]["evidence"]["exitCode"]),
        (&"CommandFailed".into(), &2.into())
    );
    let world = World::new().task(&task("a", Does::new().exit(0)));
    let run = world.run(&["submit", "--task", "task.json", "--wait", "-o", "json"]);
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["tasks"][0]["verdict"]["outcome"], "Completed", "{document}");
}

#[test]
fn a_time_limit_ends_the_task() {
    let world = World::new().task(&task("a", Does::new().forever()));
    let run = world.run(&["submit", "--task", "task.json", "--wait", "--timeout", "1s"]);
    assert_eq!(run.code, 4, "{run:?}");
    assert!(run.stderr.contains("it had not ended 1.0s after its submission"), "{run:?}");
    world.wait_for("jobs", |job| job["metadata"]["annotations"]["keruta.dev/verdict"].is_string());
}

#[test]
fn a_dry_run_submits_nothing() {
    let world = World::new().task(&task("a", Does::new()));
    for (flag, words) in
        [("--dry-run", "dry run"), ("--dry-run=client", "dry run"), ("--dry-run=server", "server dry run")]
    {
        let run = world.run(&["submit", "--task", "task.json", flag]);
        assert_eq!((run.code, run.stdout), (0, format!("job.batch/keruta-job-a created ({words})\n")), "{flag}");
    }
    assert!(world.server.objects("jobs", super::world::NAMESPACE).is_empty());
}

#[test]
fn a_journal_keeps_it_all() {
    let world = World::new().task(&task("a", Does::new().line("kept").exit(0)));
    let run = world.run(&["submit", "--task", "task.json", "--wait", "--journal", "journal"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(!run.stdout.contains("kept"), "{run:?}");
    assert!(world.server.delete_job(super::world::NAMESPACE, "keruta-job-a"));
    let log = world.run(&["logs", "a", "--journal", "journal"]);
    assert_eq!((log.code, log.stdout.as_str()), (0, "main | kept\n"), "{log:?}");
}
