//! The task's repository, where nobody has cloned it: in a Pod that `keruta-manifest` has made, its git step did.
//!
//! Only git is run, and no shell. It makes a fresh checkout and leaves alone what is there already; what needs a Secret is the git
//! step's. A clone is made aside and moved into its place when its files are there, so that a half-made one is never taken for a whole.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use keruta_api::Task;
use serde::Deserialize;

/// A repository, as far as the agent cares; the API has checked it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Repository {
    url: String,
    #[serde(rename = "ref")]
    git_ref: Option<String>,
    depth: Option<u32>,
    single_branch: Option<bool>,
    #[serde(default)]
    submodules: bool,
    path: Option<String>,
}

/// A checkout that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checkout {
    repository: Repository,
    /// Where it is to be.
    directory: PathBuf,
    /// Where it is made.
    aside: PathBuf,
}

/// Where a task's repository is to be; `None` where it has none.
fn directory(task: &Task, work_dir: &Path) -> Result<Option<(Repository, PathBuf)>, String> {
    let Some(value) = task.spec.get("repository").filter(|value| !value.is_null()) else { return Ok(None) };
    let wrong = |why: String| format!("the task's repository cannot be cloned: {why}");
    let repository: Repository = Repository::deserialize(value).map_err(|error| wrong(error.to_string()))?;
    let is_option = |text: &str| text.is_empty() || text.starts_with('-');
    if is_option(&repository.url) || repository.git_ref.as_deref().is_some_and(is_option) {
        return Err(wrong("its url or ref would be read as an option".to_owned()));
    }
    let below = Path::new(repository.path.as_deref().unwrap_or(""));
    if !below.components().all(|part| matches!(part, std::path::Component::Normal(_) | std::path::Component::CurDir)) {
        return Err(wrong("its path leads out of the workspace".to_owned()));
    }
    // Without the slash that an empty path would leave at its end.
    let directory = if repository.path.is_some() { work_dir.join(below) } else { work_dir.to_owned() };
    Ok(Some((repository, directory)))
}

impl Checkout {
    /// What is to be cloned; `None` where the task has no repository, or its checkout is there.
    ///
    /// # Errors
    ///
    /// In a sentence, where the task is wrong.
    pub(crate) fn of(task: &Task, work_dir: &Path, scratch: &Path) -> Result<Option<Self>, String> {
        let found = directory(task, work_dir)?.filter(|(_, directory)| !directory.join(".git").exists());
        Ok(found.map(|(repository, directory)| Self { repository, directory, aside: scratch.join("clone") }))
    }

    /// Makes room for the clone.
    pub(crate) fn prepare(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.aside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::create_dir_all(&self.directory)?;
        fs::create_dir_all(&self.aside)
    }

    /// The first command: fetches everything, and makes no files.
    pub(crate) fn fetch(&self) -> Vec<OsString> {
        let Repository { url, git_ref, depth, single_branch, .. } = &self.repository;
        let mut words = words(&["git", "clone", "--quiet", "--no-checkout"]);
        // A commit is not known by its name to a server, so that all is fetched that leads to it.
        if let Some(git_ref) = git_ref.as_ref().filter(|_| self.commit().is_none()) {
            words.extend(["--branch", git_ref].map(OsString::from));
        }
        let depth = if self.commit().is_some() { 0 } else { depth.unwrap_or(1) };
        if depth > 0 {
            words.extend(["--depth", &depth.to_string()].map(OsString::from));
        }
        let single = *single_branch != Some(false) && self.commit().is_none();
        let branches = if single { "--single-branch" } else { "--no-single-branch" };
        words.extend([branches, "--", url].map(OsString::from));
        words.push(self.aside.clone().into_os_string());
        words
    }

    /// The full id of a commit, where that is the ref.
    fn commit(&self) -> Option<&str> {
        let is_commit =
            |text: &&str| matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        self.repository.git_ref.as_deref().filter(is_commit)
    }

    /// The second command: makes the files in their place.
    pub(crate) fn files(&self) -> Vec<OsString> {
        let mut words = words(&["git"]);
        let option = |name: &str, path: &Path| {
            let mut option = OsString::from(name);
            option.push(path);
            option
        };
        words.push(option("--git-dir=", &self.aside.join(".git")));
        words.push(option("--work-tree=", &self.directory));
        match self.commit() {
            Some(commit) => words.extend(["checkout", "--quiet", "--detach", commit].map(OsString::from)),
            None => words.extend(["reset", "--quiet", "--hard"].map(OsString::from)),
        }
        words
    }

