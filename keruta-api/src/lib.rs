//! The wire types of the keruta API: what the server, the agent and other clients send each other, and no logic.
//!
//! JSON in camelCase; times are RFC 3339 in UTC; errors are problem documents ([RFC 9457]).
//!
//! [RFC 9457]: https://www.rfc-editor.org/rfc/rfc9457

mod event;
mod log;
mod page;
mod problem;
mod status;
mod task;

pub use event::TaskEvent;
pub use log::{
    LogAppended, LogHit, LogHits, LogLevel, LogLevels, LogLine, LogPage, LogRecord, LogSourceSummary, LogSummary,
};
pub use page::Page;
pub use problem::{FieldProblem, Problem};
pub use status::TaskStatus;
pub use task::{StatusUpdate, Task};
