//! What the submitter promises, while everything goes wrong: on the scripted API server, whose faults count whether they
//! fired.
//!
//! [`random`] runs rounds of random faults, acts and kills. A round follows from its seed as far as timing allows; the seed
//! is told where it fails. For more of them by hand, `KERUTA_FAULTS_SEED` is the first seed, `KERUTA_FAULTS_ROUNDS` how many
//! there are, and `KERUTA_FAULTS_AT_ONCE` how many run at once. The other modules show one trap each.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail by panicking")]

mod killer;
mod plan;
mod random;
mod scene;
mod truth;
#[allow(dead_code, reason = "the contract suite uses more of it")]
#[path = "../contract/workload.rs"]
mod workload;

mod kills;
mod stops;
mod vanishing;
mod watches;
mod writes;
