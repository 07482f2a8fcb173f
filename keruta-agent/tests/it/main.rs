//! The agent as a process: what it does to its child, to the API and to the container.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail by panicking")]

mod agent;
mod api;
mod checkout;
mod logs;
mod reporting;
mod supervision;
mod terminal;
mod utilities;
