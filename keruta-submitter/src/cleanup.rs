//! What is left behind, and when it goes: ended Jobs, files without a Job, claims by their retention, and Pods that are kept
//! by this crate's finalizer alone.
//!
//! [`plan`] decides, on what it is given and nothing else; [`carry_out`] does one of its removals. An object without keruta's
//! labels is in no plan, nor is a Job that has not ended, or a claim that a Pod or such a Job uses.

mod carry_out;
mod claims;
mod inventory;
mod jobs;
mod pods;

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use keruta_manifest::value::Duration;

pub use carry_out::{CleanupError, Outcome, carry_out};
pub use inventory::Inventory;

/// How long things stay.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retention {
    /// How long an ended Job stays; `None` for ever (or until Kubernetes' own `ttlSecondsAfterFinished`).
    pub jobs: Option<Duration>,
    /// How long an object may be without its Job: it may be about to get one.
    pub orphans: Duration,
    /// How long a Pod is kept for its evidence once nobody can want it any more, and an ended Job for its verdict.
    pub evidence: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self { jobs: None, orphans: Duration::from_secs(3600), evidence: Duration::from_secs(3600) }
    }
}

impl Retention {
    /// Ended Jobs stay so long.
    #[must_use]
    pub const fn jobs(mut self, time: Option<Duration>) -> Self {
        self.jobs = time;
        self
    }

    /// Objects without a Job stay so long.
    #[must_use]
    pub const fn orphans(mut self, time: Duration) -> Self {
        self.orphans = time;
        self
    }

    /// Evidence that nobody has collected stays so long.
    #[must_use]
    pub const fn evidence(mut self, time: Duration) -> Self {
        self.evidence = time;
        self
    }
}

/// What a cleanup does to one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// The object.
    pub object: ObjectId,
    /// Why.
    pub why: Why,
}

/// Which object: a later one of the same name is another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    /// What it is.
    pub kind: Kind,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
    }
}

/// The kinds of objects that a cleanup touches. They are gone through in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Its finalizer is taken off; Kubernetes then deletes it if it was to be deleted.
    Pod,
    /// It is deleted, with its Pods and ConfigMap.
    Job,
    /// It is deleted.
    ConfigMap,
    /// It is deleted.
    PersistentVolumeClaim,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The derived name is Kubernetes'.
        fmt::Debug::fmt(self, f)
    }
}

/// Why an object goes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Why {
    /// An ended Job whose time is over.
    #[error("it ended at {ended_at} and stays {kept}")]
    Ended {
        /// When it ended.
        ended_at: Timestamp,
        /// How long it stays.
        kept: Duration,
    },
    /// A ConfigMap whose Job is gone.
    #[error("its Job is gone, or never was")]
    NoJob,
    /// A ConfigMap whose Job goes with this cleanup.
    #[error("its Job goes")]
    JobGoes,
    /// A claim that goes with its task.
    #[error("it goes with its task, of which no Job is left")]
    WithTask,
    /// A claim that stays for a time after its task.
    #[error("its task's last Job ended at {since}, and it stays {kept} longer")]
    After {
        /// When the last Job on it ended, or the claim's own beginning where no Job is left to tell.
        since: Timestamp,
        /// How long it stays.
        kept: Duration,
    },
    /// A Pod's finalizer, whose Job is gone.
    #[error("it is kept for a Job that is gone")]
    EvidenceOfNone,
    /// A Pod's finalizer, which holds up the deletion of its namespace.
    #[error("its namespace is being deleted, and waits for it")]
    NamespaceGoes,
    /// A Pod's finalizer, whose Job's verdict is recorded.
    #[error("it is kept for a verdict that was recorded long ago")]
    EvidenceUsed,
}

/// What goes now. Pure: the same arguments give the same plan, in the order in which to carry it out.
#[must_use]
pub fn plan(inventory: &Inventory, retention: &Retention, now: Timestamp) -> Vec<Removal> {
    let mut removals = pods::plan(inventory, retention, now);
    removals.extend(jobs::plan(inventory, retention, now));
    removals.extend(jobs::config_maps(inventory, &removals, retention, now));
    removals.extend(claims::plan(inventory, &removals, retention, now));
    removals.sort_by(|left, right| left.object.cmp(&right.object));
    removals
}

/// Whether so long a time has gone by; never before `since`.
fn is_over(since: Timestamp, time: Duration, now: Timestamp) -> bool {
    now.duration_since(since) >= SignedDuration::from_secs(time.as_secs().into())
}

#[cfg(test)]
mod tests;
