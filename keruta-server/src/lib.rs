//! The keruta server: the queue of tasks, their database, their logs and the API.

pub mod auth;
pub mod catalog;
pub mod cli;
pub mod configuration;
pub mod external;
pub mod http;
pub mod jobs;
pub mod log;
pub mod notify;
pub mod oidc;
pub mod operation;
mod problem;
pub mod queue;
pub mod runner;
pub mod secret;
pub mod store;
pub mod task;
pub mod tls;
pub mod value;
