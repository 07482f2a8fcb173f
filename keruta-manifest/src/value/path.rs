//! Paths inside a container.

use super::name::cut;
use crate::problem::{Explain, Rule};

const MAX: usize = 4095;

text_value! {
    /// An absolute path in a container, without `..`, `:` or NUL.
    /// [Source](https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#volumes-1):
    /// `mountPath` must not contain `:`.
    ///
    /// ```
    /// use keruta_manifest::value::AbsolutePath;
    /// assert!("/work".parse::<AbsolutePath>().is_ok());
    /// assert!("work".parse::<AbsolutePath>().is_err());
    /// assert!("/work/../etc".parse::<AbsolutePath>().is_err());
    /// ```
    AbsolutePath, error = PathError, check = check_absolute, expected = "an absolute path",
    schema = { "maxLength": MAX, "pattern": "^/[^:\\u0000]*$" },
}

text_value! {
    /// A path below a directory: not absolute, without `..` or NUL.
    /// [Source](https://kubernetes.io/docs/concepts/storage/volumes/#using-subpath).
    RelativePath, error = PathError, check = check_relative, expected = "a relative path",
    schema = { "minLength": 1, "maxLength": MAX, "pattern": "^[^/\\u0000][^\\u0000]*$" },
}

impl AbsolutePath {
    /// The path of `below` inside this directory.
    #[must_use]
    pub fn join(&self, below: &RelativePath) -> Self {
        Self(format!("{}/{below}", self.as_str().trim_end_matches('/')).into())
    }
}

/// Why a text is not a path of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// No `/` in front.
    #[error("{0:?} does not start with \"/\"")]
    NotAbsolute(String),
    /// Empty, or a `/` in front.
    #[error("{0:?} is not a path below a directory")]
    NotRelative(String),
    /// A `..` step.
    #[error("{text:?} holds \"..\"")]
    Parent {
        /// The rule.
        rule: Rule,
        /// The text, cut to 80 characters.
        text: String,
    },
    /// A character that a path cannot have.
    #[error("{text:?} holds {character:?}, which a path here cannot")]
    Character {
        /// The rule.
        rule: Rule,
        /// The text, cut to 80 characters.
        text: String,
        /// The first such character.
        character: char,
    },
    /// Too many bytes.
    #[error("is a path of {length} bytes, the longest has {MAX}")]
    TooLong {
        /// The rule.
        rule: Rule,
        /// Its length in bytes.
        length: usize,
    },
}

impl Explain for PathError {
    fn rule(&self) -> Rule {
        match self {
            Self::NotAbsolute(_) => Rule::AbsolutePath,
            Self::NotRelative(_) => Rule::RelativePath,
            Self::Parent { rule, .. } | Self::Character { rule, .. } | Self::TooLong { rule, .. } => *rule,
        }
    }

    fn cure(&self) -> String {
        match self {
            Self::NotAbsolute(_) => "start it with \"/\", for example /work".to_owned(),
            Self::NotRelative(_) => "give a path without \"/\" in front, for example src/app".to_owned(),
            Self::Parent { .. } => "write the path without \"..\"".to_owned(),
            Self::Character { .. } => "choose a path without that character".to_owned(),
            Self::TooLong { .. } => format!("shorten it to {MAX} bytes"),
        }
    }
}

fn check_absolute(text: &str) -> Result<(), PathError> {
    if !text.starts_with('/') {
        return Err(PathError::NotAbsolute(cut(text)));
    }
    check(Rule::AbsolutePath, text, &[':', '\0', '\n'])
}

fn check_relative(text: &str) -> Result<(), PathError> {
    if text.is_empty() || text.starts_with('/') {
        return Err(PathError::NotRelative(cut(text)));
    }
    check(Rule::RelativePath, text, &['\0', '\n'])
}

fn check(rule: Rule, text: &str, forbidden: &[char]) -> Result<(), PathError> {
    if let Some(character) = text.chars().find(|c| forbidden.contains(c)) {
        return Err(PathError::Character { rule, text: cut(text), character });
    }
    if text.split('/').any(|step| step == "..") {
        return Err(PathError::Parent { rule, text: cut(text) });
    }
    if text.len() > MAX {
        return Err(PathError::TooLong { rule, length: text.len() });
    }
    Ok(())
}
