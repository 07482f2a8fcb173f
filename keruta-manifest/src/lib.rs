//! From a task to a stream of Kubernetes manifests: pure, typed, deterministic.

pub mod lineage;
pub mod object;
pub mod patch;
pub mod problem;
pub mod read;
pub mod review;
pub mod settings;
pub mod task;
pub mod value;

pub use settings::Settings;
pub use task::Task;
