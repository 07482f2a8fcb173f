//! keruta's own steps, run as they are rendered: whatever a task says, only the programs that the step calls are run,
//! and they get the task's texts as whole arguments.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use keruta_manifest::plan::expand;
use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::tasks::{rendered, text};

/// What a Secret could hold.
const SECRET: &str = "'; touch pwned; '$(touch pwned)`touch pwned`";

/// A Pod's world: a workspace, a home, and a search path on which git, curl and the like only write down their arguments.
struct Sandbox(TempDir);

impl Sandbox {
    fn new() -> Self {
        let sandbox = Self(tempfile::tempdir().unwrap());
        for directory in ["work", "home", "tmp", "bin", "ran"] {
            fs::create_dir(sandbox.path(directory)).unwrap();
        }
        for (name, says) in [
            ("git", ""),
            ("curl", "200"),
            ("nslookup", "Name: x"),
            ("nc", ""),
            ("sleep", ""),
            ("touch", ""),
            ("ssh", ""),
        ] {
            let log = sandbox.path("ran").join(name);
            let script = format!("#!/bin/sh\nprintf '%s\\0' \"$@\" >>'{}'\nprintf '%s' '{says}'\n", log.display());
            let program = sandbox.path("bin").join(name);
            fs::write(&program, script).unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        }
        sandbox
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The arguments of all calls of a program.
    fn arguments(&self, program: &str) -> Vec<String> {
        let log = fs::read(self.path("ran").join(program)).unwrap_or_default();
        String::from_utf8_lossy(&log).split('\0').map(str::to_owned).collect()
    }

    /// Runs a container as the kubelet would: variables first, each of which may use those before it.
    fn run(&self, container: &Value) {
        let mut env: Vec<(String, String)> = Vec::new();
        for variable in container["env"].as_array().into_iter().flatten() {
            let value = variable["value"].as_str().map_or_else(|| SECRET.to_owned(), |text| expanded(text, &env));
            env.push((variable["name"].as_str().unwrap().to_owned(), value));
        }
        let words = |list: &str| -> Vec<String> {
            let words = container[list].as_array().into_iter().flatten();
            words.map(|word| expanded(word.as_str().unwrap(), &env)).collect()
        };
        let command = words("command");
        let mut process = Command::new(&command[0]);
        process
            .args(&command[1..])
            .args(words("args"))
            .env_clear()
            .envs(env.iter().map(|(name, value)| (name, value)))
            .env("PATH", format!("{}:/usr/bin:/bin", self.path("bin").display()))
            .env("HOME", self.path("home"))
            .env("TMPDIR", self.path("tmp"))
            .env("KERUTA_GIT_RETRY_DELAY", "0")
            .current_dir(self.path("work"))
            .stdin(Stdio::null());
        let output = process.output().unwrap();
        assert!(output.status.code().is_some(), "{}: {output:?}", container["name"]);
    }

    fn holds_a_canary(&self) -> bool {
        fn search(path: &Path) -> bool {
            fs::read_dir(path).into_iter().flatten().flatten().any(|entry| {
                entry.file_name() == "pwned"
                    || (entry.path().is_dir() && !entry.path().is_symlink() && search(&entry.path()))
            })
        }
        search(self.0.path()) || self.path("ran").join("touch").exists()
    }
}

fn expanded(text: &str, env: &[(String, String)]) -> String {
    expand(text, |name| env.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.clone()))
}

