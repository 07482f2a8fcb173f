//! From a task to a stream of Kubernetes manifests: pure, typed, deterministic.

pub mod object;
pub mod patch;
pub mod review;
