//! Submits keruta's Jobs, follows each to its end, captures its logs and judges how it ended.

mod attempt;
pub mod bundle;
pub mod capture;
pub mod classify;
pub mod cleanup;
pub mod cluster;
pub mod doctor;
pub mod follow;
pub mod journal;
pub mod lease;
pub mod logs;
pub mod metrics;
pub mod observe;
mod phase;
pub mod retry;
pub mod secrets;
pub mod stop;
pub mod submit;
#[cfg(test)]
mod testing;
mod verdict;
pub mod watch;

pub use attempt::Attempt;
pub use keruta_manifest::task::TaskStatus;
pub use phase::Phase;
pub use verdict::{Cause, Evidence, Outcome, Verdict};
