//! What the agent is to its child.

use std::time::{Duration, Instant};

use keruta_api::ReceiptOutcome;
use rustix::process::Signal;

use crate::agent::{Agent, lives, until};

#[test]
fn output_and_exit_code_are_handed_through() {
    let done = Agent::new().script("echo out; echo err >&2; exit 7").run();
    assert_eq!((done.code(), &*done.stdout()), (7, "out\n"));
    assert!(done.stderr.lines().any(|line| line == "err"), "{}", done.stderr);
    let receipt = done.receipt();
    assert_eq!((receipt.outcome, receipt.exit_code, receipt.attempt), (ReceiptOutcome::Failed, 7, 1));
    assert!(receipt.tail.contains("out") && receipt.tail.contains("err"), "{receipt:?}");
    assert_eq!(receipt.reason.as_deref(), Some("the task's command ended with exit code 7"));
}

#[test]
fn success_leaves_a_receipt() {
    let done = Agent::new().script("echo done").run();
    assert_eq!(done.code(), 0, "{}", done.stderr);
    let receipt = done.receipt();
    assert_eq!((receipt.outcome, &*receipt.tail, receipt.reason), (ReceiptOutcome::Completed, "done", None));
}

#[test]
fn the_end_by_a_signal_is_told_as_a_shell_does() {
    let done = Agent::new().script("kill -SEGV $$").run();
    assert_eq!(done.code(), 128 + 11);
    assert_eq!((done.receipt().outcome, done.receipt().signal), (ReceiptOutcome::Failed, Some(11)));
}

#[test]
fn what_is_not_there_or_no_program_ends_as_in_a_shell() {
    let done = Agent::new().arg("--skip-init").arg("--").arg("/no/such/program").run();
    assert_eq!(done.code(), 127, "{}", done.stderr);
    assert!(done.receipt().reason.unwrap().contains("/no/such/program cannot be started"));
    let done = Agent::new().arg("--skip-init").arg("--").arg("/").run();
    assert_eq!(done.code(), 126, "{}", done.stderr);
}

#[test]
fn a_signal_reaches_the_whole_group() {
    let running = Agent::new()
        .script("sh -c 'trap \"echo child >&2; exit 0\" TERM; echo ready > child; while :; do sleep 0.05; done' & trap 'wait; exit 5' TERM; wait")
        .start();
    running.until_file("child");
    running.signal(Signal::TERM);
    let done = running.finish();
    assert_eq!(done.code(), 5, "{}", done.stderr);
    assert!(done.stderr.lines().any(|line| line == "child"), "{}", done.stderr);
    assert_eq!(done.receipt().outcome, ReceiptOutcome::Interrupted);
}

#[test]
fn a_command_that_ends_with_0_because_it_was_told_to_is_no_success() {
    let running = Agent::new().script("trap 'exit 0' TERM; echo > ready; while :; do sleep 0.05; done").start();
    running.until_file("ready");
    running.signal(Signal::TERM);
    let done = running.finish();
    assert_eq!(done.code(), 143);
    let receipt = done.receipt();
    assert_eq!((receipt.outcome, receipt.exit_code), (ReceiptOutcome::Interrupted, 143));
    assert!(receipt.reason.unwrap().contains("ended with exit code 0"));
}

#[test]
fn other_signals_are_passed_on_and_end_nothing() {
    let running = Agent::new()
        .script("trap 'echo > got' USR1; echo > ready; while [ ! -e got ]; do sleep 0.05; done; exit 3")
        .start();
    running.until_file("ready");
    running.signal(Signal::USR1);
    let done = running.finish();
    assert_eq!((done.code(), done.receipt().outcome), (3, ReceiptOutcome::Failed));
}

#[test]
fn a_child_that_ignores_sigterm_is_killed_after_the_grace() {
    let running = Agent::new()
        .env("KERUTA_GRACE", "400ms")
        .script("trap '' TERM; echo > ready; while :; do sleep 0.05; done")
        .start();
    running.until_file("ready");
    let began = Instant::now();
    running.signal(Signal::TERM);
    let done = running.finish();
    assert!(began.elapsed() >= Duration::from_millis(400), "{:?}", began.elapsed());
    assert_eq!((done.code(), done.receipt().signal), (137, Some(9)));
    assert_eq!(done.receipt().outcome, ReceiptOutcome::Interrupted);
}

#[test]
fn a_time_limit_is_kept_and_told_as_such() {
    let done = Agent::new().env("KERUTA_TIMEOUT", "300ms").script("echo begun; sleep 60").run();
    assert_eq!(done.code(), 242, "{}", done.stderr);
    let receipt = done.receipt();
    assert_eq!((receipt.outcome, receipt.exit_code, &*receipt.tail), (ReceiptOutcome::TimedOut, 242, "begun"));
}

