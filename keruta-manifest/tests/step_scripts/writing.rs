//! The steps that call an endpoint and write a file.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};

use crate::sandbox::{CALL_HTTP, Ran, Sandbox, WRITE_FILE, in_some_arguments, run, with_shells};
use crate::server::{Server, answer, nobody};

fn call(sandbox: &Sandbox, arguments: &[&str], env: &[(&str, &str)]) -> Ran {
    run(sandbox
        .script(CALL_HTTP, "call-http")
        .args(arguments)
        .envs(env.iter().copied())
        .env("KERUTA_HTTP_ATTEMPTS", "2")
        .env("KERUTA_HTTP_RETRY_DELAY", "0"))
}

#[test]
fn a_call_has_its_method_headers_and_body_and_no_secret_in_arguments() {
    with_shells(|sandbox| {
        let seen = Arc::new(AtomicBool::new(false));
        let notes = Arc::clone(&seen);
        let server = Server::start(move |_| {
            if in_some_arguments("s3cret-h") || in_some_arguments("s3cret-b") {
                notes.store(true, Ordering::Relaxed);
            }
            answer(201, "created")
        });
        let body = "instance=pod-1&ip=10.0.0.1 \"quoted\" \\n $(x) s3cret-b\nsecond\n\n";
        let ran = call(
            sandbox,
            &["PUT", &format!("{}/register", server.url), "Content-Type: text/x"],
            &[
                ("KERUTA_HTTP_BODY", body),
                ("KERUTA_HTTP_HEADER_1", "Authorization: Bearer s3cret-h \"`$(x)"),
                ("KERUTA_HTTP_HEADER_2", "X-Two: 2"),
            ],
        )
        .ends(0, "status 201");
        assert!(!ran.out.contains("s3cret") && !seen.load(Ordering::Relaxed));
        let request = &server.asked()[0];
        assert_eq!((request.method.as_str(), request.path.as_str()), ("PUT", "/register"));
        assert_eq!(request.body, body);
        assert_eq!(request.header("content-type"), Some("text/x"));
        assert_eq!(request.header("authorization"), Some("Bearer s3cret-h \"`$(x)"));
        assert_eq!(request.header("x-two"), Some("2"));
        assert_eq!(fs::read_dir(sandbox.path("tmp")).unwrap().count(), 0);
    });
}

#[test]
fn a_call_ends_with_its_time() {
    with_shells(|sandbox| {
        let url = nobody();
        let mut command = sandbox.script(CALL_HTTP, "call-http");
        command.args(["POST", &url]).env("KERUTA_HTTP_TIMEOUT", "3").env("KERUTA_HTTP_RETRY_DELAY", "1");
        run(&mut command).ends(10, "2 times");
        run(command.env("KERUTA_HTTP_TIMEOUT", "soon")).ends(2, "whole seconds");
    });
}

#[test]
fn a_call_without_a_body_sends_none() {
    with_shells(|sandbox| {
        let server = Server::start(|_| answer(200, ""));
        for method in ["GET", "POST", "DELETE", "HEAD"] {
            call(sandbox, &[method, &server.url], &[]).ends(0, "status 200");
        }
        assert!(server.asked().iter().all(|request| request.body.is_empty()));
    });
}

#[test]
fn a_failed_call_is_tried_again_only_where_that_may_help() {
    with_shells(|sandbox| {
        let times = AtomicU16::new(0);
        let server =
            Server::start(move |_| answer(if times.fetch_add(1, Ordering::Relaxed) == 0 { 503 } else { 200 }, ""));
        call(sandbox, &["POST", &server.url], &[]).ends(0, "503; again in 0 s");
        for (status, code, times) in [(400, 20, 1), (404, 20, 1), (302, 20, 1), (500, 10, 2)] {
            let server = Server::start(move |_| answer(status, ""));
            call(sandbox, &["POST", &server.url], &[]).ends(code, &status.to_string());
            assert_eq!(server.asked().len(), times, "{status}");
        }
        call(sandbox, &["POST", &nobody()], &[]).ends(10, "no complete answer, 2 times");
    });
}

#[test]
fn wrong_calls_are_refused() {
    with_shells(|sandbox| {
        for arguments in [
            &["POST"][..],
            &["-o", "http://x"],
            &["POST", "file:///etc/passwd"],
            &["POST", "--config=x"],
            &["POST", "http://x", "no colon"],
            &["POST", "http://x", "@/etc/passwd: x"],
            &["POST", "http://x", "A: b\nC: d"],
        ] {
            call(sandbox, arguments, &[]).ends(2, "error");
        }
    });
}

fn write(sandbox: &Sandbox, path: &str, mode: &str, content: &str) -> Ran {
    run(sandbox.script(WRITE_FILE, "write-file").args([path, mode]).env("KERUTA_FILE_CONTENT", content))
}

#[test]
fn a_file_is_written_byte_for_byte_with_its_mode() {
    with_shells(|sandbox| {
        let content = "podIP: 10.0.0.1\n\t$(x) `y` \\n %s '\"\n\n";
        for (path, mode, bits) in [
            ("config/app/app.yaml", "0640", 0o640),
            ("-rf", "600", 0o600),
            ("a b/$(touch ran)", "755", 0o755),
            ("config/app/app.yaml", "0444", 0o444),
            ("config/app/app.yaml", "0644", 0o644),
        ] {
            write(sandbox, path, mode, content).succeeds();
            assert_eq!(sandbox.read(&format!("work/{path}")), content);
            let mode = fs::metadata(sandbox.work(path)).unwrap().permissions().mode();
            assert_eq!(mode & 0o7777, bits, "{path}");
        }
        let absolute = sandbox.work("deep/er/file").display().to_string();
        write(sandbox, &absolute, "0644", "").succeeds();
        assert_eq!(sandbox.read("work/deep/er/file"), "");
        assert!(!sandbox.work("ran").exists());
        assert_eq!(fs::read_dir(sandbox.work("config/app")).unwrap().count(), 1);
    });
}

#[test]
fn what_cannot_be_written_is_said() {
    with_shells(|sandbox| {
        fs::create_dir(sandbox.work("directory")).unwrap();
        write(sandbox, "directory", "0644", "x").ends(21, "is a directory");
        write(sandbox, "file", "0644", "x").succeeds();
        write(sandbox, "file/below", "0644", "x").ends(21, "cannot write to ./file");
        write(sandbox, "x/", "0644", "x").ends(2, "not the path of a file");
        write(sandbox, "x", "u+x", "x").ends(2, "octal");
        let ran = run(sandbox.script(WRITE_FILE, "write-file").args(["x", "0644"]));
        assert!(ran.code != Some(0) && ran.out.contains("KERUTA_FILE_CONTENT"), "{}", ran.out);
    });
}
