//! The first clone on a volume.

use std::fs;

use crate::sandbox::{run, with_shells};
use crate::server::nobody;

#[test]
fn an_empty_volume_gets_the_default_branch_shallow() {
    with_shells(|sandbox| {
        sandbox.remote().clone(&[]).ends(0, "(main)");
        sandbox.is_whole(&sandbox.git("desk", &["rev-parse", "main"]));
        assert_eq!(sandbox.git("work", &["rev-list", "--count", "HEAD"]), "1");
        assert_eq!(sandbox.git("work", &["branch", "-r"]), "origin/main");
        assert_eq!(sandbox.git("work", &["rev-parse", "--abbrev-ref", "@{upstream}"]), "origin/main");
        assert_eq!(sandbox.read("work/.git/info/exclude"), "/.keruta\n");
    });
}

#[test]
fn lost_and_found_and_files_of_others_stay() {
    with_shells(|sandbox| {
        fs::create_dir(sandbox.remote().work("lost+found")).unwrap();
        sandbox.write("work/lost+found/inode", "x");
        sandbox.write("work/.keruta/README.md", "document");
        sandbox.clone(&[]).succeeds();
        sandbox.is_whole(&sandbox.git("desk", &["rev-parse", "main"]));
        assert_eq!(sandbox.read("work/.keruta/README.md"), "document");
        assert_eq!(sandbox.read("work/lost+found/inode"), "x");
    });
}

#[test]
fn a_file_in_the_way_is_not_overwritten_however_often_it_is_tried() {
    with_shells(|sandbox| {
        sandbox.remote().write("work/a.txt", "mine");
        for _ in 0..2 {
            sandbox.clone(&[]).ends(21, "nothing was changed");
            assert_eq!(sandbox.read("work/a.txt"), "mine");
            assert!(!sandbox.work(".git").exists());
        }
    });
}

#[test]
fn depth_and_branches_are_as_asked() {
    with_shells(|sandbox| {
        sandbox.remote().clone(&["--depth", "0", "--no-single-branch", "--ref", "other"]).ends(0, "(other)");
        assert_eq!(sandbox.git("work", &["rev-list", "--count", "HEAD"]), "2");
        assert_eq!(sandbox.git("work", &["branch", "-r"]), "origin/main\n  origin/other");
        assert_eq!(sandbox.git("work", &["tag"]), "v1");
        assert_eq!(sandbox.git("work", &["rev-parse", "--is-shallow-repository"]), "false");
        sandbox.git("work", &["pull", "-q"]);
    });
}

#[test]
fn a_tag_and_full_ref_names_are_found() {
    with_shells(|sandbox| {
        let first = sandbox.remote().git("desk", &["rev-parse", "v1^{commit}"]);
        for name in ["v1", "refs/tags/v1"] {
            sandbox.clone(&["--ref", name]).ends(0, "(detached)");
            sandbox.is_whole(&first);
        }
        sandbox.git("desk", &["push", "-q", "origin", "other:refs/pull/7/head"]);
        sandbox.clone(&["--ref", "refs/pull/7/head"]).ends(0, "(detached)");
        sandbox.is_whole(&sandbox.git("desk", &["rev-parse", "other"]));
        sandbox.clone(&["--ref", "refs/heads/main"]).ends(0, "(main)");
    });
}

#[test]
fn a_full_sha_is_fetched_alone_or_out_of_the_history() {
    with_shells(|sandbox| {
        let first = sandbox.remote().git("desk", &["rev-parse", "v1^{commit}"]);
        sandbox.clone(&["--ref", &first]).ends(0, "(detached)");
        sandbox.is_whole(&first);
        assert_eq!(sandbox.git("work", &["rev-list", "--count", "--all"]), "1");
        // A second run needs no remote any more.
        fs::rename(sandbox.path("remote.git"), sandbox.path("away.git")).unwrap();
        sandbox.clone(&["--ref", &first]).succeeds();
        fs::rename(sandbox.path("away.git"), sandbox.path("remote.git")).unwrap();

        // The older protocol gives tips of branches only.
        fs::remove_dir_all(sandbox.path("work")).unwrap();
        fs::create_dir(sandbox.path("work")).unwrap();
        let mut command = sandbox.clone_command(&["--ref", &first]);
        command.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "protocol.version").env("GIT_CONFIG_VALUE_0", "0");
        run(&mut command).ends(0, "fetching the whole history");
        sandbox.is_whole(&first);
    });
}

#[test]
fn what_the_remote_has_not_is_said_and_nothing_is_left() {
    with_shells(|sandbox| {
        sandbox.remote().clone(&["--ref", "nope"]).ends(20, "has no branch or tag nope");
        let gone = "1234567890123456789012345678901234567890";
        sandbox.clone(&["--ref", gone]).ends(20, gone);
        fs::remove_dir_all(sandbox.path("remote.git")).unwrap();
        let ran = sandbox.clone(&[]).ends(20, "cannot read the refs of file://");
        assert!(!ran.out.contains("again in"), "{}", ran.out);
        assert!(!sandbox.work(".git").exists());
        sandbox.git("", &["init", "-q", "--bare", "remote.git"]);
        sandbox.clone(&[]).ends(20, "default branch (is it empty?)");
    });
}

#[test]
fn a_network_failure_is_tried_again() {
    with_shells(|sandbox| {
        let mut command = sandbox.script(crate::sandbox::GIT_CLONE, "git-clone");
        command.args(["--", &nobody()]).arg(sandbox.path("work")).env("GIT_ALLOW_PROTOCOL", "http");
        let ran = run(&mut command).ends(10, "cannot read the refs");
        assert_eq!(ran.out.matches("again in").count(), 1, "{}", ran.out);
    });
}
