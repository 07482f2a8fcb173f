//! Secrets that the program is told of, or reads, are in nothing that it writes.

use std::fs;
use std::path::{Path, PathBuf};

use scripted_apiserver::{Fault, Run as Does};
use serde_json::{Value, json};

use super::world::{NAMESPACE, Run, World, task};

const FIRST: &str = "first-s3cret";
const SECOND: &str = "second/s3cret+";
/// `SECOND`, as base64.
const ENCODED: &str = "c2Vjb25kL3MzY3JldCs=";

fn assert_silent(text: &str, what: &str) {
    for secret in [FIRST, SECOND, "s3cret", ENCODED] {
        assert!(!text.contains(secret), "{what}: {text}");
    }
}

/// Nothing that a run wrote, and nothing below a directory, has a secret in it.
fn assert_kept_silent(run: &Run, directory: &Path) {
    assert_silent(&run.stdout, "stdout");
    assert_silent(&run.stderr, "stderr");
    let files = files(directory);
    assert!(!files.is_empty());
    for path in files {
        assert_silent(&String::from_utf8_lossy(&fs::read(&path).unwrap()), &path.display().to_string());
    }
}

/// All files below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn told(world: World) -> World {
    world.file("secrets.txt", format!("{FIRST}\r\n\n{SECOND}")).variable("FIRST", FIRST)
}

/// A task that tells both, also in its last line and its termination message.
fn talkative() -> Value {
    let main = Does::new()
        .line(&format!("token={FIRST};"))
        .line(&format!("Authorization: Basic {ENCODED}"))
        .line(&format!("fatal: cannot reach https://x:{SECOND}@host"))
        .exit(1);
    task("a", main)
}

#[test]
fn what_a_file_or_a_variable_tells_is_nowhere() {
    for args in [
        &["--redact-file", "secrets.txt"][..],
        &["--redact-env", "FIRST", "--redact-env", "SECOND"],
        &["--redact-env", "FIRST,SECOND"],
    ] {
        let world = told(World::new().task(&talkative())).variable("SECOND", SECOND);
        let submit = [
            "submit",
            "--task",
            "task.json",
            "--wait",
            "--logs",
            "--journal",
            "journal",
            "--log-level",
            "keruta_submitter=trace,kube=debug",
        ];
        let run = world.run(&[&submit[..], args].concat());
        assert_eq!(run.code, 1, "{run:?}");
        let lines =
            "main | token=***;\nmain | Authorization: Basic ***\nmain | fatal: cannot reach https://x:***@host\n";
        assert!(run.stdout.starts_with(lines), "{run:?}");
        assert!(run.stderr.contains("fatal: cannot reach https://x:***@host"), "{run:?}");
        assert_kept_silent(&run, &world.path("journal"));
        let job = world.wait_for("jobs", |_| true);
        let verdict = job["metadata"]["annotations"]["keruta.dev/verdict"].as_str().unwrap();
        assert!(verdict.contains("https://x:***@host"), "{verdict}");
        assert_silent(verdict, "the verdict");
        // And where it is read later.
        for command in [&["logs", "a"][..], &["logs", "a", "-o", "json"], &["status", "a", "-o", "json"]] {
            let run = world.run(&[command, args].concat());
            assert_eq!(run.code, 0, "{run:?}");
            assert_silent(&run.stdout, "stdout");
        }
    }
}

#[test]
fn the_environment_can_tell_it_once_for_all_commands() {
    let world = told(World::new().task(&talkative())).variable("KERUTA_REDACT_FILE", "secrets.txt");
    // Nobody waits, and nobody records a verdict: what is judged on the way is silent too.
    assert_eq!(world.run(&["submit", "--task", "task.json"]).code, 0);
    let log = world.run(&["logs", "-f", "a"]);
    assert!(log.code == 0 && log.stdout.starts_with("main | token=***;\n"), "{log:?}");
    assert_silent(&log.stdout, "stdout");
    for output in ["human", "json", "ndjson"] {
        let status = world.run(&["status", "a", "-o", output]);
        assert!(status.stdout.contains("https://x:***@host"), "{status:?}");
        assert_silent(&(status.stdout + &status.stderr), output);
    }
    let mut following = world.start(&["follow", "--journal", "journal"]);
    world.wait_for("jobs", |job| job["metadata"]["annotations"]["keruta.dev/verdict"].is_string());
    world.wait_for("pods", |pod| pod["status"]["phase"] == "Failed");
    std::thread::sleep(std::time::Duration::from_secs(1));
    following.signal("TERM");
    assert_kept_silent(&following.end(), &world.path("journal"));
    let kept = world.run(&["logs", "a", "--journal", "journal"]);
    assert!(kept.stdout.starts_with("main | token=***;\n"), "{kept:?}");
}

