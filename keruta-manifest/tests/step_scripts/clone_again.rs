//! The step on a volume that has a checkout already: backoff retries and child tasks.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::sandbox::{Sandbox, run, with_shells};

fn head(sandbox: &Sandbox) -> String {
    sandbox.git("work", &["rev-parse", "HEAD"])
}

fn work_commit(sandbox: &Sandbox, file: &str) -> String {
    sandbox.write(&format!("work/{file}"), "by the task\n");
    sandbox.git("work", &["add", file]);
    sandbox.git("work", &["commit", "-q", "-m", file]);
    head(sandbox)
}

#[test]
fn a_second_run_changes_nothing() {
    with_shells(|sandbox| {
        sandbox.remote();
        for _ in 0..3 {
            sandbox.clone(&["--ref", "main"]).succeeds();
            sandbox.is_whole(&sandbox.git("desk", &["rev-parse", "main"]));
        }
        assert_eq!(sandbox.read("work/.git/info/exclude"), "/.keruta\n");
        let config = sandbox.read("work/.git/config");
        assert_eq!(config.matches("fetch = ").count(), 1, "{config}");
    });
}

#[test]
fn the_exclusion_is_written_once_even_after_a_line_without_an_end() {
    with_shells(|sandbox| {
        sandbox.remote().clone(&[]).succeeds();
        sandbox.write("work/.git/info/exclude", "*.log\n/build");
        for _ in 0..2 {
            sandbox.clone(&[]).succeeds();
        }
        assert_eq!(sandbox.read("work/.git/info/exclude"), "*.log\n/build\n/.keruta\n");
    });
}

#[test]
fn a_branch_that_moved_is_followed_and_uncommitted_work_comes_along() {
    with_shells(|sandbox| {
        sandbox.remote().clone(&["--ref", "main"]).succeeds();
        sandbox.write("work/a.txt", "uncommitted");
        sandbox.write("work/new.txt", "untracked");
        let moved = sandbox.push("b.txt", "moved\n");
        sandbox.clone(&["--ref", "main"]).ends(0, "2 uncommitted changes stay");
        assert_eq!(head(sandbox), moved);
        assert_eq!(sandbox.read("work/b.txt"), "moved\n");
        assert_eq!(sandbox.read("work/a.txt"), "uncommitted");
        assert_eq!(sandbox.read("work/new.txt"), "untracked");
        assert_eq!(sandbox.git("work", &["status", "-sb"]), "## main...origin/main\n M a.txt\n?? new.txt");
    });
}

#[test]
fn uncommitted_work_in_the_way_of_a_moved_branch_keeps_everything() {
    with_shells(|sandbox| {
        sandbox.remote().clone(&["--ref", "main"]).succeeds();
        let before = head(sandbox);
        sandbox.write("work/a.txt", "uncommitted");
        sandbox.push("a.txt", "moved\n");
        sandbox.clone(&["--ref", "main"]).ends(0, "everything stays as it is");
        assert_eq!(head(sandbox), before);
        assert_eq!(sandbox.read("work/a.txt"), "uncommitted");
    });
}

#[test]
fn an_ignored_file_in_the_way_is_not_overwritten() {
    with_shells(|sandbox| {
        sandbox.remote().clone(&["--ref", "main"]).succeeds();
        sandbox.write("work/.keruta/notes", "precious");
        sandbox.push(".keruta/notes", "from the remote\n");
        sandbox.clone(&["--ref", "main"]).ends(0, "everything stays as it is");
        assert_eq!(sandbox.read("work/.keruta/notes"), "precious");
    });
}

#[test]
fn another_ref_is_switched_to_unless_work_is_in_the_way() {
    with_shells(|sandbox| {
        sandbox.remote().clone(&["--ref", "main"]).succeeds();
        let before = head(sandbox);
        sandbox.write("work/a.txt", "uncommitted");
        sandbox.clone(&["--ref", "other"]).ends(21, "uncommitted work is in the way of other");
        assert_eq!(head(sandbox), before);
        assert_eq!(sandbox.read("work/a.txt"), "uncommitted");
        sandbox.git("work", &["checkout", "-q", "a.txt"]);
        sandbox.clone(&["--ref", "other"]).ends(0, "(other)");
        sandbox.is_whole(&sandbox.git("desk", &["rev-parse", "other"]));
        sandbox.clone(&["--ref", "main"]).ends(0, "(main)");
        sandbox.is_whole(&before);
    });
}

#[test]
fn commits_of_a_task_stay() {
    with_shells(|sandbox| {
        sandbox.remote().clone(&["--ref", "main"]).succeeds();
        let mine = work_commit(sandbox, "mine.txt");
        // On the wanted branch, with a remote that stands and with one that moved.
        sandbox.clone(&["--ref", "main"]).ends(0, "has commits that the remote lacks");
        sandbox.push("b.txt", "moved\n");
        sandbox.clone(&["--ref", "main"]).ends(0, "has commits that the remote lacks");
        assert_eq!(head(sandbox), mine);
        // There and back again.
        sandbox.clone(&["--ref", "other"]).ends(0, "(other)");
        sandbox.clone(&["--ref", "main"]).ends(0, "(main)");
        assert_eq!(head(sandbox), mine);
    });
}

