//! Submodules, sparse checkouts, LFS, and other uids.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::process::Command;

use crate::sandbox::{GIT_CLONE, Sandbox, run, with_shells};

/// Gives the remote's main a submodule `sub`, whose own desk is `lib`; returns the commit of main.
fn with_submodule(sandbox: &Sandbox) -> String {
    fs::create_dir_all(sandbox.path("lib")).unwrap();
    sandbox.git("lib", &["init", "-q", "-b", "main"]);
    sandbox.write("lib/lib.txt", "lib\n");
    sandbox.git("lib", &["add", "."]);
    sandbox.git("lib", &["commit", "-q", "-m", "lib"]);
    sandbox.git("", &["clone", "-q", "--bare", "lib", "lib.git"]);
    sandbox.remote();
    sandbox.git("desk", &["submodule", "--quiet", "add", &sandbox.url().replace("remote", "lib"), "sub"]);
    sandbox.push("with.txt", "submodule\n")
}

#[test]
fn submodules_come_only_when_asked() {
    with_shells(|sandbox| {
        let commit = with_submodule(sandbox);
        sandbox.clone(&["--ref", "main"]).succeeds();
        sandbox.is_whole(&commit);
        assert!(!sandbox.work("sub/lib.txt").exists());
    });
}

#[test]
fn submodules_come_and_move_with_their_repository() {
    with_shells(|sandbox| {
        let commit = with_submodule(sandbox);
        sandbox.clone(&["--ref", "main", "--submodules"]).succeeds();
        sandbox.is_whole(&commit);
        assert_eq!(sandbox.read("work/sub/lib.txt"), "lib\n");
        assert!(sandbox.read("work/.git/config").contains("[submodule \"sub\"]"));
        assert!(sandbox.git("work", &["submodule", "status"]).ends_with("sub (heads/main)"));

        sandbox.write("desk/sub/lib.txt", "moved\n");
        sandbox.git("desk/sub", &["commit", "-q", "-a", "-m", "moved"]);
        sandbox.git("desk/sub", &["push", "-q", "origin", "main"]);
        let moved = sandbox.push("with.txt", "moved submodule\n");
        sandbox.clone(&["--ref", "main", "--submodules"]).succeeds();
        sandbox.is_whole(&moved);
        assert_eq!(sandbox.read("work/sub/lib.txt"), "moved\n");
    });
}

#[test]
fn a_submodule_whose_configuration_was_changed_is_not_used() {
    with_shells(|sandbox| {
        with_submodule(sandbox);
        sandbox.clone(&["--ref", "main", "--submodules"]).succeeds();
        let bait = format!("touch {}", sandbox.path("ran").display());
        sandbox.git("work/sub", &["config", "filter.x.smudge", &bait]);
        sandbox.clone(&["--ref", "main", "--submodules"]).succeeds();
        sandbox.push("b.txt", "moved\n");
        sandbox.clone(&["--ref", "main", "--submodules"]).ends(21, "configuration of a submodule was changed");
        assert!(!sandbox.path("ran").exists());
    });
}

#[test]
fn a_sparse_checkout_has_its_directories_and_stays_sparse() {
    with_shells(|sandbox| {
        sandbox.remote();
        sandbox.push("one/x.txt", "x\n");
        sandbox.push("-two dirs/y.txt", "y\n");
        sandbox.push("three/z.txt", "z\n");
        let options = ["--ref", "main", "--sparse", "one", "--sparse", "-two dirs"];
        sandbox.clone(&options).succeeds();
        let moved = sandbox.push("three/z.txt", "moved\n");
        sandbox.clone(&options).succeeds();
        sandbox.is_whole(&moved);
        assert!(sandbox.work("one/x.txt").exists() && sandbox.work("-two dirs/y.txt").exists());
        assert!(sandbox.work("a.txt").exists() && !sandbox.work("three").exists());
    });
}

#[test]
fn lfs_needs_its_program() {
    with_shells(|sandbox| {
        sandbox.remote();
        if Command::new("git-lfs").arg("version").output().is_ok() {
            eprintln!("SKIPPED: git-lfs is on this machine");
            return;
        }
        sandbox.clone(&["--lfs"]).ends(22, "this image has no git-lfs");
    });
}

