//! Names of environment variables.

use super::name::cut;
use crate::problem::{Explain, Rule};

text_value! {
    /// The name of an environment variable: letters, digits, `_`, `-` and `.`, not starting with a digit.
    /// [Source](https://kubernetes.io/docs/tasks/inject-data-application/define-environment-variable-container/):
    /// what every supported Kubernetes accepts.
    ///
    /// ```
    /// use keruta_manifest::value::EnvName;
    /// assert!("HTTP_PROXY".parse::<EnvName>().is_ok());
    /// assert!("2ND".parse::<EnvName>().is_err());
    /// ```
    EnvName, error = EnvNameError, check = check, expected = "the name of an environment variable",
    schema = { "pattern": "^[-._a-zA-Z][-._a-zA-Z0-9]*$" },
}

/// Why a text does not name an environment variable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvNameError {
    /// Nothing there.
    #[error("is empty where the name of an environment variable is wanted")]
    Empty,
    /// A character that no name has, or a digit in front.
    #[error("{text:?} holds {character:?}, the name of an environment variable cannot have it there")]
    Character {
        /// The text, cut to 80 characters.
        text: String,
        /// The first such character.
        character: char,
    },
    /// `.` or a name that starts with `..`.
    #[error("{text:?} would name a directory")]
    Dots {
        /// The text.
        text: String,
    },
}

impl Explain for EnvNameError {
    fn rule(&self) -> Rule {
        Rule::EnvName
    }

    fn cure(&self) -> String {
        "use letters, digits and \"_\", and start with a letter, for example MY_NAME".to_owned()
    }
}

fn check(text: &str) -> Result<(), EnvNameError> {
    let Some(first) = text.chars().next() else { return Err(EnvNameError::Empty) };
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let bad = if first.is_ascii_digit() { Some(first) } else { text.chars().find(|c| !allowed(*c)) };
    if let Some(character) = bad {
        return Err(EnvNameError::Character { text: cut(text), character });
    }
    if text == "." || text.starts_with("..") {
        return Err(EnvNameError::Dots { text: cut(text) });
    }
    Ok(())
}
