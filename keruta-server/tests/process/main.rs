//! The real program, killed, frozen and starved: nothing that was acknowledged is lost, and nothing runs twice.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail by panicking")]

mod cluster;
mod database;
mod ingest;
mod kills;
mod postgres;
mod program;
mod proxy;
mod replicas;
mod restart;
