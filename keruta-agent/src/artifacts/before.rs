//! What was in a workspace before a task began, so that it hands in its own files and not those of the tasks before it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::{MOST_TOTAL, files_of, open, root_of};
use crate::diagnostics::debug;

/// The SHA-256 of the content of each file below `.keruta/doc`, by its path there.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Before(BTreeMap<String, String>);

impl Before {
    /// What is there now; or what an earlier agent of the same task noted in `place`: what that one's command made, and it could not hand
    /// in because it was killed, is this task's too.
    pub(crate) fn take(work_dir: &Path, place: &Path) -> Self {
        if let Some(noted) = fs::read(place).ok().and_then(|text| serde_json::from_slice(&text).ok()) {
            return Self(noted);
        }
        let before = Self::now(work_dir);
        if let Err(error) = before.note(place) {
            debug!("what is in the workspace cannot be noted in {}: {error}", place.display());
        }
        before
    }

    fn now(work_dir: &Path) -> Self {
        let root = root_of(work_dir);
        let (mut files, mut total) = (BTreeMap::new(), 0);
        for path in files_of(&root) {
            let Some(name) = name(&root, &path) else { continue };
            let Some((digest, bytes)) = digest(&path) else { continue };
            files.insert(name, digest);
            total += bytes;
            // More than a task may hand in is not looked at either.
            if total > MOST_TOTAL {
                break;
            }
        }
        Self(files)
    }

    /// As a whole or not at all.
    fn note(&self, place: &Path) -> io::Result<()> {
        if let Some(directory) = place.parent() {
            fs::create_dir_all(directory)?;
        }
        let part = place.with_extension("part");
        fs::write(&part, serde_json::to_vec(&self.0)?)?;
        fs::rename(&part, place)
    }

    /// Whether a file was there before, with the content that it has now.
    pub(super) fn holds(&self, root: &Path, path: &Path) -> bool {
        let known = name(root, path).and_then(|name| self.0.get(&name));
        known.is_some_and(|known| digest(path).is_some_and(|(digest, _)| digest == *known))
    }
}

fn name(root: &Path, path: &Path) -> Option<String> {
    path.strip_prefix(root).ok().and_then(Path::to_str).map(str::to_owned)
}

/// The SHA-256 of a file's content, and how many bytes it has; `None` of what is handed in in no case.
fn digest(path: &Path) -> Option<(String, u64)> {
    let (mut file, bytes) = open(path).ok()?;
    let mut hasher = Sha256::new();
    io::copy(&mut file, &mut Writer(&mut hasher)).ok()?;
    let mut text = String::with_capacity(64);
    for byte in hasher.finalize() {
        let _ = write!(text, "{byte:02x}");
    }
    Some((text, bytes))
}

struct Writer<'a>(&'a mut Sha256);

impl io::Write for Writer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_not_held_and_a_second_agent_reads_what_the_first_noted() {
        let directory = tempfile::tempdir().unwrap();
        let (root, place) = (root_of(directory.path()), directory.path().join("note/docs.json"));
        fs::create_dir_all(&root).unwrap();
        for name in ["same", "changed"] {
            fs::write(root.join(name), "x").unwrap();
        }
        let before = Before::take(directory.path(), &place);
        fs::write(root.join("same"), "x").unwrap();
        fs::write(root.join("changed"), "y").unwrap();
        fs::write(root.join("new"), "x").unwrap();
        let held = |name: &str| before.holds(&root, &root.join(name));
        assert_eq!((held("same"), held("changed"), held("new"), held("none")), (true, false, false, false));
        assert_eq!(Before::take(directory.path(), &place), before);
        fs::write(&place, "{half").unwrap();
        assert_ne!(Before::take(directory.path(), &place), before, "half a note is none");
    }
}
