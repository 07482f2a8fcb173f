//! Runs the shell scripts of the init steps for real: with `dash` and `busybox sh`, with `git`, `curl` and
//! local servers. Each test builds its own volume, remote and home in a temporary directory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail by panicking")]

#[path = "step_scripts/sandbox.rs"]
mod sandbox;
#[path = "step_scripts/server.rs"]
mod server;

#[path = "step_scripts/clone_again.rs"]
mod clone_again;
#[path = "step_scripts/clone_credentials.rs"]
mod clone_credentials;
#[path = "step_scripts/clone_extras.rs"]
mod clone_extras;
#[path = "step_scripts/clone_fresh.rs"]
mod clone_fresh;
#[path = "step_scripts/clone_hostile.rs"]
mod clone_hostile;
#[path = "step_scripts/clone_interrupted.rs"]
mod clone_interrupted;
#[path = "step_scripts/kubernetes.rs"]
mod kubernetes;
#[path = "step_scripts/setup.rs"]
mod setup;
#[path = "step_scripts/waiting.rs"]
mod waiting;
#[path = "step_scripts/writing.rs"]
mod writing;
