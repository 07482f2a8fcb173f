//! What a task hands in: the files below `.keruta/doc` that it made or changed, and those that its script names.

mod before;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

pub(crate) use before::Before;

use rustix::fs::{Mode, OFlags};

use crate::api::{Api, ApiError};
use crate::diagnostics::{info, warning};
use crate::prepare::OWN;

/// The directory whose files are handed in at the end.
const DIRECTORY: &str = "doc";
/// How large one may be; the server has its own limits besides.
const MOST_BYTES: u64 = 64 << 20;
const MOST_TOTAL: u64 = 512 << 20;
const MOST: usize = 200;
const DEEPEST: usize = 16;

/// Why a file was not handed in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArtifactError {
    #[error("{} cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is no ordinary file", path.display())]
    Kind { path: PathBuf },
    #[error("{} has {bytes} bytes, and at most {MOST_BYTES} are taken", path.display())]
    Size { path: PathBuf, bytes: u64 },
    #[error("the name of {} is no text", path.display())]
    Name { path: PathBuf },
    #[error(transparent)]
    Api(#[from] ApiError),
}

/// Hands in one file under a name.
pub(crate) fn upload(api: &Api, task: &str, file: &Path, name: &str) -> Result<u64, ArtifactError> {
    let (open, bytes) = open(file)?;
    api.upload(task, name, kind(name), &open)?;
    Ok(bytes)
}

/// Opens an ordinary file, without following a link and without waiting for a pipe's other end.
fn open(path: &Path) -> Result<(File, u64), ArtifactError> {
    let read = |source| ArtifactError::Read { path: path.to_owned(), source };
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty()).map_err(|errno| read(errno.into()))?;
    let file = File::from(file);
    let metadata = file.metadata().map_err(read)?;
    if !metadata.is_file() {
        return Err(ArtifactError::Kind { path: path.to_owned() });
    }
    if metadata.len() > MOST_BYTES {
        return Err(ArtifactError::Size { path: path.to_owned(), bytes: metadata.len() });
    }
    Ok((file, metadata.len()))
}

/// The files of a workspace that are handed in, in order.
fn files_of(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    collect(root, 0, &mut files);
    files.sort();
    files
}

fn root_of(work_dir: &Path) -> PathBuf {
    work_dir.join(OWN).join(DIRECTORY)
}

/// Hands in what is below `.keruta/doc` and was not there `before` as it is now. What cannot be handed in is told, and fails nothing;
/// `true` where there was no such thing.
pub(crate) fn upload_all(api: &Api, task: &str, work_dir: &Path, before: &Before, until: Instant) -> bool {
    let root = root_of(work_dir);
    let (mut number, mut total, mut is_all) = (0, 0, true);
    for path in files_of(&root).into_iter().filter(|path| !before.holds(&root, path)) {
        if number == MOST || total > MOST_TOTAL || Instant::now() >= until {
            warning!("{} and what comes behind it is not handed in: it is too much, or takes too long", path.display());
            is_all = false;
            break;
        }
        match upload_below(api, task, &root, &path) {
            Ok(bytes) => (number, total) = (number + 1, total + bytes),
            Err(error) => {
                warning!("an artifact is not handed in: {error}");
                is_all = false;
            }
        }
    }
    if number > 0 {
        info!("{number} artifacts were handed in");
    }
    is_all
}

fn upload_below(api: &Api, task: &str, root: &Path, path: &Path) -> Result<u64, ArtifactError> {
    let name = path.strip_prefix(root).ok().and_then(Path::to_str);
    let name = name.ok_or_else(|| ArtifactError::Name { path: path.to_owned() })?;
    upload(api, task, path, name)
}

/// The ordinary files of a directory and of those in it; links are not followed.
fn collect(directory: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && depth < DEEPEST => collect(&entry.path(), depth + 1, files),
            Ok(kind) if kind.is_file() && files.len() <= 10 * MOST => files.push(entry.path()),
            _ => {}
        }
    }
}

/// The media type that a name tells.
fn kind(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "md" => "text/markdown; charset=utf-8",
        "txt" | "log" | "diff" | "patch" => "text/plain; charset=utf-8",
        "json" => "application/json",
        "html" | "htm" => "text/html; charset=utf-8",
        "csv" => "text/csv; charset=utf-8",
        "xml" => "application/xml",
        "yaml" | "yml" => "application/yaml",
        "pdf" => "application/pdf",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "svg" => "image/svg+xml",
        "gz" => "application/gzip",
        "zip" => "application/zip",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_pipes_are_no_artifacts() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::create_dir(path("in")).unwrap();
        fs::write(path("in/file"), "x").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", path("link")).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, path("pipe"), rustix::fs::FileType::Fifo, Mode::RUSR, 0).unwrap();
        let mut files = Vec::new();
        collect(directory.path(), 0, &mut files);
        assert_eq!(files, [path("in/file")]);
        assert!(matches!(open(&path("link")), Err(ArtifactError::Read { .. })));
        assert!(matches!(open(&path("pipe")), Err(ArtifactError::Kind { .. })));
        assert_eq!(open(&path("in/file")).unwrap().1, 1);
    }
}
