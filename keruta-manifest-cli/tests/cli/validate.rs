//! `validate`: reports for people and for machines.

use serde_json::Value;

use super::world::{GOOD, World};

const FINDINGS: &str = "{\"id\": \"a\", \"image\": \"python\"}\n{\"id\": \"b\",\n \"image\": \"No\", \"prority\": 1}\n";

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_good_task_has_nothing_to_tell() {
    let run = World::new().file("task.json", GOOD).run(&["validate", "--task", "task.json"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""));
    assert!(run.stderr.contains("1 task valid, 0 invalid"), "{}", run.stderr);
}

#[test]
fn exit_codes_tell_findings_from_invalid_tasks() {
    let world = World::new();
    let code = |input: &str| world.run_with(&["validate", "--task", "-"], input).code;
    assert_eq!(code(GOOD), 0);
    assert_eq!(code(r#"{"id": "a", "image": "python"}"#), 1);
    assert_eq!(code(FINDINGS), 3);
    let run = world.run_with(&["validate", "--task", "-", "--set", "job.backoffLimit=x"], GOOD);
    assert_eq!(run.code, 3);
}

#[test]
fn people_see_the_place_of_everything() {
    let run = World::new().file("tasks.ndjson", FINDINGS).run(&["validate", "--task", "tasks.ndjson"]);
    assert_eq!(run.code, 3);
    insta::assert_snapshot!(run.stdout);
    assert_eq!(run.stderr, "error: 1 task valid, 1 invalid; 2 errors, 1 warning, 0 notes\n");
}

#[test]
fn the_json_report_follows_its_schema() {
    let world = World::new().file("tasks.ndjson", FINDINGS);
    let run = world.run(&["validate", "--task", "tasks.ndjson", "--format", "json"]);
    assert_eq!((run.code, run.stderr.as_str()), (3, ""));
    let report = json(&run.stdout);
    assert_eq!((&report["valid"], &report["invalid"]), (&1.into(), &1.into()));
    let diagnostics = report["diagnostics"].as_array().unwrap();
    let rules: Vec<&str> = diagnostics.iter().map(|entry| entry["rule"].as_str().unwrap()).collect();
    assert!(rules.contains(&"image-tag-missing") && rules.contains(&"unknown-field"), "{rules:?}");
    let schema = json(&world.run(&["schema", "report"]).stdout);
    let known = schema["$defs"]["Entry"]["properties"].as_object().unwrap();
    for entry in diagnostics {
        assert!(entry.as_object().unwrap().keys().all(|key| known.contains_key(key)), "{entry}");
        for required in schema["$defs"]["Entry"]["required"].as_array().unwrap() {
            let required = required.as_str().unwrap();
            assert!(entry.get(required).is_some() || required == "path", "{required} in {entry}");
        }
    }
}

#[test]
fn sarif_has_its_form() {
    let world = World::new().file("a b.ndjson", FINDINGS);
    let run = world.run(&["validate", "--task", "a b.ndjson", "--format", "sarif"]);
    assert_eq!((run.code, run.stderr.as_str()), (3, ""));
    let log = json(&run.stdout);
    assert_eq!(log["version"], "2.1.0");
    let driver = &log["runs"][0]["tool"]["driver"];
    let rules: Vec<&str> =
        driver["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    let mut unique = rules.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), rules.len());
    assert!(rules.len() > 60);
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert!(results.len() >= 3);
    for result in results {
        assert!(rules.contains(&result["ruleId"].as_str().unwrap()));
        assert!(["note", "warning", "error"].contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let place = &result["locations"][0]["physicalLocation"];
        if place.is_object() {
            assert_eq!(place["artifactLocation"]["uri"], "a%20b.ndjson");
            let region = &place["region"];
            assert!(region["startLine"].as_u64().unwrap() >= 1 && region["startColumn"].as_u64().unwrap() >= 1);
            assert!(region["endColumn"].as_u64() >= region["startColumn"].as_u64());
        }
    }
    let empty = json(&world.run_with(&["validate", "--task", "-", "--format", "sarif"], "[]").stdout);
    assert_eq!(empty["runs"][0]["results"], serde_json::json!([]));
}

#[test]
fn github_commands_hold_hostile_text() {
    let hostile = "{\"id\": \"a\", \"image\": \"x%0A::error::y\\n::set-output name=z::1\", \"::add-mask::k,\": 1}\n";
    let world = World::new().file("a,b:c.json", hostile);
    let run = world.run(&["validate", "--task", "a,b:c.json", "--format", "github"]);
    assert_eq!(run.code, 3);
    insta::assert_snapshot!(run.stdout);
    assert!(run.stdout.lines().all(|line| line.starts_with("::error file=a%2Cb%3Ac.json,line=1,")));
}

#[test]
fn what_is_wrong_with_the_settings_is_in_the_report() {
    let world = World::new().file("task.json", GOOD).file("s.toml", "defaultImage = \"No\"\n");
    let run = world.run(&["validate", "--task", "task.json", "-s", "s.toml", "--format", "json"]);
    assert_eq!((run.code, run.stderr.as_str()), (3, ""));
    let report = json(&run.stdout);
    assert_eq!(report["diagnostics"][0]["place"]["file"], "s.toml");
    assert_eq!(report["diagnostics"][0]["place"]["column"], 16);
    let github = world.run(&["validate", "--task", "missing.json", "--format", "github"]);
    assert_eq!((github.code, github.stdout.as_str()), (5, ""));
}

#[test]
fn a_finding_shows_the_setting_that_it_comes_from() {
    let world = World::new().file("task.json", r#"{"id": "a"}"#).file("s.yaml", "# images\ndefaultImage: python\n");
    let run = world.run(&["validate", "--task", "task.json", "-s", "s.yaml"]);
    assert_eq!(run.code, 1);
    assert!(run.stdout.contains(" --> s.yaml:2:15"), "{}", run.stdout);
}

#[test]
fn many_findings_are_summed_up_for_people_and_complete_for_tools() {
    let task = |index| format!("{{\"id\": \"t-{index}\", \"image\": \"python\"}}");
    let tasks: Vec<String> = (0..100).map(task).collect();
    let world = World::new().file("tasks.ndjson", tasks.join("\n"));
    let validate = |args: &[&str]| {
        let run = world.run(&[&["validate", "-t", "tasks.ndjson"], args].concat());
        assert_eq!(run.code, 1, "{}", run.stderr);
        run
    };
    let human = validate(&[]);
    assert_eq!(human.stdout.matches("warning[image-tag-missing]: The image").count(), 3);
    let last = human.stdout.lines().last().unwrap();
    assert_eq!(last, "warning[image-tag-missing]: … and 97 more in other tasks; --verbose shows all");
    assert_eq!(human.stderr, "warning: 100 tasks valid, 0 invalid; 0 errors, 100 warnings, 0 notes\n");
    assert_eq!(validate(&["-v"]).stdout.matches("[image-tag-missing]: The image").count(), 100);
    // GitHub shows ten annotations of a kind: what is in all tasks must not hide what is in one.
    let github = validate(&["--format", "github"]).stdout;
    assert_eq!(github.lines().count(), 4);
    let last = github.lines().last().unwrap();
    assert_eq!(last, "::warning title=image-tag-missing::… and 97 more in other tasks; --verbose shows all");
    let count = |report: &Value| report.as_array().unwrap().len();
    assert!(count(&json(&validate(&["--format", "json"]).stdout)["diagnostics"]) >= 100);
    assert!(count(&json(&validate(&["--format", "sarif"]).stdout)["runs"][0]["results"]) >= 100);
}

#[test]
fn no_format_repeats_a_secret() {
    let task = r#"{"id": "a", "image": "a:1",
      "env": {"API_TOKEN": "ghp_0123456789012345678901234567890123456"}}
{"id": "b", "image": "b:1",
      "repository": {"url": "https://me:hunter2@example.com/é"}}
{"id": "c", "image": "c:1",
      "command": ["agent", "--token=ghp_0123456789012345678901234567890123456"]}"#;
    let world = World::new().file("tasks.json", task);
    for format in ["human", "json", "sarif", "github"] {
        let run = world.run(&["validate", "-t", "tasks.json", "--format", format]);
        assert_eq!(run.code, 3, "{}", run.stderr);
        for rule in ["secret-in-env", "git-url", "secret-in-command"] {
            assert!(run.stdout.contains(rule), "{format} {rule}");
        }
        let told = run.stdout + &run.stderr;
        assert!(!told.contains("ghp_") && !told.contains("hunter2"), "{told}");
    }
}
