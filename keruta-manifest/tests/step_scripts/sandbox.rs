//! A volume, a remote and a home directory for one test, and the way to run a script on them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub(crate) const GIT_CLONE: &str = include_str!("../../src/plan/step/scripts/git-clone.sh");
pub(crate) const SETUP: &str = include_str!("../../src/plan/step/scripts/setup.sh");
pub(crate) const WAIT_SERVICE: &str = include_str!("../../src/plan/step/scripts/wait-service.sh");
pub(crate) const WAIT_TCP: &str = include_str!("../../src/plan/step/scripts/wait-tcp.sh");
pub(crate) const WAIT_HTTP: &str = include_str!("../../src/plan/step/scripts/wait-http.sh");
pub(crate) const CALL_HTTP: &str = include_str!("../../src/plan/step/scripts/call-http.sh");
pub(crate) const WRITE_FILE: &str = include_str!("../../src/plan/step/scripts/write-file.sh");

/// Every script with its name.
pub(crate) const ALL: [(&str, &str); 7] = [
    ("git-clone", GIT_CLONE),
    ("setup", SETUP),
    ("wait-service", WAIT_SERVICE),
    ("wait-tcp", WAIT_TCP),
    ("wait-http", WAIT_HTTP),
    ("call-http", CALL_HTTP),
    ("write-file", WRITE_FILE),
];

/// The shells of Debian's and Alpine's images.
pub(crate) const SHELLS: [&[&str]; 2] = [&["dash"], &["busybox", "sh"]];

/// Calls the test once with each shell that this machine has, and says which one it has not.
pub(crate) fn with_shells(test: impl Fn(&Sandbox)) {
    for shell in SHELLS {
        if Command::new(shell[0]).args(&shell[1..]).args(["-c", "true"]).status().is_err() {
            eprintln!("SKIPPED: no {} on this machine", shell[0]);
            continue;
        }
        eprintln!("with {}:", shell.join(" "));
        test(&Sandbox::new(shell));
    }
}

pub(crate) struct Sandbox {
    root: tempfile::TempDir,
    shell: &'static [&'static str],
}

/// How a script ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let mut out = String::from_utf8_lossy(&output.stdout).into_owned();
        out.push_str(&String::from_utf8_lossy(&output.stderr));
        Self { code: output.status.code(), out }
    }
}

impl Ran {
    #[track_caller]
    pub(crate) fn ends(self, code: i32, says: &str) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.out);
        assert!(self.out.contains(says), "{says:?} is not in:\n{}", self.out);
        self
    }

    #[track_caller]
    pub(crate) fn succeeds(self) -> Self {
        self.ends(0, "")
    }
}

