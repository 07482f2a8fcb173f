//! The version that a change is based on.

use super::StoreError;

/// The versions that a change may be based on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// Whatever it has become.
    Any,
    /// One of these; none of them where the list is empty.
    OneOf(Vec<i64>),
}

impl Expected {
    /// Refuses a version that is not expected.
    ///
    /// # Errors
    ///
    /// [`StoreError::Outdated`].
    pub fn check(&self, kind: &'static str, id: &str, current: i64) -> Result<(), StoreError> {
        match self {
            Self::Any => Ok(()),
            Self::OneOf(versions) if versions.contains(&current) => Ok(()),
            Self::OneOf(versions) => Err(StoreError::Outdated {
                kind,
                id: id.to_owned(),
                given: versions.first().copied().unwrap_or_default(),
                current,
            }),
        }
    }
}
