//! `status`: where tasks stand.

use scripted_apiserver::Run as Does;
use serde_json::Value;

use super::world::{World, lines, objects, task};

#[test]
fn each_task_has_its_line() {
    let tasks = [task("good", Does::new()), task("bad", Does::new().exit(3)), task("long", Does::new().forever())];
    let world = World::new().file("tasks.ndjson", lines(&tasks));
    assert_eq!(world.run(&["submit", "--task", "tasks.ndjson"]).code, 0);
    world.wait_for("jobs", |job| job["metadata"]["name"] == "keruta-job-good" && job["status"]["succeeded"] == 1);
    world.wait_for("jobs", |job| {
        job["metadata"]["name"] == "keruta-job-bad" && job["status"]["conditions"].to_string().contains("\"Failed\"")
    });
    world.wait_for("pods", |pod| pod["status"]["phase"] == "Running");
    let run = world.run(&["status"]);
    assert_eq!(run.code, 0, "{run:?}");
    let rows: Vec<Vec<&str>> = run.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["TASK", "ATTEMPT", "STATUS", "TIME", "WHAT"]);
    assert_eq!((rows[1][0], rows[1][2], rows[1][4]), ("bad", "FAILED", "CommandFailed:"), "{run:?}");
    assert_eq!((rows[2][0], rows[2][2]), ("good", "COMPLETED"));
    assert_eq!((rows[3][0], rows[3][2], rows[3][4]), ("long", "IN_PROGRESS", "running"));
    let one = world.run(&["status", "bad"]);
    assert!(
        one.code == 0 && one.stderr.contains("error: bad failed: CommandFailed") && one.stderr.contains("exit code 3")
    );
    let states = objects(&world.run(&["status", "-o", "ndjson"]).stdout);
    assert_eq!((&states[0]["verdict"]["cause"], &states[0]["recorded"]), (&"CommandFailed".into(), &false.into()));
    assert_eq!(states[2]["progress"]["phase"], "running");
    let document: Value = serde_json::from_str(&world.run(&["status", "good", "-o", "json"]).stdout).unwrap();
    assert_eq!(document["tasks"][0]["status"], "COMPLETED");
}

#[test]
fn a_task_that_is_not_there_is_told() {
    let run = World::new().run(&["status", "a"]);
    assert_eq!(run.code, 5, "{run:?}");
    assert!(run.stderr.contains("the namespace tasks has no Job of the task \"a\""), "{run:?}");
    assert_eq!(World::new().run(&["status"]).stderr, "no tasks\n");
}
