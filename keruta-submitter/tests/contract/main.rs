//! What the submitter promises, tried on a cluster: the scripted one, or the real one that `KERUTA_TEST_KUBECONFIG` names.
//!
//! What the real one does is the truth. A test describes what a container does once, as a [`workload::Behaviour`], from which
//! come both the shell script that a real container runs and the script that the stand-in follows.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail by panicking")]

mod backend;
mod workload;

mod cancel;
mod contents;
mod cost;
mod disruptions;
mod family;
mod followers;
mod housekeeping;
mod logs;
mod refusals;
mod rights;
mod stuck;
mod submit;
mod verdicts;
mod watches;
