//! What is seen of a task in the cluster, condensed.
//!
//! A Job or Pod of the API server takes tens of kilobytes of memory; what a judgement needs fits into a few hundred bytes.
//! These types keep that and drop the rest. They are made from the whole objects: a watch that slims objects has to leave
//! their metadata, a Pod's `spec.containers`, `spec.initContainers` and `spec.nodeName`, and a Job's `spec` in place.

pub mod annotations;
mod condense;
mod container;
mod deletion;
mod event;
mod first_seen;
mod job;
mod pod;
mod redact;
mod stop;

pub use annotations::MalformedAnnotation;
pub use container::{ContainerState, ObservedContainer, Termination};
pub use event::ObservedEvent;
pub use first_seen::FirstSeen;
pub use job::{JobCondition, JobConditionKind, ObservedJob};
pub use pod::{ObservedPod, PodPhase, ScheduleProblem};
pub use redact::redact_messages;
pub(crate) use redact::withhold_messages;
pub use stop::Stop;
