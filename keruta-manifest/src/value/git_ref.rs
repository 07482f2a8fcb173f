//! git references.

use super::name::cut;
use crate::problem::{Explain, Rule};

const MAX: usize = 2048;

text_value! {
    /// A branch, a tag, or a commit's full SHA: what git-check-ref-format allows, not starting with `-`.
    /// [Source](https://git-scm.com/docs/git-check-ref-format).
    ///
    /// ```
    /// use keruta_manifest::value::GitRef;
    /// assert!("feature/login".parse::<GitRef>().is_ok());
    /// assert!("--orphan=x".parse::<GitRef>().is_err());
    /// ```
    GitRef, error = GitRefError, check = check_ref, expected = "a git branch, tag or full SHA",
    schema = { "minLength": 1, "maxLength": MAX, "pattern": "^[^-\\s~^:?*\\[\\\\][^\\s~^:?*\\[\\\\]*$" },
}

/// Why a text is not a git reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GitRefError {
    /// git would read it as an option.
    #[error("{0:?} starts with \"-\", git would read an option")]
    Option(String),
    /// git-check-ref-format refuses it.
    #[error("{text:?} is not a git reference: {reason}")]
    Form {
        /// The text, cut to 80 characters.
        text: String,
        /// What git's rules say of it.
        reason: String,
    },
}

impl Explain for GitRefError {
    fn rule(&self) -> Rule {
        Rule::GitRef
    }

    fn cure(&self) -> String {
        "name a branch, a tag or a full commit SHA, for example main".to_owned()
    }
}

fn check_ref(text: &str) -> Result<(), GitRefError> {
    if text.starts_with('-') {
        return Err(GitRefError::Option(cut(text)));
    }
    let wrong = |reason: String| GitRefError::Form { text: cut(text), reason };
    if text.len() > MAX {
        return Err(wrong(format!("it has {} bytes, the longest has {MAX}", text.len())));
    }
    // git-check-ref-format allows one-level names only where it is told to; a branch is such a name.
    gix_validate::reference::name_partial(text.into()).map_err(|error| wrong(error.to_string()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refs_follow_check_ref_format() {
        for good in [
            "main",
            "feature/x",
            "v1.0",
            "refs/heads/main",
            "HEAD",
            "0123456789abcdef0123456789abcdef01234567",
            "日本",
            "a$(b)",
        ] {
            assert!(good.parse::<GitRef>().is_ok(), "{good}: {:?}", good.parse::<GitRef>());
        }
        for bad in [
            "",
            "-x",
            "--orphan=x",
            "a..b",
            "a b",
            "a~1",
            "a^",
            "a:b",
            "a?",
            "a*",
            "a[",
            "a\\b",
            "a.lock",
            "/a",
            "a/",
            ".a",
            "a@{b",
            "a\u{7f}",
            "a\nb",
        ] {
            assert!(bad.parse::<GitRef>().is_err(), "{bad}");
        }
    }
}
