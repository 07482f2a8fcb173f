//! Whose turn it is. Pure.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use tokio::time::Instant;

/// A lease as it was last seen to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    version: Option<String>,
    /// When, by one's own clock.
    at: Instant,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    /// There is no lease: make one.
    Create,
    /// It is free, over, or one's own: sign it.
    Write,
    /// It is another's.
    Wait,
}

/// Takes note of a lease; one that is as before was last seen to change when it was.
pub(super) fn saw(before: Option<Seen>, lease: Option<&Lease>, now: Instant) -> Option<Seen> {
    let version = lease?.metadata.resource_version.clone();
    match before {
        Some(seen) if seen.version == version => Some(seen),
        _ => Some(Seen { version, at: now }),
    }
}

pub(super) fn decide(lease: Option<&Lease>, seen: Option<&Seen>, identity: &str, now: Instant) -> Move {
    let Some(lease) = lease else { return Move::Create };
    let spec = lease.spec.as_ref();
    let holder = spec.and_then(|spec| spec.holder_identity.as_deref()).unwrap_or_default();
    if holder.is_empty() || holder == identity {
        return Move::Write;
    }
    let seconds = spec.and_then(|spec| spec.lease_duration_seconds).unwrap_or(0);
    let duration = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    match seen {
        Some(seen) if now.duration_since(seen.at) >= duration => Move::Write,
        _ => Move::Wait,
    }
}
