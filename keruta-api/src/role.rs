//! Who may do what.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What somebody may do. A viewer reads, an operator also works with tasks, repositories and documents, an admin also
/// changes settings and gives access; a service is a program of keruta's own, and a task's token opens that task alone.
///
/// ```
/// use keruta_api::Role;
///
/// assert!(Role::Admin.includes(Role::Viewer));
/// assert!(!Role::Service.includes(Role::Viewer));
/// assert_eq!("operator".parse(), Ok(Role::Operator));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Also works with tasks, repositories and documents.
    Operator,
    /// Also changes settings and gives access.
    Admin,
    /// A program of keruta's own: the submitter, or the host of agents.
    Service,
    /// One attempt of one task.
    Task,
}

/// A word that is no role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownRole;

impl Role {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Viewer, Self::Operator, Self::Admin, Self::Service, Self::Task];

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
            Self::Service => "service",
            Self::Task => "task",
        }
    }

    /// Whether who has this role may do what the other one may. Services and tasks stand beside the people's roles.
    #[must_use]
    pub const fn includes(self, other: Self) -> bool {
        match (self, other) {
            (Self::Service, Self::Service) | (Self::Task, Self::Task) => true,
            (Self::Service | Self::Task, _) | (_, Self::Service | Self::Task) => false,
            (mine, other) => mine.rank() >= other.rank(),
        }
    }

    const fn rank(self) -> u8 {
        match self {
            Self::Viewer => 1,
            Self::Operator => 2,
            Self::Admin => 3,
            Self::Service | Self::Task => 0,
        }
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(word: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == word).ok_or(UnknownRole)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for UnknownRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("is no role; write one of ")?;
        for (index, role) in Role::ALL.iter().enumerate() {
            write!(f, "{}{role}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownRole {}
