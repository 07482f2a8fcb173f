//! What the agent and the API say to each other.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use keruta_api::ReceiptOutcome;

use crate::agent::{Agent, until};
use crate::api::{Answer, Api, TOKEN};

fn agent(api: &Api) -> Agent {
    Agent::new().env("KERUTA_API_URL", &api.url).env("KERUTA_API_TOKEN", TOKEN)
}

#[test]
fn a_script_of_the_api_runs_with_all_that_it_needs() {
    let script = "cat installed .keruta/README.md; echo \"$KERUTA_TASK_TITLE of $KERUTA_TASK_ID\"; pwd; false; echo not reached\n";
    let api = Api::with_script(Some(script));
    let done = agent(&api).run();
    assert_eq!(done.code(), 1, "{}", done.stderr);
    let work_dir = done.directory.path().display();
    let expected = format!("installed by Mend it\n# Read this\nMend it of a\n{work_dir}\n");
    assert_eq!(done.stdout(), expected);
    assert_eq!(api.statuses(), ["IN_PROGRESS", "FAILED"], "outside of a cluster nobody tries again");
    assert!(!done.directory.path().join(".keruta/agent/a").exists(), "the script is not left behind");
}

#[test]
fn an_interpreter_that_a_script_names_runs_it() {
    let api = Api::with_script(Some("#!/bin/cat\nnothing but text\n"));
    let done = agent(&api).arg("--skip-init").run();
    assert_eq!((done.code(), &*done.stdout()), (0, "#!/bin/cat\nnothing but text\n"), "{}", done.stderr);
    assert_eq!(api.statuses(), ["IN_PROGRESS", "COMPLETED"]);
}

#[test]
fn an_install_script_that_fails_ends_the_task() {
    let api = Api::with_script(Some("echo never"));
    api.answer_by(|request| request.path.contains("/repositories/").then(|| Answer::text("echo mending >&2; exit 6")));
    let done = agent(&api).run();
    assert_eq!((done.code(), &*done.stdout()), (6, ""));
    assert_eq!(done.receipt().reason.as_deref(), Some("the install script ended with exit code 6"));
    assert_eq!(done.receipt().tail, "mending");
}

#[test]
fn a_task_that_is_not_there_or_has_nothing_to_run_is_invalid() {
    let api = Api::start();
    let done = agent(&api).run();
    assert_eq!(done.code(), 240, "{}", done.stderr);
    assert_eq!(api.statuses(), ["IN_PROGRESS", "FAILED"]);
    let done = agent(&api).env("KERUTA_TASK_ID", "nobody").env("KERUTA_FLUSH", "100ms").run();
    assert_eq!((done.code(), done.receipt().outcome), (240, ReceiptOutcome::Failed), "{}", done.stderr);
}

#[test]
fn an_api_that_refuses_the_agent_is_told_as_such_and_not_waited_for() {
    let began = Instant::now();
    let api = Api::with_script(Some("echo never"));
    let done = agent(&api).env("KERUTA_API_TOKEN", "wrong").env("KERUTA_FLUSH", "1h").run();
    assert!(began.elapsed() < Duration::from_secs(30));
    assert_eq!((done.code(), &*done.stdout()), (241, ""), "{}", done.stderr);
    assert!(done.receipt().reason.unwrap().contains("refuses"), "{}", done.stderr);
    assert!(!done.stderr.contains("wrong"));
}

#[test]
fn a_token_in_a_file_is_read_for_each_request() {
    let api = Api::start();
    let agent = Agent::new().env("KERUTA_API_URL", &api.url);
    let file = agent.work_dir().join("token");
    std::fs::write(&file, "old\n").unwrap();
    let running = agent.env("KERUTA_API_TOKEN_FILE", &file).script("while [ ! -e go ]; do sleep 0.05; done").start();
    until("it has asked", || (api.requests().len() > 2).then_some(()));
    assert_eq!(api.statuses(), [""; 0]);
    std::fs::write(&file, format!("{TOKEN}\n")).unwrap();
    until("it is known", || (api.statuses() == ["IN_PROGRESS"]).then_some(()));
    std::fs::write(running.directory.path().join("go"), "").unwrap();
    assert_eq!(running.finish().code(), 0);
}

#[test]
fn an_api_that_is_away_fails_no_task_and_hears_the_end_when_it_is_back() {
    let api = Api::start();
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    // In turn: an error, half an answer, an answer that is none, one of something in between, nothing at all.
    api.answer_by(move |_| {
        let mut answer = match counted.fetch_add(1, Ordering::Relaxed) % 5 {
            0 => Answer::problem(500, "internal"),
            1 => Answer { cut_at: Some(60), ..Answer::text("{\"status\": \"PENDING\"}") },
            2 => Answer::text("<html>"),
            3 => Answer::problem(429, "too-many-requests"),
            _ => Answer { cut_at: Some(0), ..Answer::text("") },
        };
        answer.after = Duration::from_millis(20);
        Some(answer)
    });
    let running = agent(&api).script("echo > ready; sleep 1; echo done").start();
    running.until_file("ready");
    until("it was asked a few times", || (asked.load(Ordering::Relaxed) > 5).then_some(()));
    // The command has ended by now or soon will; the API comes back while the agent still has something to say.
    std::thread::sleep(Duration::from_secs(1));
    api.recover();
    let done = running.finish();
    assert_eq!((done.code(), &*done.stdout()), (0, "done\n"), "{}", done.stderr);
    assert_eq!(api.statuses().last().map(String::as_str), Some("COMPLETED"));
    assert_eq!(done.receipt().outcome, ReceiptOutcome::Completed);
}

