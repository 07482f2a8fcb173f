//! `logs`: what is wanted of a task's log.

use scripted_apiserver::{Life, Run as Does};
use serde_json::json;

use super::world::{NAMESPACE, World, objects, task, with_life};

fn world() -> World {
    let life = Life::new()
        .container("prepare", Does::new().line("prepared"))
        .container("main", Does::new().line("DEBUG: small").line("WARN: odd").line("ERROR: bad").exit(1));
    let mut task = with_life("a", &life);
    task["initSteps"] = json!([{"run": {"name": "prepare", "image": "a/b:1", "command": ["prepare"]}}]);
    let world = World::new().task(&task);
    assert_eq!(world.run(&["submit", "--task", "task.json", "--wait"]).code, 1);
    world
}

#[test]
fn lines_are_chosen() {
    let world = world();
    for (args, expected) in [
        (&["logs", "a"][..], "prepare | prepared\nmain | DEBUG: small\nmain | WARN: odd\nmain | ERROR: bad\n"),
        (&["logs", "a", "-c", "prepare"], "prepare | prepared\n"),
        (&["logs", "a", "-f", "-c", "prepare"], "prepare | prepared\n"),
        (&["logs", "a", "--level", "warn"], "main | WARN: odd\nmain | ERROR: bad\n"),
        (&["logs", "a", "--level", "ERROR", "--attempt", "1"], "main | ERROR: bad\n"),
        (&["logs", "a", "--until", "1h"], ""),
        (&["logs", "a", "--since", "1h", "-c", "prepare"], "prepare | prepared\n"),
    ] {
        let run = world.run(args);
        assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, expected, ""), "{args:?}");
    }
    let stamped = world.run(&["logs", "a", "--timestamps", "-c", "prepare"]).stdout;
    let (time, rest) = stamped.split_once(' ').unwrap();
    assert!(time.parse::<jiff::Timestamp>().is_ok() && rest == "prepare | prepared\n", "{stamped}");
    let lines = objects(&world.run(&["logs", "a", "-o", "ndjson"]).stdout);
    assert_eq!(
        (&lines[2]["container"], &lines[2]["level"], &lines[2]["line"]),
        (&"main".into(), &"WARN".into(), &2.into())
    );
}

#[test]
fn a_container_that_is_not_there_is_told() {
    let world = world();
    for args in [&["logs", "a", "-c", "mian"][..], &["logs", "a", "-f", "-c", "mian"]] {
        let run = world.run(args);
        assert_eq!((run.code, run.stdout.as_str()), (5, ""), "{run:?}");
        assert!(run.stderr.starts_with("error: the task \"a\" has no container \"mian\""), "{run:?}");
        assert!(run.stderr.contains("prepare, main"), "{run:?}");
    }
}

#[test]
fn an_attempt_that_is_not_there_is_told() {
    let run = world().run(&["logs", "a", "--attempt", "2"]);
    assert_eq!((run.code, run.stdout.as_str()), (5, ""));
    assert!(run.stderr.starts_with("error: "), "{run:?}");
}

/// What a person has who may look at a namespace and change nothing.
fn viewer() -> serde_json::Value {
    json!({"metadata": {"namespace": NAMESPACE}, "rules": [
        {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
    ]})
}

#[test]
fn following_needs_no_right_to_write() {
    let pull = scripted_apiserver::ImageTrouble::PullFails(scripted_apiserver::Trouble::lasting("not found"));
    let tasks = [
        // A state that is ended by whoever may write, after its grace.
        with_life("stuck", &Life::new().container("main", Does::new()).image("main", pull)),
        task("well", Does::new().line("first").sleep(1_000).line("last").exit(0)),
        task("bad", Does::new().line("first").sleep(1_000).line("last").exit(3)),
    ];
    let world =
        World::new().file("tasks.ndjson", super::world::lines(&tasks)).variable("KERUTA_GRACE__IMAGE_PULL", "1s");
    assert_eq!(world.run(&["submit", "--task", "tasks.ndjson"]).code, 0);
    world.server.allow_only(vec![viewer()]);
    world.server.clear_requests();
    let mut stuck = world.start(&["logs", "-f", "stuck"]);
    for id in ["well", "bad"] {
        let log = world.run(&["logs", "-f", id]);
        let lines = "main | first\nmain | last\n";
        assert_eq!((log.code, log.stdout.as_str(), log.stderr.as_str()), (0, lines, ""), "{id}");
        // Of a task that has ended too.
        let log = world.run(&["logs", "-f", id]);
        assert_eq!((log.code, log.stdout.as_str(), log.stderr.as_str()), (0, lines, ""), "{id}");
    }
    std::thread::sleep(std::time::Duration::from_secs(2));
    stuck.signal("INT");
    let log = stuck.end();
    assert_eq!((log.code, log.stdout.as_str(), log.stderr.as_str()), (130, "", ""));
    let asked: std::collections::BTreeSet<_> =
        world.server.requests().iter().map(|request| format!("{} {}", request.verb, request.resource)).collect();
    let read = ["get jobs", "get pods/log", "list jobs", "list pods", "watch jobs", "watch pods"];
    assert!(asked.iter().all(|request| read.contains(&request.as_str())), "{asked:?}");
}
