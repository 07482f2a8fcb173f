//! The paths of artifacts.

use std::str::FromStr;

const MOST: usize = 512;
const MOST_OF_A_NAME: usize = 255;

/// The path of an artifact among its task's: names between `/`, none of which leads anywhere else.
///
/// ```
/// use keruta_server::http::artifacts::ArtifactPath;
/// assert_eq!("report/index.html".parse::<ArtifactPath>().unwrap().name(), "index.html");
/// assert!("../etc/passwd".parse::<ArtifactPath>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactPath(String);

/// Why a path is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// It is too long, as a whole or in one name.
    #[error("has {bytes} bytes where at most {most} are taken")]
    Long {
        /// How many it has.
        bytes: usize,
        /// How many it may have.
        most: usize,
    },
    /// A name is missing, or leads elsewhere.
    #[error("has an empty name, `.` or `..` in it; write names between single slashes, for example report/index.html")]
    Name,
    /// A character that has no place in it.
    #[error("has the character {0:?}, which has no place in a path")]
    Character(char),
}

impl ArtifactPath {
    /// The whole path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last name in it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

impl FromStr for ArtifactPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        if text.len() > MOST {
            return Err(PathError::Long { bytes: text.len(), most: MOST });
        }
        // Controls, what turns the direction of writing, and what other systems take for a separator.
        let odd = |c: char| {
            c.is_control()
                || c == '\\'
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
        };
        if let Some(odd) = text.chars().find(|c| odd(*c)) {
            return Err(PathError::Character(odd));
        }
        for name in text.split('/') {
            if matches!(name, "" | "." | "..") {
                return Err(PathError::Name);
            }
            if name.len() > MOST_OF_A_NAME {
                return Err(PathError::Long { bytes: name.len(), most: MOST_OF_A_NAME });
            }
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_nowhere_else() {
        for good in ["a", "a/b.txt", "レポート/日本.html", "a b/c;d", "...", "a..b", ".hidden", &"x".repeat(255)]
        {
            assert_eq!(good.parse::<ArtifactPath>().unwrap().as_str(), good);
        }
        for bad in
            ["", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a\\b", "a\nb", "a\0", "a\u{202e}b", &"x".repeat(256)]
        {
            assert!(bad.parse::<ArtifactPath>().is_err(), "{bad:?}");
        }
        assert!("x/".repeat(300).parse::<ArtifactPath>().is_err());
    }
}