#[test]
fn a_secret_is_found_whatever_way_a_stream_comes() {
    // The stream comes in pieces of 32 KiB: the secret lies across the first border. A second stream is cut within it.
    let stamp = "2026-11-21T10:00:00.000000000Z ".len();
    let long = format!("{}{FIRST}{}", "x".repeat((32 << 10) - stamp - 5), "y".repeat(3000));
    let world = told(World::new().task(&task("a", Does::new().line(&long).sleep(500).line("last").exit(0))));
    let cut = |nth, bytes| world.server.faults().add(Fault::on("get", "pods/log").nth(nth).cut_log_after(bytes));
    let cuts = [cut(1, (32 << 10) - 2), cut(2, (32 << 10) + 2)];
    let args =
        ["submit", "--task", "task.json", "--wait", "--logs", "--journal", "journal", "--redact-file", "secrets.txt"];
    let run = world.run(&args);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let masked = long.replace(FIRST, "***");
    assert!(run.stdout.starts_with(&format!("main | {masked}\nmain | last\n")), "{}", run.stdout.len());
    assert_kept_silent(&run, &world.path("journal"));
    cuts.into_iter().for_each(scripted_apiserver::FaultGuard::assert_fired);
}

/// A task that refers to one key of a Secret, and to all of another.
fn referring() -> Value {
    let mut task = talkative();
    task["env"] = json!({"TOKEN": {"secret": {"name": "api", "key": "token"}}});
    task["envFrom"] = json!([{"secret": {"name": "all"}}]);
    task
}

fn with_secrets(task: &Value) -> World {
    let world = World::new().task(task);
    let secret = |name: &str, key: &str, value: &str| {
        let object = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": {key: value}});
        assert!(world.server.create("secrets", NAMESPACE, object));
    };
    secret("api", "token", "Zmlyc3QtczNjcmV0");
    secret("all", "any", ENCODED);
    world
}

#[test]
fn secrets_that_the_task_refers_to_are_read_where_one_may() {
    let world = with_secrets(&referring());
    world.server.allow_all();
    let submit = [
        "submit",
        "--task",
        "task.json",
        "--wait",
        "--logs",
        "--redact-secrets",
        "--log-level",
        "keruta_submitter=trace,kube=debug",
    ];
    let run = world.run(&[&submit[..], &["--journal", "journal"]].concat());
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.starts_with("main | token=***;\n"), "{run:?}");
    assert_kept_silent(&run, &world.path("journal"));
    // Those two, and that of the API's token, which every task refers to.
    assert_eq!(world.count("get", "secrets"), 3);
    for follow in [&[][..], &["-f"]] {
        let run = world.run(&[&["logs", "a", "--redact-secrets"], follow].concat());
        assert!(run.code == 0 && run.stdout.starts_with("main | token=***;\n"), "{run:?}");
        assert_silent(&run.stdout, "stdout");
    }
}

#[test]
fn where_secrets_may_not_be_read_nothing_begins() {
    let world = with_secrets(&referring());
    let run = world.run(&["submit", "--task", "task.json", "--wait", "--logs", "--redact-secrets"]);
    assert_eq!((run.code, run.stdout.as_str()), (5, ""), "{run:?}");
    for part in [
        "error: the Secret \"all\" cannot be read, so that its values would not be redacted",
        "kubectl create role keruta-redact -n tasks --verb=get --resource=secrets --resource-name=all --resource-name=api ",
        "--redact-file",
    ] {
        assert!(run.stderr.contains(part), "{run:?}");
    }
    assert!(world.server.objects("jobs", NAMESPACE).is_empty());
    // It is not asked for where it was not wanted.
    assert_eq!(world.run(&["submit", "--task", "task.json", "--wait"]).code, 1);
    assert_eq!(world.count("get", "secrets"), 1);
}

