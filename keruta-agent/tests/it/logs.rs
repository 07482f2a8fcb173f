//! The log on its way to the API.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use keruta_api::{LogLevel, ReceiptOutcome};

use crate::agent::{Agent, Running, until};
use crate::api::{Answer, Api, TOKEN};

fn agent(api: &Api) -> Agent {
    Agent::new()
        .env("KERUTA_API_URL", &api.url)
        .env("KERUTA_API_TOKEN", TOKEN)
        .env("KERUTA_LOG_SOURCE", "agent")
        .env("KERUTA_FLUSH", "30s")
}

#[test]
fn both_streams_arrive_labelled_and_without_secrets_and_are_echoed() {
    let api = Api::start();
    let script = "echo one; echo \"two $DB_PASSWORD $MINE\"; printf 'three \\377'; echo oops >&2; exit 4";
    let running = agent(&api)
        .env("DB_PASSWORD", "hunter22")
        .env("MINE", "own-secret")
        .env("KERUTA_REDACT_ENV", "OTHER,MINE")
        .script(script)
        .start();
    let done = running.finish();
    assert_eq!(done.code(), 4, "{}", done.stderr);
    assert_eq!(
        done.stdout, b"one\ntwo hunter22 own-secret\nthree \xff",
        "the container's own log is as it was written"
    );
    assert_eq!(api.log("main.stdout"), ["one", "two *** ***", "three \u{fffd}"]);
    assert_eq!(api.log("main.stderr"), ["oops"]);
    let mut ended = api.state.lock().unwrap().done.clone();
    ended.sort();
    assert_eq!(ended, ["main.stderr", "main.stdout"]);
    assert!(
        !done.receipt().tail.contains("hunter22") && done.receipt().tail.contains("two ***"),
        "{:?}",
        done.receipt()
    );
    assert!(!done.directory.path().join(".keruta/agent").join("a").exists(), "nothing is left on the disk");
}

#[test]
fn nothing_is_sent_where_the_cluster_is_the_source() {
    let api = Api::start();
    let done = agent(&api).env("KERUTA_LOG_SOURCE", "cluster").script("echo one").run();
    assert_eq!((done.code(), api.log("main.stdout").len(), done.receipt().log_sent), (0, 0, false));
}

/// Each kind of trouble in turn: every line arrives, and none twice.
#[test]
fn faults_of_the_server_lose_no_line_and_double_none() {
    let api = Api::start();
    let (count, served) = (AtomicUsize::new(0), api.clone());
    api.answer_by(move |request| {
        if request.method != "POST" {
            return None;
        }
        Some(match count.fetch_add(1, Ordering::Relaxed) % 7 {
            0 => Answer::problem(500, "internal"),
            1 => Answer::problem(401, "unauthenticated"),
            // It has taken the batch, and the agent does not hear so.
            2 => Answer { cut_at: Some(20), ..served.take(request) },
            3 => Answer { cut_at: Some(0), ..served.take(request) },
            4 => Answer { after: Duration::from_millis(300), ..served.take(request) },
            5 => Answer::text("<html>not the API</html>"),
            _ => served.take(request),
        })
    });
    let script = "i=0; while [ $i -lt 40 ]; do j=0; while [ $j -lt 25 ]; do echo \"line $i $j\"; j=$((j+1)); done; \
        echo \"error $i\" >&2; sleep 0.05; i=$((i+1)); done";
    let done = agent(&api).script(script).run();
    assert_eq!(done.code(), 0, "{}", done.stderr);
    let expected: Vec<String> = (0..40).flat_map(|i| (0..25).map(move |j| format!("line {i} {j}"))).collect();
    assert_eq!(api.log("main.stdout"), expected);
    let errors: Vec<String> = (0..40).map(|i| format!("error {i}")).collect();
    assert_eq!(api.log("main.stderr"), errors);
    assert_eq!((done.receipt().log_sent, done.receipt().lines_lost), (true, 0));
}

