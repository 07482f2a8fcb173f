//! Credentials reach git, and nothing else.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::sandbox::{GIT_CLONE, Ran, Sandbox, in_some_arguments, run, with_shells};
use crate::server::{Answer, Request, Server, answer};

const PASSWORD: &str = "pa55'\"$x`w-0rd";
/// base64 of `robot:` and `x-access-token:` with the password.
const BASIC: &str = "Basic cm9ib3Q6cGE1NSciJHhgdy0wcmQ=";
const TOKEN: &str = "Basic eC1hY2Nlc3MtdG9rZW46cGE1NSciJHhgdy0wcmQ=";

fn unauthorized() -> Answer {
    Answer("401 x\r\nWWW-Authenticate: Basic realm=\"x\"".to_owned(), Vec::new())
}

/// Serves `remote.git` to who has the credentials, by the protocol that needs plain files only.
fn guarded(root: PathBuf, credentials: &'static str, seen: Arc<AtomicBool>) -> Server {
    Server::start(move |request: &Request| {
        match request.header("authorization") {
            None => return unauthorized(),
            Some(given) => {
                if in_some_arguments("pa55") {
                    seen.store(true, Ordering::Relaxed);
                }
                if given != credentials {
                    return unauthorized();
                }
            }
        }
        let path = request.path.split('?').next().unwrap().trim_start_matches('/');
        match fs::read(root.join(path)) {
            Ok(bytes) => Answer("200 x".to_owned(), bytes),
            Err(_) => answer(404, ""),
        }
    })
}

fn clone(sandbox: &Sandbox, url: &str, kind: &str) -> Ran {
    run(sandbox
        .script(GIT_CLONE, "git-clone")
        .args(["--depth", "0", "--ref", "main", "--credentials", kind, "--", url])
        .arg(sandbox.path("work"))
        .env("GIT_ALLOW_PROTOCOL", "http")
        .env("KERUTA_GIT_CREDENTIALS_DIR", sandbox.path("secret")))
}

fn nothing_leaked(sandbox: &Sandbox, ran: &Ran) {
    assert!(!ran.out.contains("pa55") && !ran.out.contains("cm9ib3Q6"), "{}", ran.out);
    for directory in ["work", "tmp", "home"] {
        assert!(!sandbox.somewhere(directory, "pa55"), "{directory}");
    }
}

#[test]
fn files_of_a_secret_open_the_repository() {
    with_shells(|sandbox| {
        sandbox.remote().git("remote.git", &["update-server-info"]);
        sandbox.write("secret/username", "robot\n");
        sandbox.write("secret/password", &format!("{PASSWORD}\n"));
        sandbox.write("secret/token", PASSWORD);
        for (kind, credentials) in [("basic", BASIC), ("token", TOKEN)] {
            let seen = Arc::new(AtomicBool::new(false));
            let server = guarded(sandbox.path(""), credentials, Arc::clone(&seen));
            let ran = clone(sandbox, &format!("{}/remote.git", server.url), kind).succeeds();
            sandbox.is_whole(&sandbox.git("desk", &["rev-parse", "main"]));
            nothing_leaked(sandbox, &ran);
            assert!(!seen.load(Ordering::Relaxed), "in the arguments of a process");
            fs::remove_dir_all(sandbox.path("work")).unwrap();
            fs::create_dir(sandbox.path("work")).unwrap();
        }
    });
}

#[test]
fn wrong_credentials_fail_at_once_and_are_not_shown() {
    with_shells(|sandbox| {
        sandbox.remote();
        sandbox.write("secret/username", "robot");
        sandbox.write("secret/password", PASSWORD);
        let seen = Arc::new(AtomicBool::new(false));
        let server = guarded(sandbox.path(""), "nobody", Arc::clone(&seen));
        let ran = clone(sandbox, &format!("{}/remote.git", server.url), "basic").ends(20, "Authentication failed");
        assert!(server.asked().iter().any(|request| request.header("authorization") == Some(BASIC)));
        assert!(!ran.out.contains("again in"), "{}", ran.out);
        nothing_leaked(sandbox, &ran);
        assert!(!seen.load(Ordering::Relaxed));
        // Without any, nothing asks at a terminal.
        run(sandbox
            .script(GIT_CLONE, "git-clone")
            .args(["--", &server.url])
            .arg(sandbox.path("work"))
            .env("GIT_ALLOW_PROTOCOL", "http"))
        .ends(20, "terminal prompts disabled");
    });
}

