//! The id of a task.

use super::name::cut;
use crate::problem::{Explain, Rule};

const MAX: usize = 253;

text_value! {
    /// A task's id as the queue knows it: 1 to 253 visible characters.
    ///
    /// Whether it can be a part of Kubernetes names is for [`Names`](crate::plan::Names) to say: strict naming
    /// wants lower-case letters, digits and `-`, hashed naming takes every id.
    TaskId, error = TaskIdError, check = check, expected = "a task id (a text)",
    schema = { "minLength": 1, "maxLength": MAX, "pattern": "^\\S+$" },
}

/// Why a text is not a task id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TaskIdError {
    /// Nothing there.
    #[error("is empty where a task id is wanted")]
    Empty,
    /// Too many characters.
    #[error("{text:?} has {length} characters, a task id has at most {MAX}")]
    TooLong {
        /// The text, cut to 80 characters.
        text: String,
        /// Its length in characters.
        length: usize,
    },
    /// White space or a control character.
    #[error("{text:?} holds {character:?}, a task id has neither blanks nor control characters")]
    Character {
        /// The text, cut to 80 characters.
        text: String,
        /// The first such character.
        character: char,
    },
}

impl Explain for TaskIdError {
    fn rule(&self) -> Rule {
        Rule::TaskId
    }

    fn cure(&self) -> String {
        match self {
            Self::Empty => "give the task an id, for example \"task-123\"".to_owned(),
            Self::TooLong { .. } => format!("shorten it to {MAX} characters"),
            Self::Character { .. } => "use lower-case letters, digits and \"-\"".to_owned(),
        }
    }
}

fn check(text: &str) -> Result<(), TaskIdError> {
    if text.is_empty() {
        return Err(TaskIdError::Empty);
    }
    if let Some(character) = text.chars().find(|c| c.is_whitespace() || c.is_control()) {
        return Err(TaskIdError::Character { text: cut(text), character });
    }
    let length = text.chars().count();
    if length > MAX {
        return Err(TaskIdError::TooLong { text: cut(text), length });
    }
    Ok(())
}
