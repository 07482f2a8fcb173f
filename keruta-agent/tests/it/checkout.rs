//! A repository that nobody has cloned.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::agent::Agent;
use crate::api::{Api, TOKEN};

fn git(directory: &Path, words: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]).args(words);
    let output = command.current_dir(directory).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Two commits, the second on a branch.
fn origin() -> (tempfile::TempDir, String) {
    let origin = tempfile::tempdir().unwrap();
    git(origin.path(), &["init", "--quiet"]);
    std::fs::create_dir(origin.path().join(".keruta")).unwrap();
    std::fs::write(origin.path().join(".keruta/install.sh"), "echo installed > installed\n").unwrap();
    std::fs::write(origin.path().join("file"), "first\n").unwrap();
    git(origin.path(), &["add", "--all"]);
    git(origin.path(), &["commit", "--quiet", "-m", "first"]);
    let first = git(origin.path(), &["rev-parse", "HEAD"]);
    git(origin.path(), &["switch", "--quiet", "-c", "next"]);
    std::fs::write(origin.path().join("file"), "second\n").unwrap();
    git(origin.path(), &["commit", "--quiet", "-am", "second"]);
    (origin, first)
}

fn agent(api: &Api) -> Agent {
    Agent::new().env("KERUTA_API_URL", &api.url).env("KERUTA_API_TOKEN", TOKEN)
}

const SCRIPT: &str =
    "cat file; git status --porcelain --untracked-files=no; git branch --show-current; cat installed\n";

#[test]
fn a_repository_is_cloned_beside_what_is_there_and_its_own_script_prepares_it() {
    let (origin, first) = origin();
    let url = format!("file://{}", origin.path().display());
    for (git_ref, said) in [("next", "second\nnext\ninstalled\n"), (first.as_str(), "first\ninstalled\n")] {
        let api = Api::with_repository(SCRIPT, json!({"url": url, "ref": git_ref}));
        api.answer_by(|request| {
            request.path.contains("/repositories/").then(|| crate::api::Answer::problem(404, "not-found"))
        });
        let agent = agent(&api);
        std::fs::create_dir(agent.work_dir().join("lost+found")).unwrap();
        let done = agent.run();
        assert_eq!((done.code(), &*done.stdout()), (0, said), "{}", done.stderr);
        assert!(done.directory.path().join("lost+found").exists());
        assert!(!done.directory.path().join(".keruta/agent/a").exists(), "nothing is left of the work");
    }
}

#[test]
fn a_checkout_that_is_there_is_left_as_it_is() {
    let (origin, _) = origin();
    let api = Api::with_repository(SCRIPT, json!({"url": "https://127.0.0.1:9/none"}));
    api.answer_by(|request| {
        request.path.contains("/repositories/").then(|| crate::api::Answer::problem(404, "not-found"))
    });
    let agent = agent(&api);
    git(&agent.work_dir(), &["clone", "--quiet", origin.path().to_str().unwrap(), "."]);
    std::fs::write(agent.work_dir().join("file"), "mine\n").unwrap();
    let done = agent.run();
    assert_eq!((done.code(), &*done.stdout()), (0, "mine\n M file\nnext\ninstalled\n"), "{}", done.stderr);
}

#[test]
fn what_cannot_be_cloned_ends_the_task_and_is_told() {
    let api = Api::with_repository("echo never", json!({"url": "https://127.0.0.1:9/none"}));
    let done = agent(&api).env("KERUTA_TIMEOUT", "1s").run();
    assert_eq!((done.code(), &*done.stdout()), (242, ""), "it is tried again until its time is over: {}", done.stderr);
    let api = Api::with_repository("echo never", json!({"url": "https://h/x", "ref": "--upload-pack=x"}));
    let done = agent(&api).run();
    assert_eq!(done.code(), 240, "{}", done.stderr);
    assert!(done.receipt().reason.unwrap().contains("would be read as an option"));
}