#[test]
fn where_the_api_stays_away_the_receipt_says_how_it_ended() {
    let began = Instant::now();
    let done = Agent::new()
        .env("KERUTA_API_URL", "http://127.0.0.1:9")
        .env("KERUTA_API_TOKEN", TOKEN)
        .env("KERUTA_FLUSH", "300ms")
        .script("exit 0")
        .run();
    assert!(began.elapsed() < Duration::from_secs(20));
    assert_eq!((done.code(), done.receipt().outcome), (0, ReceiptOutcome::Completed));
    assert!(done.stderr.contains("the API has not heard how the task ended"), "{}", done.stderr);
}

#[test]
fn a_cancel_reaches_the_child_within_moments() {
    let api = Api::start();
    let running =
        agent(&api).script("trap 'echo told; exit 0' TERM; echo > ready; while :; do sleep 0.05; done").start();
    running.until_file("ready");
    let began = Instant::now();
    api.state.lock().unwrap().cancelled = true;
    let done = running.finish();
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!((done.code(), &*done.stdout()), (243, "told\n"));
    assert_eq!(done.receipt().outcome, ReceiptOutcome::Cancelled);
    assert_eq!(api.statuses(), ["IN_PROGRESS", "CANCELLED"]);
}

#[test]
fn another_attempt_ends_this_one() {
    let api = Api::start();
    api.answer_by(|request| (request.method == "PUT").then(|| Answer::problem(409, "other-attempt")));
    let done = agent(&api).script("sleep 60").run();
    assert_eq!((done.code(), done.receipt().outcome), (243, ReceiptOutcome::Cancelled), "{}", done.stderr);
}

#[test]
fn an_attempt_that_is_over_ends_whatever_its_token_opened() {
    let api = Api::start();
    let running = agent(&api).script("echo > ready; sleep 60").start();
    running.until_file("ready");
    api.answer_by(|_| Some(Answer::problem(401, "attempt-over")));
    let done = running.finish();
    assert_eq!((done.code(), done.receipt().outcome), (243, ReceiptOutcome::Cancelled), "{}", done.stderr);
}

/// A Pod that was given up on and is there again leaves the workspace to the one that took its place; its end must not end the Job.
#[test]
fn another_agent_of_the_attempt_ends_this_one_which_touches_nothing_more() {
    let api = Api::start();
    let agent = agent(&api);
    let own = agent.work_dir().join(".keruta");
    std::fs::create_dir(&own).unwrap();
    std::fs::write(own.join("cleanup.sh"), "echo > cleaned\n").unwrap();
    let running = agent.script("mkdir -p .keruta/doc; echo > .keruta/doc/a.txt; echo > ready; sleep 60").start();
    running.until_file("ready");
    until("it has its epoch", || (api.statuses() == ["IN_PROGRESS"]).then_some(()));
    api.state.lock().unwrap().epoch += 1;
    let done = running.finish();
    assert_eq!((done.code(), done.receipt().outcome), (143, ReceiptOutcome::Interrupted), "{}", done.stderr);
    assert!(done.receipt().reason.unwrap().contains("another agent runs the attempt now"));
    assert!(!done.directory.path().join("cleaned").exists());
    assert_eq!((api.statuses(), api.state.lock().unwrap().artifacts.len()), (vec!["IN_PROGRESS".to_owned()], 0));
}

#[test]
fn in_a_cluster_a_failure_is_the_submitters_to_judge_unless_nobody_tries_again() {
    for (retries, told) in [("4", false), ("0", true)] {
        let api = Api::start();
        let done = agent(&api)
            .env("KUBERNETES_SERVICE_HOST", "10.0.0.1")
            .env("KERUTA_BACKOFF_LIMIT", retries)
            .script("exit 3")
            .run();
        assert_eq!(done.code(), 3);
        assert_eq!(api.statuses().contains(&"FAILED".to_owned()), told, "{retries}: {:?}", api.statuses());
    }
}

#[test]
fn an_end_that_comes_while_the_api_is_waited_for_ends_the_agent() {
    let api = Api::with_script(Some("echo never"));
    api.answer_by(|_| Some(Answer::problem(503, "unavailable")));
    let running = agent(&api).start();
    until("it has asked", || (api.requests().len() > 2).then_some(()));
    running.signal(rustix::process::Signal::TERM);
    let done = running.finish();
    assert_eq!((done.code(), done.receipt().outcome), (143, ReceiptOutcome::Interrupted), "{}", done.stderr);
    let done = agent(&api).env("KERUTA_TIMEOUT", "500ms").env("KERUTA_FLUSH", "10ms").run();
    assert_eq!((done.code(), done.receipt().outcome), (242, ReceiptOutcome::TimedOut), "{}", done.stderr);
}