#[test]
fn what_cannot_be_redacted_is_told() {
    let world = World::new().task(&talkative()).file("short.txt", "abc\nlong enough\n");
    let submit = ["submit", "--task", "task.json", "--wait"];
    let run = world.run(&[&submit[..], &["--redact-env", "ABSENT"]].concat());
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
    assert!(run.stderr.contains("there is no variable ABSENT"), "{run:?}");
    let run = world.run(&[&submit[..], &["--redact-file", "absent.txt"]].concat());
    assert_eq!(run.code, 5, "{run:?}");
    assert!(run.stderr.contains("absent.txt"), "{run:?}");
    assert!(world.server.objects("jobs", NAMESPACE).is_empty());
    let run = world.run(&[&submit[..], &["--redact-file", "short.txt"]].concat());
    assert!(run.stderr.contains("one value has fewer than 4 bytes"), "{run:?}");
    assert!(!run.stderr.contains("abc"), "{run:?}");
}

/// Follows until the verdict on the one Job is recorded and its Pod let go; the verdict.
fn follow(world: &World) -> (Run, String) {
    let args = ["follow", "--journal", "journal", "--redact-secrets", "--log-level", "keruta_submitter=trace"];
    let mut following = world.start(&args);
    let job = world.wait_for("jobs", |job| job["metadata"]["annotations"]["keruta.dev/verdict"].is_string());
    world.wait_for("pods", |pod| pod["metadata"]["finalizers"].is_null());
    std::thread::sleep(std::time::Duration::from_millis(500));
    following.signal("TERM");
    (following.end(), job["metadata"]["annotations"]["keruta.dev/verdict"].as_str().unwrap().to_owned())
}

/// All that the journal has.
fn kept(world: &World) -> String {
    files(&world.path("journal")).iter().filter_map(|path| fs::read_to_string(path).ok()).collect()
}

/// Submits a task as somebody who followed it and was killed: its Pod keeps its end visible.
fn left_behind(task: &Value) -> World {
    let main = Does::new()
        .line(&format!("token={FIRST};"))
        .sleep(2000)
        .line(&format!("fatal: cannot reach https://x:{SECOND}@host"))
        .exit(1);
    let mut task = task.clone();
    task["podPatch"] = super::world::task("a", main)["podPatch"].clone();
    let world = with_secrets(&task);
    let mut submit = world.start(&["submit", "--task", "task.json", "--wait"]);
    world.wait_for("pods", |pod| pod["status"]["phase"] == "Running");
    submit.signal("KILL");
    submit.end();
    world
}

#[test]
fn a_service_reads_the_secrets_of_each_pod() {
    for late in [false, true] {
        let world = left_behind(&referring());
        world.server.allow_all();
        if late {
            world.wait_for("pods", |pod| pod["status"]["phase"] == "Failed");
        }
        let (run, verdict) = follow(&world);
        assert!(verdict.contains("fatal: cannot reach https://x:***@host"), "{verdict}");
        assert_silent(&verdict, "the verdict");
        assert_kept_silent(&run, &world.path("journal"));
        assert!(kept(&world).contains("token=***;"), "{}", kept(&world));
        // Each of the three once, and once more where two asked at the same time.
        assert!(world.count("get", "secrets") <= 6, "{}", world.count("get", "secrets"));
    }
}

#[test]
fn a_service_that_may_not_read_them_shows_nothing_and_still_judges() {
    let world = left_behind(&referring());
    let (run, verdict) = follow(&world);
    assert!(verdict.contains("CommandFailed") && !verdict.contains("fatal"), "{verdict}");
    assert_kept_silent(&run, &world.path("journal"));
    let kept = kept(&world);
    assert!(kept.contains("cannot be read, so that its values would not be redacted"), "{kept}");
}
