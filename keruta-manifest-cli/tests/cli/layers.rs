//! Settings: which layer wins, in every format.

use super::world::{GOOD, World};

const FILES: [(&str, &str); 5] = [
    ("a.toml", "[job]\nbackoffLimit = 11\n"),
    ("b.yaml", "job:\n  backoffLimit: 12\n"),
    ("c.yml", "job: {backoffLimit: 13}\n"),
    ("d.json", "{\"job\": {\"backoffLimit\": 14}}\n"),
    ("e.properties", "# ours\nkeruta.kubernetes.job.backoff-limit = 15\n"),
];

/// The explained `backoffLimit`: value and where it was set.
fn backoff_limit(world: &World, args: &[&str]) -> (String, String) {
    let run = world.run(&[&["explain", "--task", "task.json"], args].concat());
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{args:?}");
    let line = run.stdout.lines().find(|line| line.contains("backoffLimit")).unwrap().to_owned();
    let (value, comment) = line.split_once('#').unwrap();
    let set_in = comment.split_once('(').map_or("", |(_, rest)| rest.trim_end_matches(')'));
    (value.trim().trim_start_matches("backoffLimit: ").to_owned(), set_in.to_owned())
}

fn world() -> World {
    FILES.into_iter().fold(World::new().file("task.json", GOOD), |world, (name, text)| world.file(name, text))
}

fn pair(value: &str, set_in: &str) -> (String, String) {
    (value.to_owned(), set_in.to_owned())
}

#[test]
fn each_layer_wins_over_those_before_it() {
    assert_eq!(backoff_limit(&world(), &[]), pair("4", "default"));
    let places = ["a.toml:2", "b.yaml:2", "c.yml:1", "d.json:1", "e.properties:2"];
    for (((name, _), place), value) in FILES.iter().zip(places).zip(11..) {
        assert_eq!(backoff_limit(&world(), &["-s", name]), pair(&value.to_string(), place));
    }
    assert_eq!(backoff_limit(&world(), &["-s", "e.properties", "-s", "a.toml"]), pair("11", "a.toml:2"));
    let named = world().variable("KERUTA_SETTINGS", "a.toml:b.yaml");
    assert_eq!(backoff_limit(&named, &[]), pair("12", "b.yaml:2"));
    assert_eq!(backoff_limit(&named, &["-s", "d.json"]), pair("14", "d.json:1"));
    let variable = named.variable("KERUTA_JOB__BACKOFF_LIMIT", "16");
    assert_eq!(backoff_limit(&variable, &["-s", "d.json"]), pair("16", "$KERUTA_JOB__BACKOFF_LIMIT"));
    assert_eq!(backoff_limit(&variable, &["--set", "job.backoffLimit=17"]), pair("17", "--set job.backoffLimit"));
    let twice = ["--set", "job.backoffLimit=17", "--set", "job.backoffLimit=18"];
    assert_eq!(backoff_limit(&variable, &twice), pair("18", "--set job.backoffLimit"));
}

#[test]
fn layers_are_joined_and_not_replaced() {
    let world = world().file("f.toml", "[job]\npodFailurePolicy = false\n[pod.labels]\n\"a.b/c\" = \"x\"\n");
    let run =
        world.run(&["render", "--task", "task.json", "-s", "a.toml", "-s", "f.toml", "--set", "pod.labels[a.b/d]=y"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("backoffLimit: 11\n") && !run.stdout.contains("podFailurePolicy"));
    assert!(run.stdout.contains("a.b/c: x\n") && run.stdout.contains("a.b/d: \"y\"\n"), "{}", run.stdout);
}

#[test]
fn a_patch_of_the_settings_is_told_by_its_path_there() {
    let patch = "podPatch:\n  strategic:\n    spec:\n      hostNetworks: true\n";
    let run =
        World::new().file("task.json", GOOD).file("p.yaml", patch).run(&["render", "-t", "task.json", "-s", "p.yaml"]);
    assert_eq!((run.code, run.stdout.as_str()), (3, ""));
    assert!(run.stderr.contains("]: podPatch.strategic.spec.hostNetworks: "), "{}", run.stderr);
    assert!(run.stderr.contains("--> p.yaml:4:"), "{}", run.stderr);
}

#[test]
fn the_documents_own_properties_are_taken() {
    let text = "keruta.kubernetes.enabled=true\nkeruta.kubernetes.config-path=/path/to/kube/config\n\
                keruta.kubernetes.in-cluster=false\nkeruta.kubernetes.default-namespace=default\nserver.port=8080\n";
    let world = World::new().file("task.json", GOOD).file("application.properties", text);
    let run = world.run(&["render", "--task", "task.json", "-s", "application.properties"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.contains("namespace: default\n"));
}

#[test]
fn flags_of_their_own() {
    let world = World::new().file("task.json", GOOD).variable("KERUTA_DEFAULT_NAMESPACE", "env");
    let namespace = |args: &[&str]| {
        let run = world.run(&[&["render", "--task", "task.json"], args].concat());
        let line = run.stdout.lines().find(|line| line.starts_with("  namespace: ")).unwrap().to_owned();
        line.trim_start_matches("  namespace: ").to_owned()
    };
    assert_eq!(namespace(&[]), "env");
    assert_eq!(namespace(&["--set", "defaultNamespace=set"]), "set");
    assert_eq!(namespace(&["-n", "flag", "--set", "defaultNamespace=set"]), "flag");
}

#[test]
fn variables_that_are_no_settings_are_left_alone() {
    let world = World::new()
        .file("task.json", GOOD)
        .variable("KERUTA_TASK_ID", "other")
        .variable("KERUTA_API_TOKEN", "secret")
        .variable("KERUTA_TEST_KUBECONFIG", "x")
        .variable("KERUTA_DEFAULT_IMAGE", "");
    let run = world.run(&["render", "--task", "task.json"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let near = world.variable("KERUTA_DEFUALT_IMAGE", "a:1").run(&["render", "--task", "task.json"]);
    assert_eq!(near.code, 0);
    assert_eq!(
        near.stderr,
        "warning: the variable KERUTA_DEFUALT_IMAGE is no setting and is not used; did you mean KERUTA_DEFAULT_IMAGE?\n"
    );
}
