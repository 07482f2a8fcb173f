//! Killed in the middle, two at once, and the lock.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::sandbox::{GIT_CLONE, Ran, Sandbox, run, with_shells};

/// A `git` in front of the real one, which kills the whole step at a chosen command.
fn killer(sandbox: &Sandbox) {
    let real = run(Command::new("sh").args(["-c", "command -v git"])).out;
    let path = sandbox.write(
        "bin/git",
        &format!(
            r#"#!/bin/sh
[ "$1" = "$KILL_AT" ] || exec {real} "$@"
case $KILL_WHEN in
  before) kill -9 0 ;;
  within) # as a checkout does it: some files, a lock, no index
    printf half >"$GIT_WORK_TREE/a.txt"; : >"$GIT_DIR/index.lock"; kill -9 0 ;;
esac
{real} "$@"
kill -9 0
"#,
            real = real.trim()
        ),
    );
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_clone_that_was_killed_is_never_taken_for_a_whole_one() {
    with_shells(|sandbox| {
        let main = sandbox.remote().git("desk", &["rev-parse", "main"]);
        killer(sandbox);
        for (command, when) in [
            ("init", "after"),
            ("ls-remote", "before"),
            ("fetch", "before"),
            ("fetch", "after"),
            ("update-ref", "after"),
            ("symbolic-ref", "after"),
            ("read-tree", "after"),
            ("reset", "before"),
            ("reset", "within"),
            ("reset", "after"),
        ] {
            let path = format!("{}:{}", sandbox.path("bin").display(), env!("PATH"));
            let ran = run(sandbox
                .clone_command(&["--ref", "main"])
                .env("PATH", path)
                .env("KILL_AT", command)
                .env("KILL_WHEN", when)
                .process_group(0));
            assert_eq!(ran.code, None, "{command} {when}: {}", ran.out);
            for left in fs::read_dir(sandbox.path("tmp")).unwrap() {
                fs::remove_dir_all(left.unwrap().path()).unwrap();
            }
            eprintln!("killed at {command}, {when}");
            sandbox.clone(&["--ref", "main"]).succeeds();
            sandbox.is_whole(&main);
            fs::remove_dir_all(sandbox.path("work")).unwrap();
            fs::create_dir(sandbox.path("work")).unwrap();
        }
    });
}

#[test]
fn a_run_that_was_killed_between_fetch_and_checkout_still_follows_the_branch() {
    with_shells(|sandbox| {
        sandbox.remote().clone(&["--ref", "main"]).succeeds();
        let moved = sandbox.push("b.txt", "moved\n");
        killer(sandbox);
        for when in ["before", "after"] {
            let path = format!("{}:{}", sandbox.path("bin").display(), env!("PATH"));
            run(sandbox
                .clone_command(&["--ref", "main"])
                .env("PATH", path)
                .env("KILL_AT", "checkout")
                .env("KILL_WHEN", when)
                .process_group(0));
        }
        for left in fs::read_dir(sandbox.path("tmp")).unwrap() {
            fs::remove_dir_all(left.unwrap().path()).unwrap();
        }
        sandbox.clone(&["--ref", "main"]).ends(0, "(main)");
        sandbox.is_whole(&moved);
    });
}

fn at_once(sandbox: &Sandbox, script: &str) -> Vec<Ran> {
    let children: Vec<_> = (0..4)
        .map(|_| {
            sandbox
                .script(script, "git-clone")
                .args(["--ref", "main", "--", &sandbox.url()])
                .arg(sandbox.path("work"))
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    children.into_iter().map(|child| child.wait_with_output().unwrap().into()).collect()
}

/// Puts a `flock` in front that fails as it does on a volume without locks.
fn without_flock() -> String {
    format!("flock() {{ echo 'flock: 9: No locks available' >&2; return 1; }}\n{GIT_CLONE}")
}

#[test]
fn pods_that_start_at_once_do_not_disturb_each_other() {
    with_shells(|sandbox| {
        let main = sandbox.remote().git("desk", &["rev-parse", "main"]);
        for script in [GIT_CLONE, &without_flock()] {
            for ran in at_once(sandbox, script) {
                ran.succeeds();
            }
            sandbox.is_whole(&main);
            assert!(!sandbox.work(".keruta/git.lock.d").exists());
            fs::remove_dir_all(sandbox.path("work")).unwrap();
            fs::create_dir(sandbox.path("work")).unwrap();
        }
    });
}

#[test]
fn a_held_lock_is_waited_for_and_given_up() {
    with_shells(|sandbox| {
        sandbox.remote();
        let lock = fs::File::create(sandbox.write("work/.keruta/git.lock", "")).unwrap();
        lock.lock().unwrap();
        let mut command = sandbox.clone_command(&[]);
        command.env("KERUTA_GIT_LOCK_TIMEOUT", "1");
        let ran = run(&mut command).ends(11, "has been preparing this workspace for 1 s");
        assert!(ran.out.contains("waiting (0 of 1 s)"), "{}", ran.out);
        lock.unlock().unwrap();
        sandbox.clone(&[]).succeeds();
    });
}

#[test]
fn a_lock_directory_is_respected_until_it_is_stale() {
    with_shells(|sandbox| {
        sandbox.remote();
        fs::create_dir_all(sandbox.work(".keruta/git.lock.d")).unwrap();
        let script = without_flock();
        let mut command = sandbox.script(&script, "git-clone");
        command.args(["--", &sandbox.url()]).arg(sandbox.path("work"));
        command.env("KERUTA_GIT_LOCK_TIMEOUT", "0");
        run(&mut command).ends(11, "another Pod");
        run(Command::new("touch").args(["-d", "10 minutes ago"]).arg(sandbox.work(".keruta/git.lock.d"))).succeeds();
        run(&mut command).succeeds();
    });
}

#[test]
fn the_end_of_the_pod_ends_the_step_at_once() {
    with_shells(|sandbox| {
        sandbox.remote();
        let lock = fs::File::create(sandbox.write("work/.keruta/git.lock", "")).unwrap();
        lock.lock().unwrap();
        let child = sandbox.clone_command(&[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        sleep(Duration::from_millis(300));
        let start = Instant::now();
        run(Command::new("kill").arg(child.id().to_string())).succeeds();
        let ran = Ran::from(child.wait_with_output().unwrap());
        assert_eq!(ran.code, Some(143), "{}", ran.out);
        assert!(start.elapsed() < Duration::from_millis(900));
        assert_eq!(fs::read_dir(sandbox.path("tmp")).unwrap().count(), 0);
    });
}
