//! `logs`: what is wanted of a task's log.

use scripted_apiserver::{Life, Run as Does};
use serde_json::json;

use super::world::{World, objects, with_life};

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
fn an_attempt_that_is_not_there_is_told() {
    let run = world().run(&["logs", "a", "--attempt", "2"]);
    assert_eq!((run.code, run.stdout.as_str()), (5, ""));
    assert!(run.stderr.starts_with("error: "), "{run:?}");
}
