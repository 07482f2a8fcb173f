//! Who starts next: a pure function of who waits, who runs, and the limits.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use crate::store::{InFlight, Queued};

/// How many tasks may run at once, and what they wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How many tasks may have an attempt under way.
    pub in_flight: usize,
    /// How many in one namespace, where [`Limits::namespaces`] says nothing of it; `None` for as many as there may be at all.
    pub in_flight_per_namespace: Option<usize>,
    /// How many in these namespaces.
    pub namespaces: BTreeMap<String, usize>,
    /// Whether a child waits until its parent has ended: they share a workspace.
    pub children_wait: bool,
}

impl Default for Limits {
    /// 100 at once, children after their parents.
    fn default() -> Self {
        Self { in_flight: 100, in_flight_per_namespace: None, namespaces: BTreeMap::new(), children_wait: true }
    }
}

/// Why a task waits although its turn has come.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Waiting {
    /// Its parent has not ended.
    ForParent(String),
    /// A deleted task of its id is still being removed.
    ForRemoval,
    /// So many tasks of its namespace are under way as may be.
    ForNamespace(String),
    /// So many tasks are under way as may be.
    ForOthers,
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ForParent(parent) => write!(f, "its parent {parent} has not ended"),
            Self::ForRemoval => f.write_str("a deleted task of the same id is still being removed"),
            Self::ForNamespace(namespace) => {
                write!(f, "as many tasks are under way in the namespace {namespace} as may be")
            }
            Self::ForOthers => f.write_str("as many tasks are under way as may be"),
        }
    }
}

/// What is to be done with those who wait.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schedule<'a> {
    /// These start, in this order.
    pub start: Vec<&'a str>,
    /// These wait.
    pub waiting: Vec<(&'a str, Waiting)>,
}

/// Decides who starts. `queued` is in the queue's order; whoever cannot start is passed over, and blocks nobody behind.
///
/// ```
/// use keruta_server::queue::{Limits, schedule};
/// use keruta_server::store::Queued;
///
/// let queued = |id: &str, parent_is_open| Queued {
///     id: id.to_owned(), namespace: "tasks".to_owned(), parent: Some("p".to_owned()), parent_is_open,
///     has_remains: false,
/// };
/// let queued = [queued("a", true), queued("b", false), queued("c", false)];
/// let schedule = schedule(&queued, &[], &Limits { in_flight: 1, ..Limits::default() });
/// assert_eq!(schedule.start, ["b"]);
/// ```
#[must_use]
pub fn schedule<'a>(queued: &'a [Queued], in_flight: &[InFlight], limits: &Limits) -> Schedule<'a> {
    let mut used: HashMap<&str, usize> = HashMap::new();
    for task in in_flight {
        *used.entry(&task.namespace).or_default() += 1;
    }
    let mut free = limits.in_flight.saturating_sub(in_flight.len());
    let mut schedule = Schedule::default();
    for task in queued {
        let namespace = used.entry(&task.namespace).or_default();
        let limit = limits.namespaces.get(&task.namespace).copied().or(limits.in_flight_per_namespace);
        let waiting = match &task.parent {
            _ if task.has_remains => Some(Waiting::ForRemoval),
            Some(parent) if limits.children_wait && task.parent_is_open => Some(Waiting::ForParent(parent.clone())),
            _ if limit.is_some_and(|limit| *namespace >= limit) => Some(Waiting::ForNamespace(task.namespace.clone())),
            _ if free == 0 => Some(Waiting::ForOthers),
            _ => None,
        };
        if let Some(waiting) = waiting {
            schedule.waiting.push((&task.id, waiting));
        } else {
            free -= 1;
            *namespace += 1;
            schedule.start.push(&task.id);
        }
    }
    schedule
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn queued(id: usize, namespace: u8, open: bool) -> Queued {
        Queued {
            id: id.to_string(),
            namespace: namespace.to_string(),
            parent: open.then(|| "p".into()),
            parent_is_open: open,
            has_remains: false,
        }
    }

    fn in_flight(id: usize, namespace: u8) -> InFlight {
        InFlight {
            id: format!("r{id}"),
            attempt: 1,
            namespace: namespace.to_string(),
            is_submitted: true,
            is_cancelled: false,
            job: None,
        }
    }

    #[test]
    fn nobody_starts_among_the_remains_of_a_namesake() {
        let tasks = [Queued { has_remains: true, ..queued(1, 0, false) }, queued(2, 0, false)];
        let schedule = schedule(&tasks, &[], &Limits { in_flight: 1, ..Limits::default() });
        assert_eq!((schedule.start, schedule.waiting), (vec!["2"], vec![("1", Waiting::ForRemoval)]));
    }

    proptest! {
        #[test]
        fn no_limit_is_exceeded_and_nobody_waits_in_vain(
            waiting in prop::collection::vec((0_u8..3, any::<bool>()), 0..30),
            running in prop::collection::vec(0_u8..3, 0..12),
            all in 0_usize..12,
            each in prop::option::of(0_usize..5),
        ) {
            let waiting: Vec<_> = (0..).zip(waiting).map(|(id, (namespace, open))| queued(id, namespace, open)).collect();
            let running: Vec<_> = (0..).zip(running).map(|(id, namespace)| in_flight(id, namespace)).collect();
            let limits = Limits { in_flight: all, in_flight_per_namespace: each, ..Limits::default() };
            let schedule = schedule(&waiting, &running, &limits);
            prop_assert_eq!(schedule.start.len() + schedule.waiting.len(), waiting.len());
            let started: Vec<_> = waiting.iter().filter(|task| schedule.start.contains(&&*task.id)).collect();
            prop_assert!(started.is_empty() || started.len() + running.len() <= all);
            prop_assert!(started.iter().all(|task| !task.parent_is_open));
            for namespace in 0..3 {
                let of = |other: &str| other == namespace.to_string();
                let now = started.iter().filter(|task| of(&task.namespace)).count();
                let before = running.iter().filter(|task| of(&task.namespace)).count();
                prop_assert!(now == 0 || each.is_none_or(|each| now + before <= each));
            }
            // The order is the queue's, and whoever waits for others has nobody behind it started in its place.
            let first_kept_out = schedule.waiting.iter().find(|(_, why)| *why == Waiting::ForOthers);
            if let Some((id, _)) = first_kept_out {
                let place = |id: &str| waiting.iter().position(|task| task.id == id);
                prop_assert!(schedule.start.iter().all(|started| place(started) < place(id)));
            }
        }
    }
}
