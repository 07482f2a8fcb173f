//! What holds for every task: the same bytes for the same input, objects that Kubernetes accepts by rules written down
//! here once more, and texts of a task that reach programs as data alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail by panicking")]

#[path = "properties/tasks.rs"]
mod tasks;

#[path = "properties/bytes.rs"]
mod bytes;
#[path = "properties/rules.rs"]
mod rules;
#[path = "properties/shells.rs"]
mod shells;