#[test]
fn another_host_does_not_get_the_credentials() {
    with_shells(|sandbox| {
        sandbox.write("secret/token", PASSWORD);
        let other = Server::start(|_| unauthorized());
        let target = other.url.clone();
        let server =
            Server::start(move |request| Answer(format!("302 x\r\nLocation: {target}{}", request.path), Vec::new()));
        clone(sandbox, &format!("{}/remote.git", server.url), "token").ends(20, "");
        assert!(!other.asked().is_empty());
        assert!(other.asked().iter().all(|request| request.header("authorization").is_none()));
    });
}

#[test]
fn a_missing_key_is_named() {
    with_shells(|sandbox| {
        for (kind, key) in [("basic", "username"), ("token", "token")] {
            clone(sandbox, "http://127.0.0.1:1/x", kind).ends(20, &format!("no key '{key}'"));
        }
        sandbox.write("secret/ssh-privatekey", "x");
        clone(sandbox, "ssh://git@127.0.0.1/x", "ssh").ends(20, "no key 'known_hosts'");
    });
}

#[test]
fn a_secret_that_comes_late_is_waited_for() {
    with_shells(|sandbox| {
        let waiting = sandbox
            .script(GIT_CLONE, "git-clone")
            .args(["--credentials", "token", "--", "http://127.0.0.1:1/x"])
            .arg(sandbox.path("work"))
            .env("GIT_ALLOW_PROTOCOL", "http")
            .env("KERUTA_GIT_SECRET_TIMEOUT", "60")
            .env("KERUTA_GIT_CREDENTIALS_DIR", sandbox.path("secret"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(300));
        sandbox.write("secret/token", PASSWORD);
        Ran::from(waiting.wait_with_output().unwrap())
            .ends(10, "waiting for the key 'token' of the credentials Secret (0 of 60 s)")
            .ends(10, "again in");
    });
}

/// An `ssh` in front, which writes down how it was called and serves the repository itself.
#[test]
fn ssh_gets_a_key_of_its_own_and_known_hosts_and_leaves_neither() {
    with_shells(|sandbox| {
        sandbox.remote();
        sandbox.write("secret/ssh-privatekey", "KEY-pa55");
        sandbox.write("secret/known_hosts", "host key\n");
        let report = sandbox.path("report").display().to_string();
        let ssh = sandbox.write(
            "bin/ssh",
            &format!(
                "#!/bin/sh\nprintf '%s\\n' \"$@\" >>{report}\n\
                 while [ \"$1\" != -i ]; do shift; done\n\
                 ls -l \"$2\" >>{report}; cat \"$2\" >>{report}\n\
                 for command; do :; done; eval \"$command\"\n"
            ),
        );
        run(Command::new("chmod").arg("755").arg(ssh)).succeeds();
        let path = format!("{}:{}", sandbox.path("bin").display(), env!("PATH"));
        let url = format!("ssh://git@host.example:2222{}", sandbox.path("remote.git").display());
        let ran = run(sandbox
            .script(GIT_CLONE, "git-clone")
            .args(["--credentials", "ssh", "--", &url])
            .arg(sandbox.path("work"))
            .env("GIT_ALLOW_PROTOCOL", "ssh")
            .env("KERUTA_GIT_CREDENTIALS_DIR", sandbox.path("secret"))
            .env("PATH", path))
        .succeeds();
        sandbox.is_whole(&sandbox.git("desk", &["rev-parse", "main"]));
        nothing_leaked(sandbox, &ran);
        let report = sandbox.read("report");
        for expected in ["BatchMode=yes", "StrictHostKeyChecking=yes", "IdentitiesOnly=yes", "-rw-------", "KEY-pa55"] {
            assert!(report.contains(expected), "{expected}: {report}");
        }
    });
}
