//! Texts that the API takes: checked once, then trusted.

use std::fmt;

use keruta_manifest::problem::{Explain, Rule};
use keruta_manifest::value::LabelValue;

/// Defines a newtype over a text that only its parser can make.
macro_rules! checked {
    ($(#[$meta:meta])* $name:ident, $check:path) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = ValueError;

            fn from_str(text: &str) -> Result<Self, ValueError> {
                $check(text)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                match $check(&text) {
                    Ok(()) => Ok(Self(text)),
                    Err(error) => Err(serde::de::Error::custom(keruta_manifest::problem::Explained(&error))),
                }
            }
        }
    };
}

/// The same, shown as its text.
macro_rules! shown {
    ($($name:ident),+) => { $(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+ };
}

checked! {
    /// The id of a repository or document: a Kubernetes label value that is not empty, as a task names it.
    ///
    /// ```
    /// use keruta_server::value::EntryId;
    /// assert!("team.docs-1".parse::<EntryId>().is_ok());
    /// assert!("../etc".parse::<EntryId>().is_err());
    /// ```
    EntryId, check_id
}

checked! {
    /// A name or title for people: one line.
    ///
    /// ```
    /// use keruta_server::value::Line;
    /// assert!("キーワード <b>".parse::<Line>().is_ok());
    /// assert!("two\nlines".parse::<Line>().is_err());
    /// ```
    Line, check_line
}

checked! {
    /// A description for people: lines without control characters.
    Prose, check_prose
}

checked! {
    /// The type of a document's text: `text/markdown`, `application/json`.
    ///
    /// ```
    /// use keruta_server::value::ContentType;
    /// assert!("text/markdown".parse::<ContentType>().is_ok());
    /// assert!("text/html\r\nSet-Cookie: a=b".parse::<ContentType>().is_err());
    /// ```
    ContentType, check_content_type
}

checked! {
    /// The name that a user signs in with: lower case, so that nobody can be taken for somebody else.
    ///
    /// ```
    /// use keruta_server::value::UserName;
    /// assert!("ada.lovelace".parse::<UserName>().is_ok());
    /// assert!("Ada".parse::<UserName>().is_err());
    /// ```
    UserName, check_user
}

checked! {
    /// A password to be set. It has 12 characters or more; which ones is nobody's business.
    ///
    /// ```
    /// use keruta_server::value::Password;
    /// assert!("correct horse battery".parse::<Password>().is_ok());
    /// assert!("hunter2".parse::<Password>().is_err());
    /// ```
    Password, check_password
}

shown!(EntryId, Line, Prose, ContentType, UserName);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

const LINE_MAX: usize = 200;
const PROSE_MAX: usize = 10_000;
const CONTENT_TYPE_MAX: usize = 100;
const USER_MAX: usize = 63;
const PASSWORD_MIN: usize = 12;
const PASSWORD_MAX: usize = 1000;

/// Why a text cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// Nothing there.
    #[error("is empty")]
    Empty,
    /// Too short.
    #[error("has {characters} characters, the fewest are {least}")]
    Short {
        /// How many it has.
        characters: usize,
        /// How many it must have.
        least: usize,
    },
    /// Too long.
    #[error("has {characters} characters, the most are {most}")]
    Long {
        /// How many it has.
        characters: usize,
        /// How many it may have.
        most: usize,
    },
    /// A character that has no place in it.
    #[error("has the character {character:?} at position {position}")]
    Character {
        /// The character.
        character: char,
        /// Which one it is, from 1.
        position: usize,
    },
    /// It begins or ends as it may not.
    #[error("begins or ends with a character that has no place there")]
    Edge,
    /// It is no media type.
    #[error("is no media type")]
    MediaType,
}

impl Explain for ValueError {
    fn rule(&self) -> Rule {
        match self {
            Self::Short { .. } | Self::Long { .. } => Rule::Range,
            Self::MediaType => Rule::HttpHeader,
            _ => Rule::Text,
        }
    }

    fn cure(&self) -> String {
        match self {
            Self::Empty => "write something",
            Self::Short { .. } => "use a longer one, of several words for example",
            Self::Long { .. } => "shorten it",
            Self::Character { .. } => "remove it, or use another",
            Self::Edge => "begin and end it with a letter or a digit",
            Self::MediaType => "write a type and a subtype, for example text/markdown",
        }
        .to_owned()
    }
}

fn length(text: &str, least: usize, most: usize) -> Result<(), ValueError> {
    // A character has at most four bytes; what has many more need not be counted.
    let characters = text.chars().take(most.saturating_mul(4)).count();
    match characters {
        0 => Err(ValueError::Empty),
        _ if characters < least => Err(ValueError::Short { characters, least }),
        _ if characters > most => Err(ValueError::Long { characters: text.chars().count(), most }),
        _ => Ok(()),
    }
}