#[test]
fn a_flag_wins_over_its_variable() {
    let done = Agent::new().env("KERUTA_TIMEOUT", "300ms").arg("--timeout").arg("1m").script("sleep 0.6; exit 4").run();
    assert_eq!(done.code(), 4, "{}", done.stderr);
}

/// Orphans become the agent's: none stays a zombie while the command runs.
#[test]
fn a_storm_of_zombies_is_reaped() {
    let running = Agent::new()
        .script("i=0; while [ $i -lt 300 ]; do (sh -c ':' &) ; i=$((i+1)); done; echo > stormed; while [ ! -e go ]; do sleep 0.05; done")
        .start();
    running.until_file("stormed");
    let agent = running.child.id().to_string();
    until("no zombie is left", || (zombies_of(&agent) == 0).then_some(()));
    std::fs::write(running.directory.path().join("go"), "").unwrap();
    assert_eq!(running.finish().code(), 0);
}

fn zombies_of(parent: &str) -> usize {
    let stats = std::fs::read_dir("/proc").unwrap().flatten();
    let stats = stats.filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok());
    stats
        .filter(|stat| {
            let mut fields = stat.rsplit(')').next().unwrap().split_ascii_whitespace();
            fields.next() == Some("Z") && fields.next() == Some(parent)
        })
        .count()
}

#[test]
fn output_of_a_grandchild_is_read_to_its_end() {
    let done = Agent::new().script("(sleep 0.4; echo late) & echo early").run();
    assert_eq!((done.code(), &*done.stdout()), (0, "early\nlate\n"));
}

#[test]
fn a_grandchild_that_holds_the_pipe_is_waited_for_no_longer_than_the_bound_and_does_not_survive() {
    let began = Instant::now();
    let done =
        Agent::new().env("KERUTA_DRAIN", "300ms").script("setsid sleep 300 & echo $! > grandchild; echo said").run();
    assert!(began.elapsed() < Duration::from_secs(30));
    assert_eq!((done.code(), &*done.stdout()), (0, "said\n"));
    let pid = done.file("grandchild");
    until("the grandchild is gone", || (!lives(&pid)).then_some(()));
    assert!(done.stderr.contains("keeps its output open"), "{}", done.stderr);
}

#[test]
fn any_bytes_go_through_and_nothing_is_lost() {
    let script = "i=0; while [ $i -lt 200 ]; do head -c 50000 /dev/zero; printf '\\377\\n'; i=$((i+1)); done";
    let done = Agent::new().script(script).run();
    assert_eq!(done.code(), 0);
    assert_eq!(done.stdout.len(), 200 * 50_002);
    assert_eq!(memchr::memchr_iter(0xff, &done.stdout).count(), 200);
}

#[test]
fn the_child_sees_no_token_and_inherits_no_descriptor() {
    let script = "env | grep -c s3cret-token; ls -l /proc/self/fd | grep -c -e socket -e anon; \
        cat /proc/$PPID/environ 2>&1 | tr '\\0' '\\n' | grep -c s3cret-token; exit 0";
    let done = Agent::new()
        .env("KERUTA_API_TOKEN", "s3cret-token")
        .env("KERUTA_API_URL", "http://127.0.0.1:9")
        .script(script)
        .env("KERUTA_FLUSH", "10ms")
        .run();
    assert_eq!(done.code(), 0, "{}", done.stderr);
    // Who has all capabilities reads everything; a container's root has not the one that it takes.
    let expected = if may_trace() { ["0", "0"].as_slice() } else { ["0", "0", "0"].as_slice() };
    let stdout = done.stdout();
    let found: Vec<_> = stdout.lines().take(expected.len()).collect();
    assert_eq!(found, expected);
}

/// Whether this process has the capability to trace others (19).
fn may_trace() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:")).unwrap();
    u64::from_str_radix(effective.trim(), 16).unwrap() & (1 << 19) != 0
}

#[test]
fn a_workspace_that_is_cleaned_up_also_after_failure() {
    let agent = Agent::new();
    let own = agent.work_dir().join(".keruta");
    std::fs::create_dir(&own).unwrap();
    std::fs::write(own.join("cleanup.sh"), format!("echo \"$KERUTA_TASK_ID\" > {}\n", own.join("cleaned").display()))
        .unwrap();
    let done = agent.script("exit 9").run();
    assert_eq!((done.code(), &*done.file(".keruta/cleaned")), (9, "a\n"));
    let agent = Agent::new();
    let own = agent.work_dir().join(".keruta");
    std::fs::create_dir(&own).unwrap();
    std::fs::write(own.join("cleanup.sh"), "exit 3").unwrap();
    let done = agent.script("true").run();
    assert_eq!(done.code(), 0, "a cleanup that fails does not fail the task");
    assert!(done.stderr.contains("the cleanup script ended with exit code 3"), "{}", done.stderr);
}
