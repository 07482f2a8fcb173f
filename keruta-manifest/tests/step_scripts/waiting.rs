//! The steps that wait, and their time limits.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::sandbox::{Ran, Sandbox, WAIT_HTTP, WAIT_SERVICE, WAIT_TCP, run, with_shells};
use crate::server::{Server, answer, nobody};

fn wait(sandbox: &Sandbox, script: &str, arguments: &[&str]) -> Ran {
    run(&mut waiting(sandbox, script, arguments))
}

/// With the `nc` that the images have, which is busybox's.
fn waiting(sandbox: &Sandbox, script: &str, arguments: &[&str]) -> Command {
    let busybox = run(Command::new("sh").args(["-c", "command -v busybox"])).out;
    let _ = fs::create_dir(sandbox.path("bin"));
    let _ = symlink(busybox.trim(), sandbox.path("bin/nc"));
    let mut command = sandbox.script(script, "wait");
    command
        .args(arguments)
        .env("PATH", format!("{}:{}", sandbox.path("bin").display(), env!("PATH")))
        .env("KERUTA_NAMESPACE", "team-a");
    command
}

/// `wait-service` with a name server of its own: busybox's words for one known name.
fn names(known: &str) -> String {
    format!(
        "nslookup() {{ if [ \"$1\" = {known} ]; then printf 'Server: x\\n\\nName:\\t%s\\nAddress: 10.0.0.1\\n' \"$1\"; \
         else echo \"** server can't find $1: NXDOMAIN\"; fi; return 1; }}\n{WAIT_SERVICE}"
    )
}

#[test]
fn a_service_is_looked_up_in_the_namespace_of_the_pod() {
    with_shells(|sandbox| {
        let script = names("myservice.team-a.svc.cluster.local");
        wait(sandbox, &script, &["myservice", "1", "1"]).ends(0, "resolves");
        wait(sandbox, &script, &["myservice.other", "0", "1"]).ends(10, "myservice.other did not resolve within 0 s");
        wait(sandbox, &names("db.example.org"), &["db.example.org", "1", "1"]).succeeds();
        let ran = wait(sandbox, &script, &["other", "2", "2"]).ends(10, "within 2 s");
        assert!(ran.out.contains("waiting for other.team-a.svc.cluster.local ("), "{}", ran.out);
    });
}

#[test]
fn a_port_is_waited_for() {
    with_shells(|sandbox| {
        let server = Server::start(|_| answer(200, ""));
        let port = server.url.rsplit(':').next().unwrap();
        wait(sandbox, WAIT_TCP, &["127.0.0.1", port, "1", "1"]).ends(0, "is open");
        let closed = nobody();
        let port = closed.rsplit(':').next().unwrap();
        wait(sandbox, WAIT_TCP, &["127.0.0.1", port, "0", "1"]).ends(10, "did not open within 0 s");
    });
}

#[test]
fn a_url_is_waited_for_until_its_status_is_the_wanted_one() {
    with_shells(|sandbox| {
        let times = AtomicU16::new(0);
        let server =
            Server::start(move |_| answer(if times.fetch_add(1, Ordering::Relaxed) == 0 { 503 } else { 204 }, ""));
        let ran = wait(sandbox, WAIT_HTTP, &[&server.url, "5", "0"]).ends(0, "answers 204");
        assert!(ran.out.contains("(503; "), "{}", ran.out);
        wait(sandbox, WAIT_HTTP, &[&server.url, "0", "1", "200"]).ends(10, "did not answer 200 within 0 s (last: 204)");
        wait(sandbox, WAIT_HTTP, &[&nobody(), "0", "1"]).ends(10, "no answer");
        let guarded = Server::start(|_| answer(401, ""));
        wait(sandbox, WAIT_HTTP, &[&guarded.url, "0", "1", "401"]).succeeds();
        wait(sandbox, WAIT_HTTP, &[&guarded.url, "0", "1", "4xx"]).succeeds();
    });
}

#[test]
fn wrong_arguments_are_refused() {
    with_shells(|sandbox| {
        for (script, arguments) in [
            (WAIT_SERVICE, &["-x", "1", "1"][..]),
            (WAIT_SERVICE, &["$(touch ran)", "1", "1"]),
            (WAIT_SERVICE, &["a", "x", "1"]),
            (WAIT_TCP, &["-e", "80", "1", "1"]),
            (WAIT_TCP, &["host", "80; touch ran", "1", "1"]),
            (WAIT_TCP, &["host", "80", "1"]),
            (WAIT_HTTP, &["file:///etc/passwd", "1", "1"]),
            (WAIT_HTTP, &["-o/x", "1", "1"]),
            (WAIT_HTTP, &["http://x", "1", "1", "ok"]),
            (WAIT_HTTP, &["http://x\n", "1", "1"]),
        ] {
            wait(sandbox, script, arguments).ends(2, "error");
        }
        assert!(!sandbox.work("ran").exists());
    });
}

#[test]
fn the_end_of_the_pod_ends_the_wait_at_once() {
    with_shells(|sandbox| {
        let closed = nobody();
        let port = closed.rsplit(':').next().unwrap();
        for (script, arguments) in [
            (names("known"), vec!["other", "60", "30"]),
            (WAIT_TCP.to_owned(), vec!["127.0.0.1", port, "60", "30"]),
            (WAIT_HTTP.to_owned(), vec![closed.as_str(), "60", "30"]),
        ] {
            let mut child = waiting(sandbox, &script, &arguments).stdout(Stdio::null()).spawn().unwrap();
            sleep(Duration::from_millis(200));
            let start = Instant::now();
            run(Command::new("kill").arg(child.id().to_string())).succeeds();
            assert_eq!(child.wait().unwrap().code(), Some(143));
            assert!(start.elapsed() < Duration::from_millis(900));
        }
    });
}
