//! A panic is told politely, with an exit code of its own.

use super::world::{GOOD, World};

#[test]
#[cfg(debug_assertions)]
fn a_bug_is_told_as_one() {
    let world = World::new().file("task.json", GOOD).variable("KERUTA_MANIFEST_PANIC", "1");
    let run = world.run(&["render", "--task", "task.json"]);
    assert_eq!((run.code, run.stdout.as_str()), (70, ""));
    assert!(run.stderr.starts_with("error: this is a bug of keruta, not of your input."), "{}", run.stderr);
    assert!(run.stderr.contains("on purpose at "), "{}", run.stderr);
}
