//! What to create: typed plans of a claim, a ConfigMap and a Job.
//!
//! [`JobPlan`] and [`PvcPlan`] are usable without a [`Task`](crate::Task): every argument is a value that was
//! parsed before, so that a plan that was built is one that Kubernetes accepts. [`resolve()`] makes them from a task,
//! settings and a lineage.

mod config_map;
mod container;
mod exit_code;
pub(crate) mod expansion;
mod job;
mod names;
pub mod origin;
mod pvc;
mod resolve;
pub(crate) use resolve::kotlin;
mod security;
pub(crate) mod spec_hash;
mod step;
mod volume;

pub use config_map::ConfigMapPlan;
pub use container::{ContainerPlan, ProbedContainer};
pub use exit_code::{AGENT_FATAL_EXIT_CODES, STEP_FATAL_EXIT_CODES};
pub use expansion::{escape, expand};
pub use job::{JobPlan, JobPlanBuilder};
pub use names::{JobName, Names, NamingError};
pub use pvc::PvcPlan;
pub use resolve::{Plan, resolve};
pub use spec_hash::spec_hash;
pub use volume::VolumePlan;
