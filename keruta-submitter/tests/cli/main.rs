//! The program as its users meet it, beside a scripted API server: one file for each command.

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

mod cancel;
mod cleanup;
mod doctor;
mod errors;
mod follow;
mod interrupts;
mod logs;
mod many;
mod outage;
mod pages;
mod redact;
mod retry;
mod status;
mod submit;
mod terminal;
mod world;