/// How much is written where more than the spool holds; `KERUTA_TEST_OUTPUT_MIB=10240` for a long look.
fn output_mib() -> u64 {
    std::env::var("KERUTA_TEST_OUTPUT_MIB").ok().map_or(24, |text| text.parse().unwrap())
}

#[test]
fn with_a_slow_server_memory_stays_flat_and_every_line_is_accounted_for() {
    let api = Api::start();
    let served = api.clone();
    api.answer_by(move |request| {
        let is_log = request.method == "POST";
        is_log.then(|| Answer { after: Duration::from_millis(150), ..served.take(request) })
    });
    // 64 bytes a line.
    let lines = output_mib() * 16_384;
    let script =
        format!("yes 0123456789012345678901234567890123456789012345678901234567890ab | head -n {lines}; echo the end");
    let mut running = agent(&api).env("KERUTA_SPOOL_BYTES", "4194304").script(&script).start();
    let most = watch_memory(&mut running);
    let done = running.finish();
    assert_eq!(done.code(), 0, "{}", done.stderr);
    assert_eq!(memchr::memchr_iter(b'\n', &done.stdout).count() as u64, lines + 1, "the echo has all");
    let log = api.log("main.stdout");
    let missing: u64 = log
        .iter()
        .filter_map(|line| line.strip_prefix("[keruta-agent] ")?.split(' ').next()?.parse::<u64>().ok())
        .sum();
    let marks = log.iter().filter(|line| line.starts_with("[keruta-agent] ")).count() as u64;
    assert!(missing > 0, "the server kept up: nothing was tried");
    assert_eq!(log.len() as u64 - marks + missing, lines + 1);
    assert_eq!(done.receipt().lines_lost, missing);
    // Without the optimizer and with all that a test links; 16 MiB is the measure of the real one.
    assert!(most < 32 << 10, "{most} KiB");
    eprintln!("{lines} lines, {missing} without room in {marks} places, {most} KiB at most");
}

