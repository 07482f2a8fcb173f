//! A command with a terminal, and whether it waits for an answer.

use std::io::Write as _;
use std::time::Duration;

use crate::agent::{Agent, until};
use crate::api::{Api, TOKEN};

fn agent(api: &Api) -> Agent {
    Agent::new().env("KERUTA_API_URL", &api.url).env("KERUTA_API_TOKEN", TOKEN).env("KERUTA_PTY", "1").with_input()
}

#[test]
fn a_command_that_waits_for_its_input_is_told_as_such_and_so_is_that_it_goes_on() {
    let api = Api::start();
    let script = "test -t 0 && printf 'name? ' > /dev/tty; read name; echo \"hello $name\"; echo oops >&2; \
        while [ ! -e go ]; do sleep 0.05; done; exit 3";
    let mut running = agent(&api).script(script).start();
    until("it waits", || (api.statuses() == ["IN_PROGRESS", "WAITING_FOR_INPUT"]).then_some(()));
    running.child.stdin.as_mut().unwrap().write_all(b"ada\n").unwrap();
    until("it goes on", || (api.statuses().len() == 3).then_some(()));
    std::fs::write(running.directory.path().join("go"), "").unwrap();
    let done = running.finish();
    assert_eq!(done.code(), 3, "{}", done.stderr);
    assert_eq!(api.statuses(), ["IN_PROGRESS", "WAITING_FOR_INPUT", "IN_PROGRESS", "FAILED"]);
    let stdout = done.stdout();
    assert!(stdout.contains("name? ") && stdout.contains("hello ada\n") && !stdout.contains("oops"), "{stdout:?}");
    assert!(done.stderr.lines().any(|line| line == "oops"), "{}", done.stderr);
}

/// Neither a pipe's reader nor one whose helpers are at work waits for a person.
#[test]
fn a_command_that_is_at_work_does_not_wait() {
    let api = Api::start();
    let script = "(sleep 1000 | cat) & busy=$!; (while :; do :; done) & echo $! > busy; read answer";
    let running = agent(&api).script(script).start();
    let busy = running.until_file("busy");
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(api.statuses(), ["IN_PROGRESS"]);
    let busy = rustix::process::Pid::from_raw(busy.trim().parse().unwrap()).unwrap();
    rustix::process::kill_process(busy, rustix::process::Signal::KILL).unwrap();
    until("it waits", || (api.statuses() == ["IN_PROGRESS", "WAITING_FOR_INPUT"]).then_some(()));
    running.signal(rustix::process::Signal::TERM);
    let done = running.finish();
    assert_eq!(done.code(), 143, "{}", done.stderr);
}

#[test]
fn without_a_terminal_nobody_is_waited_for() {
    let api = Api::start();
    let mut running = agent(&api).env("KERUTA_PTY", "false").script("read line; echo \"$line.\"; sleep 1.5").start();
    drop(running.child.stdin.take());
    let done = running.finish();
    assert_eq!((done.code(), &*done.stdout()), (0, ".\n"), "its input is at its end: {}", done.stderr);
    assert_eq!(api.statuses(), ["IN_PROGRESS", "COMPLETED"]);
}

#[test]
fn what_cannot_be_run_in_a_terminal_ends_as_in_a_shell() {
    let done = Agent::new().env("KERUTA_PTY", "1").arg("--skip-init").arg("--").arg("/no/such/program").run();
    assert_eq!(done.code(), 127, "{}", done.stderr);
    assert!(done.stderr.contains("/no/such/program cannot be started"), "{}", done.stderr);
}
