//! The setup script and the document, from an API that answers well or badly.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::sandbox::{Ran, SETUP, Sandbox, in_some_arguments, run, with_shells};
use crate::server::{Answer, Server, answer, nobody};

const TOKEN: &str = "t0ken-of-the-task";

fn setup(sandbox: &Sandbox, api: &str) -> Command {
    let mut command = sandbox.script(SETUP, "setup");
    command
        .env("KERUTA_API_ENDPOINT", api)
        .env("KERUTA_API_TOKEN", TOKEN)
        .env("KERUTA_API_ATTEMPTS", "2")
        .env("KERUTA_API_RETRY_DELAY", "0");
    command
}

fn with_repository(sandbox: &Sandbox, status: u16, body: &'static str) -> Ran {
    let server = Server::start(move |_| answer(status, body));
    let ran = run(setup(sandbox, &server.url).env("KERUTA_REPOSITORY_ID", "repo-1"));
    assert_eq!(server.asked()[0].path, "/api/v1/repositories/repo-1/script");
    let times = if status == 503 || status == 500 { 2 } else { 1 };
    assert_eq!(server.asked().len(), times);
    assert!(!ran.out.contains(TOKEN), "{}", ran.out);
    ran
}

#[test]
fn the_script_runs_in_the_workspace_and_the_document_follows() {
    with_shells(|sandbox| {
        let seen = Arc::new(AtomicBool::new(false));
        let notes = Arc::clone(&seen);
        let server = Server::start(move |request| {
            if in_some_arguments(TOKEN) {
                notes.store(true, Ordering::Relaxed);
            }
            match request.path.as_str() {
                "/api/v1/repositories/r.1/script" => answer(200, "#!/bin/sh\nenv >env.txt\npwd >pwd.txt\n"),
                "/api/v1/documents/d-1/content" => answer(200, "# 文書\n"),
                _ => answer(404, ""),
            }
        });
        run(setup(sandbox, &format!("{}/", server.url))
            .env("KERUTA_REPOSITORY_ID", "r.1")
            .env("KERUTA_DOCUMENT_ID", "d-1"))
        .succeeds();
        assert_eq!(sandbox.read("work/pwd.txt").trim(), sandbox.path("work").display().to_string());
        assert_eq!(sandbox.read("work/.keruta/README.md"), "# 文書\n");
        assert!(!sandbox.read("work/env.txt").contains(TOKEN));
        assert!(!seen.load(Ordering::Relaxed), "the token was in the arguments of a process");
        assert!(!sandbox.somewhere("work", TOKEN));
        for request in server.asked() {
            assert_eq!(request.header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
        }
        let left = std::fs::read_dir(sandbox.work(".keruta")).unwrap().count();
        assert_eq!(left, 2, "install.sh and README.md");
    });
}

#[test]
fn no_script_is_no_failure() {
    with_shells(|sandbox| {
        sandbox.write("work/.keruta/install.sh", "exit 1");
        for (status, body) in [(404, "no such script"), (200, ""), (204, "")] {
            with_repository(sandbox, status, body).ends(0, "has no setup script");
        }
        assert_eq!(sandbox.read("work/.keruta/install.sh"), "exit 1");
    });
}

#[test]
fn an_api_that_fails_or_refuses_fails_the_step() {
    with_shells(|sandbox| {
        with_repository(sandbox, 500, "oops").ends(10, "500, 2 times");
        with_repository(sandbox, 503, "").ends(10, "503, 2 times");
        with_repository(sandbox, 401, "").ends(20, "answered 401");
        with_repository(sandbox, 403, "exit 0").ends(20, "answered 403");
        run(setup(sandbox, &nobody()).env("KERUTA_REPOSITORY_ID", "r")).ends(10, "no complete answer, 2 times");
        let cut =
            Server::start(|_| Answer("200 x\r\nTransfer-Encoding: chunked".to_owned(), b"99\r\necho cut".to_vec()));
        run(setup(sandbox, &cut.url).env("KERUTA_REPOSITORY_ID", "r")).ends(10, "no complete answer");
        assert!(!sandbox.work(".keruta/install.sh").exists());
    });
}

#[test]
fn a_missing_document_fails_the_step_and_an_empty_one_does_not() {
    with_shells(|sandbox| {
        let server = Server::start(|request| answer(if request.path.contains("empty") { 204 } else { 404 }, ""));
        run(setup(sandbox, &server.url).env("KERUTA_DOCUMENT_ID", "d")).ends(20, "there is no document d");
        run(setup(sandbox, &server.url).env("KERUTA_DOCUMENT_ID", "empty")).succeeds();
        assert_eq!(sandbox.read("work/.keruta/README.md"), "");
    });
}

#[test]
fn the_status_of_the_script_is_said() {
    with_shells(|sandbox| {
        with_repository(sandbox, 200, "#!/bin/sh\nexit 7\n").ends(30, "ended with status 7");
        with_repository(sandbox, 200, "#!/no/such/interpreter\n").ends(30, "the interpreter of its first line");
        with_repository(sandbox, 200, "echo without a first line").ends(0, "without a first line");
    });
}

#[test]
fn the_repository_own_script_runs_without_an_id() {
    with_shells(|sandbox| {
        run(&mut setup(sandbox, "")).succeeds();
        sandbox.write("work/.keruta/install.sh", "echo own script; exit 3\n");
        run(setup(sandbox, "").env("KERUTA_REPOSITORY_ID", "")).ends(30, "own script");
    });
}

#[test]
fn ids_and_places_are_not_led_astray() {
    with_shells(|sandbox| {
        for id in ["..", ".", "a/b", "a?b", "a b", "$(touch ran)", "-o\nx", "a#b"] {
            run(setup(sandbox, "http://127.0.0.1:1").env("KERUTA_REPOSITORY_ID", id)).ends(2, "not an id");
        }
        run(setup(sandbox, "file:///etc").env("KERUTA_REPOSITORY_ID", "x")).ends(10, "");
        std::fs::remove_dir_all(sandbox.work(".keruta")).unwrap();
        std::os::unix::fs::symlink(sandbox.path("home"), sandbox.work(".keruta")).unwrap();
        run(&mut setup(sandbox, "")).ends(21, "symbolic link");
    });
}

#[test]
fn a_redirect_to_another_host_does_not_get_the_token() {
    with_shells(|sandbox| {
        let other = Server::start(|_| answer(200, "text"));
        let target = other.url.replace("127.0.0.1", "localhost");
        let server = Server::start(move |_| Answer(format!("302 x\r\nLocation: {target}/x"), Vec::new()));
        run(setup(sandbox, &server.url).env("KERUTA_DOCUMENT_ID", "d")).succeeds();
        assert_eq!(sandbox.read("work/.keruta/README.md"), "text");
        assert_eq!(other.asked()[0].header("authorization"), None);
    });
}
