//! Many tasks: order, going on, being cut off, and memory.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::process::Stdio;

use super::world::World;

fn tasks(count: usize) -> String {
    (0..count).fold(String::new(), |mut lines, index| {
        writeln!(lines, "{{\"id\": \"task-{index}\", \"image\": \"a/b:1\", \"command\": [\"run\", \"{index}\"]}}")
            .unwrap();
        lines
    })
}

fn names(stdout: &str) -> Vec<String> {
    stdout.lines().map(str::to_owned).collect()
}

#[test]
fn tasks_come_out_in_their_order() {
    let world = World::new();
    let run = world.run_with(&["render", "--task", "-", "-o", "name"], &tasks(500));
    assert_eq!(run.code, 0, "{}", run.stderr);
    let expected: Vec<String> = (0..500).map(|index| format!("job.batch/keruta-job-task-{index}")).collect();
    assert_eq!(names(&run.stdout), expected);
}

#[test]
fn a_stream_is_what_its_tasks_are_one_by_one() {
    let world = World::new();
    let all = world.run_with(&["render", "--task", "-"], &tasks(300)).stdout;
    let documents: Vec<&str> = all.split("---\n").collect();
    assert_eq!(documents.len(), 300);
    for index in [0, 1, 150, 299] {
        let line = tasks(300).lines().nth(index).unwrap().to_owned();
        assert_eq!(world.run_with(&["render", "--task", "-"], &line).stdout, documents[index]);
    }
    let list = world.run_with(&["render", "--task", "-", "-o", "json"], &tasks(300)).stdout;
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), 300);
}

#[test]
fn a_wrong_task_is_named_by_its_line() {
    let mut lines: Vec<String> = tasks(400).lines().map(str::to_owned).collect();
    lines[299] = r#"{"id": "task-299", "image": "No"}"#.to_owned();
    let input = lines.join("\n");
    let world = World::new().file("tasks.ndjson", &input);
    let stopped = world.run(&["render", "--task", "tasks.ndjson", "-o", "name"]);
    assert_eq!(stopped.code, 3);
    assert!(stopped.stderr.contains("tasks.ndjson:300:29"), "{}", stopped.stderr);
    assert!(stopped.stderr.contains("after 299 that were rendered"), "{}", stopped.stderr);
    assert_eq!(names(&stopped.stdout).len(), 299);
    let went_on = world.run(&["render", "--task", "tasks.ndjson", "-o", "name", "--keep-going"]);
    assert_eq!(went_on.code, 3);
    assert!(went_on.stderr.contains("1 of 400 tasks were not rendered"), "{}", went_on.stderr);
    assert_eq!(names(&went_on.stdout).len(), 399);
}

#[test]
fn a_broken_line_costs_one_task() {
    let good = |id: &str| format!("{{\"id\": \"{id}\", \"image\": \"a:1\"}}\n");
    let input = format!("{}{{\"id\": \"b\", \"image\": \"a:1\"\n{}oops\n{}", good("a"), good("c"), good("d"));
    let run = World::new().run_with(&["render", "--task", "-", "-o", "name", "--keep-going"], &input);
    assert_eq!(run.code, 3);
    assert_eq!(names(&run.stdout), ["job.batch/keruta-job-a", "job.batch/keruta-job-c", "job.batch/keruta-job-d"]);
    assert!(run.stderr.contains("<stdin>:4:1"), "{}", run.stderr);
}

#[test]
fn a_list_that_was_stopped_is_not_whole() {
    let input = format!("{}{{\"id\": \"x\"}}\n", tasks(3));
    let world = World::new();
    let stopped = world.run_with(&["render", "--task", "-", "-o", "json"], &input);
    assert_eq!(stopped.code, 3);
    assert!(serde_json::from_str::<serde_json::Value>(&stopped.stdout).is_err());
    let went_on = world.run_with(&["render", "--task", "-", "-o", "json", "--keep-going"], &input);
    let list: serde_json::Value = serde_json::from_str(&went_on.stdout).unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), 3);
}

#[test]
fn an_id_is_given_once() {
    let input = format!("{0}{0}", tasks(1));
    let run = World::new().run_with(&["render", "--task", "-", "-o", "name"], &input);
    assert_eq!((run.code, names(&run.stdout).len()), (3, 1));
    assert!(
        run.stderr.starts_with("error[unique]: id: a task before this one has the id \"task-0\" too\n --> <stdin>:2:8"),
        "{}",
        run.stderr
    );
}

