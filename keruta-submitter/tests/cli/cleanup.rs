//! `cleanup`: what goes, and what stays.

use scripted_apiserver::Run as Does;

use super::world::{NAMESPACE, World, lines, task};

#[test]
fn ended_jobs_go_and_others_stay() {
    let tasks = [task("ended", Does::new()), task("runs", Does::new().forever())];
    let world = World::new().file("tasks.ndjson", lines(&tasks));
    assert_eq!(world.run(&["submit", "--task", "tasks.ndjson"]).code, 0);
    world.wait_for("jobs", |job| {
        job["metadata"]["name"] == "keruta-job-ended" && job["status"]["completionTime"].is_string()
    });
    world.wait_for("pods", |pod| pod["status"]["phase"] == "Running");
    let none = world.run(&["cleanup", "-v"]);
    assert!(none.code == 0 && none.stdout.is_empty() && none.stderr.contains("--older-than"), "{none:?}");
    let rehearsed = world.run(&["cleanup", "--older-than", "0s", "--dry-run"]);
    assert!(rehearsed.stdout.starts_with("Job tasks/keruta-job-ended: would be deleted"), "{rehearsed:?}");
    assert_eq!(world.server.objects("jobs", NAMESPACE).len(), 2);
    let run = world.run(&["cleanup", "--older-than", "0s", "-o", "json"]);
    assert_eq!(run.code, 0, "{run:?}");
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["removals"][0]["result"], "deleted");
    let left = world.server.objects("jobs", NAMESPACE);
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(left[0]["metadata"]["name"], "keruta-job-runs");
}
