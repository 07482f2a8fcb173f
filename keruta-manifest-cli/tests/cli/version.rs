//! `version`, and help.

use serde_json::Value;

use super::world::World;

#[test]
fn the_version_is_told() {
    let world = World::new();
    let version = env!("CARGO_PKG_VERSION");
    let text = world.run(&["version"]);
    assert_eq!((text.code, text.stderr.as_str()), (0, ""));
    assert!(text.stdout.starts_with(&format!("keruta-manifest {version}\nKubernetes 1.33, ")), "{}", text.stdout);
    let json: Value = serde_json::from_str(&world.run(&["version", "-o", "json"]).stdout).unwrap();
    assert_eq!(json["version"], version);
    assert_eq!(json["kubernetes"]["types"], "1.37");
    assert_eq!(world.run(&["--version"]).stdout, format!("keruta-manifest {version}\n"));
}

#[test]
fn help_teaches() {
    let world = World::new();
    for command in ["render", "validate", "explain", "diff", "schema", "install", "completion", "man"] {
        let run = world.run(&[command, "--help"]);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{command}");
        assert!(run.stdout.contains("Examples:\n"), "{command} has no examples");
        assert!(run.stdout.lines().all(|line| line.chars().count() <= 110), "{command}");
    }
    insta::assert_snapshot!(world.run(&["render", "--help"]).stdout);
    assert!(world.run(&["--help"]).stdout.contains("Exit codes:\n"));
}

/// The examples are lines that the program takes.
#[test]
fn the_examples_of_the_help_run() {
    let world = World::new()
        .file("task.json", r#"{"id": "task-1", "image": "a:1"}"#)
        .file("tasks.json", r#"[{"id": "task-1", "image": "a:1"}]"#)
        .file("tasks.ndjson", r#"{"id": "task-1", "image": "a:1"}"#)
        .file("keruta.toml", "")
        .file("keruta.yaml", "")
        .file("empty", "");
    std::fs::create_dir(world.path("manifests")).unwrap();
    std::fs::write(world.path("manifests/keruta-job-task-1.yaml"), "").unwrap();
    let mut tried = 0;
    for command in ["", "render", "validate", "explain", "diff", "schema", "install"] {
        let args: Vec<&str> = [command, "--help"].into_iter().filter(|arg| !arg.is_empty()).collect();
        let help = world.run(&args).stdout;
        for line in help
            .lines()
            .filter(|line| line.starts_with("  ") && line.contains("keruta-manifest ") && !line.contains("[OPTIONS]"))
        {
            let Some(at) = line.find("keruta-manifest ").filter(|_| !line.contains("man |")) else { continue };
            let example = line[at..].split(['|', '>']).next().unwrap_or_default().replace('\'', "");
            let words: Vec<&str> = example.split_whitespace().skip(1).collect();
            if !["render", "validate", "explain", "diff", "schema", "install"].contains(&words[0]) {
                continue;
            }
            let run = world.run_with(&words, r#"{"id": "task-1", "image": "a:1"}"#);
            assert!([0, 1].contains(&run.code), "{example}: {}", run.stderr);
            tried += 1;
        }
    }
    assert!(tried > 12, "{tried}");
}
