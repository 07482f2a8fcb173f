//! Manifest files that are there in whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A directory that manifests are written into.
pub struct Directory(PathBuf);

impl Directory {
    /// Makes the directory, where it is not there.
    ///
    /// # Errors
    ///
    /// Where it cannot be made.
    pub fn make(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        Ok(Self(path.to_owned()))
    }

    /// Writes a file beside its place and moves it there.
    ///
    /// # Errors
    ///
    /// Where it cannot be written, or the name would leave the directory.
    pub fn write(&self, name: &str, content: &str) -> io::Result<()> {
        if !is_plain(name) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{name:?} is no plain file name")));
        }
        let beside = self.0.join(format!(".{name}.{}.tmp", std::process::id()));
        let written = (|| {
            let mut file = File::create(&beside)?;
            file.write_all(content.as_bytes())?;
            fs::rename(&beside, self.0.join(name))
        })();
        if written.is_err() {
            // The error that is told is the first one.
            let _ = fs::remove_file(&beside);
        }
        written
    }
}

/// Whether a name stays in its directory: object names do, but a directory must not hang on that.
fn is_plain(name: &str) -> bool {
    !name.starts_with('.')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_leave_the_directory_are_refused() {
        for name in ["../x", "a/b", "/x", ".", "..", ".x", "a\\b", "a\0b"] {
            assert!(!is_plain(name), "{name:?}");
        }
        assert!(is_plain("keruta-job-a.b.yaml"));
    }
}
