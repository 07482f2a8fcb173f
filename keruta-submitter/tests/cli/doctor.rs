//! `doctor`: each check and its cure.

use scripted_apiserver::Denial;
use serde_json::Value;

use super::world::World;

#[test]
fn a_cluster_that_works_is_told_so() {
    let world = World::new();
    let run = world.run(&["doctor", "-o", "json"]);
    assert_eq!(run.code, 0, "{run:?}");
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    let result = |name: &str| {
        let checks = document["checks"].as_array().unwrap();
        checks.iter().find(|check| check["check"] == name).map(|check| check["result"].as_str().unwrap().to_owned())
    };
    for name in ["settings", "cluster", "version", "rights", "namespace", "storage", "quota", "pod security"] {
        assert_eq!(result(name).as_deref(), Some("ok"), "{name}: {document:#}");
    }
    assert_eq!((result("images").as_deref(), result("secret").as_deref()), (Some("skip"), Some("skip")));
}

#[test]
fn what_is_missing_is_told_with_its_cure() {
    let world = World::new();
    world.server.deny(Denial::of("patch", "batch", "jobs"));
    world.server.deny(Denial::of("get", "", "pods/log"));
    let run = world.run(&["doctor"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(
        run.stdout.contains("fail  rights: 2 of 26 are missing in the namespace tasks: patch jobs, get pods/log"),
        "{run:?}"
    );
    assert!(run.stdout.contains("resources: [\"pods/log\"]"), "{run:?}");
    assert!(run.stderr.starts_with("error: 1 failed"), "{run:?}");
    let gone = world.run(&["doctor", "-n", "elsewhere"]);
    assert!(gone.code == 1 && gone.stdout.contains("kubectl create namespace elsewhere"), "{gone:?}");
    let classes = world.run(&["doctor", "--set", "workspace.storageClass=fast"]);
    assert!(classes.stdout.contains("fail  storage: the class fast of the settings is not there"), "{classes:?}");
    let off = world.variable("KERUTA_ENABLED", "false").run(&["doctor"]);
    assert!(off.stdout.starts_with("fail  settings: "), "{off:?}");
}

#[test]
fn images_are_tried_where_asked_for() {
    let world = World::new();
    let run = world.run(&["doctor", "--probe"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("ok    image: ") && run.stdout.contains("can be pulled"), "{run:?}");
    let jobs = world.server.objects("jobs", super::world::NAMESPACE);
    assert!(jobs.is_empty() || jobs.iter().all(|job| job["metadata"]["deletionTimestamp"].is_string()), "{jobs:?}");
}

#[test]
fn a_cluster_out_of_reach_is_a_failed_check() {
    let world = World::new();
    let elsewhere = world.server.kubeconfig().replace(&world.server.url(), "http://127.0.0.1:1");
    let run = world.file("kubeconfig", elsewhere).run(&["doctor"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.contains("fail  cluster: the API server http://127.0.0.1:1 cannot be reached"), "{run:?}");
}
