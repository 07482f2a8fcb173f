//! Ctrl-C: once detaches, twice cancels.

use std::time::Duration;

use scripted_apiserver::Run as Does;

use super::world::{Running, World, task};

fn under_way(world: &World) -> Running {
    let running = world.start(&["submit", "--task", "task.json", "--wait"]);
    world.wait_for("pods", |pod| pod["status"]["phase"] == "Running");
    // The follower has seen it too.
    std::thread::sleep(Duration::from_millis(300));
    running
}

#[test]
fn once_detaches_and_says_how_to_come_back() {
    let world = World::new().task(&task("a", Does::new().forever()));
    let mut running = under_way(&world);
    running.signal("INT");
    let run = running.end();
    assert_eq!(run.code, 130, "{run:?}");
    assert!(run.stderr.contains("press Ctrl-C again to cancel"), "{run:?}");
    assert!(run.stderr.contains("keruta-submitter logs -f -n tasks a\n"), "{run:?}");
    assert!(run.stdout.starts_with("a DETACHED"), "{run:?}");
    let job = world.wait_for("jobs", |_| true);
    assert!(job["metadata"]["annotations"]["keruta.dev/stop"].is_null(), "it goes on: {job}");
}

#[test]
fn twice_cancels() {
    let world = World::new().task(&task("a", Does::new().forever()));
    let mut running = under_way(&world);
    running.signal("INT");
    std::thread::sleep(Duration::from_millis(500));
    running.signal("INT");
    let run = running.end();
    assert_eq!(run.code, 4, "{run:?}");
    assert!(run.stdout.starts_with("a CANCELLED after "), "{run:?}");
    let job = world.wait_for("jobs", |_| true);
    assert!(job["metadata"]["annotations"]["keruta.dev/verdict"].as_str().unwrap().contains("Cancelled"), "{job}");
}

#[test]
fn being_asked_to_end_detaches_at_once() {
    let world = World::new().task(&task("a", Does::new().forever()));
    let mut running = under_way(&world);
    let begin = std::time::Instant::now();
    running.signal("TERM");
    let run = running.end();
    assert_eq!(run.code, 130, "{run:?}");
    assert!(begin.elapsed() < Duration::from_secs(2));
}

#[test]
fn who_looks_on_sees_the_rest_and_who_comes_back_records_the_verdict() {
    let world = World::new().task(&task("a", Does::new().line("first").sleep(3_000).line("last").exit(0)));
    let mut running = under_way(&world);
    running.signal("TERM");
    assert_eq!(running.end().code, 130);
    let log = world.run(&["logs", "-f", "a"]);
    assert_eq!((log.code, log.stdout.as_str()), (0, "main | first\nmain | last\n"), "{log:?}");
    let job = world.wait_for("jobs", |_| true);
    assert!(job["metadata"]["annotations"]["keruta.dev/verdict"].is_null(), "{job}");
    let again = world.run(&["submit", "--task", "task.json", "--wait", "--logs"]);
    assert_eq!(again.code, 0, "{again:?}");
    assert!(again.stdout.starts_with("main | first\nmain | last\na COMPLETED after "), "{again:?}");
    world.wait_for("jobs", |job| job["metadata"]["annotations"]["keruta.dev/verdict"].is_string());
    assert!(world.wait_for("pods", |_| true)["metadata"]["finalizers"].is_null());
}
