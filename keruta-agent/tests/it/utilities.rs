//! What a script asks of its agent.

use std::process::Command;

use keruta_api::LogLevel;

use crate::agent::Agent;
use crate::api::{Answer, Api, TOKEN};

fn agent(api: &Api) -> Agent {
    Agent::new()
        .env("KERUTA_API_URL", &api.url)
        .env("KERUTA_API_TOKEN", TOKEN)
        .env("AGENT", env!("CARGO_BIN_EXE_keruta-agent"))
}

#[test]
fn a_script_logs_and_tells_its_progress() {
    let api = Api::start();
    let script = "$AGENT log WARN disk is getting full && $AGENT progress 40 half of it && $AGENT log nonsense x; echo $?; $AGENT progress 101; echo $?";
    let done = agent(&api).env("KERUTA_LOG_SOURCE", "agent").script(script).run();
    assert_eq!((done.code(), &*done.stdout()), (0, "2\n2\n"), "{}", done.stderr);
    assert!(done.stderr.contains("[WARN] keruta-agent: disk is getting full"), "{}", done.stderr);
    let state = api.state.lock().unwrap();
    let own: Vec<_> = state.logs["main.stdout"].iter().filter_map(|line| Some((line.level?, &*line.message))).collect();
    assert_eq!(own, [(LogLevel::Warn, "disk is getting full"), (LogLevel::Info, "progress: 40 %: half of it")]);
    let told = keruta_api::ProgressUpdate { percent: 40, message: Some("half of it".to_owned()) };
    assert_eq!(state.progress, [told], "told once, with the last word where nothing came before");
    assert_eq!(state.statuses, ["IN_PROGRESS", "COMPLETED"]);
}

#[test]
fn files_are_handed_in_at_once_and_at_the_end_before_the_last_word() {
    let api = Api::start();
    let script = "echo data > data.bin; $AGENT artifact add data.bin --name 'out/the data'; mkdir -p .keruta/doc/sub; \
        echo '# Report' > .keruta/doc/README.md; echo 2 > .keruta/doc/sub/b.json; ln -s /etc/passwd .keruta/doc/link; \
        $AGENT artifact add /no/such/file; echo $?; exit 3";
    let done = agent(&api).script(script).run();
    assert_eq!((done.code(), &*done.stdout()), (3, "1\n"), "{}", done.stderr);
    assert!(done.stderr.contains("/no/such/file cannot be read"), "{}", done.stderr);
    let requests = api.requests();
    let handed_in: Vec<_> = requests
        .iter()
        .filter(|request| request.path.contains("/artifacts/"))
        .map(|request| (request.path.rsplit("/artifacts/").next().unwrap(), request.headers["content-type"].as_str()))
        .collect();
    let expected = [
        ("out/the%20data", "application/octet-stream"),
        ("README.md", "text/markdown; charset=utf-8"),
        ("sub/b.json", "application/json"),
    ];
    assert_eq!(handed_in, expected);
    assert_eq!(api.state.lock().unwrap().artifacts["README.md"], b"# Report\n");
    // The attempt's token ends with the attempt.
    let last = requests.iter().rfind(|request| request.method == "PUT").unwrap();
    assert!(last.path.ends_with("/status"), "{}", last.path);
}

#[test]
fn what_cannot_be_handed_in_fails_nothing() {
    let api = Api::start();
    api.answer_by(|request| request.path.contains("/artifacts/").then(|| Answer::problem(413, "too-large")));
    let done = agent(&api).script("mkdir -p .keruta/doc; echo x > .keruta/doc/a.txt").run();
    assert_eq!(done.code(), 0);
    assert!(done.stderr.contains("an artifact is not handed in"), "{}", done.stderr);
    assert_eq!(api.statuses(), ["IN_PROGRESS", "COMPLETED"]);
}