#[test]
fn children_share_the_claim_of_the_first_ancestor() {
    let child =
        |id: &str, parent: &str| format!("{{\"id\": \"{id}\", \"image\": \"a:1\", \"parentId\": \"{parent}\"}}\n");
    let input = format!(
        "{}{}{}",
        "{\"id\": \"a\", \"image\": \"a:1\", \"workspace\": {\"kind\": \"pvc\"}}\n",
        child("b", "a"),
        child("c", "b")
    );
    let world = World::new().file("lineage.json", r#"{"x": "y", "y": "z", "z": null}"#);
    let run = world.run_with(&["render", "--task", "-", "-q"], &input);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.stdout.matches("claimName: git-repo-pvc-a\n").count(), 3);
    let known = world.run_with(&["render", "--task", "-", "--lineage", "lineage.json", "-v"], &child("w", "x"));
    assert!(known.stdout.contains("claimName: git-repo-pvc-z\n"), "{known:?}");
    assert!(!known.stderr.contains("lineage-assumed"), "{}", known.stderr);
    let assumed = world.run_with(&["render", "--task", "-", "-v"], &child("w", "x"));
    assert!(assumed.stdout.contains("claimName: git-repo-pvc-x\n") && assumed.stderr.contains("lineage-assumed"));
    let tasks = World::new().file("lineage.ndjson", child("x", "y"));
    let of_tasks = tasks.run_with(&["render", "--task", "-", "--lineage", "lineage.ndjson"], &child("w", "x"));
    assert!(of_tasks.stdout.contains("claimName: git-repo-pvc-y\n"), "{of_tasks:?}");
}

/// So many tasks with two images that have no version, and one whose tag can be moved.
fn with_warnings(count: usize) -> String {
    (0..count).fold(String::new(), |mut lines, index| {
        let sidecar = r#"[{"name": "db", "image": "postgres"}, {"name": "cache", "image": "redis:7"}]"#;
        writeln!(lines, "{{\"id\": \"task-{index}\", \"image\": \"python\", \"sidecars\": {sidecar}}}").unwrap();
        lines
    })
}

#[test]
fn warnings_of_a_long_stream_are_summed_up() {
    let world = World::new().file("tasks.ndjson", with_warnings(200));
    let render = |args: &[&str]| {
        let run = world.run(&[&["render", "--task", "tasks.ndjson", "-o", "name"], args].concat());
        assert_eq!(run.stdout.lines().count(), if run.code == 0 { 200 } else { 0 }, "{args:?}");
        run
    };
    let told = |run: &super::world::Run, rule: &str| run.stderr.matches(&format!("[{rule}]: The image")).count();
    let short = render(&[]);
    assert_eq!(told(&short, "image-tag-missing"), 6);
    let last = short.stderr.lines().last().unwrap();
    assert_eq!(last, "warning[image-tag-missing]: … and 394 more in other tasks; --verbose shows all");
    let long = render(&["-v"]);
    assert_eq!((told(&long, "image-tag-missing"), told(&long, "image-tag-mutable")), (400, 200));
    assert!(!long.stderr.contains("more in other tasks"));
    assert_eq!(render(&["-q"]).stderr, "");
    // A task that is refused is always named.
    let strict = render(&["--strict", "--keep-going"]);
    assert_eq!((strict.code, told(&strict, "image-tag-missing")), (1, 400));
    assert!(strict.stderr.ends_with("200 of 200 tasks were not rendered\n"), "{}", strict.stderr);
}

#[test]
fn every_wrong_task_of_a_long_stream_is_named() {
    let input = with_warnings(50).replace("\"python\"", "\"No\"");
    let run = World::new().run_with(&["render", "--task", "-", "--keep-going"], &input);
    assert_eq!((run.code, run.stdout.as_str()), (3, ""));
    assert_eq!(run.stderr.matches("error[image-reference]").count(), 50);
}

#[test]
fn a_closed_pipe_ends_it_silently() {
    let world = World::new().file("tasks.ndjson", tasks(1000));
    for output in ["yaml", "json", "name"] {
        let mut child = world
            .command(&["render", "--task", "tasks.ndjson", "-o", output])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut [0; 100]).unwrap();
        drop(stdout);
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""), "{output}");
    }
}

#[test]
fn a_full_disk_is_an_error() {
    let world = World::new().file("tasks.ndjson", tasks(300));
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = world.command(&["render", "--task", "tasks.ndjson"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(5));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("error: cannot write standard output: "));
}

/// The peak of a process's memory, which Linux tells while it lives: it waits for the end of its input.
#[test]
#[cfg(target_os = "linux")]
fn memory_does_not_grow_with_the_stream() {
    let peak = |count: usize| -> usize {
        let world = World::new();
        let mut child =
            world.command(&["render", "--task", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(tasks(count).as_bytes()).unwrap();
        // What was written last is still being read.
        std::thread::sleep(std::time::Duration::from_millis(300));
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        drop(stdin);
        assert!(child.wait().unwrap().success());
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    };
    let (few, many) = (peak(1_000), peak(5_000));
    // Ids and ancestors are all that is kept of a task.
    assert!(many < few + 2_000, "{few} kB for 1,000 tasks, {many} kB for 5,000");
}
