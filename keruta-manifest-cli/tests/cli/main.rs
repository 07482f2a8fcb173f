//! The program as its users meet it: one file for each command, in an environment of its own.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod bad_input;
mod bug;
mod completion;
mod diff;
mod explain;
mod install;
mod layers;
mod man;
mod render;
mod schema;
mod stream;
mod validate;
mod version;
mod world;
