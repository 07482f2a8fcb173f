//! A Kubernetes API server for tests, whose Jobs, Pods, logs and faults follow a script.
//!
//! It speaks plain HTTP on loopback, keeps everything in memory, and has a Job controller, a garbage collector, a
//! volume binder, a scheduler and a kubelet that behave as those of Kubernetes 1.36 do, but quicker. What a Pod does is
//! told by a [`Life`] in an annotation of its template, which a real cluster ignores: so a test can run unchanged on
//! both. What goes wrong on the way is told by [`Fault`]s.
//!
//! ```
//! use scripted_apiserver::{ApiServer, Fault, Life, Run};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let server = ApiServer::start().await;
//! server.create_namespace("tasks");
//! let (key, life) = Life::new().container("main", Run::new().line("hello").exit(3)).annotation();
//! let fault = server.faults().add(Fault::on("create", "jobs").answer(504).after_effect());
//! // … a client at `server.url()` or with `server.kubeconfig()` creates a Job with that annotation …
//! # let _ = (key, life); drop(fault.may_stay_away());
//! assert!(server.requests().iter().all(|request| request.verb != "create"));
//! # }
//! ```
//!
//! Not there: authentication, server-side apply (415), CBOR and protobuf, tables, `exec`, `attach`, Services.

mod access;
mod api;
mod cluster;
mod control;
mod defaults;
mod event;
mod fault;
mod http;
mod job_controller;
mod kubelet;
mod life;
mod log;
mod managed;
mod name;
mod object;
mod request;
mod resource;
mod selector;
mod server;
mod status;
mod store;
mod validate;

pub use access::Denial;
pub use cluster::Settings;
pub use control::PodHandle;
pub use fault::{Fault, FaultGuard, Faults};
pub use life::{
    ContainerLife, Disruption, DisruptionKind, End, ImageTrouble, LIFE, Life, OnTerm, Refusal, Run, Step, Trouble,
};
pub use request::Request;
pub use server::ApiServer;
