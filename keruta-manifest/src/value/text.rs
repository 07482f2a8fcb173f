//! Free text that an environment variable or an argument can hold.

use super::GitUrl;
use crate::problem::{Explain, Rule};

text_value! {
    /// Free text without NUL, which no environment variable, argument or shell script can hold.
    ///
    /// ```
    /// use keruta_manifest::value::Text;
    /// assert!("タスク $(HOME)\n".parse::<Text>().is_ok());
    /// assert!("a\0b".parse::<Text>().is_err());
    /// ```
    Text, error = TextError, check = check, expected = "a text",
    schema = { "pattern": "^[^\\u0000]*$" },
}

impl From<&GitUrl> for Text {
    fn from(url: &GitUrl) -> Self {
        Self(url.as_str().to_owned().into())
    }
}

/// Why a text cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// It holds a NUL.
    #[error("holds a NUL at byte {offset}, which no environment or argument can carry")]
    Nul {
        /// Where, in bytes from 0.
        offset: usize,
    },
}

impl Explain for TextError {
    fn rule(&self) -> Rule {
        Rule::Text
    }

    fn cure(&self) -> String {
        "remove the \\u0000".to_owned()
    }
}

fn check(text: &str) -> Result<(), TextError> {
    match text.bytes().position(|byte| byte == 0) {
        Some(offset) => Err(TextError::Nul { offset }),
        None => Ok(()),
    }
}