    /// The last command, where there is one.
    pub(crate) fn submodules(&self) -> Option<Vec<OsString>> {
        let mut words = words(&["git", "-C"]);
        words.push(self.directory.clone().into_os_string());
        words.extend(["submodule", "--quiet", "update", "--init", "--recursive"].map(OsString::from));
        self.repository.submodules.then_some(words)
    }

    /// Puts the clone into its place, from where keruta's own files are no part of it.
    pub(crate) fn finish(&self) -> io::Result<()> {
        let made = self.aside.join(".git");
        fs::create_dir_all(made.join("info"))?;
        let mut exclude = OpenOptions::new().append(true).create(true).open(made.join("info/exclude"))?;
        exclude.write_all(b"/.keruta\n")?;
        fs::rename(&made, self.directory.join(".git"))?;
        fs::remove_dir_all(&self.aside)
    }
}

fn words(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

/// What lets git work in the checkout whatever user the workspace belongs to, where the environment gives it no configuration already.
pub(crate) fn variables(task: &Task, work_dir: &Path) -> Vec<(String, String)> {
    let Ok(Some((_, checkout))) = directory(task, work_dir) else { return Vec::new() };
    if std::env::var_os("GIT_CONFIG_COUNT").is_some() {
        return Vec::new();
    }
    let all = [
        ("GIT_CONFIG_COUNT", "1".to_owned()),
        ("GIT_CONFIG_KEY_0", "safe.directory".to_owned()),
        ("GIT_CONFIG_VALUE_0", checkout.display().to_string()),
    ];
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn task(repository: &Value) -> Task {
        let at = "2026-11-30T10:00:00Z";
        serde_json::from_value(serde_json::json!({
            "id": "a", "status": "PENDING", "attempt": 1, "version": 1, "namespace": "n", "rootTaskId": "a",
            "createdAt": at, "updatedAt": at, "repository": repository,
        }))
        .unwrap()
    }

    fn line(words: Vec<OsString>) -> String {
        words.into_iter().map(|word| word.into_string().unwrap()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_asked_for_is_what_git_is_told() {
        let of =
            |repository: Value| Checkout::of(&task(&repository), Path::new("/w"), Path::new("/s")).unwrap().unwrap();
        let plain = of(serde_json::json!({"url": "https://h/x"}));
        assert_eq!(
            line(plain.fetch()),
            "git clone --quiet --no-checkout --depth 1 --single-branch -- https://h/x /s/clone"
        );
        assert_eq!(line(plain.files()), "git --git-dir=/s/clone/.git --work-tree=/w reset --quiet --hard");
        assert_eq!(plain.submodules(), None);
        let more = serde_json::json!({"url": "https://h/x", "ref": "v1", "depth": 0, "singleBranch": false, "submodules": true, "path": "src"});
        let more = of(more);
        assert_eq!(
            line(more.fetch()),
            "git clone --quiet --no-checkout --branch v1 --no-single-branch -- https://h/x /s/clone"
        );
        assert_eq!(line(more.submodules().unwrap()), "git -C /w/src submodule --quiet update --init --recursive");
        let commit = "0123456789abcdef0123456789abcdef01234567";
        let commit = of(serde_json::json!({"url": "https://h/x", "ref": commit}));
        assert!(line(commit.files()).ends_with("checkout --quiet --detach 0123456789abcdef0123456789abcdef01234567"));
        assert!(!line(commit.fetch()).contains("--depth"));
    }

    #[test]
    fn what_would_do_harm_is_refused_and_what_is_there_is_left_alone() {
        let of = |repository: Value, work_dir: &Path| Checkout::of(&task(&repository), work_dir, Path::new("/s"));
        for wrong in [
            serde_json::json!({"url": "--upload-pack=x"}),
            serde_json::json!({"url": "https://h/x", "ref": "-x"}),
            serde_json::json!({"url": "https://h/x", "path": "../x"}),
            serde_json::json!({"url": "https://h/x", "path": "/etc"}),
            serde_json::json!({}),
        ] {
            assert!(of(wrong.clone(), Path::new("/w")).is_err(), "{wrong}");
        }
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join(".git")).unwrap();
        assert_eq!(of(serde_json::json!({"url": "https://h/x"}), directory.path()).unwrap(), None);
        assert_eq!(of(Value::Null, Path::new("/w")).unwrap(), None);
    }
}
