//! `cancel`: before, during and after.

use scripted_apiserver::Run as Does;
use serde_json::Value;

use super::world::{World, task};

#[test]
fn a_task_under_way_ends() {
    let world = World::new().task(&task("a", Does::new().line("begun").forever()));
    assert_eq!(world.run(&["submit", "--task", "task.json"]).code, 0);
    world.wait_for("pods", |pod| pod["status"]["phase"] == "Running");
    let run = world.run(&["cancel", "a", "--wait", "--reason", "superseded"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "job.batch/keruta-job-a cancelled\n"), "{run:?}");
    let status = world.run(&["status", "a"]);
    assert!(status.stdout.contains("CANCELLED") && status.stderr.contains("superseded"), "{status:?}");
    let again = world.run(&["cancel", "a"]);
    assert!(again.code == 0 && again.stdout.ends_with("had ended before: CANCELLED\n"), "{again:?}");
}

#[test]
fn a_task_that_has_not_started_never_will() {
    let world = World::new().task(&task("a", Does::new()));
    let run = world.run(&["cancel", "a", "-o", "json"]);
    assert_eq!(run.code, 0, "{run:?}");
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["tasks"][0]["result"], "tombstone");
    let later = world.run(&["submit", "--task", "task.json", "--wait"]);
    assert_eq!(later.code, 4, "{later:?}");
    assert!(later.stderr.contains("a was cancelled"), "{later:?}");
    assert!(world.server.objects("pods", super::world::NAMESPACE).is_empty());
}