#[test]
fn commits_that_were_pushed_do_not_hold_the_branch_back() {
    with_shells(|sandbox| {
        sandbox.remote().clone(&["--ref", "main"]).succeeds();
        work_commit(sandbox, "mine.txt");
        sandbox.git("work", &["push", "-q", "origin", "main"]);
        sandbox.git("desk", &["pull", "-q", "origin", "main"]);
        let moved = sandbox.push("b.txt", "moved\n");
        sandbox.clone(&["--ref", "main"]).succeeds();
        sandbox.is_whole(&moved);
    });
}

#[test]
fn commits_on_a_detached_head_stay_in_sight() {
    with_shells(|sandbox| {
        sandbox.remote().clone(&["--ref", "v1"]).succeeds();
        let mine = work_commit(sandbox, "mine.txt");
        sandbox.clone(&["--ref", "v1"]).ends(0, "commits made on top of the wanted one stay");
        assert_eq!(head(sandbox), mine);
        sandbox.clone(&["--ref", "main"]).ends(0, &format!("refs/keruta/kept/{mine}"));
        assert_eq!(sandbox.git("work", &["rev-parse", &format!("refs/keruta/kept/{mine}")]), mine);
    });
}

#[test]
fn a_child_without_a_ref_gets_what_its_parent_left_without_a_remote() {
    with_shells(|sandbox| {
        sandbox.remote().clone(&["--ref", "main"]).succeeds();
        sandbox.git("work", &["checkout", "-q", "-b", "agent/work"]);
        let mine = work_commit(sandbox, "mine.txt");
        sandbox.write("work/a.txt", "uncommitted");
        fs::remove_dir_all(sandbox.path("remote.git")).unwrap();
        sandbox.clone(&[]).ends(0, "(agent/work)");
        assert_eq!(head(sandbox), mine);
        assert_eq!(sandbox.read("work/a.txt"), "uncommitted");
    });
}

#[test]
fn the_checkout_of_another_repository_is_refused_and_not_named() {
    with_shells(|sandbox| {
        sandbox.remote().clone(&[]).succeeds();
        sandbox.git("work", &["remote", "set-url", "origin", "https://token@example.org/x"]);
        let ran = sandbox.clone(&[]).ends(21, "another repository than file://");
        assert!(!ran.out.contains("token@"));
    });
}

#[test]
fn a_plain_clone_of_somebody_else_is_taken_over() {
    with_shells(|sandbox| {
        sandbox.remote();
        let url = sandbox.url();
        sandbox.git("", &["clone", "-q", "--depth", "1", "--single-branch", &url, "work"]);
        sandbox.write("work/a.txt", "uncommitted");
        let moved = sandbox.push("b.txt", "moved\n");
        sandbox.clone(&["--ref", "main"]).ends(0, "1 uncommitted changes stay");
        assert_eq!(head(sandbox), moved);
        fs::remove_file(sandbox.work(".git/index")).unwrap();
        sandbox.clone(&[]).ends(21, "half-made by another program");
    });
}

/// A task that wants the credentials of the next run can write anything into `.git`, but none of it runs.
#[test]
fn nothing_that_a_task_left_in_the_repository_runs() {
    with_shells(|sandbox| {
        sandbox.remote().clone(&["--ref", "main"]).succeeds();
        let bait = format!("touch {}", sandbox.path("ran").display());
        for (key, value) in [
            ("core.fsmonitor", bait.clone()),
            ("core.sshCommand", bait.clone()),
            ("core.askPass", bait.clone()),
            ("core.pager", bait.clone()),
            ("core.hooksPath", sandbox.work(".git/hooks").display().to_string()),
            ("credential.helper", format!("!{bait}")),
            ("filter.x.smudge", bait.clone()),
            ("filter.x.clean", bait.clone()),
            ("filter.x.process", bait.clone()),
            ("remote.origin.uploadpack", bait.clone()),
            ("url.ext::sh.insteadOf", "file".to_owned()),
            ("http.proxy", "http://127.0.0.1:1".to_owned()),
        ] {
            sandbox.git("work", &["config", "--file", ".git/config", key, &value]);
        }
        for hook in ["post-checkout", "reference-transaction", "post-index-change", "fsmonitor-watchman"] {
            let path = sandbox.write(&format!("work/.git/hooks/{hook}"), &format!("#!/bin/sh\n{bait}\n"));
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        sandbox.write("work/.git/info/attributes", "* filter=x\n");
        let moved = sandbox.push("b.txt", "moved\n");
        sandbox.clone(&["--ref", "main"]).succeeds();
        sandbox.clone(&["--ref", "other"]).succeeds();
        sandbox.clone(&["--ref", "main"]).succeeds();
        assert!(!sandbox.path("ran").exists());
        assert_eq!(sandbox.read("work/.git/refs/heads/main").trim(), moved);
    });
}

#[test]
fn the_configuration_that_the_caller_set_by_environment_stays() {
    with_shells(|sandbox| {
        sandbox.remote();
        let mut command = sandbox.clone_command(&[]);
        command
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", format!("url.{}.insteadOf", sandbox.url()))
            .env("GIT_CONFIG_VALUE_0", "file:///nowhere");
        run(&mut command).succeeds();
        sandbox.is_whole(&sandbox.git("desk", &["rev-parse", "main"]));
    });
}
