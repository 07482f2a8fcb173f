//! What is made of the states that Jobs and Pods can be in: recorded on a real cluster, made up, and drawn at random.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail by panicking")]

mod laws;
mod made;
mod observed;
mod recorded;
mod scene;
mod states;
