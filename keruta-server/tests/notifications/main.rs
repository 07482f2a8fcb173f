//! Notifications, from what happened to what arrives: by SMTP and webhook servers of the tests' own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail by panicking")]

mod email;
mod faults;
mod hook;
mod scene;
mod slack;
mod smtp;
