//! The scenarios of `fixtures/`: each is rendered and held against its golden in `snapshots/`, the documents' samples
//! are held against what is rendered for them, and the JSON Schemas against the types and the scenarios.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail by panicking")]

#[path = "fixtures/scenario.rs"]
mod scenario;

#[path = "fixtures/goldens.rs"]
mod goldens;
#[path = "fixtures/kotlin.rs"]
mod kotlin;
#[path = "fixtures/samples.rs"]
mod samples;
#[path = "fixtures/schemas.rs"]
mod schemas;
