//! `retry`: the next attempt.

use scripted_apiserver::Run as Does;

use super::world::{World, task};

#[test]
fn an_ended_task_gets_another_attempt() {
    let world = World::new().task(&task("a", Does::new().exit(1)));
    assert_eq!(world.run(&["submit", "--task", "task.json", "--wait"]).code, 1);
    let run = world.run(&["retry", "a"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "job.batch/keruta-job-a-attempt-2 created\n"), "{run:?}");
    world.wait_for("jobs", |job| {
        job["metadata"]["name"] == "keruta-job-a-attempt-2"
            && job["status"]["conditions"].to_string().contains("\"Failed\"")
    });
    assert_eq!(world.run(&["retry", "a", "--wait"]).code, 1);
    let all = world.run(&["status", "--all-attempts"]);
    assert_eq!(all.stdout.lines().count(), 4, "{all:?}");
    assert_eq!(world.run(&["status"]).stdout.lines().count(), 2);
}

#[test]
fn what_runs_is_not_retried() {
    let world = World::new().task(&task("a", Does::new().forever()));
    assert_eq!(world.run(&["submit", "--task", "task.json"]).code, 0);
    let run = world.run(&["retry", "a"]);
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.stderr.contains("has not ended") && run.stderr.contains("help: wait for its end"), "{run:?}");
    assert_eq!(world.run(&["retry", "b"]).code, 5);
}
