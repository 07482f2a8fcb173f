//! The keruta server: the queue of tasks, their database, their logs and the API.

pub mod store;
pub mod task;
