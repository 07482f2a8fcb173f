//! `submit` of many tasks: order, limits, results.

use std::time::Duration;

use scripted_apiserver::Run as Does;
use serde_json::json;

use super::world::{NAMESPACE, World, lines, objects, task};

#[test]
fn no_more_are_under_way_than_asked_for() {
    let tasks: Vec<_> = (0..8).map(|number| task(&format!("t{number}"), Does::new().sleep(300))).collect();
    let world = World::new().file("tasks.ndjson", lines(&tasks));
    let mut running = world.start(&["submit", "--task", "tasks.ndjson", "--wait", "--max-in-flight", "2"]);
    let (mut most, mut all) = (0, 0);
    while running.child().try_wait().unwrap().is_none() {
        let jobs = world.server.objects("jobs", NAMESPACE);
        // A Job that bears a verdict is not under way any more.
        let open = jobs.iter().filter(|job| job["metadata"]["annotations"]["keruta.dev/verdict"].is_null()).count();
        (most, all) = (most.max(open), all.max(jobs.len()));
        std::thread::sleep(Duration::from_millis(5));
    }
    let run = running.end();
    assert_eq!((run.code, most, all), (0, 2, 8), "{run:?}");
    let words: Vec<Vec<&str>> = run.stdout.lines().map(|line| line.split_whitespace().take(3).collect()).collect();
    assert_eq!(words[0], ["TASK", "ATTEMPT", "STATUS"]);
    assert_eq!(words[8], ["t7", "1", "COMPLETED"], "{run:?}");
}

#[test]
fn a_child_comes_after_its_parent_and_not_after_a_failure() {
    let child = |id: &str, parent: &str| {
        let mut child = task(id, Does::new().exit(0));
        child["parentId"] = json!(parent);
        child
    };
    let workspace = |id: &str, code: i32| {
        let mut root = task(id, Does::new().sleep(100).exit(code));
        root["workspace"] = json!({"kind": "pvc"});
        root
    };
    let tasks = [
        workspace("good", 0),
        child("after", "good"),
        workspace("bad", 1),
        child("never", "bad"),
        child("nor", "never"),
    ];
    let world = World::new().file("tasks.ndjson", lines(&tasks));
    let run = world.run(&["submit", "--task", "tasks.ndjson", "--wait", "-o", "ndjson", "-q"]);
    assert_eq!(run.code, 1, "{run:?}");
    let objects = objects(&run.stdout);
    let at = |kind: &str, id: &str| objects.iter().position(|object| object["type"] == kind && object["task"] == id);
    assert!(at("submitted", "after").unwrap() > at("result", "good").unwrap(), "{run:?}");
    let status = |id: &str| objects[at("result", id).unwrap()]["status"].as_str().unwrap();
    assert_eq!(
        ["good", "after", "bad", "never", "nor"].map(status),
        ["COMPLETED", "COMPLETED", "FAILED", "SKIPPED", "SKIPPED"]
    );
    assert_eq!((at("submitted", "never"), at("submitted", "nor")), (None, None));
    assert_eq!(world.count("create", "jobs"), 3);
}

#[test]
fn nothing_is_submitted_if_one_is_invalid() {
    let tasks = [task("a", Does::new()), json!({"id": "b", "image": "No"}), json!({"id": "c", "colour": 1})];
    let world = World::new().file("tasks.ndjson", lines(&tasks));
    let run = world.run(&["submit", "--task", "tasks.ndjson"]);
    assert_eq!((run.code, run.stdout.as_str()), (3, ""), "{run:?}");
    assert!(run.stderr.contains("tasks.ndjson:2:") && run.stderr.contains("tasks.ndjson:3:"), "{run:?}");
    assert!(run.stderr.contains("2 of 3 tasks are invalid: nothing is submitted; --keep-going"), "{run:?}");
    assert_eq!(world.count("create", "jobs"), 0);
    let went_on = world.run(&["submit", "--task", "tasks.ndjson", "--keep-going"]);
    assert_eq!((went_on.code, went_on.stdout.as_str()), (3, "job.batch/keruta-job-a created\n"), "{went_on:?}");
}
