//! Submits keruta's Jobs, follows each to its end, captures its logs and judges how it ended.

mod attempt;
pub mod bundle;
pub mod classify;
pub mod cleanup;
pub mod cluster;
pub mod follow;
pub mod journal;
pub mod lease;
pub mod logs;
pub mod metrics;
pub mod observe;
pub mod retry;
mod status;
pub mod stop;
pub mod submit;
#[cfg(test)]
mod testing;
mod verdict;
pub mod watch;

pub use attempt::Attempt;
pub use status::TaskStatus;
pub use verdict::{Cause, Evidence, Outcome, Verdict};