fn alphabet(text: &str, allowed: impl Fn(char) -> bool) -> Result<(), ValueError> {
    match text.chars().enumerate().find(|(_, character)| !allowed(*character)) {
        Some((index, character)) => Err(ValueError::Character { character, position: index + 1 }),
        None => Ok(()),
    }
}

fn edges(text: &str) -> Result<(), ValueError> {
    let whole = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    if whole(bytes.first()) && whole(bytes.last()) { Ok(()) } else { Err(ValueError::Edge) }
}

fn check_id(text: &str) -> Result<(), ValueError> {
    length(text, 1, USER_MAX)?;
    alphabet(text, |character| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.'))?;
    edges(text)?;
    // The library has the last word on what a task can name.
    text.parse::<LabelValue>().map(|_| ()).map_err(|_| ValueError::Edge)
}

/// Characters that change what others look like: controls, and the marks that turn the direction of writing.
fn is_tricky(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

fn check_line(text: &str) -> Result<(), ValueError> {
    length(text, 1, LINE_MAX)?;
    if text.trim().is_empty() {
        return Err(ValueError::Empty);
    }
    alphabet(text, |character| !is_tricky(character))
}

fn check_prose(text: &str) -> Result<(), ValueError> {
    if text.is_empty() {
        return Ok(());
    }
    length(text, 1, PROSE_MAX)?;
    alphabet(text, |character| matches!(character, '\n' | '\r' | '\t') || !is_tricky(character))
}

/// A type and a subtype ([RFC 6838](https://www.rfc-editor.org/rfc/rfc6838#section-4.2)); parameters are not the writer's:
/// the text is always UTF-8.
fn check_content_type(text: &str) -> Result<(), ValueError> {
    length(text, 1, CONTENT_TYPE_MAX)?;
    let name = |name: &str| {
        name.starts_with(|first: char| first.is_ascii_alphanumeric())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c))
    };
    match text.split_once('/') {
        Some((kind, subtype)) if name(kind) && name(subtype) => Ok(()),
        _ => Err(ValueError::MediaType),
    }
}

fn check_user(text: &str) -> Result<(), ValueError> {
    length(text, 1, USER_MAX)?;
    alphabet(text, |character| {
        character.is_ascii_lowercase() || character.is_ascii_digit() || matches!(character, '-' | '_' | '.')
    })?;
    edges(text)
}

fn check_password(text: &str) -> Result<(), ValueError> {
    length(text, PASSWORD_MIN, PASSWORD_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused<T: std::str::FromStr<Err = ValueError> + fmt::Debug>(text: &str) -> ValueError {
        text.parse::<T>().unwrap_err()
    }

    #[test]
    fn what_an_id_is() {
        for good in ["a", "A.b_c-1", "0190b9c7-6b1e-7d8a-9e0f-000000000001", &"x".repeat(63)] {
            assert!(good.parse::<EntryId>().is_ok(), "{good}");
        }
        for bad in ["", ".", "..", "-a", "a-", "a/b", "a b", "é", "a%2e", "a\0", &"x".repeat(64)] {
            refused::<EntryId>(bad);
        }
    }

    #[test]
    fn lines_are_lines_and_look_like_themselves() {
        for bad in ["", "  ", "a\nb", "a\u{1b}[31m", "a\u{202e}b", "a\0", &"x".repeat(201)] {
            refused::<Line>(bad);
        }
        assert!("'; DROP TABLE repositories; --".parse::<Line>().is_ok());
        assert!("日".repeat(200).parse::<Line>().is_ok());
        assert!("".parse::<Prose>().is_ok() && "a\n\tb".parse::<Prose>().is_ok());
        assert_eq!(refused::<Line>("ab\u{7}"), ValueError::Character { character: '\u{7}', position: 3 });
    }

    #[test]
    fn types_names_and_passwords() {
        for bad in ["", "text", "text/", "/x", "text/html; charset=x", "text/a b", "text/a\r\nX: y"] {
            refused::<ContentType>(bad);
        }
        for bad in ["", "Ada", "a@b", "a b", "-a", "a.", "аdа"] {
            refused::<UserName>(bad);
        }
        assert_eq!(refused::<Password>("elevenchars"), ValueError::Short { characters: 11, least: 12 });
        assert!("пароль пароль".parse::<Password>().is_ok());
        assert_eq!(format!("{:?}", "correct horse".parse::<Password>().unwrap()), "Password");
    }
}
