//! `diff`.

use super::world::World;

const TASK: &str =
    r#"{"id": "task-1", "image": "a/b:1", "script": "echo hi\n", "workspace": {"kind": "pvc", "size": "2Gi"}}"#;
const DIFF: [&str; 5] = ["diff", "--task", "task.json", "--against", "old.yaml"];

fn against(change: impl FnOnce(String) -> String) -> World {
    let world = World::new().file("task.json", TASK);
    let rendered = world.run(&["render", "--task", "task.json"]).stdout;
    world.file("old.yaml", change(rendered))
}

#[test]
fn no_difference_is_fine() {
    let run = against(|old| old).run(&DIFF);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, "", ""));
    let world = World::new().file("task.json", TASK);
    let list = world.run(&["render", "--task", "task.json", "-o", "json"]).stdout;
    assert_eq!(world.run_with(&["diff", "--task", "task.json", "--against", "-"], &list).code, 0);
}

#[test]
fn differences_are_shown_with_what_kubernetes_would_refuse() {
    let run = against(|old| old.replace("echo hi", "echo ho").replace("2Gi\n", "4Gi\n")).run(&DIFF);
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    insta::assert_snapshot!(run.stdout);
}

#[test]
fn what_may_change_is_not_called_refused() {
    let run = against(|old| old.replace("backoffLimit: 4", "backoffLimit: 3")).run(&DIFF);
    assert_eq!(run.code, 1);
    assert!(run.stdout.contains("-  backoffLimit: 3\n+  backoffLimit: 4\n") && !run.stdout.contains("refused"));
}

#[test]
fn what_is_not_there_is_new() {
    let run = against(|old| old.split("---\n").next().unwrap().to_owned()).run(&DIFF);
    assert_eq!(run.code, 1);
    assert!(run.stdout.starts_with("--- /dev/null\n+++ Job/keruta-job-task-1\n@@ -0,0 +1,"), "{}", run.stdout);
}

#[test]
fn a_live_object_is_no_difference() {
    let live = |old: String| {
        old.replace("  name: keruta-job-task-1\n", "  name: keruta-job-task-1\n  namespace: default\n  uid: 1b2\n")
            .replace("spec:\n  backoffLimit", "status: {active: 1}\nspec:\n  completions: 1\n  backoffLimit")
    };
    let run = against(live).run(&DIFF);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""));
}

#[test]
fn colour_where_it_is_asked_for() {
    let run = against(|old| old.replace("echo hi", "echo ho")).run(&[&DIFF[..], &["--color", "always"]].concat());
    assert!(run.stdout.contains("\u{1b}[31m-") && run.stdout.contains("\u{1b}[32m+"), "{}", run.stdout);
}