/// A stand-in for git-lfs: its filter turns a pointer into the text LARGE.
#[test]
fn lfs_files_are_brought_and_the_repository_is_set_up_for_them() {
    with_shells(|sandbox| {
        sandbox.remote();
        sandbox.write("desk/.gitattributes", "*.bin filter=lfs\n");
        sandbox.push("big.bin", "pointer\n");
        let lfs = sandbox.write(
            "bin/git-lfs",
            "#!/bin/sh\ncase $1 in filter-process) exit 1 ;; smudge) cat >/dev/null; echo LARGE ;; esac\n",
        );
        fs::set_permissions(lfs, fs::Permissions::from_mode(0o755)).unwrap();
        // Without the long-running form, which is a protocol of its own.
        let script = GIT_CLONE
            .replace("conf filter.lfs.process 'git-lfs filter-process'", ":")
            .replace("for key in process ", "for key in ");
        let path = format!("{}:{}", sandbox.path("bin").display(), env!("PATH"));
        run(sandbox
            .script(&script, "git-clone")
            .args(["--lfs", "--", &sandbox.url()])
            .arg(sandbox.path("work"))
            .env("PATH", path))
        .succeeds();
        assert_eq!(sandbox.read("work/big.bin"), "LARGE\n");
        assert_eq!(sandbox.git("work", &["config", "filter.lfs.required"]), "true");
    });
}

/// The volume of the restricted profile: its root belongs to root and, with fsGroup, to the group.
fn restricted(sandbox: &Sandbox) -> bool {
    if chown(sandbox.path("work"), Some(0), Some(65532)).is_err() {
        eprintln!("SKIPPED: only root can take another uid");
        return false;
    }
    fs::set_permissions(sandbox.path("work"), fs::Permissions::from_mode(0o2775)).unwrap();
    true
}

/// git reads a repository only as its owner, a remote by path too.
fn give_remote_to(sandbox: &Sandbox, uid: &str) {
    run(Command::new("chown").args(["-R", uid]).arg(sandbox.path("remote.git"))).succeeds();
}

fn as_uid(uid: &str, command: &Command) -> Command {
    let mut other = Command::new("setpriv");
    other.args(["--reuid", uid, "--regid", "65532", "--clear-groups"]);
    other.arg(command.get_program()).args(command.get_args());
    other
}

#[test]
fn a_user_who_does_not_own_the_volume_can_clone_and_others_can_go_on() {
    with_shells(|sandbox| {
        sandbox.remote();
        if !restricted(sandbox) {
            return;
        }
        let lost = sandbox.work("lost+found");
        fs::create_dir(&lost).unwrap();
        fs::set_permissions(&lost, fs::Permissions::from_mode(0o700)).unwrap();
        for uid in ["65532", "1000", "65532"] {
            give_remote_to(sandbox, uid);
            let mut command = as_uid(uid, &sandbox.clone_command(&["--ref", "main"]));
            sandbox.contain(&mut command);
            let ran = run(&mut command).ends(0, "(main)");
            assert!(!ran.out.contains("lost+found"), "{}", ran.out);
        }
        // What the other containers have: the path by environment.
        for (uid, arguments) in
            [("1000", &["commit", "-q", "--allow-empty", "-m", "x"][..]), ("65532", &["status", "--porcelain"])]
        {
            let mut git = Command::new("git");
            git.arg("-C").arg(sandbox.path("work"));
            git.args(["-c", "user.name=n", "-c", "user.email=n@example.org"]);
            let mut command = as_uid(uid, git.args(arguments));
            sandbox.contain(&mut command);
            command
                .env("GIT_CONFIG_COUNT", "1")
                .env("GIT_CONFIG_KEY_0", "safe.directory")
                .env("GIT_CONFIG_VALUE_0", sandbox.path("work"));
            assert_eq!(run(&mut command).succeeds().out, "");
        }
    });
}

#[test]
fn a_volume_that_cannot_be_written_is_said() {
    with_shells(|sandbox| {
        sandbox.remote();
        if !restricted(sandbox) {
            return;
        }
        fs::set_permissions(sandbox.path("work"), fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = as_uid("65532", &sandbox.clone_command(&[]));
        sandbox.contain(&mut command);
        run(&mut command).ends(21, "not writable for uid 65532, group 65532");
    });
}

#[test]
fn ssh_without_a_name_for_the_uid_is_said() {
    with_shells(|sandbox| {
        sandbox.remote();
        if !restricted(sandbox) {
            return;
        }
        sandbox.write("secret/ssh-privatekey", "KEY");
        sandbox.write("secret/known_hosts", "host key");
        let mut command = as_uid("65532", &sandbox.clone_command(&["--credentials", "ssh"]));
        sandbox.contain(&mut command);
        command.env("KERUTA_GIT_CREDENTIALS_DIR", sandbox.path("secret"));
        run(&mut command).ends(22, "ssh needs an entry in /etc/passwd for uid 65532");
    });
}