impl Sandbox {
    pub(crate) fn new(shell: &'static [&'static str]) -> Self {
        let sandbox = Self { root: tempfile::tempdir().unwrap(), shell };
        for (name, mode) in [("", 0o755), ("work", 0o755), ("home", 0o755), ("tmp", 0o1777)] {
            let path = sandbox.path(name);
            fs::create_dir_all(&path).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        }
        sandbox
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn work(&self, name: &str) -> PathBuf {
        self.path("work").join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|why| panic!("{name}: {why}"))
    }

    /// The container: nothing of this machine's environment but the search path.
    pub(crate) fn script(&self, script: &str, name: &str) -> Command {
        let mut command = Command::new(self.shell[0]);
        command.args(&self.shell[1..]).args(["-c", script, name]);
        self.contain(&mut command);
        command
    }

    pub(crate) fn contain(&self, command: &mut Command) {
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.path("home"))
            .env("TMPDIR", self.path("tmp"))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_ALLOW_PROTOCOL", "file")
            .env("KERUTA_GIT_ATTEMPTS", "2")
            .env("KERUTA_GIT_RETRY_DELAY", "0")
            .env("KERUTA_GIT_SECRET_TIMEOUT", "0")
            .current_dir(self.path("work"))
            .stdin(Stdio::null());
    }

    /// `git-clone OPTIONS -- URL WORK`, not started yet.
    pub(crate) fn clone_command(&self, options: &[&str]) -> Command {
        let mut command = self.script(GIT_CLONE, "git-clone");
        command.args(options).arg("--").arg(self.url()).arg(self.path("work"));
        command
    }

    pub(crate) fn clone(&self, options: &[&str]) -> Ran {
        run(&mut self.clone_command(options))
    }

    pub(crate) fn url(&self) -> String {
        format!("file://{}", self.path("remote.git").display())
    }

    /// git as somebody at their desk: what it prints, trimmed.
    #[track_caller]
    pub(crate) fn git(&self, directory: &str, args: &[&str]) -> String {
        let mut command = Command::new("git");
        self.contain(&mut command);
        let ran = run(command
            .current_dir(self.path(directory))
            .args(["-c", "user.name=n", "-c", "user.email=n@example.org"])
            .args(args));
        assert_eq!(ran.code, Some(0), "git {args:?}: {}", ran.out);
        ran.out.trim().to_owned()
    }

    /// `remote.git` with two commits on main, tag `v1` on the first, and the branch `other`; its desk is `desk`.
    pub(crate) fn remote(&self) -> &Self {
        fs::create_dir_all(self.path("desk")).unwrap();
        self.git("desk", &["init", "-q", "-b", "main"]);
        self.commit("a.txt", "one\n");
        self.git("desk", &["tag", "-a", "v1", "-m", "first"]);
        self.git("desk", &["checkout", "-q", "-b", "other"]);
        self.commit("a.txt", "other\n");
        self.git("desk", &["checkout", "-q", "main"]);
        self.commit("b.txt", "two\n");
        self.git("", &["clone", "-q", "--bare", "desk", "remote.git"]);
        self.git("desk", &["remote", "add", "origin", "../remote.git"]);
        self
    }

    /// Commits a file at the desk and returns the commit.
    pub(crate) fn commit(&self, file: &str, text: &str) -> String {
        self.write(&format!("desk/{file}"), text);
        self.git("desk", &["add", "."]);
        self.git("desk", &["commit", "-q", "-m", file]);
        self.git("desk", &["rev-parse", "HEAD"])
    }

    /// Commits a file to main and pushes it.
    pub(crate) fn push(&self, file: &str, text: &str) -> String {
        let commit = self.commit(file, text);
        self.git("desk", &["push", "-q", "origin", "main"]);
        commit
    }

    /// The workspace is a whole, clean checkout of this commit, and nothing of the making is left.
    #[track_caller]
    pub(crate) fn is_whole(&self, commit: &str) {
        assert_eq!(self.git("work", &["rev-parse", "HEAD"]), commit);
        assert_eq!(self.git("work", &["status", "--porcelain"]), "");
        self.git("work", &["fsck", "--strict"]);
        for left in [".git/keruta-unfinished", ".git/index.lock", ".keruta/clone"] {
            assert!(!self.work(left).exists(), "{left} is left");
        }
        let left: Vec<_> = fs::read_dir(self.path("tmp")).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
    }

    /// Whether some file below this directory has the text.
    pub(crate) fn somewhere(&self, directory: &str, text: &str) -> bool {
        fn search(path: &Path, text: &[u8]) -> bool {
            if path.is_dir() && !path.is_symlink() {
                return fs::read_dir(path).unwrap().any(|entry| search(&entry.unwrap().path(), text));
            }
            fs::read(path).is_ok_and(|bytes| bytes.windows(text.len()).any(|part| part == text))
        }
        search(&self.path(directory), text.as_bytes())
    }
}

pub(crate) fn run(command: &mut Command) -> Ran {
    command.output().unwrap().into()
}

/// Whether some process of this machine shows the text in its arguments.
pub(crate) fn in_some_arguments(text: &str) -> bool {
    fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        fs::read(entry.path().join("cmdline"))
            .is_ok_and(|arguments| arguments.windows(text.len()).any(|part| part == text.as_bytes()))
    })
}
