//! A task's whole way: created by HTTP, queued, run by the agent, and judged.
//!
//! The server is a process of its own on `SQLite`, the cluster is scripted, and what a Pod's main container runs is the real agent,
//! started as a kubelet would: with the command and the variables of the Pod, and the token of the Secret that the server made.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail by panicking")]

mod journal;
mod node;
mod runs;
mod stage;