fn agent_command(words: &[&str], variables: &[(&str, &str)]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keruta-agent"));
    let output =
        command.args(words).env_remove("KERUTA_AGENT_SOCKET").envs(variables.iter().copied()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn health_tells_of_each_thing() {
    let api = Api::start();
    api.answer_by(|request| (request.path == "/healthz").then(|| Answer::text("ok")));
    let directory = tempfile::tempdir().unwrap();
    let dir = directory.path().to_str().unwrap();
    let (code, stdout, _) = agent_command(&["health", "--api-url", &api.url, "--work-dir", dir], &[]);
    assert_eq!((code, &*stdout), (0, "api: ok\ndisk: ok\n"));
    let (code, stdout, _) = agent_command(&["health", "--check", "disk", "--work-dir", "/no/such"], &[]);
    assert_eq!(code, 1);
    assert!(stdout.starts_with("disk: /no/such: "), "{stdout}");
    let (code, stdout, _) = agent_command(&["health", "--check", "api", "--api-url", "http://127.0.0.1:9"], &[]);
    assert_eq!(code, 1);
    assert!(stdout.contains("does not answer"), "{stdout}");
}

#[test]
fn the_configuration_is_shown_without_the_token() {
    let variables = [("KERUTA_API_TOKEN", "s3cret-token"), ("KERUTA_GRACE", "7s"), ("KERUTA_TASK_ID", "of-variable")];
    let (code, stdout, stderr) = agent_command(&["config", "show", "--task-id", "of-flag"], &variables);
    assert_eq!(code, 0, "{stderr}");
    let shown: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((shown["taskId"].as_str(), shown["graceSeconds"].as_f64()), (Some("of-flag"), Some(7.0)));
    assert_eq!(shown["hasToken"], true);
    assert!(!stdout.contains("s3cret"));
}

#[test]
fn outside_of_a_task_there_is_nobody_to_ask() {
    let (code, _, stderr) = agent_command(&["log", "INFO", "x"], &[]);
    assert_eq!(code, 1);
    assert!(stderr.contains("KERUTA_AGENT_SOCKET is not set"), "{stderr}");
}

#[test]
fn the_agent_copies_itself_and_the_copy_runs() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("keruta-agent");
    let (code, _, stderr) = agent_command(&["install", place.to_str().unwrap()], &[]);
    assert_eq!(code, 0, "{stderr}");
    let output = Command::new(&place).arg("--version").output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("keruta-agent "));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    let (code, _, stderr) = agent_command(&["install", "/no/such/place"], &[]);
    assert_eq!(code, 125);
    assert!(stderr.contains("/no/such/place"), "{stderr}");
}

/// Of many only some are told while it runs, and the last in any case.
#[test]
fn progress_is_told_as_often_as_the_api_can_hear_it() {
    let api = Api::start();
    let script = "i=0; while [ $i -lt 30 ]; do $AGENT progress $i; i=$((i+1)); done; $AGENT progress 100";
    let done = agent(&api).script(script).run();
    assert_eq!(done.code(), 0, "{}", done.stderr);
    let state = api.state.lock().unwrap();
    let told: Vec<u8> = state.progress.iter().map(|progress| progress.percent).collect();
    assert!(told.last() == Some(&100) && told.is_sorted() && told.len() < 25, "{told:?}");
}

fn handed_in(api: &Api) -> Vec<String> {
    let requests = api.requests();
    let names = requests.iter().filter_map(|request| request.path.split_once("/artifacts/"));
    names.map(|(_, name)| name.to_owned()).collect()
}

#[test]
fn of_a_shared_workspace_each_task_hands_in_its_own_files() {
    let (api, workspace) = (Api::start(), tempfile::tempdir().unwrap());
    let run = |script: &str| {
        agent(&api)
            .env("KERUTA_WORK_DIR", workspace.path())
            .script(&format!("cd {} && {script}", workspace.path().display()))
            .run()
    };
    let first = run("mkdir -p .keruta/doc; echo 1 > .keruta/doc/old.md; echo 1 > .keruta/doc/both.md");
    assert_eq!(first.code(), 0, "{}", first.stderr);
    assert_eq!(handed_in(&api), ["both.md", "old.md"]);
    let second = run("echo 2 > .keruta/doc/both.md; echo 1 > .keruta/doc/old.md; echo 2 > .keruta/doc/new.md; exit 3");
    assert_eq!(second.code(), 3, "{}", second.stderr);
    assert_eq!(handed_in(&api)[2..], ["both.md", "new.md"]);
    assert_eq!(run("true").code(), 0);
    assert_eq!(handed_in(&api).len(), 4);
    assert!(!workspace.path().join(".keruta/agent/a").exists(), "nothing is left of the note");
}

/// What a killed agent's command made is still the task's: the next agent of it hands it in.
#[test]
fn what_a_killed_agent_could_not_hand_in_the_next_one_does() {
    let (api, workspace) = (Api::start(), tempfile::tempdir().unwrap());
    let at = |agent: Agent| agent.env("KERUTA_WORK_DIR", workspace.path());
    let doc = workspace.path().join(".keruta/doc");
    std::fs::create_dir_all(&doc).unwrap();
    std::fs::write(doc.join("before.md"), "x").unwrap();
    let script = format!("echo 1 > {}/made.md; echo > ready; exec sleep 60", doc.display());
    let running = at(agent(&api)).script(&script).start();
    running.until_file("ready");
    let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", running.child.id())).unwrap();
    running.signal(rustix::process::Signal::KILL);
    for pid in children.split_ascii_whitespace() {
        let pid = rustix::process::Pid::from_raw(pid.parse().unwrap()).unwrap();
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
    running.finish();
    assert_eq!(at(agent(&api)).script("true").run().code(), 0);
    assert_eq!(handed_in(&api), ["made.md"]);
}
