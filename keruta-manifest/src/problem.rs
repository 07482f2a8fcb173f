//! What is wrong with an input: where, by which rule, and the cure.
//!
//! Every value type of [`crate::value`] has an error enum that implements [`Explain`]. Reading a document
//! ([`crate::read`]) and planning ([`crate::plan`]) collect what they find as [`Problem`]s, all at once.

mod path;
mod rule;

use std::fmt;

pub use path::{FieldPath, Segment};
pub use rule::Rule;
use serde::Serialize;

/// An error that can say which rule was broken and how to mend it.
pub trait Explain: fmt::Display {
    /// The rule that was broken.
    fn rule(&self) -> Rule;
    /// What to do about it, as an imperative fragment.
    fn cure(&self) -> String;
}

/// One thing wrong with an input.
///
/// ```
/// use keruta_manifest::problem::{FieldPath, Problem};
/// use keruta_manifest::value::DnsLabel;
///
/// let error = "Web_1".parse::<DnsLabel>().unwrap_err();
/// let problem = Problem::new(FieldPath::root().key("namespace"), &error);
/// assert_eq!(problem.path.to_string(), "namespace");
/// assert_eq!(problem.rule.id(), "dns-1123-label");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// The place in the input document.
    pub path: FieldPath,
    /// What is wrong, as a lower-case fragment.
    pub message: String,
    /// The rule that was broken.
    pub rule: Rule,
    /// How to mend it.
    pub cure: String,
    /// Line and column, both from 1, where the reader of the text knew them itself (syntax errors, duplicate fields).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
}

/// A place in a text: line and column, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in bytes, from 1.
    pub column: usize,
}

impl Problem {
    /// A problem at `path` out of a value's error.
    #[must_use]
    pub fn new(path: FieldPath, error: &impl Explain) -> Self {
        Self::custom(path, error.rule(), error.to_string(), error.cure())
    }

    /// A problem in words of its own.
    #[must_use]
    pub fn custom(path: FieldPath, rule: Rule, message: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { path, message: message.into(), rule, cure: cure.into(), position: None }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_root() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{} [{}] help: {}", self.message, self.rule, self.cure)
    }
}

/// All problems of one input; never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// The problems, where there are any.
    ///
    /// # Errors
    ///
    /// The problems themselves, unless the list is empty.
    pub fn none_of(problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self(problems)) }
    }

    /// The problems in the order in which they were found.
    #[must_use]
    pub fn as_slice(&self) -> &[Problem] {
        &self.0
    }

    /// The problems by value.
    #[must_use]
    pub fn into_vec(self) -> Vec<Problem> {
        self.0
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// Writes an error in the one form that survives serde, whose errors are texts: `message [rule] help: cure`.
/// [`read`](crate::read) takes it apart again, so that a `Deserialize` of another crate can name rule and cure.
///
/// ```
/// use keruta_manifest::problem::Explained;
/// use keruta_manifest::value::DnsLabel;
///
/// let error = "Web_1".parse::<DnsLabel>().unwrap_err();
/// assert!(Explained(&error).to_string().contains("[dns-1123-label] help: "));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Explained<'a, E>(pub &'a E);

impl<E: Explain> fmt::Display for Explained<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}] help: {}", self.0, self.0.rule(), self.0.cure())
    }
}

/// The parts of a text written by [`Explained`]: message, rule, cure.
pub(crate) fn parse_explained(text: &str) -> Option<(&str, Rule, &str)> {
    let (head, cure) = text.rsplit_once("] help: ")?;
    let (message, rule) = head.rsplit_once(" [")?;
    Some((message, Rule::from_id(rule)?, cure))
}
