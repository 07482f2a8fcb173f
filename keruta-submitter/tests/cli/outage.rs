//! A cluster that goes away for a while.

use std::time::Duration;

use scripted_apiserver::Run as Does;

use super::world::{World, task};

/// Long enough that several attempts to be heard fail.
const AWAY: Duration = Duration::from_secs(5);

#[test]
fn whoever_waits_is_told_and_sees_the_end_all_the_same() {
    let world = World::new().task(&task("a", Does::new().line("first").sleep(8_000).line("last").exit(3)));
    let running = world.start(&["submit", "--task", "task.json", "--wait", "--logs"]);
    world.wait_for("pods", |pod| pod["status"]["phase"] == "Running");
    let looking = world.start(&["logs", "-f", "a"]);
    std::thread::sleep(Duration::from_millis(500));
    world.away_for(AWAY);
    let (run, log) = (running.end(), looking.end());
    assert_eq!((run.code, log.code), (1, 0), "{run:?} {log:?}");
    assert!(run.stdout.starts_with("main | first\nmain | last\na FAILED after "), "{run:?}");
    assert_eq!(log.stdout, "main | first\nmain | last\n");
    for stderr in [&run.stderr, &log.stderr] {
        let told = |words: &str| stderr.matches(words).count();
        assert_eq!(told("warning: nothing is heard from the cluster: the API server http"), 1, "{stderr}");
        assert_eq!(told("warning: the cluster answers again"), 1, "{stderr}");
        assert!(!stderr.contains("ERROR"), "{stderr}");
    }
}
