//! Logs: every container's lines, once and in order, or a mark where some are lost.

mod capture;
mod cursor;
mod decode;
mod entry;
mod level;
mod reader;
mod redact;
mod resume;
mod splitter;

pub use capture::{Capture, CaptureSettings, CaptureStats, ContainerLife, Kept, OnKept};
pub use cursor::Cursor;
pub use decode::{LogDecoder, StrangeLog};
pub use entry::{Gap, Level, LogEntry, LogLine, LogSource};
pub use reader::{KubeLogReader, LogReadError, LogReader, LogRequest, LogStream};
pub use redact::{RedactError, Redactor};
pub use splitter::{Piece, Splitter};
