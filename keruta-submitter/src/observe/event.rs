//! An Event, condensed.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Event;

use super::condense::{MESSAGE, head, text};

/// An Event about a Job or a Pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedEvent {
    /// The uid of the object that it is about.
    pub about: Option<Box<str>>,
    /// Kubernetes' reason, such as `FailedMount`.
    pub reason: Box<str>,
    /// What happened.
    pub message: Option<Box<str>>,
    /// When it first happened.
    pub first_at: Option<Timestamp>,
    /// When it last happened.
    pub last_at: Option<Timestamp>,
    /// How often it happened.
    pub count: u32,
    /// Whether its type is `Warning`.
    pub warning: bool,
}

impl From<&Event> for ObservedEvent {
    fn from(event: &Event) -> Self {
        let series = event.series.as_ref();
        let written = event.metadata.creation_timestamp.as_ref().map(|at| at.0);
        let first_at = event.first_timestamp.as_ref().map(|at| at.0).or(event.event_time.as_ref().map(|at| at.0));
        let last_at = series
            .and_then(|series| series.last_observed_time.as_ref().map(|at| at.0))
            .or(event.last_timestamp.as_ref().map(|at| at.0));
        let count = series.and_then(|series| series.count).or(event.count).unwrap_or(1);
        Self {
            about: text(event.involved_object.uid.as_deref()),
            reason: event.reason.as_deref().unwrap_or_default().into(),
            message: head(event.message.as_deref(), MESSAGE),
            first_at: first_at.or(written),
            last_at: last_at.or(first_at).or(written),
            count: u32::try_from(count).unwrap_or(1).max(1),
            warning: event.type_.as_deref() == Some("Warning"),
        }
    }
}
