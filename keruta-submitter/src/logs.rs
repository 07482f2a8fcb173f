//! What a log is made of: bytes become lines with a time, a level and a place, without I/O. [`capture`](crate::capture) reads them.

pub(crate) mod cursor;
pub(crate) mod decode;
mod entry;
mod level;
pub(crate) mod resume;
mod splitter;

pub use keruta_redact::{RedactError, Redactor};

pub use cursor::Cursor;
pub use decode::{LogDecoder, StrangeLog};
pub use entry::{Gap, Level, LogEntry, LogLine, LogSource};
pub use splitter::{Piece, Splitter};
