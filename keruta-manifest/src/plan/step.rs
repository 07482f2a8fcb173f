//! The init steps: one file for each kind.
//!
//! Each step runs a constant script of `scripts/`; what comes from a task reaches it as arguments and variables
//! alone. Arguments are escaped for Kubernetes' expansion; the scripts hold nothing that it would touch.

pub(super) mod git;
pub(super) mod http;
pub(super) mod run;
pub(super) mod setup;
pub(super) mod wait;
pub(super) mod write_file;
