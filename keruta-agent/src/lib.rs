//! The program inside a task's Pod.
//!
//! `keruta-agent execute` runs the task's script, or the command after `--`, as a container's first process should be run: signals
//! reach the whole process group, orphans are reaped, a time limit is kept, and the exit code is handed through. It tells the
//! keruta API where the task stands, and leaves a [receipt](keruta_api::Receipt) in the container's termination message, so that
//! the end is known also where the API was away.
//!
//! What the binary does is here, so that tests reach it. [`supervise`] is the part that others may find useful:
//!
//! ```
//! use std::process::Command;
//! use keruta_agent::supervise::{Limits, Supervisor};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut supervisor = Supervisor::start()?;
//! let mut command = Command::new("sh");
//! command.args(["-c", "exit 3"]);
//! let end = supervisor.run(command, &Limits::default())?;
//! assert_eq!(end.exit_code(), 3);
//! # Ok(())
//! # }
//! ```

pub mod api;
pub mod cli;
pub mod config;
pub mod exit;
pub mod report;
pub mod supervise;

mod artifacts;
mod backoff;
mod checkout;
mod control;
mod diagnostics;
mod execute;
mod logs;
mod output;
mod prepare;
mod receipt;
mod secret;
mod utility;
