//! What is wrong is told with its place and its cure, under the right exit code.

use std::io::Read;

use scripted_apiserver::{Denial, Run as Does};

use super::world::{World, task};

#[test]
fn a_command_line_that_makes_no_sense() {
    let world = World::new().task(&task("a", Does::new()));
    for args in [
        &["submit"][..],
        &["submit", "--task", "task.json", "-f", "x"],
        &["submit", "--task", "task.json", "--logs"],
        &["submit", "--task", "task.json", "--wait", "--timeout", "soon"],
        &["submit", "--task", "task.json", "--set", "x"],
        &["cancel"],
        &["logs"],
        &["logs", "a", "--since", "yesterday"],
        &["follow", "--journal", "j", "--metrics", "0.0.0.0:0"],
        &["status", "--log-level", "a=b=c"],
        &["nothing"],
    ] {
        let run = world.run(args);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{args:?}: {run:?}");
        assert!(run.stderr.starts_with("error: "), "{args:?}: {run:?}");
    }
}

#[test]
fn an_invalid_task_points_into_its_file() {
    let world = World::new().file("task.json", "{\"id\": \"a\",\n \"image\": \"a:1\", \"colour\": 1}");
    let run = world.run(&["submit", "--task", "task.json"]);
    assert_eq!((run.code, run.stdout.as_str()), (3, ""));
    assert!(run.stderr.contains("--> task.json:2:18"), "{run:?}");
    let settings = World::new().task(&task("a", Does::new())).file("s.toml", "defaultImage = 1\n");
    let run = settings.run(&["submit", "--task", "task.json", "--settings", "s.toml"]);
    assert!(run.code == 3 && run.stderr.contains("--> s.toml:1:16"), "{run:?}");
    assert_eq!(world.run(&["submit", "--task", "missing.json"]).code, 5);
}

#[test]
fn a_cluster_out_of_reach_is_told_with_what_to_check() {
    let world = World::new().task(&task("a", Does::new()));
    let elsewhere = world.server.kubeconfig().replace(&world.server.url(), "http://127.0.0.1:1");
    let world = world.file("kubeconfig", elsewhere);
    for args in [&["status"][..], &["cancel", "a"], &["logs", "a"]] {
        let run = world.run(args);
        assert_eq!((run.code, run.stdout.as_str()), (5, ""), "{run:?}");
        assert!(run.stderr.contains("error: the API server http://127.0.0.1:1 cannot be reached"), "{run:?}");
        assert!(run.stderr.contains("help: check that http://127.0.0.1:1 is right"), "{run:?}");
    }
    let none = World::new().variable("KUBECONFIG", "/nowhere");
    let run = none.run(&["status"]);
    assert!(run.code == 5 && run.stderr.contains("help: name a kubeconfig with --kubeconfig"), "{run:?}");
    let run = none.run(&["status", "--kubeconfig", "kubeconfig", "--context", "other"]);
    assert!(run.code == 5 && run.stderr.contains("no context \"other\""), "{run:?}");
}

#[test]
fn a_missing_right_is_told_as_the_rule_that_grants_it() {
    let world = World::new().task(&task("a", Does::new()));
    world.server.deny(Denial::of("create", "batch", "jobs"));
    let run = world.run(&["submit", "--task", "task.json"]);
    assert_eq!((run.code, run.stdout.as_str()), (5, ""), "{run:?}");
    for part in ["may not create jobs.batch", "kind: Role", "resources: [\"jobs\"]", "verbs: [\"create\"]"] {
        assert!(run.stderr.contains(part), "{part}: {run:?}");
    }
    let world = World::new().task(&task("a", Does::new()));
    world.server.deny(Denial::of("list", "", "pods"));
    world.server.deny(Denial::of("watch", "", "pods"));
    let run = world.run(&["submit", "--task", "task.json", "--wait"]);
    assert_eq!(run.code, 5, "{run:?}");
    assert!(run.stderr.contains("may not list pods"), "{run:?}");
}

#[test]
fn a_closed_pipe_ends_it_silently() {
    let world = World::new().task(&task("a", Does::new().numbered("line ", 5_000, 1_000)));
    let mut running = world.start(&["submit", "--task", "task.json", "--wait", "--logs", "-q"]);
    let mut stdout = running.child().stdout.take().unwrap();
    stdout.read_exact(&mut [0; 20]).unwrap();
    drop(stdout);
    let run = running.end();
    assert_eq!((run.code, run.stderr.as_str()), (130, ""));
    let mut running = world.start(&["logs", "a", "-f"]);
    let mut stdout = running.child().stdout.take().unwrap();
    stdout.read_exact(&mut [0; 20]).unwrap();
    drop(stdout);
    let run = running.end();
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
}

#[test]
#[cfg(debug_assertions)]
fn a_bug_is_told_as_one() {
    let run = World::new().variable("KERUTA_SUBMITTER_PANIC", "1").run(&["version"]);
    assert_eq!((run.code, run.stdout.as_str()), (70, ""));
    assert!(run.stderr.starts_with("error: this is a bug of keruta") && run.stderr.contains("keruta-submitter 0."));
}
