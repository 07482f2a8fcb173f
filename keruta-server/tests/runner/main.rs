//! Tasks from the queue to their end, on the scripted API server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail by panicking")]

mod cancels;
mod faults;
mod jobs;
mod removals;
mod replicas;
mod runs;
mod scene;
mod tokens;