/// keruta's own steps with hostile texts wherever a text may stand.
fn task(work: &Path, texts: &[String]) -> Value {
    let work = work.display();
    let [title, git_ref, path, file, content, body, header, url] = texts else { panic!("eight texts") };
    json!({
        "id": "task-1", "image": "busybox:1.37", "title": title, "description": content,
        "repository": { "url": url, "ref": git_ref, "path": path, "sparse": [path] },
        "repositoryId": "repo-1", "documentId": "doc-1",
        "workspace": { "kind": "emptyDir", "mountPath": work.to_string() },
        "initSteps": [
            { "waitForService": { "service": "db", "timeout": "1s" } },
            { "waitForTcp": { "host": "db", "port": 5432, "timeout": "1s" } },
            { "waitForHttp": { "url": format!("http://a.example/{path}"), "timeout": "1s" } },
            { "writeFile": { "path": format!("{work}/out/{file}"), "content": content } },
            { "callHttp": { "url": format!("http://a.example/{path}"), "body": body, "timeout": "1s",
                "headers": { "X-Text": header, "X-Secret": { "secret": { "name": "s", "key": "k" } } } } },
        ],
    })
}

/// Puts a harmless text where the hostile one is refused, until the task is accepted.
fn accepted(work: &Path, mut texts: Vec<String>) -> (Vec<String>, Value) {
    const HARMLESS: [&str; 8] =
        ["title", "main", "path", "file", "content", "body", "header", "https://git.example/a.git"];
    let settings = json!({ "security": { "profile": "none" } });
    for place in 0..=texts.len() {
        // One refused text hides another: each is tried with all the others harmless.
        let alone = |place: usize| {
            let mut alone = HARMLESS.map(str::to_owned).to_vec();
            alone[place].clone_from(&texts[place]);
            rendered(&task(work, &alone), &settings).is_some()
        };
        if place < texts.len() && !alone(place) {
            HARMLESS[place].clone_into(&mut texts[place]);
        }
    }
    let (_, rendered) = rendered(&task(work, &texts), &settings).expect("each text alone was accepted");
    let job = rendered.objects.last().unwrap();
    (texts, serde_json::to_value(job).unwrap()["spec"]["template"]["spec"].clone())
}

fn url() -> impl Strategy<Value = String> {
    prop_oneof![
        text().prop_map(|text| format!("https://git.example/{text}")),
        "[$(){}`'\";|&<>!*~#A-Za-z_]{1,20}".prop_map(|text| format!("https://git.example/{text}.git")),
        "[$(){}`'\";|&<>!*~#A-Za-z_]{1,20}".prop_map(|text| format!("git@git.example:{text}")),
    ]
}

proptest! {
    #![proptest_config(crate::tasks::cases(32))]

    #[test]
    fn no_text_of_a_task_is_run(texts in prop::collection::vec(text(), 7), url in url()) {
        let sandbox = Sandbox::new();
        let texts = texts.into_iter().chain([url]).collect();
        let (texts, pod) = accepted(&sandbox.path("work"), texts);
        for container in pod["initContainers"].as_array().unwrap() {
            sandbox.run(container);
            prop_assert!(!sandbox.holds_a_canary(), "{} with {:?}", container["name"], texts);
        }
        // The texts arrived whole, where they were meant to.
        let [.., url] = texts.as_slice() else { panic!("eight texts") };
        prop_assert!(sandbox.arguments("git").contains(url), "{url:?} in {:?}", sandbox.arguments("git"));
        let called = format!("http://a.example/{}", texts[2]);
        prop_assert!(sandbox.arguments("curl").contains(&called), "{called:?} in {:?}", sandbox.arguments("curl"));
        // A path that begins with a slash would replace what it is joined to.
        let written = fs::read_to_string(sandbox.path("work/out").join(texts[3].trim_start_matches('/'))).ok();
        prop_assert_eq!(written.as_deref(), Some(texts[4].as_str()), "{:?}", texts);
    }
}

#[test]
fn the_canary_sings() {
    let sandbox = Sandbox::new();
    sandbox.run(&json!({ "name": "a", "command": ["sh", "-c", "eval \"$A\""], "env": [{ "name": "A", "value": "touch pwned" }] }));
    assert!(sandbox.holds_a_canary());
    let sandbox = Sandbox::new();
    sandbox.run(&json!({ "name": "a", "command": ["sh", "-c", ": >pwned"] }));
    assert!(sandbox.holds_a_canary());
}
