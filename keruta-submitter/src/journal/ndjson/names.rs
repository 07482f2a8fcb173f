//! Names of files and folders.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::attempt::Attempt;
use crate::logs::LogSource;

/// The longest name that is left whole; a file system takes 255 bytes, endings included.
const LONGEST: usize = 150;

/// `<namespace>/<task>/<attempt>`.
pub(super) fn attempt_directory(directory: &Path, attempt: &Attempt) -> PathBuf {
    directory.join(safe(&attempt.namespace)).join(safe(&attempt.task)).join(attempt.number.to_string())
}

/// `<pod>.<container>.<restart>`. A container's name holds no dot, so that no two sources meet, and is no number, so that it is
/// told from the numbers behind it.
pub(super) fn log_name(source: &LogSource) -> String {
    let pod = safe(&source.pod);
    let mut container = safe(&source.container).replace('.', "%2E");
    if let (Some(first), true) = (container.bytes().next(), container.bytes().all(|byte| byte.is_ascii_digit())) {
        container.replace_range(..1, &format!("%{first:02X}"));
    }
    format!("{pod}.{container}.{}", source.restart)
}

/// A name that is safe on every file system, another one for each text: bytes other than letters, digits, `-`, `_` and `.`
/// inside are percent-encoded, and a long one is cut and ends in a hash.
fn safe(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    for (at, byte) in text.bytes().enumerate() {
        // Upper case is encoded because some file systems do not tell it from lower case.
        let plain = byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
        if plain || (byte == b'.' && at > 0 && at + 1 < text.len()) {
            name.push(char::from(byte));
        } else {
            let _ = write!(name, "%{byte:02X}");
        }
    }
    if name.is_empty() {
        // No other text becomes a lone percent sign.
        name.push('%');
    }
    if name.len() > LONGEST {
        name.truncate(LONGEST / 2);
        name.push_str("%~");
        for byte in &Sha256::digest(text)[..16] {
            let _ = write!(name, "{byte:02x}");
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use std::path::Component;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_kubernetes_stay_as_they_are() {
        assert_eq!(safe("keruta-job-task-1-abc12"), "keruta-job-task-1-abc12");
        assert_eq!(safe("a.b"), "a.b");
        assert_eq!(safe("../x"), "%2E.%2Fx");
        assert_eq!(safe(".."), "%2E%2E");
    }

    proptest! {
        #[test]
        fn every_text_is_one_path_component_and_no_two_meet(a in ".{0,200}", b in ".{0,200}") {
            for text in [&a, &b] {
                let name = safe(text);
                prop_assert!(name.len() <= LONGEST);
                let path = PathBuf::from(&name);
                prop_assert_eq!(path.components().collect::<Vec<_>>(), [Component::Normal(name.as_ref())]);
            }
            prop_assert_eq!(safe(&a).to_lowercase() == safe(&b).to_lowercase(), a == b);
        }
    }
}
