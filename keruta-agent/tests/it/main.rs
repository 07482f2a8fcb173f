//! The agent as a process: what it does to its child, to the API and to the container.

mod agent;
mod api;
mod reporting;
mod supervision;
