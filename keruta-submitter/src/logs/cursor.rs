//! How far a log was read.

/// The place behind the last line that was kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cursor {}