/// The most memory in KiB that the agent has until it ends.
fn watch_memory(running: &mut Running) -> u64 {
    let status = format!("/proc/{}/status", running.child.id());
    let mut most = 0;
    // As long as it takes: how much is written is the caller's choice.
    loop {
        if let Ok(text) = std::fs::read_to_string(&status) {
            let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            most = most.max(peak.map_or(0, |peak| peak.trim().trim_end_matches(" kB").parse().unwrap()));
        }
        if running.child.try_wait().unwrap().is_some() {
            assert!(most > 0);
            return most;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn an_agent_that_is_started_again_goes_on_where_the_one_before_was_killed() {
    let api = Api::start();
    let script = "echo first; echo second; echo > ready; sleep 60";
    let running = agent(&api).env("KERUTA_POD_UID", "uid-1").script(script).start();
    running.until_file("ready");
    until("the first lines are there", || (api.log("main.stdout").len() == 2).then_some(()));
    // Now the API goes away, and the agent is killed with lines on the disk.
    api.answer_by(|_| Some(Answer::problem(503, "unavailable")));
    let directory = running.directory.path().to_owned();
    let child = children_of(running.child.id());
    running.signal(rustix::process::Signal::KILL);
    let killed = running.finish();
    assert_eq!(killed.status.code(), None);
    for pid in child {
        let _ = rustix::process::kill_process_group(
            rustix::process::Pid::from_raw(pid).unwrap(),
            rustix::process::Signal::KILL,
        );
    }
    let spool = directory.join(".keruta/agent/a/1-uid-1.main");
    let segment = std::fs::read_dir(&spool).unwrap().map(|entry| entry.unwrap().path());
    let segment = segment.filter(|path| path.to_string_lossy().contains("stdout")).max().unwrap();
    let mut text = std::fs::read_to_string(&segment).unwrap();
    text.push_str("{\"timestamp\":\"2026-11-30T10:00:00Z\",\"message\":\"third\"}\n{\"timest");
    std::fs::write(&segment, text).unwrap();
    api.recover();
    let again =
        agent(&api).env("KERUTA_POD_UID", "uid-1").env("KERUTA_WORK_DIR", &directory).script("echo fourth").run();
    assert_eq!(again.code(), 0, "{}", again.stderr);
    assert_eq!(api.log("main.stdout"), ["first", "second", "third", "fourth"]);
}

fn children_of(parent: u32) -> Vec<i32> {
    let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap();
    children.split_ascii_whitespace().map(|pid| pid.parse().unwrap()).collect()
}

#[test]
fn a_server_that_lost_its_lines_gets_the_rest_behind_a_mark() {
    let api = Api::start();
    let running = agent(&api).script("echo one; echo two; while [ ! -e go ]; do sleep 0.05; done; echo three").start();
    until("two lines are there", || (api.log("main.stdout").len() == 2).then_some(()));
    api.state.lock().unwrap().logs.clear();
    std::fs::write(running.directory.path().join("go"), "").unwrap();
    assert_eq!(running.finish().code(), 0);
    let log = api.log("main.stdout");
    assert_eq!((log.len(), &*log[1]), (2, "three"), "{log:?}");
    assert!(log[0].contains("the API has lost lines"), "{log:?}");
    let state = api.state.lock().unwrap();
    assert_eq!(state.logs["main.stdout"][0].level, Some(LogLevel::Warn));
}

#[test]
fn where_the_api_stays_away_the_receipt_counts_what_it_has_not_got() {
    let done = Agent::new()
        .env("KERUTA_API_URL", "http://127.0.0.1:9")
        .env("KERUTA_API_TOKEN", TOKEN)
        .env("KERUTA_LOG_SOURCE", "agent")
        .env("KERUTA_FLUSH", "300ms")
        .script("echo one; echo two; echo three >&2")
        .run();
    assert_eq!(done.code(), 0, "{}", done.stderr);
    let receipt = done.receipt();
    assert_eq!((receipt.outcome, receipt.log_sent, receipt.lines_lost), (ReceiptOutcome::Completed, true, 3));
}

/// A disk of one megabyte, where this machine lets us make one.
#[test]
fn a_full_disk_fails_no_task_and_is_told() {
    let may_mount = std::process::Command::new("unshare").args(["-m", "mount", "-t", "tmpfs", "none", "/mnt"]).output();
    if !may_mount.is_ok_and(|output| output.status.success()) {
        eprintln!("no file system can be mounted here: not tried");
        return;
    }
    let api = Api::start();
    let served = api.clone();
    // It takes nothing while the disk fills up.
    api.answer_by(move |request| {
        let is_over = served.state.lock().unwrap().requests.iter().any(|request| request.path.contains("done=true"));
        (request.method == "POST" && !is_over).then(|| Answer::problem(503, "unavailable"))
    });
    let disk = tempfile::tempdir().unwrap();
    let script = format!(
        "mount -t tmpfs -o size=1m none {dir} && exec \"$0\" execute --skip-init --work-dir {dir} -- sh -c '{command}'",
        dir = disk.path().display(),
        command = "yes 0123456789012345678901234567890 | head -n 100000; df . >&2; exit 6",
    );
    let output = std::process::Command::new("unshare")
        .args(["-m", "sh", "-c", &script, env!("CARGO_BIN_EXE_keruta-agent")])
        .env("KERUTA_TASK_ID", "a")
        .env("KERUTA_TASK_ATTEMPT", "1")
        .env("KERUTA_API_URL", &api.url)
        .env("KERUTA_API_TOKEN", TOKEN)
        .env("KERUTA_LOG_SOURCE", "agent")
        .env("KERUTA_FLUSH", "2s")
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(6), "{stderr}");
    assert!(stderr.contains("lines of the log cannot be kept"), "{stderr}");
    assert!(stderr.contains("lines of the log have not reached the API"), "{stderr}");
    assert_eq!(output.stdout.len(), 100_000 * 32);
}
