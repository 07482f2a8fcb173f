//! Background jobs: what the server does again and again by itself, each with its schedule, its progress and its last result.
//!
//! The replica that holds the runner's lease does them; how they stand is in the store, for all replicas to tell. A job that
//! was under way when its server died is told as failed, and runs again.

mod cleanup;
mod name;
mod removal;
mod schedule;
mod scheduler;
mod secrets;
mod work;

pub use name::JobName;
pub use schedule::{Outlook, outlook};
pub use scheduler::Jobs;
pub use work::JobError;
