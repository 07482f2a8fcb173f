//! Names, URLs and paths that would like to be something else.

use std::fs;

use crate::sandbox::{GIT_CLONE, Sandbox, run, with_shells};

/// Runs with this URL and directory, and checks that nothing of it ran.
fn refused(sandbox: &Sandbox, options: &[&str], url: &str, directory: &str, code: i32) {
    let ran = run(sandbox
        .script(GIT_CLONE, "git-clone")
        .args(options)
        .args(["--", url, directory])
        .current_dir(sandbox.path("home")));
    assert_eq!(ran.code, Some(code), "{options:?} {url:?} {directory:?}: {}", ran.out);
    let left: Vec<_> = fs::read_dir(sandbox.path("home")).unwrap().collect();
    assert!(left.is_empty(), "{options:?} {url:?}: {left:?}");
}

#[test]
fn hostile_urls_run_nothing() {
    with_shells(|sandbox| {
        let work = sandbox.remote().path("work").display().to_string();
        for (url, code) in [
            ("--upload-pack=touch ran", 2),
            ("-x", 2),
            ("file:///x\nfile:///y", 2),
            ("file:///\u{1b}[2J", 2),
            ("ext::sh -c touch% ran", 20),
            ("fd::17/foo", 20),
            ("ssh://-oProxyCommand=touch ran/x", 20),
            ("http://127.0.0.1:1/", 20),
            ("$(touch ran)", 20),
            ("`touch ran`", 20),
            ("file:///x'; touch ran; '", 20),
            ("\"; touch ran; \"", 20),
        ] {
            refused(sandbox, &[], url, &work, code);
        }
    });
}

#[test]
fn hostile_refs_run_nothing() {
    with_shells(|sandbox| {
        let work = sandbox.remote().path("work").display().to_string();
        let url = sandbox.url();
        for (name, code) in [
            ("--upload-pack=touch", 20),
            ("-b", 20),
            ("--orphan=x", 20),
            ("$(touch${IFS}ran)", 20),
            ("`touch${IFS}ran`", 20),
            ("a'b\"c", 20),
            ("--upload-pack=touch ran", 2),
            ("main\nother", 2),
            ("a..b", 2),
            ("main:refs/heads/x", 2),
            ("+main", 20),
            ("ma*n", 2),
            ("refs/../x", 2),
            ("main^{/x}", 2),
            ("@{-1}", 2),
        ] {
            refused(sandbox, &["--ref", name], &url, &work, code);
        }
    });
}

#[test]
fn a_ref_that_looks_like_an_option_or_a_command_is_only_a_name() {
    with_shells(|sandbox| {
        sandbox.remote();
        let names = ["--orphan=x", "--upload-pack=touch", "-b", "$(touch${IFS}ran)", "a'b\"c", "日本語", "@home"];
        for name in names {
            sandbox.git("desk", &["update-ref", &format!("refs/heads/{name}"), "other"]);
            sandbox.git("desk", &["push", "-q", "origin", &format!("refs/heads/{name}")]);
            sandbox.git("desk", &["update-ref", &format!("refs/tags/t{name}"), "main"]);
            sandbox.git("desk", &["push", "-q", "origin", &format!("refs/tags/t{name}")]);
        }
        for _ in 0..2 {
            for name in names {
                sandbox.clone(&["--ref", name]).ends(0, &format!("({name})"));
                sandbox.is_whole(&sandbox.git("desk", &["rev-parse", "other"]));
                sandbox.clone(&["--ref", &format!("t{name}")]).ends(0, "(detached)");
            }
        }
        assert!(!sandbox.somewhere("work", "ran\n") && !sandbox.work("ran").exists());
    });
}

#[test]
fn hostile_directories_are_only_directories() {
    with_shells(|sandbox| {
        sandbox.remote();
        for name in ["-rf", "$(touch ran)", "it's \"here\"", "a b", "`touch ran`", "two\nlines"] {
            fs::create_dir(sandbox.work(name)).unwrap();
            run(sandbox.script(GIT_CLONE, "git-clone").args(["--", &sandbox.url(), name])).succeeds();
            assert_eq!(sandbox.read(&format!("work/{name}/b.txt")), "two\n");
        }
        assert!(!sandbox.work("ran").exists());
    });
}

#[test]
fn wrong_options_are_refused() {
    with_shells(|sandbox| {
        let work = sandbox.remote().path("work").display().to_string();
        let url = sandbox.url();
        for options in [
            &["--depth", "x"][..],
            &["--depth", "-1"],
            &["--depth"],
            &["--frobnicate"],
            &["--upload-pack=touch ran"],
            &["--credentials", "magic"],
            &["--credentials", "basic"],
            &["--sparse", "a\nb"],
        ] {
            refused(sandbox, options, &url, &work, 2);
        }
        refused(sandbox, &[], &url, "/dev/null/nowhere", 21);
    });
}

#[test]
fn a_repository_cannot_lead_the_step_elsewhere() {
    with_shells(|sandbox| {
        sandbox.remote();
        std::os::unix::fs::symlink(sandbox.path("home"), sandbox.path("desk/.keruta")).unwrap();
        sandbox.push("c.txt", "with a link\n");
        sandbox.clone(&["--ref", "main"]).ends(21, "nothing was changed");
        refused(sandbox, &[], &sandbox.url(), &sandbox.work("").display().to_string(), 21);
        fs::remove_dir_all(sandbox.work(".keruta")).unwrap();
        std::os::unix::fs::symlink(sandbox.path("home"), sandbox.work(".keruta")).unwrap();
        sandbox.clone(&["--ref", "main"]).ends(21, ".keruta is a symbolic link");
    });
}
