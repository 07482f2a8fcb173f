//! `explain`.

use serde::Deserialize;
use serde_json::Value;

use super::world::World;

const TASK: &str = r##"{"id": "task-1", "script": "set -e\necho \"# no comment\"\n", "repository": {"url": "https://github.com/acme/app.git"}}"##;

fn world() -> World {
    World::new().file("task.json", TASK).file("keruta.yaml", "# ours\nworkspace:\n  size: 3Gi\n")
}

const ARGS: [&str; 7] = ["explain", "--task", "task.json", "-s", "keruta.yaml", "--set", "defaultImage=python:3.12"];

fn documents(text: &str) -> Vec<Value> {
    serde_yaml::Deserializer::from_str(text).map(|document| Value::deserialize(document).unwrap()).collect()
}

#[test]
fn the_explained_manifest_is_the_manifest() {
    let world = world();
    let explained = world.run(&ARGS);
    assert_eq!((explained.code, explained.stderr.as_str()), (0, ""));
    let mut args = ARGS;
    args[0] = "render";
    let rendered = world.run(&args).stdout;
    assert_eq!(documents(&explained.stdout), documents(&rendered));
    assert_eq!(explained.stdout.lines().count(), rendered.lines().count());
}

#[test]
fn every_layer_is_named() {
    let run = world().variable("KERUTA_JOB__BACKOFF_LIMIT", "2").run(&ARGS);
    let line = |start: &str| {
        let lines = run.stdout.lines().filter(|line| line.trim_start().starts_with(start));
        lines.map(|line| line.rsplit_once("# ").map_or("", |(_, comment)| comment)).next().unwrap_or_default()
    };
    assert_eq!(line("storage: 3Gi"), "settings: workspace.size (keruta.yaml:3)");
    assert_eq!(line("backoffLimit: 2"), "settings: job.backoffLimit ($KERUTA_JOB__BACKOFF_LIMIT)");
    assert_eq!(line("image: python:3.12"), "settings: defaultImage (--set defaultImage)");
    assert_eq!(line("- ReadWriteOnce"), "settings: workspace.accessMode (default)");
    assert_eq!(line("name: git-repo-pvc-task-1"), "task: id");
}

#[test]
fn json_has_a_pointer_for_every_field() {
    let run = world().run(&[&ARGS[..], &["-o", "json"]].concat());
    let explained: Value = serde_json::from_str(&run.stdout).unwrap();
    let items = explained["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    for item in items {
        let fields = item["fields"].as_array().unwrap();
        assert!(fields.len() > 8);
        for field in fields {
            assert!(item["object"].pointer(field["pointer"].as_str().unwrap()).is_some(), "{field}");
            assert!(field["origin"]["kind"].is_string(), "{field}");
        }
    }
    let size = items[0]["fields"].as_array().unwrap().iter();
    let size = size.clone().find(|field| field["pointer"] == "/spec/resources/requests/storage").unwrap();
    assert_eq!(size["setIn"], "keruta.yaml:3");
}
