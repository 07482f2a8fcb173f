//! The keruta server: the queue of tasks, their database, their logs and the API.

pub mod http;
pub mod log;
pub mod queue;
pub mod runner;
pub mod store;
pub mod task;
