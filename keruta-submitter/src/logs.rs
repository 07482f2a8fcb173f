//! Logs: every container's lines, once and in order, or a mark where some are lost.

mod cursor;
mod entry;

pub use cursor::Cursor;
pub use entry::{Gap, Level, LogEntry, LogLine, LogSource};
