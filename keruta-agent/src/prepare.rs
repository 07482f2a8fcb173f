//! What a task runs, and what is made ready for it.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use keruta_api::Task;
use serde_json::Value;

use crate::config::{TOKEN, TOKEN_FILE};

/// keruta's own directory in the workspace.
pub(crate) const OWN: &str = ".keruta";

/// A command as it is to be run: in a directory, and without what is the agent's own.
pub(crate) fn command(words: &[OsString], variables: &[(String, String)]) -> Option<Command> {
    let (program, arguments) = words.split_first()?;
    let mut command = Command::new(program);
    command.args(arguments).env_remove(TOKEN).env_remove(TOKEN_FILE);
    for (name, value) in variables {
        command.env(name, value);
    }
    Some(command)
}

/// Writes a script that only this user can read, and says how to run it: by its interpreter, or by a shell that ends at the first
/// command that fails.
pub(crate) fn script(path: &Path, text: &str) -> io::Result<Vec<OsString>> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o700).open(path)?;
    io::Write::write_all(&mut file, text.as_bytes())?;
    // It may have been there before.
    file.set_permissions(fs::Permissions::from_mode(0o700))?;
    // While it is open for writing it cannot be run.
    drop(file);
    Ok(how_to_run(path, text))
}

/// How to run a script that is there.
pub(crate) fn how_to_run(path: &Path, text: &str) -> Vec<OsString> {
    if text.starts_with("#!") { vec![path.into()] } else { vec!["/bin/sh".into(), "-e".into(), path.into()] }
}

/// A script of the workspace itself: `.keruta/<name>`.
pub(crate) fn own_script(work_dir: &Path, name: &str) -> io::Result<Option<Vec<OsString>>> {
    let path = work_dir.join(OWN).join(name);
    match fs::read(&path) {
        Ok(text) if text.trim_ascii().is_empty() => Ok(None),
        Ok(text) => {
            // Where it may not be run itself, its interpreter is looked for by a shell all the same.
            let is_executable = fs::metadata(&path)?.permissions().mode() & 0o111 != 0;
            let first = String::from_utf8_lossy(text.get(..2).unwrap_or_default()).into_owned();
            Ok(Some(how_to_run(&path, if is_executable { &first } else { "" })))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a text into keruta's own directory of the workspace.
pub(crate) fn own_file(work_dir: &Path, name: &str, text: &str) -> io::Result<PathBuf> {
    let path = work_dir.join(OWN).join(name);
    fs::create_dir_all(work_dir.join(OWN))?;
    fs::write(&path, text)?;
    Ok(path)
}

/// The variables that tell a command of its task, those that are not set already: a Pod has them from its manifest.
pub(crate) fn variables(task: &Task, work_dir: &Path) -> Vec<(String, String)> {
    let text = |name: &str| match task.spec.get(name) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let all = [
        ("KERUTA_TASK_ID", Some(task.id.clone())),
        ("KERUTA_TASK_TITLE", text("title")),
        ("KERUTA_TASK_DESCRIPTION", text("description")),
        ("KERUTA_TASK_PRIORITY", text("priority")),
        ("KERUTA_TASK_STATUS", Some(task.status.to_string())),
        ("KERUTA_TASK_CREATED_AT", Some(task.created_at.to_string())),
        ("KERUTA_TASK_UPDATED_AT", Some(task.updated_at.to_string())),
        ("KERUTA_REPOSITORY_ID", text("repositoryId")),
        ("KERUTA_DOCUMENT_ID", document_id(task)),
        ("KERUTA_WORK_DIR", Some(work_dir.display().to_string())),
    ];
    let is_new = |name: &str| std::env::var_os(name).is_none();
    // A NUL, which no environment can hold, cannot come from the API.
    let fits = |value: &String| value.len() < 128 << 10 && !value.contains('\0');
    all.into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value.filter(fits).filter(|_| is_new(name))?)))
        .collect()
}

/// The document that a task names: `documentId`, or the first of `documents`.
pub(crate) fn document_id(task: &Task) -> Option<String> {
    let first = task.spec.get("documents").and_then(|documents| documents.get(0));
    let id = task.spec.get("documentId").or(first)?;
    id.as_str().or_else(|| id.get("id")?.as_str()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(more: &str) -> Task {
        let text = format!(
            r#"{{"id":"a","status":"PENDING","attempt":1,"version":1,"namespace":"n","rootTaskId":"a",
            "createdAt":"2026-11-30T10:00:00Z","updatedAt":"2026-11-30T10:00:00Z"{more}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn variables_tell_of_the_task_and_absent_fields_are_absent() {
        let variables = variables(&task(r#","title":"T","priority":3,"documents":[{"id":"d1"}]"#), Path::new("/work"));
        let of = |name: &str| variables.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str());
        assert_eq!((of("KERUTA_TASK_ID"), of("KERUTA_TASK_TITLE")), (Some("a"), Some("T")));
        assert_eq!((of("KERUTA_TASK_PRIORITY"), of("KERUTA_DOCUMENT_ID")), (Some("3"), Some("d1")));
        assert_eq!((of("KERUTA_TASK_DESCRIPTION"), of("KERUTA_API_TOKEN")), (None, None));
        assert_eq!(of("KERUTA_TASK_CREATED_AT"), Some("2026-11-30T10:00:00Z"));
    }

    #[test]
    fn a_script_of_the_workspace_is_run_as_it_asks_to_be() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(own_script(directory.path(), "install.sh").unwrap(), None);
        let path = own_file(directory.path(), "install.sh", "#!/bin/bash\ntrue\n").unwrap();
        let words = own_script(directory.path(), "install.sh").unwrap().unwrap();
        assert_eq!(words[0], "/bin/sh", "it may not be run itself");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(own_script(directory.path(), "install.sh").unwrap().unwrap(), [path.as_os_str()]);
        fs::write(&path, " \n").unwrap();
        assert_eq!(own_script(directory.path(), "install.sh").unwrap(), None);
    }
}
