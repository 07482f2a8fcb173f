//! `render`.

use super::world::{GOOD, World};

const REPOSITORY: &str = r#"{
  "id": "task-1",
  "title": "on",
  "description": "two\nlines",
  "image": "ghcr.io/acme/agent:1.4",
  "command": ["run"],
  "repository": {"url": "https://github.com/acme/app.git", "ref": "main"}
}"#;

#[test]
fn a_task_becomes_a_claim_and_a_job() {
    let run = World::new().file("task.json", REPOSITORY).run(&["render", "--task", "task.json", "-n", "team"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let documents: Vec<&str> = run.stdout.split("---\n").collect();
    assert_eq!(documents.len(), 2);
    assert!(documents[0].starts_with("apiVersion: v1\nkind: PersistentVolumeClaim\n"));
    assert!(documents[1].starts_with("apiVersion: batch/v1\nkind: Job\n"));
    assert!(documents.iter().all(|document| document.contains("namespace: team")));
    assert!(documents[1].contains("value: \"on\""));
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let world = World::new().file("task.json", REPOSITORY);
    let first = world.run(&["render", "--task", "task.json"]);
    assert_eq!(world.run(&["render", "--task", "task.json"]), first);
    assert_eq!(world.run_with(&["render", "--task", "-"], REPOSITORY), first);
}

#[test]
fn names_and_lists() {
    let world = World::new().file("task.json", REPOSITORY);
    let names = world.run(&["render", "--task", "task.json", "-o", "name"]);
    assert_eq!(names.stdout, "persistentvolumeclaim/git-repo-pvc-task-1\njob.batch/keruta-job-task-1\n");
    let list = world.run(&["render", "--task", "task.json", "-o", "json"]).stdout;
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    assert_eq!((&list["kind"], &list["apiVersion"]), (&"List".into(), &"v1".into()));
    assert_eq!(list["items"][1]["metadata"]["name"], "keruta-job-task-1");
    let nothing = world.run_with(&["render", "--task", "-", "-o", "json"], "[]");
    let nothing: serde_json::Value = serde_json::from_str(&nothing.stdout).unwrap();
    assert_eq!(nothing["items"], serde_json::json!([]));
}

#[test]
fn a_task_without_a_file() {
    let run = World::new().run(&[
        "render",
        "--id",
        "t",
        "--title",
        "a title",
        "--image",
        "node:22",
        "--repo",
        "https://github.com/acme/app.git",
        "--ref",
        "main",
        "--parent",
        "p",
        "--storage",
        "7Gi",
        "--access-mode",
        "ReadWriteMany",
        "-q",
        "--",
        "npm",
        "test",
    ]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.contains("claimName: git-repo-pvc-p"), "{}", run.stdout);
    assert!(run.stdout.contains("- npm\n        - test\n"), "{}", run.stdout);
}

#[test]
fn presets_profiles_and_versions() {
    let world = World::new().file("task.json", REPOSITORY);
    let render = |args: &[&str]| {
        let run = world.run(&[&["render", "--task", "task.json", "-q"], args].concat());
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{args:?}");
        run.stdout
    };
    let plain = render(&[]);
    assert_ne!(render(&["--preset", "kotlin"]), plain);
    assert!(render(&["--security", "restricted"]).contains("runAsNonRoot: true"));
    assert!(!render(&["--security", "none"]).contains("seccompProfile"));
    assert_eq!(render(&["--kubernetes-version", "1.34"]), render(&["--kubernetes-version", "v1.34.2"]));
}

#[test]
fn strict_refuses_warnings() {
    let world = World::new().file("task.json", r#"{"id": "t", "image": "python"}"#);
    let lenient = world.run(&["render", "--task", "task.json"]);
    assert_eq!(lenient.code, 0);
    assert!(!lenient.stdout.is_empty() && lenient.stderr.starts_with("warning[image-tag-missing]"), "{lenient:?}");
    let strict = world.run(&["render", "--task", "task.json", "--strict", "-q"]);
    assert_eq!((strict.code, strict.stdout.as_str()), (1, ""));
    assert!(strict.stderr.starts_with("warning[image-tag-missing]"));
    assert_eq!(world.run(&["render", "--task", "task.json", "-q"]).stderr, "");
}

#[test]
fn a_directory_gets_a_file_for_each_task() {
    let world = World::new().file("tasks.json", format!("[{GOOD}, {}]", GOOD.replace("task-1", "task-2")));
    let run = world.run(&["render", "--task", "tasks.json", "--output-dir", "a/b"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.stdout, "");
    assert_eq!(world.list("a/b"), ["keruta-job-task-1.yaml", "keruta-job-task-2.yaml"]);
    let file = world.read("a/b/keruta-job-task-1.yaml");
    assert_eq!(file, world.run_with(&["render", "--task", "-"], GOOD).stdout);
    let json = world.run(&["render", "--task", "tasks.json", "--output-dir", "c", "-o", "json"]);
    assert_eq!(json.code, 0);
    let list: serde_json::Value = serde_json::from_str(&world.read("c/keruta-job-task-2.json")).unwrap();
    assert_eq!(list["kind"], "List");
}

#[test]
fn a_wrong_task_leaves_no_file() {
    let world = World::new().file("task.json", r#"{"id": "t", "image": "No"}"#);
    let run = world.run(&["render", "--task", "task.json", "--output-dir", "out"]);
    assert_eq!(run.code, 3);
    assert_eq!(world.list("out"), [""; 0]);
}

#[test]
fn colour_is_for_terminals_and_for_those_who_ask() {
    let world = World::new().file("task.json", r#"{"id": "t", "image": "No"}"#);
    let stderr = |args: &[&str]| world.run(&[&["render", "--task", "task.json"], args].concat()).stderr;
    assert!(!stderr(&[]).contains('\u{1b}'));
    assert!(stderr(&["--color", "always"]).contains('\u{1b}'));
    assert!(!stderr(&["--color", "never"]).contains('\u{1b}'));
}

#[test]
fn an_input_cannot_steer_the_terminal() {
    let world = World::new().file("task.json", "{\"id\": \"t\", \"image\": \"\\u001b[31mred\", \"\\u001b[2J\": 1}");
    let run = world.run(&["render", "--task", "task.json"]);
    assert_eq!(run.code, 3);
    assert!(!run.stderr.contains('\u{1b}'), "{}", run.stderr);
}
